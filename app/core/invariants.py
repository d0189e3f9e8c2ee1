"""The invariants of the ledger, recomputed from the journal as it streams by in the order of its sequence numbers.

Nothing that is stored is believed: balances, hashes and totals are made anew and compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.core.accounts import CHART, AccountKey, Asset, Side
from app.core.canonical import encode_transaction, format_instant, hash_leaf
from app.core.ids import ProgrammeId
from app.core.quantities import Instant
from app.core.transactions import Transaction, Transfer


class Invariant(StrEnum):
    """What may be broken."""

    ASSETS_SUM_TO_ZERO = "assets sum to zero"
    BALANCES_MATCH = "balances equal the sum of entries"
    FLOORS_HOLD = "no account is beyond its floor"
    NO_GAP = "sequence numbers have no gap"
    HASHES_MATCH = "leaf hashes, roots and signatures are right"
    ONE_ANSWER = "no key has two answers"
    MERCHANTS_MATCH = "redemptions equal what merchants were given"
    HOLDS_MATCH = "held points and promised money equal what is open"
    LIMITS_MATCH = "stock and counts equal what was had"
    ACCRUALS_MATCH = "every priced record has the accrual that explains it"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, with the first sequence number at which it shows, if it shows at one."""

    invariant: Invariant
    seq: int | None
    what: str


@dataclass(frozen=True, slots=True)
class StoredTransfer:
    """A transfer as it is stored: account numbers, and the balances after."""

    position: int
    debit: int
    credit: int
    amount: int
    debit_balance: int
    credit_balance: int


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """A transaction as it is stored. Its transfers come beside it, by account number."""

    seq: int
    transaction: Transaction
    recorded_at: Instant
    leaf_hash: bytes
    transfers: Sequence[StoredTransfer]


FINDINGS_MAX = 100


@dataclass(slots=True)
class JournalAudit:
    """Recomputes a journal. Memory grows with accounts, not with transactions."""

    programme: ProgrammeId
    accounts: Mapping[int, AccountKey]
    balances: dict[int, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    last_seq: int = 0

    def note(self, invariant: Invariant, seq: int | None, what: str) -> None:
        """Remember a finding; after a hundred the ledger is beyond listing."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(invariant, seq, what))

    def check(self, stored: StoredTransaction) -> None:
        """Check the next transaction."""
        seq = stored.seq
        if seq != self.last_seq + 1:
            self.note(Invariant.NO_GAP, self.last_seq + 1, f"{seq} follows {self.last_seq}")
        self.last_seq = seq
        if [transfer.position for transfer in stored.transfers] != list(range(len(stored.transfers))):
            self.note(Invariant.NO_GAP, seq, "a transfer is missing")
        if not stored.transfers:
            self.note(Invariant.NO_GAP, seq, "no transfers")
        transfers = [moved for transfer in stored.transfers if (moved := self._move(seq, transfer))]
        whole = replace(stored.transaction, transfers=tuple(transfers))
        canonical = encode_transaction(self.programme, seq, format_instant(stored.recorded_at), whole)
        if hash_leaf(canonical) != stored.leaf_hash:
            self.note(Invariant.HASHES_MATCH, seq, "the leaf hash does not recompute")

    def _move(self, seq: int, stored: StoredTransfer) -> Transfer | None:
        debit = self.accounts.get(stored.debit)
        credit = self.accounts.get(stored.credit)
        if debit is None or credit is None:
            self.note(Invariant.BALANCES_MATCH, seq, "a transfer names an account that is not there")
            return None
        if CHART[debit.kind].asset is not CHART[credit.kind].asset or stored.amount <= 0:
            self.note(Invariant.ASSETS_SUM_TO_ZERO, seq, f"{stored.amount} from {debit.path} to {credit.path}")
        self._post(seq, stored.debit, debit, stored.amount, Side.DEBIT, stored.debit_balance)
        self._post(seq, stored.credit, credit, stored.amount, Side.CREDIT, stored.credit_balance)
        return Transfer(debit, credit, stored.amount)

    def _post(self, seq: int, number: int, key: AccountKey, amount: int, side: Side, told: int) -> None:
        rule = CHART[key.kind]
        balance = self.balances.get(number, 0) + (amount if side is rule.side else -amount)
        self.balances[number] = balance
        if balance != told:
            self.note(Invariant.BALANCES_MATCH, seq, f"{key.path} is {balance} after it, not {told}")
        if rule.floored and balance < 0:
            self.note(Invariant.FLOORS_HOLD, seq, f"{key.path} falls to {balance}")

    def finish(self, next_seq: int, stored_balances: Mapping[int, int]) -> None:
        """Compare the end of the journal with its head, and every account with what is stored for it."""
        if next_seq != self.last_seq + 1:
            self.note(Invariant.NO_GAP, self.last_seq + 1, f"the head says that {next_seq - 1} was written last")
        for number, key in self.accounts.items():
            recomputed = self.balances.get(number, 0)
            if recomputed != stored_balances[number]:
                what = f"{key.path} is stored as {stored_balances[number]}, its entries make {recomputed}"
                self.note(Invariant.BALANCES_MATCH, None, what)
        for asset in Asset:
            total = sum(
                stored_balances[number] * (1 if CHART[key.kind].side is Side.CREDIT else -1)
                for number, key in self.accounts.items()
                if CHART[key.kind].asset is asset
            )
            if total:
                self.note(Invariant.ASSETS_SUM_TO_ZERO, None, f"{asset.value} sum to {total}")

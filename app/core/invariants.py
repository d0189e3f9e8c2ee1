"""The invariants of the ledger, recomputed from the journal as it streams by in the order of its sequence numbers.

Nothing that is stored is believed: balances, hashes and totals are made anew and compared. Spans that the quick audit
finds sound are taken as they are; every other is checked here, transaction by transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.core.accounts import CHART, AccountKey, AccountKind, Asset, Side
from app.core.balances import Balances
from app.core.canonical import encode_transaction, format_instant, hash_leaf
from app.core.ids import ProgrammeId
from app.core.quantities import Instant
from app.core.spans import SoundSpan
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer


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
    GRANTS_MATCH = "what left the pool is what was granted, once, with its points"
    BONUSES_MATCH = "every bonus and every posted penalty is in the journal, once, with its points"
    SEATS_MATCH = "places are as many as there are, each once, and who waits moves up in turn"
    HOURS_MATCH = "hours that benefits use up are in the journal, once, with their minutes"
    APPLICATIONS_MATCH = "every application is where its steps lead, and no grant lacks levels, notice or frozen facts"
    OPENINGS_MATCH = "every opening balance is in the journal, once, with its figures"
    TRAIL_MATCHES = "the audit trail has no gap, and its hashes, roots and signatures are right"


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
_KINDS = frozenset(TransactionKind)
_REASONS = frozenset(Reason)


@dataclass(slots=True)
class JournalAudit:
    """Recomputes a journal, span by span, in its order. Memory grows with accounts, not with transactions."""

    programme: ProgrammeId
    balances: Balances = field(default_factory=Balances)
    findings: list[Finding] = field(default_factory=list)
    last_seq: int = 0
    transactions: int = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more is listed: after a hundred findings the ledger is beyond listing."""
        return len(self.findings) >= FINDINGS_MAX

    def note(self, invariant: Invariant, seq: int | None, what: str) -> None:
        """Remember a finding."""
        if not self.is_full:
            self.findings.append(Finding(invariant, seq, what))

    def accept(self, span: SoundSpan) -> bool:
        """Take a sound span as the next one. False, and nothing is taken, when it does not begin where this ends."""
        begun = zip(span.accounts, span.before, strict=True)
        if span.seqs.start != self.last_seq + 1 or self.balances.differing(begun):
            return False
        self.balances.update(zip(span.accounts, span.after, strict=True))
        self.last_seq = span.seqs[-1]
        self.transactions += len(span.seqs)
        return True

    def skip(self, seqs: range) -> None:
        """Pass over a span that nothing more can be told of, since the list is full."""
        self.last_seq = seqs[-1]
        self.transactions += len(seqs)

    def check(self, stored: StoredTransaction, accounts: Mapping[int, AccountKey]) -> None:
        """Check the next transaction, slowly, and say what is wrong. `accounts`: all those that it may name."""
        seq = stored.seq
        if seq != self.last_seq + 1:
            self.note(Invariant.NO_GAP, self.last_seq + 1, f"{seq} follows {self.last_seq}")
        self.last_seq = seq
        self.transactions += 1
        if [transfer.position for transfer in stored.transfers] != list(range(len(stored.transfers))):
            self.note(Invariant.NO_GAP, seq, "a transfer is missing")
        if not stored.transfers:
            self.note(Invariant.NO_GAP, seq, "no transfers")
        if stored.transaction.kind not in _KINDS or stored.transaction.reason not in _REASONS:
            self.note(Invariant.HASHES_MATCH, seq, "its kind or its reason is not one that there is")
        transfers = [moved for transfer in stored.transfers if (moved := self._move(seq, transfer, accounts))]
        whole = replace(stored.transaction, transfers=tuple(transfers))
        canonical = encode_transaction(self.programme, seq, format_instant(stored.recorded_at), whole)
        if hash_leaf(canonical) != stored.leaf_hash:
            self.note(Invariant.HASHES_MATCH, seq, "the leaf hash does not recompute")

    def _move(self, seq: int, stored: StoredTransfer, accounts: Mapping[int, AccountKey]) -> Transfer | None:
        debit = accounts.get(stored.debit)
        credit = accounts.get(stored.credit)
        if debit is None or credit is None:
            self.note(Invariant.BALANCES_MATCH, seq, "a transfer names an account that is not there")
            return None
        if CHART[debit.kind].asset is not CHART[credit.kind].asset or stored.amount <= 0 or debit == credit:
            self.note(Invariant.ASSETS_SUM_TO_ZERO, seq, f"{stored.amount} from {debit.path} to {credit.path}")
        self._post(seq, stored.debit, debit, stored.amount, Side.DEBIT, stored.debit_balance)
        self._post(seq, stored.credit, credit, stored.amount, Side.CREDIT, stored.credit_balance)
        return Transfer(debit, credit, stored.amount)

    def _post(self, seq: int, number: int, key: AccountKey, amount: int, side: Side, told: int) -> None:
        rule = CHART[key.kind]
        balance = self.balances[number] + (amount if side is rule.side else -amount)
        self.balances[number] = balance
        if balance != told:
            self.note(Invariant.BALANCES_MATCH, seq, f"{key.path} is {balance} after it, not {told}")
        if rule.floored and balance < 0:
            self.note(Invariant.FLOORS_HOLD, seq, f"{key.path} falls to {balance}")

    def finish(self, next_seq: int) -> None:
        """Compare the end of the journal with its head."""
        if next_seq != self.last_seq + 1:
            self.note(Invariant.NO_GAP, self.last_seq + 1, f"the head says that {next_seq - 1} was written last")

    def compare(self, number: int, key: AccountKey, stored: int) -> None:
        """Compare an account with what its entries make of it, when the journal is at its end."""
        recomputed = self.balances[number]
        if recomputed != stored:
            what = f"{key.path} is stored as {stored}, its entries make {recomputed}"
            self.note(Invariant.BALANCES_MATCH, None, what)

    def sum_up(self, stored: Mapping[AccountKind, int]) -> None:
        """Compare the sums of the stored balances, by kind: of each asset they are zero."""
        for asset in Asset:
            rules = [(CHART[kind], balance) for kind, balance in stored.items() if CHART[kind].asset is asset]
            total = sum(balance if rule.side is Side.CREDIT else -balance for rule, balance in rules)
            if total:
                self.note(Invariant.ASSETS_SUM_TO_ZERO, None, f"{asset.value} sum to {total}")

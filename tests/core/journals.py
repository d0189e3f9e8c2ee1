"""Journals as their two tables hold them, read by the quick audit and by the slow one."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.accounts import CHART, AccountKey, AccountKind, Side, lot
from app.core.canonical import encode_transaction, format_instant, hash_leaf
from app.core.ids import ProgrammeId
from app.core.invariants import JournalAudit, StoredTransaction, StoredTransfer
from app.core.spans import RawTransaction, RawTransfer, SoundSpan, audit_span, lines_of
from app.core.transactions import Transaction

PROGRAMME = ProgrammeId("cixi")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ANNA, BENNO = UUID(int=7), UUID(int=8)
WALLETS = [lot(AccountKind.WALLET, person, date(year, 12, 31)) for person in (ANNA, BENNO) for year in (2026, 2027)]
KEYS = [
    AccountKey(AccountKind.SERVICE),
    AccountKey(AccountKind.ISSUANCE),
    AccountKey(AccountKind.BREAKAGE),
    AccountKey(AccountKind.DEBT, ANNA),
    AccountKey(AccountKind.HOURS, ANNA),
    AccountKey(AccountKind.HOURS, BENNO),
    *WALLETS,
]
ACCOUNTS = dict(enumerate(KEYS, start=1))
NUMBERS = {key: number for number, key in ACCOUNTS.items()}
LINES = lines_of((number, key.kind.value, key.owner.hex, key.part) for number, key in ACCOUNTS.items())
SPAN = 4


@dataclass
class Journal:
    """A journal as its two tables hold it."""

    transactions: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[StoredTransfer] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)
    balances: dict[AccountKey, int] = field(default_factory=dict)

    def append(self, transaction: Transaction, recorded_at: datetime) -> None:
        """Post a transaction."""
        seq = len(self.transactions) + 1
        leaf = hash_leaf(encode_transaction(PROGRAMME, seq, format_instant(recorded_at), transaction))
        self.transactions.append({"transaction": transaction, "recorded_at": recorded_at, "leaf": leaf, "seq": seq})
        for position, (debit, credit, amount) in enumerate(transaction.transfers):
            after = self._move(debit, amount, Side.DEBIT), self._move(credit, amount, Side.CREDIT)
            self.transfers.append(StoredTransfer(position, NUMBERS[debit], NUMBERS[credit], amount, *after))
            self.seqs.append(seq)

    def _move(self, key: AccountKey, amount: int, side: Side) -> int:
        self.balances[key] = self.balances.get(key, 0) + (amount if CHART[key.kind].side is side else -amount)
        return self.balances[key]

    def span(self, seqs: range) -> SoundSpan | None:
        """What the quick audit says of a span."""
        raw = [
            RawTransaction(
                row["seq"],
                row["transaction"].id.hex,
                str(row["transaction"].kind),
                row["transaction"].actor,
                str(row["transaction"].reason),
                to_raw(row["transaction"].occurred_at),
                to_raw(row["recorded_at"]),
                row["transaction"].policy,
                row["transaction"].document,
                row["transaction"].reverses.hex if row["transaction"].reverses else None,
                row["leaf"],
            )
            for row in self.transactions
            if row["seq"] in seqs
        ]
        legs = sorted(zip(self.seqs, map(tuple_of, self.transfers), strict=True))
        transfers = [RawTransfer(seq, *leg) for seq, leg in legs if seq in seqs]
        return audit_span(PROGRAMME, seqs, raw, transfers, LINES)

    def slowly(self, audit: JournalAudit, seqs: range) -> None:
        """Let the slow audit check a span."""
        for row in self.transactions:
            if row["seq"] in seqs:
                legs = zip(self.seqs, self.transfers, strict=True)
                own = sorted((leg for seq, leg in legs if seq == row["seq"]), key=tuple_of)
                bare = replace(row["transaction"], transfers=())
                audit.check(StoredTransaction(row["seq"], bare, row["recorded_at"], row["leaf"], own), ACCOUNTS)


def tuple_of(leg: StoredTransfer) -> tuple[int, int, int, int, int, int]:
    """The columns of a transfer."""
    return leg.position, leg.debit, leg.credit, leg.amount, leg.debit_balance, leg.credit_balance


def to_raw(moment: datetime) -> bytes:
    """A moment as PostgreSQL keeps it."""
    return ((moment - EPOCH) // MICROSECOND).to_bytes(8, "big", signed=True)

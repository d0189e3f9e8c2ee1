"""A ledger in memory: the write path without a database.

It keeps all that a database would keep, and hands a batch only what its commands say they need, so a need that a
command forgot is noticed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, cycle
from uuid import UUID

from app.core.accounts import AccountKey
from app.core.book import Accepted, Book, Decision, Needs, owners_of
from app.core.canonical import encode_transaction, format_instant
from app.core.commands import Command, decide
from app.core.ids import NOBODY, HoldId, RecordId, RedemptionId, TerminalId, VolunteerId
from app.core.merchants import Till
from app.core.policies import AccrualPolicy
from app.core.programmes import Programme
from app.core.quantities import Instant
from app.core.rows import Hold, PayCode, PayCodeHash, Redemption, Refund, Row, ServiceRecord
from app.core.transactions import PostedTransfer, Transaction
from app.core.volunteers import Volunteer
from tests.core.builders import NOW


@dataclass(frozen=True, slots=True)
class Posted:
    """One transaction of the journal, when it was written, the balances after each transfer, its canonical form."""

    recorded_at: Instant
    transaction: Transaction
    transfers: tuple[PostedTransfer, ...]
    canonical: bytes


@dataclass(slots=True, kw_only=True)
class MemoryLedger:
    """Everything that is stored, and a clock that stands still until the test moves it."""

    programme: Programme
    policies: tuple[AccrualPolicy, ...] = ()
    now: Instant = NOW
    volunteers: dict[VolunteerId, Volunteer] = field(default_factory=dict)
    tills: dict[TerminalId, Till] = field(default_factory=dict)
    pay_codes: dict[PayCodeHash, PayCode] = field(default_factory=dict)
    redemptions: dict[RedemptionId, Redemption] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    holds: dict[HoldId, Hold] = field(default_factory=dict)
    records: dict[RecordId, ServiceRecord] = field(default_factory=dict)
    balances: dict[AccountKey, int] = field(default_factory=dict)
    journal: list[Posted] = field(default_factory=list)

    def run(self, commands: Sequence[Command], batch_sizes: Iterable[int] = (1,)) -> list[Decision]:
        """Run commands at the clock's time, cut into batches of these sizes, over and over."""
        decisions: list[Decision] = []
        sizes = cycle(batch_sizes)
        while len(decisions) < len(commands):
            decisions += self._run_batch(commands[len(decisions) :][: next(sizes)])
        return decisions

    def do(self, command: Command) -> Accepted:
        """Run one command that must go through."""
        [decision] = self.run([command])
        assert isinstance(decision, Accepted), decision
        return decision

    def book_for(self, *commands: Command) -> Book:
        """A book with what these commands need, and nothing else."""
        return self._book([command.needs() for command in commands])

    def _run_batch(self, commands: Sequence[Command]) -> list[Decision]:
        book = self.book_for(*commands)
        return [self._keep(decide(command, book, self.now), book) for command in commands]

    def _keep(self, decision: Decision, book: Book) -> Decision:
        if isinstance(decision, Accepted):
            posted = book.post(decision)
            for transfer, debit_balance, credit_balance in posted:
                self.balances[transfer.debit] = debit_balance
                self.balances[transfer.credit] = credit_balance
            if decision.transaction:
                seq = len(self.journal) + 1
                canonical = encode_transaction(self.programme.id, seq, format_instant(self.now), decision.transaction)
                self.journal.append(Posted(self.now, decision.transaction, posted, canonical))
            for row in decision.rows:
                self._store(row)
        return decision

    def _store(self, row: Row) -> None:
        match row:
            case PayCode():
                self.pay_codes[row.hash] = row
            case Redemption():
                self.redemptions[row.id] = row
            case Hold():
                self.holds[row.id] = row
            case ServiceRecord():
                self.records[row.id] = row
            case Refund():
                self.refunds.append(row)

    def _book(self, needs: Sequence[Needs]) -> Book:
        pay_codes = {key: self.pay_codes.get(key) for need in needs for key in need.pay_codes}
        tills = {key: self.tills.get(key) for need in needs for key in need.terminals}
        redemptions = {key: self.redemptions.get(key) for need in needs for key in need.redemptions}
        holds = {key: self.holds.get(key) for need in needs for key in need.holds}
        records = {key: self.records.get(key) for need in needs for key in need.records}
        owners: set[UUID] = {NOBODY}.union(*(need.owners | need.volunteers for need in needs))
        if self.programme.settlement_fund:
            owners.add(self.programme.settlement_fund)
        found = chain(pay_codes.values(), tills.values(), redemptions.values(), holds.values(), records.values())
        for row in found:
            owners.update(owners_of(row) if row else ())
        people = {key for need in needs for key in need.volunteers}
        people.update(code.volunteer for code in pay_codes.values() if code)
        accounts: dict[UUID, dict[AccountKey, int]] = {owner: {} for owner in owners}
        for key, balance in self.balances.items():
            if key.owner in owners:
                accounts[key.owner][key] = balance
        return Book(
            programme=self.programme,
            policies=self.policies if any(need.policies for need in needs) else (),
            accounts=accounts,
            volunteers={key: self.volunteers.get(key) for key in people},
            pay_codes=pay_codes,
            tills=tills,
            redemptions=redemptions,
            holds=holds,
            records=records,
        )

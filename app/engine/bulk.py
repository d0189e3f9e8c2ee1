"""The bulk path: records that arrive by the thousand, decided by the core like any other, written by COPY.

A chunk is one database transaction under the head's lock, as a batch is: there is one writer. Between chunks the head
is free, so a till waits no longer than one chunk takes; how many records that is follows from a target of time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.core.accounts import AccountKey
from app.core.accruals import Accrual, Earned
from app.core.arrivals import Arrival, Arrivals
from app.core.book import Book, Decision
from app.core.ids import NOBODY, ProgrammeId, RecordId, VolunteerId
from app.core.imports import ImportRecord, arrival_of, decide_import_record
from app.core.programmes import Programme
from app.core.rows import ImportedRecord, Tally, TallyKey
from app.engine.batch import Desk, Ink
from app.store.accounts import AccountRow, fetch_owned
from app.store.batch_accruals import fetch_earned
from app.store.batch_imports import fetch_arrivals
from app.store.batch_offers import fetch_tallies
from app.store.batch_rows import fetch_policies
from app.store.batch_writes import write_tallies
from app.store.bulk_writes import copy_accounts, copy_accruals, copy_journal, copy_records
from app.store.database import BatchConnection
from app.store.journal import Head, advance_head, lock_head

CHUNK_MIN = 50
CHUNK_MAX = 20_000
PART = 500
"""So many records are decided while those before them are written."""

REMEMBERED_MAX = 400_000
"""Of so many volunteers accounts are remembered at most."""

Along = Callable[[BatchConnection, Sequence[Decision], datetime], Awaitable[None]]
"""What is written in the same transaction beside the records: how far the import is."""


@dataclass(slots=True)
class Pace:
    """How many records the next chunk takes: as many as fit into a target of time by what the last ones took."""

    target_s: float
    size: int = 200

    def learn(self, records: int, seconds: float) -> None:
        """Take in what a chunk took; never more than twice as many, or half, at a time."""
        fitting = int(records * self.target_s / max(seconds, 1e-6))
        self.size = max(CHUNK_MIN, min(CHUNK_MAX, 2 * self.size, max(self.size // 2, fitting)))


@dataclass(slots=True)
class _Memory:
    """What the last chunk left: true as long as nobody else has written to the journal since."""

    next_seq: int = -1
    accounts: dict[UUID, dict[AccountKey, int]] = field(default_factory=dict)
    account_nos: dict[AccountKey, int] = field(default_factory=dict)
    earned: dict[VolunteerId, dict[RecordId, Earned]] = field(default_factory=dict)
    tallies: dict[UUID, dict[TallyKey, int]] = field(default_factory=dict)

    def forget_unless(self, head: Head) -> None:
        """Forget everything when the journal has moved on, or when it is too much."""
        if head.next_seq != self.next_seq or len(self.accounts) > REMEMBERED_MAX:
            self.accounts, self.account_nos, self.earned, self.tallies = {}, {}, {}, {}


class BulkWriter:
    """Writes the records of one import into one programme, chunk by chunk, on a connection of its own.

    A dry run decides the same, keeps what it would have written in mind, and writes nothing.
    """

    def __init__(
        self,
        connection: BatchConnection,
        programme: ProgrammeId,
        clock: Callable[[], datetime],
        *,
        dry_run: bool = False,
    ) -> None:
        self._connection = connection
        self._programme = programme
        self._clock = clock
        self._memory = _Memory()
        self._rehearsed = Arrivals() if dry_run else None

    async def write(self, commands: Sequence[ImportRecord], along: Along) -> list[Decision]:
        """Decide and write one chunk, all or nothing. The decisions come in the order of the commands."""
        connection, memory = self._connection, self._memory
        try:
            async with connection.transaction():
                head = await lock_head(connection, self._programme)
                at = max(self._clock(), head.recorded_at)
                if self._rehearsed is None:
                    memory.forget_unless(head)
                book = await self._open_book(head.programme, commands)
                desk = Desk(head, book, memory.account_nos, at)
                decisions = await self._go(commands, desk, at)
                if self._rehearsed is None:
                    await self._finish(desk, head, at)
                else:
                    self._rehearsed.add(book.arriving)
                await along(connection, decisions, at)
        except BaseException:
            memory.next_seq = -1
            raise
        memory.next_seq = desk.next_seq
        return decisions

    async def _open_book(self, programme: Programme, commands: Sequence[ImportRecord]) -> Book:
        memory, connection, name = self._memory, self._connection, self._programme
        arrivals: list[Arrival] = [arrival_of(command.told) for command in commands]
        people = {arrival.volunteer for arrival in arrivals}
        arriving = await fetch_arrivals(connection, name, arrivals)
        if self._rehearsed is not None:
            arriving.recall(self._rehearsed)
        policies = await fetch_policies(connection, name)
        new: list[UUID] = [owner for owner in (NOBODY, *people) if owner not in memory.accounts]
        memory.accounts.update((owner, {}) for owner in new)
        for number, key, balance in await fetch_owned(connection, name, new):
            memory.accounts[key.owner][key] = balance
            memory.account_nos[key] = number
        if any(policy.needs_standing for policy in policies):
            asking = people - memory.earned.keys()
            memory.earned.update(await fetch_earned(connection, name, asking))
        if any(policy.overlays for policy in policies) and NOBODY not in memory.tallies:
            memory.tallies.update(await fetch_tallies(connection, name, [NOBODY]))
        return Book(
            programme=programme,
            policies=policies,
            accounts=memory.accounts,
            earned=memory.earned,
            tallies=memory.tallies,
            arriving=arriving,
        )

    async def _go(self, commands: Sequence[ImportRecord], desk: Desk, at: datetime) -> list[Decision]:
        """Decide part by part; while PostgreSQL takes what one part left, the next is decided in a thread beside."""
        decisions: list[Decision] = []
        touched = desk.ink.touched
        for start in range(0, len(commands), PART):
            part = commands[start : start + PART]
            ink, desk.ink = desk.ink, Ink(touched=touched)
            made, copied = await asyncio.gather(
                asyncio.to_thread(_decide_all, part, desk, at), self._copy(ink, at), return_exceptions=True
            )
            for outcome in (made, copied):
                if isinstance(outcome, BaseException):
                    raise outcome
            decisions += made  # type: ignore[arg-type]  # no exception: looked at above
        await self._copy(desk.ink, at)
        return decisions

    async def _copy(self, ink: Ink, at: datetime) -> None:
        if not ink.transactions or self._rehearsed is not None:
            return
        connection, name = self._connection, self._programme
        await copy_journal(connection, name, at, ink.transactions, ink.transfers)
        await copy_records(connection, name, [row for row in ink.rows if isinstance(row, ImportedRecord)])
        await copy_accruals(connection, name, [row for row in ink.rows if isinstance(row, Accrual)])
        tallies = {row.key: row for row in ink.rows if isinstance(row, Tally)}
        if tallies:
            await write_tallies(connection, name, list(tallies.values()))

    async def _finish(self, desk: Desk, head: Head, at: datetime) -> None:
        """The balances that all parts leave, and the head behind them."""
        if desk.next_seq == head.next_seq:
            return
        accounts = desk.book.accounts
        balances = (AccountRow(number, key, accounts[key.owner][key]) for key, number in desk.ink.touched.items())
        await copy_accounts(self._connection, self._programme, balances, head.next_account_no)
        await advance_head(self._connection, self._programme, desk.next_seq, desk.next_account_no, at)


def _decide_all(commands: Sequence[ImportRecord], desk: Desk, at: datetime) -> list[Decision]:
    decisions = []
    for command in commands:
        decision = decide_import_record(command, desk.book, at)
        desk.take(decision)
        decisions.append(decision)
    return decisions

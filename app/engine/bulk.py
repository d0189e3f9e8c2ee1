"""The bulk path: records that arrive by the thousand, decided by the core like any other, written by COPY.

A chunk is one database transaction under the head's lock, as a batch is: there is one writer. Between chunks the head
is free, so a till waits no longer than one chunk takes; how many records that is follows from a target of time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from app.core.accounts import AccountKey
from app.core.accruals import Accrual, Earned
from app.core.book import Book, Decision
from app.core.ids import NOBODY, ProgrammeId, RecordId, VolunteerId
from app.core.imports import ImportRecord, arrival_of, decide_import_record
from app.core.policies import PriceList
from app.core.programmes import Programme
from app.core.rows import ImportedRecord, Tally, TallyKey
from app.engine.batch import Desk, Ink
from app.store.accounts import AccountRow, fetch_owned
from app.store.batch_accruals import fetch_earned
from app.store.batch_imports import fetch_arrivals
from app.store.batch_limits import write_tallies
from app.store.batch_offers import fetch_tallies
from app.store.batch_rows import fetch_policies
from app.store.bulk_writes import copy_accounts, copy_accruals, copy_records
from app.store.database import BatchConnection
from app.store.journal import Head, advance_head, lock_head
from app.store.journal_copies import copy_journal
from app.store.rehearsals import copy_rehearsed, fetch_rehearsed

CHUNK_MIN = 50
CHUNK_MAX = 20_000
PART_MIN, PART_MAX, PARTS = 100, 1_000, 8
"""So many records are decided while those before them are written: an eighth of a chunk, within bounds.

The last part of a chunk is written while nothing is decided, so a part is small; each costs a dozen statements, so it
is not too small.
"""

GIVE_WAY = 8
"""After so many decisions PostgreSQL's answers are looked at."""

REMEMBERED_MAX = 400_000
"""Of so many volunteers accounts are remembered at most."""

RowKind = TypeVar("RowKind", ImportedRecord, Accrual, Tally)

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
    prices: PriceList = field(default_factory=PriceList)
    """Of published versions: these never change."""

    def forget_unless(self, head: Head) -> None:
        """Forget everything when the journal has moved on, or when it is too much."""
        if head.next_seq != self.next_seq or len(self.accounts) > REMEMBERED_MAX:
            self.accounts, self.account_nos, self.earned, self.tallies = {}, {}, {}, {}


class BulkWriter:
    """Writes the records of one import into one programme, chunk by chunk, on a connection of its own.

    A dry run decides the same and adds nothing: balances it keeps in mind, records in a temporary table.
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
        self._dry_run = dry_run

    async def write(self, commands: Sequence[ImportRecord], along: Along) -> list[Decision]:
        """Decide and write one chunk, all or nothing. The decisions come in the order of the commands."""
        connection, memory = self._connection, self._memory
        try:
            async with connection.transaction():
                head = await lock_head(connection, self._programme)
                at = max(self._clock(), head.recorded_at)
                if not self._dry_run:
                    memory.forget_unless(head)
                desk = Desk(head, await self._open_book(head.programme), memory.account_nos, at)
                decisions = await self._go(commands, desk, at)
                if desk.next_seq != head.next_seq and not self._dry_run:
                    await advance_head(connection, self._programme, desk.next_seq, desk.next_account_no, at)
                await along(connection, decisions, at)
        except BaseException:
            memory.next_seq = -1
            raise
        memory.next_seq = desk.next_seq
        return decisions

    async def _open_book(self, programme: Programme) -> Book:
        """A book with what all records of a chunk look at; what each of them names follows part by part."""
        memory, connection, name = self._memory, self._connection, self._programme
        policies = await fetch_policies(connection, name)
        if any(policy.overlays for policy in policies) and NOBODY not in memory.tallies:
            memory.tallies.update(await fetch_tallies(connection, name, [NOBODY]))
        return Book(
            programme=programme,
            policies=policies,
            accounts=memory.accounts,
            earned=memory.earned,
            tallies=memory.tallies,
            prices=memory.prices,
        )

    async def _go(self, commands: Sequence[ImportRecord], desk: Desk, at: datetime) -> list[Decision]:
        """Decide part by part; meanwhile PostgreSQL takes what the part before left, and looks up what the next names.

        All in one thread, by turns: two of them would wait for each other longer than they gain.
        """
        decisions: list[Decision] = []
        common: dict[AccountKey, int] = {}
        size = max(PART_MIN, min(PART_MAX, len(commands) // PARTS))
        parts = [commands[start : start + size] for start in range(0, len(commands), size)]
        first_new, left = desk.next_account_no, _Left(desk.ink, desk.next_account_no)
        await self._look_up(parts[0] if parts else (), desk.book)
        for number, part in enumerate(parts, start=1):
            desk.ink = Ink()
            following = parts[number] if number < len(parts) else ()
            after = _Left(desk.ink, desk.next_account_no)
            made, turned = await asyncio.gather(
                _decide_all(part, desk, at), self._turn(left, common, following, desk.book, at), return_exceptions=True
            )
            for outcome in (made, turned):
                if isinstance(outcome, BaseException):
                    raise outcome
            decisions += made  # type: ignore[arg-type]  # no exception: looked at above
            left = after
        await self._turn(left, common, (), desk.book, at)
        await self._write_balances(common, first_new, desk.book)
        return decisions

    async def _turn(
        self, left: "_Left", common: dict[AccountKey, int], following: Sequence[ImportRecord], book: Book, at: datetime
    ) -> None:
        """What PostgreSQL does while a part is decided. The programme's own accounts wait for the end of the chunk."""
        ink = left.ink
        if ink.transactions and self._dry_run:
            await copy_rehearsed(self._connection, self._programme, _of(ImportedRecord, ink))
        elif ink.transactions:
            await self._copy(ink, at)
            common.update((key, number) for key, number in ink.touched.items() if key.owner == NOBODY)
            own = {key: number for key, number in ink.touched.items() if key.owner != NOBODY}
            await self._write_balances(own, left.first_new, book)
        if following:
            await self._look_up(following, book)

    async def _copy(self, ink: Ink, at: datetime) -> None:
        connection, name = self._connection, self._programme
        await copy_journal(connection, name, at, ink.transactions, ink.transfers)
        await copy_records(connection, name, _of(ImportedRecord, ink))
        await copy_accruals(connection, name, _of(Accrual, ink))
        if tallies := {row.key: row for row in _of(Tally, ink)}:
            await write_tallies(connection, name, list(tallies.values()))

    async def _write_balances(self, touched: Mapping[AccountKey, int], first_new: int, book: Book) -> None:
        """The balances as they are now: what is moved later in the chunk is written again later."""
        if touched and not self._dry_run:
            accounts = book.accounts
            balances = [AccountRow(number, key, accounts[key.owner][key]) for key, number in touched.items()]
            await copy_accounts(self._connection, self._programme, balances, first_new)

    async def _look_up(self, commands: Sequence[ImportRecord], book: Book) -> None:
        """What these records name, as far as it was not looked up for those before them."""
        memory, connection, name = self._memory, self._connection, self._programme
        arrivals = [arrival_of(command.told) for command in commands]
        looked_up = await fetch_arrivals(connection, name, arrivals)
        if self._dry_run:
            looked_up.recall(await fetch_rehearsed(connection, name, arrivals))
        people = {arrival.volunteer for arrival in arrivals}
        new: list[UUID] = [owner for owner in (NOBODY, *people) if owner not in memory.accounts]
        owned = await fetch_owned(connection, name, new)
        memory.accounts.update((owner, {}) for owner in new)
        for number, key, balance in owned:
            memory.accounts[key.owner][key] = balance
            memory.account_nos[key] = number
        if any(policy.needs_standing for policy in book.policies):
            memory.earned.update(await fetch_earned(connection, name, people - memory.earned.keys()))
        book.arriving.take_in(looked_up)


def _of(kind: type[RowKind], ink: Ink) -> list[RowKind]:
    return [row for row in ink.rows if isinstance(row, kind)]


@dataclass(slots=True)
class _Left:
    """What a part leaves to be written; accounts numbered from `first_new` on are new."""

    ink: Ink
    first_new: int


async def _decide_all(commands: Sequence[ImportRecord], desk: Desk, at: datetime) -> list[Decision]:
    """Decide a part, giving way every few records, so that PostgreSQL is never kept waiting for long."""
    decisions = []
    for number, command in enumerate(commands, start=1):
        decision = decide_import_record(command, desk.book, at)
        desk.take(decision)
        decisions.append(decision)
        if number % GIVE_WAY == 0:
            await asyncio.sleep(0)
    return decisions

"""Running an import of service records: chunk by chunk through the engine, and after a stop on from where it was."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from uuid_utils.compat import uuid7

from app.core.book import Decision
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, TeamId, VolunteerId
from app.core.imports import ImportRecord
from app.engine.bulk import BulkWriter, Pace
from app.engine.failures import is_transient
from app.importing.arrivals import CommandMaker, Prepared, Refusal, prepare_ahead
from app.importing.feeding import FeedPlan
from app.importing.mapping import CHECKED
from app.importing.stands import Stand
from app.store.bulk_writes import prepare_copying
from app.store.database import BatchConnection, Database
from app.store.imports import (
    Counts,
    ImportKey,
    OpenImport,
    RefusedRow,
    advance_import,
    fetch_birthdays,
    fetch_team_numbers,
    fetch_volunteer_numbers,
    open_import,
)
from app.store.rehearsals import begin_rehearsal

_log = structlog.get_logger(__name__)

ATTEMPTS_MAX = 5
BACKOFF_S = 0.2
TARGET_S = 0.2
"""A chunk holds the head for about so long: a till that arrives meanwhile waits no longer."""
FAST_TARGET_S = 5.0
"""For a city whose tills are not open yet."""

Show = Callable[[Counts], None]


@dataclass(slots=True, kw_only=True)
class RecordImport:
    """The import of one file of service records."""

    database: Database
    programme: ProgrammeId
    plan: FeedPlan
    key: ImportKey
    stand: Stand
    clock: Callable[[], datetime]
    show: Show
    fast: bool = False
    dry_run: bool = False
    volunteers: dict[str, VolunteerId] = field(default_factory=dict)
    teams: dict[str, TeamId] = field(default_factory=dict)
    birthdays: dict[str, date] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)
    """Of a dry run only: an import that counts keeps them in the database."""
    _connection: BatchConnection | None = None
    _writer: BulkWriter | None = None
    _open: OpenImport = field(default=OpenImport(UUID(int=0), Counts()))

    async def run(self) -> OpenImport:
        """Import what is not in yet. Raises BadFile where the file breaks off; what came before it stays."""
        pace = Pace(FAST_TARGET_S if self.fast else TARGET_S)
        try:
            await self._connect()
            maker = CommandMaker(
                source=self.key.source,
                stand=self.stand,
                volunteers=self.volunteers,
                teams=self.teams,
                birthdays=self.birthdays,
                zone=ZoneInfo(self.plan.zone),
            )
            waiting: deque[Prepared] = deque()
            async with aclosing(prepare_ahead(self.plan, maker, self._open.counts.rows_done)) as batches:
                async for batch in batches:
                    waiting.extend(batch)
                    while len(waiting) >= pace.size:
                        await self._take([waiting.popleft() for _ in range(pace.size)], pace)
                while waiting:
                    await self._take([waiting.popleft() for _ in range(min(pace.size, len(waiting)))], pace)
        finally:
            if self._connection is not None:
                await self._connection.close(timeout=1)
        return self._open

    async def _connect(self) -> None:
        """A connection of its own, what the file's numbers stand for, and how far the import is."""
        self._connection = connection = await self.database.connect_bulk()
        await prepare_copying(connection)
        if self.dry_run:
            await begin_rehearsal(connection)
        self._writer = BulkWriter(connection, self.programme, self.clock, dry_run=self.dry_run)
        if not self.volunteers:
            self.volunteers = await fetch_volunteer_numbers(connection, self.programme, self.key.source)
            self.teams = await fetch_team_numbers(connection, self.programme, self.key.source)
            if self.plan.mapping.minors == CHECKED:
                self.birthdays = await fetch_birthdays(connection, self.programme, self.key.source)
        if not self.dry_run:
            self._open = await open_import(connection, self.programme, self.key, uuid7(), self.clock())
        self.show(self._open.counts)

    async def _take(self, rows: Sequence[Prepared], pace: Pace) -> None:
        began = time.perf_counter()
        await self._write(rows)
        pace.learn(len(rows), time.perf_counter() - began)
        self.show(self._open.counts)

    async def _write(self, rows: Sequence[Prepared]) -> None:
        """Write a chunk. One that breaks is cut in half until the row is found that breaks it: it alone is refused."""
        try:
            await self._write_again(rows)
        except Exception as error:
            if is_transient(error):
                raise
            if len(rows) > 1:
                half = len(rows) // 2
                await self._write(rows[:half])
                await self._write(rows[half:])
                return
            _log.exception("row broken", row=rows[0].row_no, error=type(error).__name__)
            await self._write_again([Prepared(rows[0].row_no, Refusal("", Code.SYSTEM_ERROR.value))])

    async def _write_again(self, rows: Sequence[Prepared]) -> None:
        """Write a chunk, and once more when the database went away: unless the lost commit turns out to be in."""
        done = self._open.counts.rows_done
        for attempt in range(ATTEMPTS_MAX):
            try:
                if attempt:
                    await self._connect()
                if self._open.counts.rows_done == done:
                    await self._write_once(rows)
                return
            except Exception as error:
                if not is_transient(error) or attempt == ATTEMPTS_MAX - 1:
                    raise
                _log.warning("chunk not written, trying again", error=repr(error))
                await asyncio.sleep(BACKOFF_S * 2**attempt)

    async def _write_once(self, rows: Sequence[Prepared]) -> None:
        if self._writer is None:
            raise TypeError("not connected")
        refused: list[RefusedRow] = []
        numbers: list[int] = []
        commands: list[ImportRecord] = []
        for row_no, asked in rows:
            if isinstance(asked, ImportRecord):
                numbers.append(row_no)
                commands.append(asked)
            else:
                refused.append(RefusedRow(row_no, *asked))
        now = self._open

        async def along(connection: BatchConnection, decisions: Sequence[Decision], at: datetime) -> None:
            nonlocal now
            now = self._count(numbers, decisions, refused)
            if not self.dry_run:
                await advance_import(connection, self.programme, at, now, refused)

        await self._writer.write(commands, along)
        if self.dry_run:
            self.refused.extend(sorted(refused))
        self._open = now

    def _count(self, numbers: Sequence[int], decisions: Sequence[Decision], refused: list[RefusedRow]) -> OpenImport:
        """The counts after a chunk; what the core refused joins what could not be read."""
        known = 0
        for row_no, decision in zip(numbers, decisions, strict=True):
            if isinstance(decision, Rejected):
                told = decision.detail
                refused.append(
                    RefusedRow(row_no, str(told.get("field", "")), decision.code.value, str(told.get("fault", "")))
                )
            elif decision.transaction is None:
                known += 1
        added = len(decisions) - known - sum(isinstance(decision, Rejected) for decision in decisions)
        counts = self._open.counts.plus(added=added, known=known, refused=len(refused))
        return OpenImport(self._open.id, counts)

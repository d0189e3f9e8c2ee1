"""Running an import of opening balances: chunk by chunk through the engine, each number once, resumed after a stop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import structlog
from uuid_utils.compat import uuid7

from app.core.book import Decision
from app.core.codes import Code, Rejected
from app.core.ids import OpeningId, ProgrammeId, TransactionId, VolunteerId
from app.core.opening_balances import OpenBalance
from app.core.openings import Opening
from app.core.quantities import Minutes, Points
from app.core.record_numbers import RecordNumber
from app.engine.failures import is_transient
from app.engine.opening_chunks import write_openings
from app.importing.decoding import BadFile
from app.importing.feeding import FeedPlan, Understood, feed, read_batches
from app.importing.opening_rows import OpeningLine
from app.importing.stands import Stand
from app.store.database import BatchConnection, Database
from app.store.imports import (
    Counts,
    ImportKey,
    OpenImport,
    RefusedRow,
    advance_import,
    fetch_volunteer_numbers,
    open_import,
)

_log = structlog.get_logger(__name__)

CHUNK = 250
"""So many balances are one transaction: a till that arrives meanwhile waits a fraction of a second."""


class Sums(NamedTuple):
    """What balances add up to."""

    points: int
    minutes: int


def check_sums(plan: FeedPlan, points: int | None, minutes: int | None) -> None:
    """Compare the sums of a whole file with what was expected, before anything is written. Raises BadFile."""
    unread = 0
    found = Sums(0, 0)
    for batch in read_batches(plan):
        for understood in batch:
            if isinstance(line := understood.row, OpeningLine):
                found = Sums(found.points + line.points, found.minutes + line.minutes)
            else:
                unread += 1
    for name, expected, summed in (("points", points, found.points), ("minutes", minutes, found.minutes)):
        if expected is not None and expected != summed:
            beside = f"; {unread} rows could not be read" if unread else ""
            raise BadFile(f"the file holds {summed} {name}, expected were {expected}{beside}: nothing was written")


@dataclass(slots=True, kw_only=True)
class OpeningImport:
    """The import of one file of opening balances."""

    database: Database
    programme: ProgrammeId
    plan: FeedPlan
    key: ImportKey
    stand: Stand
    clock: Callable[[], datetime]
    show: Callable[[Counts], None]
    dry_run: bool = False
    sums: Sums = field(default=Sums(0, 0))
    """What this run has brought over, or would have."""
    refused: list[RefusedRow] = field(default_factory=list)
    """Of a dry run only: an import that counts keeps them in the database."""
    _volunteers: dict[str, VolunteerId] = field(default_factory=dict)
    _rehearsed: dict[RecordNumber, Opening] | None = None

    async def run(self) -> OpenImport:
        """Import what is not in yet. Raises BadFile where the file breaks off; what came before it stays."""
        connection = await self.database.connect_bulk()
        try:
            self._volunteers = await fetch_volunteer_numbers(connection, self.programme, self.key.source)
            self._rehearsed = {} if self.dry_run else None
            now = OpenImport(uuid7(), Counts())
            if not self.dry_run:
                now = await open_import(connection, self.programme, self.key, now.id, self.clock())
            skip = now.counts.rows_done
            async for batch in feed(self.plan):
                fresh = batch[skip:]
                skip -= len(batch) - len(fresh)
                for start in range(0, len(fresh), CHUNK):
                    now = await self._write(connection, now, fresh[start : start + CHUNK])
                    self.show(now.counts)
        finally:
            await connection.close(timeout=1)
        return now

    async def _write(self, connection: BatchConnection, now: OpenImport, rows: Sequence[Understood]) -> OpenImport:
        """Write a chunk. One that breaks is cut in half until the row is found that breaks it: it alone is refused."""
        try:
            return await self._write_once(connection, now, rows)
        except Exception as error:
            if is_transient(error):
                raise
            if len(rows) > 1:
                half = len(rows) // 2
                now = await self._write(connection, now, rows[:half])
                return await self._write(connection, now, rows[half:])
            _log.exception("row broken", row=rows[0].row_no, error=type(error).__name__)
            return await self._refuse_broken(connection, now, rows[0].row_no)

    async def _refuse_broken(self, connection: BatchConnection, now: OpenImport, row_no: int) -> OpenImport:
        refused = [RefusedRow(row_no, "", Code.SYSTEM_ERROR.value, "")]
        after = OpenImport(now.id, now.counts.plus(refused=1))
        if self.dry_run:
            self.refused += refused
        else:
            async with connection.transaction():
                await advance_import(connection, self.programme, self.clock(), after, refused)
        return after

    async def _write_once(self, connection: BatchConnection, now: OpenImport, rows: Sequence[Understood]) -> OpenImport:
        refused: list[RefusedRow] = []
        numbers: list[int] = []
        commands: list[OpenBalance] = []
        for row_no, line, field_name, fault in rows:
            if not isinstance(line, OpeningLine):
                refused.append(RefusedRow(row_no, field_name, Code.PARAM_ERROR.value, fault))
            elif line.volunteer_no not in self._volunteers:
                refused.append(RefusedRow(row_no, "volunteer", Code.NOT_FOUND.value, ""))
            else:
                numbers.append(row_no)
                commands.append(self._command(line))
        after, brought = now, self.sums

        async def along(connection: BatchConnection, decisions: Sequence[Decision]) -> None:
            nonlocal after, brought
            refused.extend(_refusals(numbers, decisions))
            added = [
                command.opening
                for command, decision in zip(commands, decisions, strict=True)
                if not isinstance(decision, Rejected) and decision.transaction is not None
            ]
            known = len(rows) - len(refused) - len(added)
            after = OpenImport(now.id, now.counts.plus(added=len(added), known=known, refused=len(refused)))
            points, minutes = (sum(each) for each in ([row.points for row in added], [row.minutes for row in added]))
            brought = Sums(self.sums.points + points, self.sums.minutes + minutes)
            if not self.dry_run:
                await advance_import(connection, self.programme, self.clock(), after, sorted(refused))

        await write_openings(connection, self.programme, self.clock, commands, along, self._rehearsed)
        self.sums = brought
        if self.dry_run:
            self.refused.extend(sorted(refused))
        return after

    def _command(self, line: OpeningLine) -> OpenBalance:
        opening = Opening(
            id=OpeningId(uuid7()),
            number=RecordNumber(self.key.source, line.external_no),
            volunteer=self._volunteers[line.volunteer_no],
            dated_on=line.dated_on,
            points=Points(line.points),
            minutes=Minutes(line.minutes),
            expires_on=line.expires_on,
            drafted_by=self.stand.entered_by,
            approved_by=self.stand.verified_by,
            transaction=TransactionId(uuid7()),
        )
        return OpenBalance(opening=opening, approver_is=self.stand.verifier_is, relatives=self.stand.relatives)


_FAULTS = {"in-the-future": "dated-in-the-future", "out-of-range": "too-much"}
"""What files of records say of other things has a name of its own here."""


def _refusals(numbers: Sequence[int], decisions: Sequence[Decision]) -> list[RefusedRow]:
    """The rows that the core refused, with the field and what is wrong with it."""
    refused = []
    for row_no, decision in zip(numbers, decisions, strict=True):
        if isinstance(decision, Rejected):
            field_name, fault = (str(decision.detail.get(name, "")) for name in ("field", "fault"))
            refused.append(RefusedRow(row_no, field_name, decision.code.value, _FAULTS.get(fault, fault)))
    return refused

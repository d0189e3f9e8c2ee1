"""Looking through imported records for what is odd. The import does not wait for it, and nothing is refused by it.

The cursor moves on in the transaction that writes the marks, so that a run that dies is gone on with; a record that
is looked at twice is marked once.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.bulk_entries import Neighbourhood
from app.core.entering import NEAR
from app.core.ids import ProgrammeId, RecordId, VolunteerId
from app.core.marks import NOBODY_ENTERED, facts_of
from app.core.record_items import Served
from app.core.suspicions import Mark, SuspicionLimits, mark_entry
from app.core.transactions import TransactionKind
from app.store.bulk_record_lookups import Span, fetch_near
from app.store.database import Database
from app.store.journal_cursors import JournalReader, fetch_cursor, fetch_stretch_end, move_cursor
from app.store.marks_journal import fetch_imported
from app.store.programmes import fetch_zone
from app.store.record_marks import fetch_limits, insert_marks

CHUNK = 2_000
RUN_MAX = 100_000
"""So many transactions one run looks at: the other jobs of the programme wait for no whole city."""

Imported = Sequence[tuple[VolunteerId, Served]]


async def run_marks(
    database: Database, programme: ProgrammeId, clock: Callable[[], datetime], *, run_max: int = RUN_MAX
) -> int:
    """Mark what is odd among the imported records not looked at yet. Returns how many transactions it went through."""
    done = 0
    while done < run_max:
        async with database.read() as reader:
            after = await fetch_cursor(reader, programme, JournalReader.MARKS)
            last = await fetch_stretch_end(reader, programme, after, min(CHUNK, run_max - done), clock())
            if last is None:
                return done
            records = await fetch_imported(reader, programme, after, last, TransactionKind.ACCRUE.value)
            limits = await fetch_limits(reader, programme)
            zone = ZoneInfo(await fetch_zone(reader, programme))
            near = await fetch_near(reader, programme, _spans(records))
        marks = await asyncio.to_thread(_find, records, near, limits, zone)
        at = clock()
        async with database.begin() as tx:
            await insert_marks(tx, programme, marks, at)
            await move_cursor(tx, programme, JournalReader.MARKS, last, at)
        done += last - after
    return done


def _find(records: Imported, near: Imported, limits: SuspicionLimits, zone: ZoneInfo) -> list[tuple[RecordId, Mark]]:
    """The marks of records beside all that are there of their volunteers: no person entered them one by one."""
    known = Neighbourhood(near)
    found: list[tuple[RecordId, Mark]] = []
    for volunteer, served in records:
        around = known.between(volunteer, served.started_at - NEAR, served.ended_at + NEAR)
        others = [other for other in around if other.id != served.id]
        marks = mark_entry(facts_of(served, others, zone, NOBODY_ENTERED), limits)
        found.extend((served.id, mark) for mark in marks)
    return found


def _spans(records: Imported) -> dict[VolunteerId, Span]:
    spans: dict[VolunteerId, Span] = {}
    for volunteer, served in records:
        begin, end = served.started_at - NEAR, served.ended_at + NEAR
        since, until = spans.get(volunteer, (begin, end))
        spans[volunteer] = min(since, begin), max(until, end)
    return spans

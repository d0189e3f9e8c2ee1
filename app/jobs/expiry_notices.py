"""Telling volunteers of points that are about to expire: chunk by chunk, each once, from where the last run stopped."""

from collections.abc import Callable
from datetime import date, datetime

from app.core.business_days import business_day
from app.core.expiry_notices import DueNotice, days_due
from app.core.ids import ProgrammeId
from app.store.database import Database
from app.store.expiry_notices import (
    Progress,
    advance_notice_head,
    append_notices,
    fetch_open_runs,
    fetch_progress,
    keep_progress,
    lock_notice_head,
)
from app.store.programmes import fetch_zone

CHUNK = 2000


async def run_expiry_notices(
    database: Database, programme: ProgrammeId, clock: Callable[[], datetime], chunk: int = CHUNK
) -> int:
    """Write all notices that are due today and not written yet. Returns how many there were.

    Each expiry day near enough is gone through once a day, so that points which came later are told of too.
    """
    async with database.read() as reader:
        today = business_day(clock(), await fetch_zone(reader, programme))
        due = await fetch_open_runs(reader, programme, days_due(today), today)
    made = 0
    for each in due:
        progress = Progress()
        while not progress.done:
            progress, written = await _step(database, programme, each, today, clock(), chunk)
            made += written
    return made


async def _step(
    database: Database, programme: ProgrammeId, due: DueNotice, today: date, at: datetime, chunk: int
) -> tuple[Progress, int]:
    """One chunk. Processes that run at once take turns at the stream's head, and each goes on behind the other."""
    async with database.begin() as tx:
        number = await lock_notice_head(tx, programme)
        progress = await fetch_progress(tx, programme, due, today)
        if progress.done:
            return progress, 0
        found = await append_notices(tx, programme, due, progress.last, number, chunk, at)
        progress = Progress(found.last or progress.last, done=found.seen < chunk)
        await advance_notice_head(tx, programme, number + found.made)
        await keep_progress(tx, programme, due, today, progress)
    return progress, found.made

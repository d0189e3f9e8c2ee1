"""Files of applications go when their term after the end of the case is over. Safe to run twice."""

from collections.abc import Callable
from datetime import datetime

from app.actions.application_files import delete_due_files
from app.core.ids import ProgrammeId
from app.store.application_files import fetch_files_to_delete
from app.store.database import Database

_AT_ONCE = 50


async def run_file_deletions(database: Database, programme: ProgrammeId, clock: Callable[[], datetime]) -> int:
    """Delete what is due, some applications at a time. Returns how many files went."""
    deleted = 0
    while True:
        now = clock()
        async with database.read() as reader:
            due = await fetch_files_to_delete(reader, programme, now, _AT_ONCE)
        if not due:
            return deleted
        async with database.begin() as tx:
            deleted += await delete_due_files(tx, programme, due, now)

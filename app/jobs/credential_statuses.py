"""Marks certificates in the status lists whose hours no longer stand, of whom the journal says that hours were taken.

Grants need no job: the list is read from their state. The online check of a certificate is never late either.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.core.ids import ProgrammeId
from app.core.transactions import TransactionKind
from app.store.credentials import fetch_taken_from, update_superseded
from app.store.database import Database
from app.store.journal_cursors import JournalReader, fetch_cursor, fetch_stretch_end, move_cursor

CHUNK = 50_000
SETTLED_AFTER = timedelta(minutes=1)
"""Whoever was given a certificate just before the hours were taken has a place in the list by then."""
_TAKES = (TransactionKind.CLAW_BACK.value, TransactionKind.CORRECT.value)


async def run_credential_statuses(database: Database, programme: ProgrammeId, clock: Callable[[], datetime]) -> int:
    """Follow the journal; how many certificates no longer stand. A run that dies is gone on with."""
    marked = 0
    while True:
        at = clock()
        async with database.read() as reader:
            after = await fetch_cursor(reader, programme, JournalReader.CREDENTIALS)
            last = await fetch_stretch_end(reader, programme, after, CHUNK, at - SETTLED_AFTER)
            if last is None:
                return marked
            volunteers = await fetch_taken_from(reader, programme, after, last, _TAKES)
        async with database.begin() as tx:
            if volunteers:
                marked += await update_superseded(tx, programme, volunteers, at)
            await move_cursor(tx, programme, JournalReader.CREDENTIALS, last, at)

"""Marks certificates in the status lists whose hours no longer stand. Safe to run twice: what is marked stays so.

Grants need no job: the list is read from their state. The online check of a certificate is never late either.
"""

from collections.abc import Callable
from datetime import datetime

from app.core.ids import ProgrammeId
from app.store.credentials import fetch_standing_certificates, update_superseded
from app.store.database import Database

PAGE = 1_000


async def run_credential_statuses(database: Database, programme: ProgrammeId, clock: Callable[[], datetime]) -> int:
    """Look at all certificates that are said to stand; how many no longer do."""
    marked, after = 0, ""
    while True:
        async with database.read() as reader:
            numbers = await fetch_standing_certificates(reader, programme, after, PAGE)
        if not numbers:
            return marked
        after = numbers[-1]
        async with database.begin() as tx:
            marked += await update_superseded(tx, programme, numbers, clock())

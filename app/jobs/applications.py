"""Applications that time has moved are written down, and the ledger follows what people decided. Safe to run twice."""

from collections.abc import Callable
from datetime import datetime

from app.actions.application_grants import fetch_settling, note_settling
from app.actions.application_times import note_times
from app.core.ids import NOBODY, ApplicationId, ProgrammeId
from app.engine.applications import carry_out_settling
from app.engine.committer import Committers
from app.jobs.lots import CHUNK
from app.store.application_grants import fetch_unsettled
from app.store.application_lists import fetch_due_applications
from app.store.database import Database


async def run_application_times(database: Database, programme: ProgrammeId, clock: Callable[[], datetime]) -> int:
    """Write down notices that ended, material that never came, grants that ran out. Returns how many there were."""
    noted, after = 0, ApplicationId(NOBODY)
    while True:
        now = clock()
        async with database.read() as reader:
            due = await fetch_due_applications(reader, programme, now, after, CHUNK)
        if not due:
            return noted
        after = due[-1]
        async with database.begin() as tx:
            noted += await note_times(tx, programme, due, now)


async def run_application_grants(
    database: Database,
    committers: Committers,
    programme: ProgrammeId,
    ticket_key: bytes,
    clock: Callable[[], datetime],
) -> int:
    """Grant what was approved and end what was revoked or withdrawn. Returns of how many there was news."""
    settled, after = 0, ApplicationId(NOBODY)
    while True:
        async with database.read() as reader:
            unsettled = await fetch_unsettled(reader, programme, after, CHUNK)
        if not unsettled:
            return settled
        after = unsettled[-1]
        for application in unsettled:
            settled += await _settle(database, committers, programme, application, ticket_key, clock())


async def _settle(
    database: Database,
    committers: Committers,
    programme: ProgrammeId,
    application: ApplicationId,
    ticket_key: bytes,
    at: datetime,
) -> bool:
    async with database.read() as reader:
        settling = await fetch_settling(reader, programme, application, ticket_key)
    if settling is None:
        return False
    done = await carry_out_settling(committers, programme, settling)
    async with database.begin() as tx:
        return await note_settling(tx, programme, done, at)

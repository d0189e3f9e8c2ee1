"""Objections that nobody answered in time go one team higher; upheld ones are corrected. Nothing waits for it."""

from collections.abc import Callable
from datetime import datetime

from app.actions.objections import escalate_due, note_correction
from app.core.ids import NOBODY, ObjectionId, ProgrammeId
from app.engine.committer import Committers
from app.engine.corrections import correct_record
from app.jobs.lots import CHUNK
from app.store.database import Database
from app.store.objections import ObjectionView, fetch_upheld_objections
from app.store.service_records import fetch_record


async def run_escalations(database: Database, programme: ProgrammeId, clock: Callable[[], datetime]) -> int:
    """Write down all objections whose term is over. Returns how many have climbed."""
    climbed = 0
    while True:
        async with database.begin() as tx:
            found = await escalate_due(tx, programme, clock(), CHUNK)
        if not found:
            return climbed
        climbed += len(found)


async def run_corrections(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """Correct the records of upheld objections that are not corrected yet. Returns how many were."""
    corrected = 0
    after = ObjectionId(NOBODY)
    while True:
        async with database.read() as reader:
            upheld = await fetch_upheld_objections(reader, programme, after, CHUNK)
        if not upheld:
            return corrected
        after = upheld[-1].objection.id
        for view in upheld:
            corrected += await _correct(database, committers, programme, view, clock())


async def _correct(
    database: Database, committers: Committers, programme: ProgrammeId, view: ObjectionView, at: datetime
) -> bool:
    async with database.read() as reader:
        found = await fetch_record(reader, programme, view.objection.record)
    if found is None or view.answered_by is None:
        return False
    objection = view.objection.id
    if await correct_record(committers, programme, objection, found.record, view.answered_by, at):
        return False
    async with database.begin() as tx:
        return await note_correction(tx, programme, objection)

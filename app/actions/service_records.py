"""Entering service records. Verifying and rejecting them are commands of the engine."""

from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId
from app.store.database import Tx
from app.store.service_records import RecordView, fetch_overlapping, insert_records
from app.store.teams import fetch_team
from app.store.volunteers import lock_volunteer


async def enter_record(tx: Tx, programme: ProgrammeId, view: RecordView) -> RecordView | Rejected:
    """Enter a record. Nobody serves twice at the same time: the volunteer is locked while that is looked up."""
    record = view.record
    if not await lock_volunteer(tx, programme, record.volunteer):
        return Rejected(Code.NOT_FOUND, {"volunteer_id": record.volunteer.hex})
    if await fetch_team(tx, programme, record.team) is None:
        return Rejected(Code.NOT_FOUND, {"team_id": record.team.hex})
    other = await fetch_overlapping(tx, programme, record.volunteer, record.started_at, record.ended_at)
    if other:
        return Rejected(Code.OVERLAP, {"record": other.hex})
    await insert_records(tx, programme, [view])
    return view

"""Entering service records. Verifying and rejecting them are commands of the engine."""

from collections.abc import Sequence

from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId
from app.store.database import Tx
from app.store.service_records import RecordView, fetch_overlapping, fetch_overlapping_pair, insert_records
from app.store.teams import fetch_team
from app.store.volunteers import lock_volunteer, lock_volunteers


async def enter_records(tx: Tx, programme: ProgrammeId, views: Sequence[RecordView]) -> int | Rejected:
    """Enter many records at once, all or none. Refused as a whole when any two of one volunteer share time."""
    await lock_volunteers(tx, programme, sorted({view.record.volunteer for view in views}))
    await insert_records(tx, programme, views)
    twice = await fetch_overlapping_pair(tx, programme, [view.record.id for view in views])
    if twice:
        await tx.rollback()
        return Rejected(Code.OVERLAP, {"record": twice.hex})
    return len(views)


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

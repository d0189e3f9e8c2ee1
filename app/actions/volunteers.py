"""Volunteers: registering, freezing and unfreezing them."""

from collections.abc import Sequence

from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, VolunteerId
from app.core.volunteers import VolunteerStatus
from app.store.database import Tx
from app.store.regions import is_region
from app.store.teams import fetch_team
from app.store.volunteers import (
    ExternalId,
    VolunteerRow,
    fetch_volunteer,
    insert_external_id,
    insert_volunteers,
    update_volunteer_status,
)


async def register_volunteer(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerRow, external_ids: Sequence[ExternalId]
) -> VolunteerRow | Rejected:
    """Register a volunteer. An id of another system belongs to one volunteer only."""
    if not await is_region(tx, programme, volunteer.region_code):
        return Rejected(Code.NOT_FOUND, {"region_code": volunteer.region_code})
    if volunteer.team and await fetch_team(tx, programme, volunteer.team) is None:
        return Rejected(Code.NOT_FOUND, {"team_id": volunteer.team.hex})
    savepoint = await tx.begin_nested()
    await insert_volunteers(tx, programme, [volunteer])
    for external in external_ids:
        if not await insert_external_id(tx, programme, volunteer.id, external):
            await savepoint.rollback()
            return Rejected(Code.ALREADY_EXISTS, {"system": external.system})
    return volunteer


async def set_volunteer_status(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, status: VolunteerStatus
) -> VolunteerRow | Rejected:
    """Freeze or unfreeze a volunteer. One who has left stays as they are."""
    found = await fetch_volunteer(tx, programme, volunteer)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.status is VolunteerStatus.LEFT:
        return Rejected(Code.STATE_CONFLICT, {"state": found.status.value})
    await update_volunteer_status(tx, programme, volunteer, status)
    return await fetch_volunteer(tx, programme, volunteer) or Rejected(Code.NOT_FOUND)

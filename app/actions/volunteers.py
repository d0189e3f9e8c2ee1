"""Volunteers: registering, freezing and unfreezing them."""

from collections.abc import Sequence

from app.core.audit_trail import Edited
from app.core.bonuses import brings_start_grant
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, VolunteerId, format_id
from app.core.volunteers import VolunteerStatus
from app.store.accrual_policies import fetch_policies
from app.store.bonuses import insert_referral, insert_start_claim
from app.store.database import Tx
from app.store.programmes import fetch_zone
from app.store.regions import is_region
from app.store.teams import fetch_team
from app.store.volunteers import (
    ExternalId,
    VolunteerRow,
    fetch_volunteer,
    insert_external_id,
    insert_volunteers,
    lock_volunteer,
    update_volunteer_status,
)


async def register_volunteer(
    tx: Tx,
    programme: ProgrammeId,
    volunteer: VolunteerRow,
    external_ids: Sequence[ExternalId],
    referred_by: VolunteerId | None = None,
) -> VolunteerRow | Rejected:
    """Register a volunteer. An id of another system belongs to one volunteer only; who referred them is active.

    What the registration may bring is written down with it: a job settles it.
    """
    if not await is_region(tx, programme, volunteer.region_code):
        return Rejected(Code.NOT_FOUND, {"region_code": volunteer.region_code})
    if volunteer.team and await fetch_team(tx, programme, volunteer.team) is None:
        return Rejected(Code.NOT_FOUND, {"team_id": volunteer.team.hex})
    if referred_by and not await _may_refer(tx, programme, referred_by):
        return Rejected(Code.NOT_FOUND, {"referred_by": format_id("vol", referred_by)})
    savepoint = await tx.begin_nested()
    await insert_volunteers(tx, programme, [volunteer])
    for external in external_ids:
        if not await insert_external_id(tx, programme, volunteer.id, external):
            await savepoint.rollback()
            return Rejected(Code.ALREADY_EXISTS, {"system": external.system})
    await savepoint.commit()
    if referred_by:
        await insert_referral(tx, programme, volunteer.id, referred_by, volunteer.created_at)
    await _claim_start(tx, programme, volunteer)
    return volunteer


async def _may_refer(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId) -> bool:
    found = await fetch_volunteer(tx, programme, volunteer)
    return found is not None and found.status is not VolunteerStatus.LEFT


async def _claim_start(tx: Tx, programme: ProgrammeId, volunteer: VolunteerRow) -> None:
    """Claim the grant of a registration, where the policy of its day has one."""
    day = business_day(volunteer.registered_at, await fetch_zone(tx, programme))
    if brings_start_grant(await fetch_policies(tx, programme), day):
        await insert_start_claim(tx, programme, volunteer.id, day)


async def set_volunteer_status(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, status: VolunteerStatus
) -> Edited[VolunteerRow] | Rejected:
    """Freeze or unfreeze a volunteer. One who has left stays as they are."""
    await lock_volunteer(tx, programme, volunteer)
    found = await fetch_volunteer(tx, programme, volunteer)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.status is VolunteerStatus.LEFT:
        return Rejected(Code.STATE_CONFLICT, {"state": found.status.value})
    await update_volunteer_status(tx, programme, volunteer, status)
    now = await fetch_volunteer(tx, programme, volunteer)
    return Edited(found, now) if now else Rejected(Code.NOT_FOUND)

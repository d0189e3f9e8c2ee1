"""Family links on their way: proposed by the owner, accepted by the member, limited by the owner, ended by either."""

from dataclasses import replace
from datetime import date, datetime

from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.family import FAMILY_OFF, refuse_relation
from app.core.family_links import FamilyLink, FamilyLinkState
from app.core.ids import FamilyLinkId, ProgrammeId, VolunteerId
from app.core.quantities import Points
from app.core.volunteers import Volunteer
from app.store.database import Tx
from app.store.family import (
    fetch_open_members,
    insert_family_link,
    lock_family_link,
    update_family_link,
)
from app.store.programmes import fetch_programme
from app.store.volunteers import fetch_volunteer, lock_volunteer


async def _member(tx: Tx, programme: ProgrammeId, member: VolunteerId) -> Volunteer | None:
    row = await fetch_volunteer(tx, programme, member)
    return Volunteer(row.id, row.status, row.masked_name, born_on=row.born_on) if row else None


async def propose_family_link(tx: Tx, programme: ProgrammeId, link: FamilyLink, today: date) -> FamilyLink | Rejected:
    """Propose a link: within the programme's number, once for each pair, and only to who could accept it."""
    settings = await fetch_programme(tx, programme)
    if settings is None or not settings.family_use:
        return FAMILY_OFF
    owner = await _member(tx, programme, link.owner)
    member = await _member(tx, programme, link.member)
    if owner is None or member is None or link.owner == link.member:
        return Rejected(Code.NOT_FOUND)
    if refusal := refuse_relation(link.kinship, member, today):
        return refusal
    await lock_volunteer(tx, programme, link.owner)
    members = await fetch_open_members(tx, programme, link.owner)
    if link.member in members:
        return Rejected(Code.ALREADY_EXISTS)
    if len(members) >= settings.family_members:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "family_members", "count": settings.family_members})
    await insert_family_link(tx, programme, link)
    return replace(link, owner_name=owner.masked_name, member_name=member.masked_name)


async def accept_family_link(
    tx: Tx, programme: ProgrammeId, link: FamilyLinkId, member: VolunteerId, at: datetime, today: date
) -> Edited[FamilyLink] | Rejected:
    """The member agrees. Only the member does; to others the link is not there."""
    found = await lock_family_link(tx, programme, link)
    if found is None or found.member != member:
        return Rejected(Code.NOT_FOUND)
    if found.state is not FamilyLinkState.PROPOSED:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    settings = await fetch_programme(tx, programme)
    known = await _member(tx, programme, member)
    if settings is None or known is None or not settings.family_use:
        return FAMILY_OFF
    if refusal := refuse_relation(found.kinship, known, today):
        return refusal
    return await _write(tx, programme, found, replace(found, state=FamilyLinkState.ACTIVE, changed_at=at))


async def limit_family_link(
    tx: Tx, programme: ProgrammeId, link: FamilyLinkId, owner: VolunteerId, monthly: Points | None, at: datetime
) -> Edited[FamilyLink] | Rejected:
    """The owner says how much a month; None: without limit."""
    found = await lock_family_link(tx, programme, link)
    if found is None or found.owner != owner:
        return Rejected(Code.NOT_FOUND)
    if found.state is FamilyLinkState.ENDED:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    return await _write(tx, programme, found, replace(found, monthly_points=monthly, changed_at=at))


async def end_family_link(
    tx: Tx, programme: ProgrammeId, link: FamilyLinkId, by: VolunteerId, at: datetime
) -> Edited[FamilyLink] | Rejected:
    """Either side ends it, or says no to it, at any time, also where the programme allows no new ones."""
    found = await lock_family_link(tx, programme, link)
    if found is None or by not in (found.owner, found.member):
        return Rejected(Code.NOT_FOUND)
    if found.state is FamilyLinkState.ENDED:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    return await _write(tx, programme, found, replace(found, state=FamilyLinkState.ENDED, ended_by=by, changed_at=at))


async def _write(tx: Tx, programme: ProgrammeId, found: FamilyLink, link: FamilyLink) -> Edited[FamilyLink]:
    await update_family_link(tx, programme, link, link.changed_at)
    return Edited(found, link)

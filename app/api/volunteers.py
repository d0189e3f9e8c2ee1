"""Volunteers (志愿者) for those who look after them."""

from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.actions.reaches import find_known_volunteer, within_part
from app.actions.volunteers import set_volunteer_status
from app.api.access import Requires
from app.api.acting import act, note_edit, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import RegionCode, TeamRef, VolunteerRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves, Services
from app.api.teams import team_named
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import VolunteerId, format_id, parse_id
from app.core.volunteers import VolunteerStatus
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.bonuses import fetch_referrer
from app.store.database import Reader, Tx
from app.store.volunteers import (
    VolunteerFilter,
    VolunteerRow,
    fetch_external_ids,
    fetch_volunteers,
)

router = APIRouter(prefix="/v1/volunteers", tags=["People"])

Reads = Annotated[Actor, Depends(Requires(Scope.VOLUNTEERS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.VOLUNTEERS_WRITE))]


SYSTEM = r"^[a-z][a-z0-9-]{1,31}$"
EXTERNAL_ID = r"^[0-9A-Za-z_.:-]{1,64}$"


class ExternalIdField(Body):
    """The id that another system gave this volunteer."""

    system: Annotated[str, Field(pattern=SYSTEM, examples=["zyh"])]
    external_id: Annotated[str, Field(pattern=EXTERNAL_ID, examples=["330282-00042"])]


class VolunteerAnswer(Answer):
    """A volunteer."""

    id: VolunteerRef
    status: VolunteerStatus
    masked_name: Annotated[str, Field(examples=["张**"])]
    region_code: RegionCode
    team_id: TeamRef | None
    registered_at: datetime
    revision: int


class VolunteerDetail(VolunteerAnswer):
    """A volunteer with the birthday and the ids that other systems gave."""

    born_on: date | None
    external_ids: list[ExternalIdField]
    referred_by: VolunteerRef | None


class VolunteerPage(Answer):
    """Volunteers in the order of their making."""

    volunteers: list[VolunteerAnswer]
    next: str | None


class FreezeReason(StrEnum):
    """Why an account is frozen or unfrozen."""

    REPORTED_LOST = "reported-lost"
    UNDER_REVIEW = "under-review"
    REVIEW_ENDED = "review-ended"
    REQUESTED = "requested"


class FreezeRequest(Body):
    """Why."""

    reason: FreezeReason


def volunteer_fields(volunteer: VolunteerRow) -> dict[str, object]:
    """A volunteer as answers carry one."""
    return {
        "id": format_id("vol", volunteer.id),
        "status": volunteer.status,
        "masked_name": volunteer.masked_name,
        "region_code": volunteer.region_code,
        "team_id": format_id("tea", volunteer.team) if volunteer.team else None,
        "registered_at": volunteer.registered_at,
        "revision": volunteer.revision,
    }


def volunteer_named(reference: str) -> VolunteerId:
    """The volunteer that a path names; 404 for what cannot be one."""
    value = parse_id("vol", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return VolunteerId(value)


async def find_volunteer(reader: Reader | Tx, actor: Actor, volunteer: VolunteerId) -> VolunteerRow:
    """A volunteer; 404 for nobody, and for somebody outside an organiser's part."""
    found = await find_known_volunteer(reader, actor, volunteer)
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return found


@router.get("", operation_id="listVolunteers", summary="Volunteers", response_model=VolunteerPage, responses=reads())
async def list_volunteers(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    team: Annotated[str | None, Query(pattern="^tea_[0-9a-f]{32}$")] = None,
    region: Annotated[str | None, Query(pattern="^[0-9]{2,12}$")] = None,
    status: VolunteerStatus | None = None,
    system: Annotated[
        str | None, Query(pattern=SYSTEM, description="With external_id: the system it belongs to")
    ] = None,
    external_id: Annotated[str | None, Query(pattern=EXTERNAL_ID)] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> VolunteerPage:
    """All of them, or those that match; an organiser's are those of their own part.

    `system` and `external_id` together find one, also for an organiser of another part: people serve elsewhere too.
    """
    begin = VolunteerId(id_after("vol", after))
    wanted = VolunteerFilter(
        team=team_named(team), region=region, status=status, system=system, external_id=external_id
    )
    async with services.database.read() as reader:
        if system is None or external_id is None:
            wanted = await within_part(reader, actor, wanted)
        found = await fetch_volunteers(reader, actor.programme, begin, limit + 1, wanted)
    rows, more = cut_page(found, limit)
    cursor = format_id("vol", rows[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return VolunteerPage(
        volunteers=[VolunteerAnswer.model_validate(volunteer_fields(row)) for row in rows], next=cursor
    )


@router.get(
    "/{volunteer_id}",
    operation_id="getVolunteer",
    summary="One volunteer",
    response_model=VolunteerDetail,
    responses=reads(Code.NOT_FOUND),
)
async def get_volunteer(services: Serves, actor: Reads, volunteer_id: str) -> Response:
    """With the birthday and the ids that other systems gave. An organiser: of their own part only."""
    volunteer = volunteer_named(volunteer_id)
    async with services.database.snapshot() as reader:
        found = await find_volunteer(reader, actor, volunteer)
        external = await fetch_external_ids(reader, actor.programme, volunteer)
        referrer = await fetch_referrer(reader, actor.programme, volunteer)
    listed = [ExternalIdField(system=item.system, external_id=item.external_id) for item in external]
    more = {"external_ids": listed, "referred_by": format_id("vol", referrer) if referrer else None}
    detail = VolunteerDetail.model_validate({**volunteer_fields(found), "born_on": found.born_on, **more})
    return json_answer(detail.model_dump_json(), ETag=f'"{found.revision}"')


class VolunteerStep(StrEnum):
    """What can be done to a volunteer as a whole."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"


_STATUS = MappingProxyType(
    {VolunteerStep.FREEZE: VolunteerStatus.FROZEN, VolunteerStep.UNFREEZE: VolunteerStatus.ACTIVE}
)


def _render(volunteer: VolunteerRow) -> VolunteerAnswer:
    return VolunteerAnswer.model_validate(volunteer_fields(volunteer))


async def _set_status(
    services: Services,
    actor: Actor,
    received: Received[FreezeRequest],
    key: str,
    volunteer_id: str,
    step: VolunteerStep,
) -> Response:
    volunteer, status = volunteer_named(volunteer_id), _STATUS[step]

    async def change(tx: Tx) -> Edited[VolunteerRow] | Rejected:
        if await find_known_volunteer(tx, actor, volunteer) is None:
            return Rejected(Code.NOT_FOUND)
        if actor.volunteer == volunteer:
            return Rejected(Code.SELF_REVIEW)
        return await set_volunteer_status(tx, actor.programme, volunteer, status)

    ticket = ticket_of(services, actor, key, received.hash + f"{status.value} {volunteer_id}".encode())
    why = {"reason": received.body.reason.value}
    return await act(
        services,
        ticket,
        change,
        lambda edited: note_edit(edited, _render, f"volunteer.{step.value}", volunteer_id, why),
        200,
    )


Why = Annotated[Received[FreezeRequest], Depends(JsonBody(FreezeRequest))]


@router.post(
    "/{volunteer_id}/freeze",
    operation_id="freezeVolunteer",
    summary="Stop a volunteer's spending (冻结)",
    response_model=VolunteerAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def freeze_volunteer(
    services: Serves, actor: Writes, received: Why, key: IdempotencyKey, volunteer_id: str
) -> Response:
    """Hours go on counting: they are a legal record. Nobody does it to themselves."""
    return await _set_status(services, actor, received, key, volunteer_id, VolunteerStep.FREEZE)


@router.post(
    "/{volunteer_id}/unfreeze",
    operation_id="unfreezeVolunteer",
    summary="Let a volunteer spend again (解冻)",
    response_model=VolunteerAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def unfreeze_volunteer(
    services: Serves, actor: Writes, received: Why, key: IdempotencyKey, volunteer_id: str
) -> Response:
    """The points are still there. Nobody does it to themselves."""
    return await _set_status(services, actor, received, key, volunteer_id, VolunteerStep.UNFREEZE)

"""Personal data (个人信息): masked for those who look after people, in clear for a reason that is kept."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.running import Done
from app.actions.vault import Access, Opened, access_personal_data, look_up_volunteer, open_personal_data
from app.api.access import Requires, address_of
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import VolunteerRef
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.personal_fields import (
    ClearData,
    IdNumber,
    PersonalAnswer,
    Phone,
    ReadReason,
    UnmaskedField,
    render_clear,
    render_masked,
)
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services
from app.api.volunteers import volunteer_named
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import NOBODY, DataApprovalId, DataReadId, VolunteerId, format_id, parse_id
from app.core.personal_data import DataRead, ReadKind
from app.core.personal_data import Field as VaultField
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.programmes import fetch_zone
from app.store.volunteers import fetch_volunteer

router = APIRouter(prefix="/v1", tags=["Personal data"])

Reads = Annotated[Actor, Depends(Requires(Scope.PERSONAL_DATA_READ))]
ApprovalRef = Annotated[str, Field(pattern="^dap_[0-9a-f]{32}$", examples=["dap_0190c6f0a1b27c3d8e9f00112233aabb"])]


class UnmaskRequest(Body):
    """What is to be seen in clear, and why."""

    fields: Annotated[list[UnmaskedField], Field(min_length=1, max_length=4, examples=[["name", "phone"]])]
    reason: ReadReason
    approval_id: Annotated[
        ApprovalRef | None, Field(description="Of anybody under 18, or of unknown age: used up by this access")
    ] = None


class UnmaskAnswer(Answer):
    """An access that was noted. The data is in the first answer only: a repetition of the call has null."""

    id: Annotated[str, Field(pattern="^drd_[0-9a-f]{32}$", examples=["drd_0190c6f0a1b27c3d8e9f00112233aabb"])]
    volunteer_id: VolunteerRef
    fields: list[VaultField]
    data: ClearData | None


class LookUpRequest(Body):
    """A phone or the number of a document, and why somebody is looked for by it."""

    phone: Phone | None = None
    id_number: IdNumber | None = None
    reason: ReadReason


class FoundVolunteer(Answer):
    """Somebody who was found, still masked."""

    id: VolunteerRef
    masked_name: str


class LookUpAnswer(Answer):
    """Whose it is: nobody's, one person's, or, of a phone, a family's."""

    volunteers: list[FoundVolunteer]


async def business_today(services: Services, actor: Actor) -> date:
    """The business day of the actor's programme."""
    async with services.database.read() as reader:
        return business_day(services.clock(), await fetch_zone(reader, actor.programme))


def approval_named(reference: str | None) -> DataApprovalId | None:
    """The approval that a field names, whose shape has been checked."""
    value = parse_id("dap", reference) if reference else None
    return DataApprovalId(value) if value else None


async def _masked(services: Services, actor: Actor, volunteer: VolunteerId) -> PersonalAnswer:
    async with services.database.snapshot() as reader:
        if await fetch_volunteer(reader, actor.programme, volunteer) is None:
            raise Problem(Code.NOT_FOUND)
        return render_masked(await open_personal_data(reader, services.cabinet.people, actor.programme, volunteer))


@router.get(
    "/me/personal-data",
    operation_id="getOwnPersonalData",
    summary="What is kept of oneself, masked (我的个人信息)",
    response_model=PersonalAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_personal_data(
    services: Serves, actor: Annotated[Actor, Depends(Requires(Scope.ME_DATA))]
) -> PersonalAnswer:
    """For the screen of a phone. In clear it is in the export."""
    return await _masked(services, actor, own_id(actor))


@router.get(
    "/volunteers/{volunteer_id}/personal-data",
    operation_id="getPersonalData",
    summary="What is kept of a volunteer, masked",
    response_model=PersonalAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_personal_data(services: Serves, actor: Reads, volunteer_id: str) -> PersonalAnswer:
    """All null for who was erased, and for who came without."""
    return await _masked(services, actor, volunteer_named(volunteer_id))


def _describe(opened: Opened) -> Done:
    read = opened.read
    answer = UnmaskAnswer(
        id=format_id("drd", read.id),
        volunteer_id=format_id("vol", read.volunteer),
        fields=list(read.fields),
        data=None,
    )
    return Done(
        answer=answer.model_dump_json(),
        action="personal-data.unmask",
        subject=answer.volunteer_id,
        changes={"fields": [field.value for field in read.fields], "reason": read.reason, "address": read.address},
        shown_once={"data": render_clear(opened.data, read.fields).model_dump(mode="json")},
    )


@router.post(
    "/volunteers/{volunteer_id}/unmask",
    operation_id="unmaskPersonalData",
    summary="See personal data in clear (查看明文)",
    response_model=UnmaskAnswer,
    responses=writes(Code.NOT_FOUND, Code.APPROVAL_REQUIRED, Code.DATA_ERASED),
)
async def unmask(
    request: Request,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PERSONAL_DATA_UNMASK))],
    received: Annotated[Received[UnmaskRequest], Depends(JsonBody(UnmaskRequest))],
    key: IdempotencyKey,
    volunteer_id: str,
) -> Response:
    """Noted before it is answered: who, what, why, from where. Of a minor only with a second person's approval."""
    body, volunteer = received.body, volunteer_named(volunteer_id)
    ticket = secret_ticket_of(services, actor, key, received.hash + volunteer.bytes)
    today = await business_today(services, actor)
    access = Access(
        id=DataReadId(uuid7()),
        volunteer=volunteer,
        kind=ReadKind.UNMASK,
        fields=tuple(dict.fromkeys(body.fields)),
        reason=body.reason,
        address=address_of(request),
        approval=approval_named(body.approval_id),
    )

    async def see(tx: Tx) -> Opened | Rejected:
        return await access_personal_data(tx, services.cabinet.people, actor, access, today, ticket.at)

    return await act(services, ticket, see, _describe, 200)


@router.post(
    "/volunteers/look-up",
    operation_id="lookUpVolunteer",
    summary="Find a volunteer by phone or document (按手机号或证件号查找)",
    response_model=LookUpAnswer,
    responses=writes(),
)
async def look_up(
    request: Request,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PERSONAL_DATA_LOOK_UP))],
    received: Annotated[Received[LookUpRequest], Depends(JsonBody(LookUpRequest))],
    key: IdempotencyKey,
) -> Response:
    """By a keyed hash; nothing is opened. Each who is found has the access noted. In no address, so in no log."""
    body = received.body
    if (body.phone is None) == (body.id_number is None):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/phone", detail="either this or id_number")])
    field = VaultField.PHONE if body.phone else VaultField.ID_NUMBER
    ticket = secret_ticket_of(services, actor, key, received.hash)
    noted = DataRead(
        id=DataReadId(NOBODY),
        volunteer=VolunteerId(NOBODY),
        kind=ReadKind.LOOK_UP,
        actor=actor.reference,
        fields=(field,),
        reason=body.reason,
        address=address_of(request),
        read_at=ticket.at,
    )

    async def find(tx: Tx) -> LookUpAnswer:
        value = str(body.phone or body.id_number)
        found = await look_up_volunteer(tx, services.cabinet.people, actor.programme, field, value, noted)
        rows = [await fetch_volunteer(tx, actor.programme, volunteer) for volunteer in found]
        return LookUpAnswer(
            volunteers=[FoundVolunteer(id=format_id("vol", row.id), masked_name=row.masked_name) for row in rows if row]
        )

    # Why is noted beside each who was found, sealed with their key; of whom nobody is found there is none to seal with.
    changes = {"field": field.value, "address": noted.address}
    return await act(
        services,
        ticket,
        find,
        lambda answer: note(
            answer, "personal-data.look-up", answer.volunteers[0].id if answer.volunteers else "", changes
        ),
        200,
    )

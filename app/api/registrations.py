"""Registering volunteers (志愿者注册): what identifies them goes to the vault, everything else knows an opaque id."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.consents import give_consent
from app.actions.reaches import may_know_of
from app.actions.vault import store_personal_data
from app.actions.volunteers import register_volunteer
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import Body, JsonBody, Received
from app.api.consent_fields import ConsentGiven
from app.api.fields import Moment, RegionCode, TeamRef, VolunteerRef
from app.api.operations import IdempotencyKey, writes
from app.api.personal_fields import IdNumber, PersonName, Phone, read_document
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services
from app.api.teams import team_named
from app.api.volunteers import ExternalIdField, VolunteerAnswer, Writes, volunteer_fields, volunteer_named
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.consents import Purpose
from app.core.identity_numbers import IdType
from app.core.ids import VolunteerId, format_id
from app.core.masking import mask_name
from app.core.personal_data import PersonalData, correct_birthday
from app.core.volunteers import VolunteerStatus
from app.security.actors import Actor
from app.store.database import Tx
from app.store.programmes import fetch_zone
from app.store.volunteers import ExternalId, VolunteerRow

router = APIRouter(prefix="/v1/volunteers", tags=["People"])

_OLDEST = date(1900, 1, 1)


class VolunteerRequest(Body):
    """A volunteer to register. Name, phone and document are sealed at once: in clear they are kept nowhere."""

    name: PersonName
    region_code: RegionCode
    team_id: TeamRef | None = None
    registered_at: Moment | None = None
    born_on: Annotated[
        date | None,
        Field(
            description="For offers that ask for an age; no merchant ever sees it. Read off the document if it tells",
            examples=["1990-05-17"],
        ),
    ] = None
    phone: Phone | None = None
    id_type: Annotated[IdType | None, Field(description="Together with id_number (证件类型)")] = None
    id_number: Annotated[IdNumber | None, Field(description="One volunteer of a programme has it")] = None
    external_ids: Annotated[list[ExternalIdField], Field(max_length=10)] = Field(default_factory=list)
    referred_by: Annotated[
        VolunteerRef | None, Field(description="Who brought them in (推荐人); said now or never")
    ] = None
    consent: Annotated[
        ConsentGiven | None, Field(description="To the keeping of name, phone and document (个人信息处理同意)")
    ] = None


def _read(body: VolunteerRequest, today: date) -> tuple[PersonalData, date | None]:
    """The personal data of a body, and the birthday. Raises a problem for what cannot be."""
    if body.born_on and not _OLDEST <= body.born_on <= today:
        raise Problem(
            Code.PARAM_ERROR, errors=[FieldProblem(pointer="/born_on", detail="before 1900, or in the future")]
        )
    document = read_document(body.id_type, body.id_number, today)
    born_on = correct_birthday(body.born_on, document)
    if isinstance(born_on, Rejected):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/born_on", detail="not that of the document")])
    return PersonalData(name=body.name, phone=body.phone, document=document), born_on


async def _today(services: Services, actor: Actor) -> date:
    async with services.database.read() as reader:
        return business_day(services.clock(), await fetch_zone(reader, actor.programme))


@router.post(
    "",
    operation_id="registerVolunteer",
    summary="Register a volunteer (注册志愿者)",
    status_code=201,
    response_model=VolunteerAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS, Code.GUARDIAN_REQUIRED, Code.CONSENT_TEXT_NOT_IN_FORCE),
)
async def post_volunteer(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[VolunteerRequest], Depends(JsonBody(VolunteerRequest))],
    key: IdempotencyKey,
) -> Response:
    """The answer has the opaque id by which all else knows this volunteer. An organiser: of their own part only."""
    body = received.body
    ticket = secret_ticket_of(services, actor, key, received.hash)
    registered_at = body.registered_at or ticket.at
    if registered_at > ticket.at:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/registered_at", detail="in the future")])
    today = await _today(services, actor)
    data, born_on = _read(body, today)
    row = VolunteerRow(
        id=VolunteerId(uuid7()),
        status=VolunteerStatus.ACTIVE,
        masked_name=mask_name(body.name),
        region_code=body.region_code,
        team=team_named(body.team_id),
        registered_at=registered_at,
        revision=1,
        created_at=ticket.at,
        born_on=born_on,
    )
    external = [ExternalId(item.system, item.external_id) for item in body.external_ids]
    referred_by = volunteer_named(body.referred_by) if body.referred_by else None

    async def register(tx: Tx) -> VolunteerRow | Rejected:
        if not await may_know_of(tx, actor, row.region_code, row.team or actor.team):
            return Rejected(Code.NOT_FOUND, {"region_code": row.region_code})
        savepoint = await tx.begin_nested()
        made = await register_volunteer(tx, actor.programme, row, external, referred_by)
        refused = made if isinstance(made, Rejected) else await keep(tx)
        if refused:
            await savepoint.rollback()
            return refused
        await savepoint.commit()
        return row

    async def keep(tx: Tx) -> Rejected | None:
        refused = await store_personal_data(tx, services.cabinet.people, actor.programme, row.id, data, ticket.at)
        if refused or body.consent is None:
            return refused
        given = await give_consent(
            tx,
            actor.programme,
            row.id,
            purpose=Purpose.DATA_REGISTRATION,
            version=body.consent.version,
            channel=body.consent.channel,
            given_by=body.consent.given_by,
            actor=actor.reference,
            today=today,
            at=ticket.at,
        )
        return given if isinstance(given, Rejected) else None

    return await act(
        services,
        ticket,
        register,
        lambda made: note(
            VolunteerAnswer.model_validate(volunteer_fields(made)),
            "volunteer.register",
            format_id("vol", made.id),
            {"region_code": made.region_code},
        ),
    )

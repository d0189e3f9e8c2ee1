"""Correcting personal data (更正个人信息, PIPL Art. 46): what the vault keeps, and the mask that others see."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from app.actions.personal_changes import ChangedData, change_personal_data
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import Body, JsonBody, Received
from app.api.operations import IdempotencyKey, writes
from app.api.personal_data import business_today
from app.api.personal_fields import (
    IdNumber,
    PersonalAnswer,
    PersonName,
    Phone,
    ReadReason,
    read_document,
    render_masked,
)
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves
from app.api.volunteers import volunteer_named
from app.core.codes import Code, Rejected
from app.core.identity_numbers import IdType
from app.core.personal_data import PersonalData
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx

router = APIRouter(prefix="/v1/volunteers", tags=["Personal data"])


class PersonalChange(Body):
    """What is right. What is left out stays as it is."""

    name: PersonName | None = None
    phone: Phone | None = None
    id_type: Annotated[IdType | None, Field(description="Together with id_number (证件类型)")] = None
    id_number: IdNumber | None = None
    reason: ReadReason


@router.post(
    "/{volunteer_id}/personal-data",
    operation_id="changePersonalData",
    summary="Correct name, phone or document (更正)",
    response_model=PersonalAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS, Code.DATA_ERASED),
)
async def post_personal_data(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PERSONAL_DATA_WRITE))],
    received: Annotated[Received[PersonalChange], Depends(JsonBody(PersonalChange))],
    key: IdempotencyKey,
    volunteer_id: str,
) -> Response:
    """The answer is masked. What was there before is gone; that it was changed, and why, is kept."""
    body, volunteer = received.body, volunteer_named(volunteer_id)
    document = read_document(body.id_type, body.id_number, await business_today(services, actor))
    data = PersonalData(name=body.name, phone=body.phone, document=document)
    if not data.fields():
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="", detail="nothing to correct")])
    ticket = secret_ticket_of(services, actor, key, received.hash + volunteer.bytes)

    async def change(tx: Tx) -> ChangedData | Rejected:
        people, programme = services.cabinet.people, actor.programme
        return await change_personal_data(tx, people, programme, volunteer, data, body.reason, ticket.at)

    fields = [field.value for field in data.fields()]
    return await act(
        services,
        ticket,
        change,
        lambda kept: note(
            render_masked(kept.data), "personal-data.change", volunteer_id, {"fields": fields, "reason": kept.reason}
        ),
        200,
    )

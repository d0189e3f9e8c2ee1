"""A volunteer's own objections (order 67, Art. 13: the right to rectification)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.actions.objections import Told, take_back_objection
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import JsonBody, Received
from app.api.objection_fields import (
    ObjectionAnswer,
    ObjectionPage,
    ObjectionRequest,
    objection_named,
    render_objection,
    tell_objection_change,
)
from app.api.objections import page_of_objections, reads_as, submit_objection
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.objections import ObjectionFilter

router = APIRouter(prefix="/v1/me", tags=["Volunteers' own"])

Objects = Annotated[Actor, Depends(Requires(Scope.ME_OBJECT))]


@router.post(
    "/service-records/{record_id}/objections",
    operation_id="objectToOwnServiceRecord",
    summary="Object to one of one's own records (提出异议)",
    status_code=201,
    response_model=ObjectionAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.ALREADY_EXISTS),
)
async def post_own_objection(
    services: Serves,
    actor: Objects,
    received: Annotated[Received[ObjectionRequest], Depends(JsonBody(ObjectionRequest))],
    key: IdempotencyKey,
    record_id: str,
) -> Response:
    """At any time while the record counts or is about to. One at a time to each record."""
    return await submit_objection(services, actor, received, key, record_id)


@router.get(
    "/objections",
    operation_id="listOwnObjections",
    summary="Own objections",
    response_model=ObjectionPage,
    responses=reads(),
)
async def list_own_objections(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_READ))],
    limit: Limit = PAGE,
    after: After = None,
) -> ObjectionPage:
    """With who owes the answer until when, and the answer."""
    wanted = ObjectionFilter(raised_by=actor.reference)
    async with services.database.read() as reader:
        return await page_of_objections(request, response, services, reader, actor, wanted, limit, after)


@router.post(
    "/objections/{objection_id}/take-back",
    operation_id="takeBackOwnObjection",
    summary="Take an objection back (撤回异议)",
    response_model=ObjectionAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_take_back(services: Serves, actor: Objects, key: IdempotencyKey, objection_id: str) -> Response:
    """While nobody has answered it."""
    objection = objection_named(objection_id)
    ticket = ticket_of(services, actor, key, f"take-back {objection_id}".encode())

    async def take_back(tx: Tx) -> Edited[Told] | Rejected:
        return await take_back_objection(tx, actor, objection, ticket.at)

    return await act(
        services,
        ticket,
        take_back,
        lambda edited: note(
            render_objection(edited.after, reads_as(actor)),
            "objection.take-back",
            objection_id,
            tell_objection_change(edited),
        ),
        200,
    )

"""Objections (异议): raised within the notice period, answered within ten working days or by the team above."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.actions.objections import Told, answer_objection, fetch_clerk, note_correction, raise_objection
from app.actions.reaches import fetch_reach
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import JsonBody, Received, json_answer
from app.api.objection_fields import (
    ObjectionAnswer,
    ObjectionAnswerRequest,
    ObjectionPage,
    ObjectionRequest,
    objection_named,
    render_objection,
    tell_objection_change,
)
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.service_records import record_named
from app.api.services import Serves, Services
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import ObjectionId, RecordId, VolunteerId, format_id, parse_id
from app.core.objections import ObjectionState, ObjectionStep
from app.engine.corrections import correct_record
from app.security.actors import Actor, ActorKind
from app.security.scopes import Scope
from app.store.database import Reader, Tx
from app.store.objections import ObjectionFilter, ObjectionView, fetch_objection, fetch_objections
from app.store.service_records import fetch_record

router = APIRouter(prefix="/v1", tags=["Service"])

Reads = Annotated[Actor, Depends(Requires(Scope.RECORDS_READ))]
Verifies = Annotated[Actor, Depends(Requires(Scope.RECORDS_VERIFY))]
Why = Annotated[Received[ObjectionAnswerRequest], Depends(JsonBody(ObjectionAnswerRequest))]


async def submit_objection(
    services: Services,
    actor: Actor,
    received: Received[ObjectionRequest],
    key: str,
    record_id: str,
    *,
    noticed: bool = False,
) -> Response:
    """Raise an objection of whoever calls; `noticed`: to what the public notice shows."""
    record = record_named(record_id)
    ticket = secret_ticket_of(services, actor, key, received.hash + record_id.encode())

    async def object_to(tx: Tx) -> Told | Rejected:
        return await raise_objection(tx, actor, record, received.body.reason, ticket.at, noticed=noticed)

    return await act(
        services,
        ticket,
        object_to,
        lambda told: note(
            render_objection(told, reads_as(actor)),
            "objection.raise",
            format_id("obj", told.view.objection.id),
            {"record_id": record_id},
        ),
    )


@router.post(
    "/service-records/{record_id}/objections",
    operation_id="objectToServiceRecord",
    summary="Object to a record (提出异议)",
    status_code=201,
    response_model=ObjectionAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.NOTICE_ENDED, Code.ALREADY_EXISTS),
)
async def post_objection(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_OBJECT))],
    received: Annotated[Received[ObjectionRequest], Depends(JsonBody(ObjectionRequest))],
    key: IdempotencyKey,
    record_id: str,
) -> Response:
    """While it waits for its verification, and until its notice period ends. The volunteer may at any time."""
    return await submit_objection(services, actor, received, key, record_id)


@router.get(
    "/objections",
    operation_id="listObjections",
    summary="Objections",
    response_model=ObjectionPage,
    responses=reads(),
)
async def list_objections(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    record: Annotated[str | None, Query(pattern="^rec_[0-9a-f]{32}$")] = None,
    state: Annotated[
        ObjectionState | None, Query(description="As last written down: an escalation may be a minute late here")
    ] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> ObjectionPage:
    """All of them, or those to a record, in a state; an organiser's are those of their own part."""
    about = parse_id("rec", record) if record else None
    async with services.database.read() as reader:
        wanted = ObjectionFilter(
            record=RecordId(about) if about else None, state=state, teams=await fetch_reach(reader, actor)
        )
        return await page_of_objections(request, response, services, reader, actor, wanted, limit, after)


def reads_as(actor: Actor) -> VolunteerId | None:
    """The volunteer who reads; None for those who look after records, whatever they are besides."""
    return actor.volunteer if actor.kind is ActorKind.VOLUNTEER else None


async def page_of_objections(
    request: Request,
    response: Response,
    services: Services,
    reader: Reader,
    actor: Actor,
    wanted: ObjectionFilter,
    limit: int,
    after: str | None,
) -> ObjectionPage:
    """A page of objections as they stand now."""
    begin = ObjectionId(id_after("obj", after))
    found = await fetch_objections(reader, actor.programme, begin, limit + 1, wanted)
    clerk = await fetch_clerk(reader, actor.programme)
    page, more = cut_page(found, limit)
    cursor = format_id("obj", page[-1].objection.id) if more else None
    response.headers.update(link_next(request, cursor))
    now = services.clock()
    return ObjectionPage(
        objections=[render_objection(Told(view, clerk.standing_of(view, now)), reads_as(actor)) for view in page],
        next=cursor,
    )


async def _find(reader: Reader, actor: Actor, objection: ObjectionId) -> ObjectionView:
    view = await fetch_objection(reader, actor.programme, objection)
    reach = await fetch_reach(reader, actor)
    if view is None or (reach is not None and view.line[0] not in reach):
        raise Problem(Code.NOT_FOUND)
    return view


async def _tell(services: Services, reader: Reader, actor: Actor, view: ObjectionView) -> ObjectionAnswer:
    clerk = await fetch_clerk(reader, actor.programme)
    return render_objection(Told(view, clerk.standing_of(view, services.clock())))


@router.get(
    "/objections/{objection_id}",
    operation_id="getObjection",
    summary="One objection",
    response_model=ObjectionAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_objection(services: Serves, actor: Reads, objection_id: str) -> ObjectionAnswer:
    """As it stands now."""
    async with services.database.read() as reader:
        return await _tell(services, reader, actor, await _find(reader, actor, objection_named(objection_id)))


async def _answer(
    services: Services,
    actor: Actor,
    received: Received[ObjectionAnswerRequest],
    key: str,
    objection_id: str,
    step: ObjectionStep,
) -> Response:
    objection = objection_named(objection_id)
    ticket = secret_ticket_of(services, actor, key, received.hash + f"{step.value} {objection_id}".encode())

    async def answer(tx: Tx) -> Edited[Told] | Rejected:
        return await answer_objection(tx, actor, objection, step, received.body.reason, ticket.at)

    return await act(
        services,
        ticket,
        answer,
        lambda edited: note(
            render_objection(edited.after), f"objection.{step.value}", objection_id, tell_objection_change(edited)
        ),
        200,
    )


@router.post(
    "/objections/{objection_id}/uphold",
    operation_id="upholdObjection",
    summary="The objection is right (异议成立)",
    response_model=ObjectionAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW, Code.ESCALATED),
)
async def uphold_objection(
    services: Serves, actor: Verifies, received: Why, key: IdempotencyKey, objection_id: str
) -> Response:
    """A record that was only entered is rejected, a verified one withdrawn; then it can be entered again as it was.

    Where that cannot be done now (a benefit has consumed the hours) the objection stays `upheld` and is tried again.
    """
    response = await _answer(services, actor, received, key, objection_id, ObjectionStep.UPHOLD)
    objection = objection_named(objection_id)
    async with services.database.read() as reader:
        view = await _find(reader, actor, objection)
        found = await fetch_record(reader, actor.programme, view.objection.record)
    if view.objection.state is not ObjectionState.UPHELD or found is None or view.answered_by is None:
        return response
    now = services.clock()
    programme = actor.programme
    if await correct_record(services.committers, programme, objection, found.record, view.answered_by, now):
        return response
    async with services.database.begin() as tx:
        await note_correction(tx, programme, objection)
    async with services.database.read() as reader:
        told = await _tell(services, reader, actor, await _find(reader, actor, objection))
    return json_answer(told.model_dump_json())


@router.post(
    "/objections/{objection_id}/dismiss",
    operation_id="dismissObjection",
    summary="The objection is not right (异议不成立)",
    response_model=ObjectionAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW, Code.ESCALATED),
)
async def dismiss_objection(
    services: Serves, actor: Verifies, received: Why, key: IdempotencyKey, objection_id: str
) -> Response:
    """With the reason, which whoever objected reads."""
    return await _answer(services, actor, received, key, objection_id, ObjectionStep.DISMISS)

"""Erasure (注销并删除个人信息): asked for by the volunteer or for them, decided by a second person."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.erasures import approve_erasure, refuse_erasure, request_erasure
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import ReasonText, VolunteerRef
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves, Services
from app.api.volunteers import volunteer_named
from app.core.audit_trail import changed
from app.core.codes import Code, Rejected
from app.core.erasures import ErasureRequest, ErasureState
from app.core.ids import ErasureId, VolunteerId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.erasures import fetch_erasure_requests

router = APIRouter(prefix="/v1", tags=["Personal data"])

Own = Annotated[Actor, Depends(Requires(Scope.ME_DATA))]
Approves = Annotated[Actor, Depends(Requires(Scope.ERASURES_APPROVE))]


class ErasureReason(Body):
    """Why."""

    reason: Annotated[ReasonText, Field(examples=["本人申请注销"])]


class ErasureAnswer(Answer):
    """A request, and what was decided."""

    id: Annotated[str, Field(pattern="^ers_[0-9a-f]{32}$", examples=["ers_0190c6f0a1b27c3d8e9f00112233aabb"])]
    volunteer_id: VolunteerRef
    state: ErasureState
    reason: str
    requested_by: Annotated[str, Field(description="Who, by id")]
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision: Annotated[str, Field(description="Of a refusal: why")]


class ErasurePage(Answer):
    """Requests in the order in which they were made."""

    erasures: list[ErasureAnswer]
    next: str | None


def render_erasure(request: ErasureRequest) -> ErasureAnswer:
    """A request as answers carry it."""
    return ErasureAnswer(
        id=format_id("ers", request.id),
        volunteer_id=format_id("vol", request.volunteer),
        state=request.state,
        reason=request.reason,
        requested_by=request.requested_by,
        requested_at=request.requested_at,
        decided_by=request.decided_by,
        decided_at=request.decided_at,
        decision=request.decision,
    )


def _erasure_named(reference: str) -> ErasureId:
    value = parse_id("ers", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return ErasureId(value)


async def _request(
    services: Services, actor: Actor, key: str, received: Received[ErasureReason], volunteer: VolunteerId
) -> Response:
    ticket = secret_ticket_of(services, actor, key, received.hash + b"erase" + volunteer.bytes)
    asked = ErasureRequest(
        id=ErasureId(uuid7()),
        volunteer=volunteer,
        state=ErasureState.REQUESTED,
        reason=received.body.reason,
        requested_by=actor.hand,
        requested_at=ticket.at,
    )

    async def ask(tx: Tx) -> ErasureRequest | Rejected:
        return await request_erasure(tx, actor.programme, asked)

    subject = format_id("vol", volunteer)
    return await act(
        services,
        ticket,
        ask,
        lambda made: note(render_erasure(made), "erasure.request", subject, {"reason": made.reason}),
    )


async def _page(
    request: Request,
    response: Response,
    services: Services,
    actor: Actor,
    limit: int,
    after: str | None,
    *,
    volunteer: VolunteerId | None = None,
    state: ErasureState | None = None,
) -> ErasurePage:
    begin = ErasureId(id_after("ers", after))
    async with services.database.read() as reader:
        found = await fetch_erasure_requests(
            reader, actor.programme, begin, limit + 1, volunteer=volunteer, state=state
        )
    page, more = cut_page(found, limit)
    cursor = format_id("ers", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return ErasurePage(erasures=[render_erasure(row) for row in page], next=cursor)


@router.post(
    "/me/erasures",
    operation_id="requestOwnErasure",
    summary="Ask that one's data be erased (申请注销)",
    status_code=201,
    response_model=ErasureAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS, Code.DATA_ERASED),
)
async def post_own_erasure(
    services: Serves,
    actor: Own,
    received: Annotated[Received[ErasureReason], Depends(JsonBody(ErasureReason))],
    key: IdempotencyKey,
) -> Response:
    """Points that are left cannot be spent afterwards. Hours and points stay on the books, under a nameless id."""
    return await _request(services, actor, key, received, own_id(actor))


@router.get(
    "/me/erasures",
    operation_id="listOwnErasures",
    summary="One's own requests to be erased",
    response_model=ErasurePage,
    responses=reads(),
)
async def list_own_erasures(
    request: Request, response: Response, services: Serves, actor: Own, limit: Limit = PAGE, after: After = None
) -> ErasurePage:
    """With the reason of a refusal."""
    return await _page(request, response, services, actor, limit, after, volunteer=own_id(actor))


@router.post(
    "/volunteers/{volunteer_id}/erasures",
    operation_id="requestErasure",
    summary="Ask that a volunteer's data be erased (代为申请删除)",
    status_code=201,
    response_model=ErasureAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS, Code.DATA_ERASED),
)
async def post_erasure(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ERASURES_WRITE))],
    received: Annotated[Received[ErasureReason], Depends(JsonBody(ErasureReason))],
    key: IdempotencyKey,
    volunteer_id: str,
) -> Response:
    """Asked on paper, by relatives of who died (PIPL Art. 49), or when the purpose has ended. Another decides."""
    return await _request(services, actor, key, received, volunteer_named(volunteer_id))


@router.get(
    "/erasures",
    operation_id="listErasures",
    summary="Requests to be erased",
    response_model=ErasurePage,
    responses=reads(),
)
async def list_erasures(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ERASURES_READ))],
    state: ErasureState | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> ErasurePage:
    """All of them, or those in a state."""
    return await _page(request, response, services, actor, limit, after, state=state)


def _decided(request: ErasureRequest) -> dict[str, object]:
    """What a decision changes of a request: only one that waits is decided."""
    moved = changed({"state": ErasureState.REQUESTED.value}, {"state": request.state.value})
    return {"id": format_id("ers", request.id), **moved}


@router.post(
    "/erasures/{erasure_id}/approve",
    operation_id="approveErasure",
    summary="Erase a volunteer's data, as a second person (批准删除)",
    response_model=ErasureAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def post_approve(services: Serves, actor: Approves, key: IdempotencyKey, erasure_id: str) -> Response:
    """For good: the person's key is destroyed, and with it name, phone and document. The ledger still verifies."""
    erasure = _erasure_named(erasure_id)
    ticket = secret_ticket_of(services, actor, key, b"approve" + erasure.bytes)

    async def approve(tx: Tx) -> ErasureRequest | Rejected:
        return await approve_erasure(
            tx, actor.programme, erasure, by=actor.reference, own=actor.volunteer, at=ticket.at
        )

    return await act(
        services,
        ticket,
        approve,
        lambda done: note(render_erasure(done), "erasure.approve", format_id("vol", done.volunteer), _decided(done)),
        200,
    )


@router.post(
    "/erasures/{erasure_id}/refuse",
    operation_id="refuseErasure",
    summary="Refuse to erase, with the reason (不予删除)",
    response_model=ErasureAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def post_refuse(
    services: Serves,
    actor: Approves,
    received: Annotated[Received[ErasureReason], Depends(JsonBody(ErasureReason))],
    key: IdempotencyKey,
    erasure_id: str,
) -> Response:
    """In writing (PIPL Art. 50): the volunteer reads it."""
    erasure, reason = _erasure_named(erasure_id), received.body.reason
    ticket = secret_ticket_of(services, actor, key, received.hash + b"refuse" + erasure.bytes)

    async def refuse(tx: Tx) -> ErasureRequest | Rejected:
        return await refuse_erasure(
            tx, actor.programme, erasure, by=actor.reference, own=actor.volunteer, reason=reason, at=ticket.at
        )

    return await act(
        services,
        ticket,
        refuse,
        lambda done: note(
            render_erasure(done),
            "erasure.refuse",
            format_id("vol", done.volunteer),
            {**_decided(done), "reason": done.decision},
        ),
        200,
    )

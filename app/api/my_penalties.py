"""A volunteer's own penalties: told with reasons, and open to appeal."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.actions.penalties import PenaltyTold, appeal_penalty, fetch_penalty_clerk
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import JsonBody, Received
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit
from app.api.penalties import page_of_penalties
from app.api.penalty_fields import (
    PenaltyAnswer,
    PenaltyPage,
    PenaltyReason,
    penalty_named,
    render_penalty,
    tell_penalty_change,
)
from app.api.problems import Problem
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.penalties import HIDDEN
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.penalties import PenaltyFilter, fetch_penalty

router = APIRouter(prefix="/v1/me/penalties", tags=["Volunteers' own"])

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]


@router.get(
    "",
    operation_id="listOwnPenalties",
    summary="Own penalties (我的扣分)",
    response_model=PenaltyPage,
    responses=reads(),
)
async def list_own_penalties(
    request: Request, response: Response, services: Serves, actor: Reads, limit: Limit = PAGE, after: After = None
) -> PenaltyPage:
    """Those that were confirmed, with reasons and until when to appeal."""
    wanted = PenaltyFilter(volunteer=own_id(actor), told=True)
    async with services.database.read() as reader:
        return await page_of_penalties(request, response, services, reader, actor, wanted, limit, after)


@router.get(
    "/{penalty_id}",
    operation_id="getOwnPenalty",
    summary="One of one's own penalties",
    response_model=PenaltyAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_penalty(services: Serves, actor: Reads, penalty_id: str) -> PenaltyAnswer:
    """404 for anybody else's, and for what nobody has confirmed."""
    async with services.database.read() as reader:
        view = await fetch_penalty(reader, actor.programme, penalty_named(penalty_id))
        clerk = await fetch_penalty_clerk(reader, actor.programme)
    if view is None or view.penalty.volunteer != own_id(actor) or view.penalty.state in HIDDEN:
        raise Problem(Code.NOT_FOUND)
    return render_penalty(clerk.tell(view, services.clock()))


@router.post(
    "/{penalty_id}/appeal",
    operation_id="appealOwnPenalty",
    summary="Appeal a penalty (申诉)",
    response_model=PenaltyAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.APPEAL_ENDED),
)
async def post_appeal(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_OBJECT))],
    received: Annotated[Received[PenaltyReason], Depends(JsonBody(PenaltyReason))],
    key: IdempotencyKey,
    penalty_id: str,
) -> Response:
    """Once, within the term. Nothing is taken before somebody else has answered it."""
    penalty = penalty_named(penalty_id)
    ticket = secret_ticket_of(services, actor, key, received.hash + f"appeal {penalty_id}".encode())

    async def appeal(tx: Tx) -> Edited[PenaltyTold] | Rejected:
        return await appeal_penalty(tx, actor, penalty, received.body.reason, ticket.at)

    return await act(
        services,
        ticket,
        appeal,
        lambda edited: note(render_penalty(edited.after), "penalty.appeal", penalty_id, tell_penalty_change(edited)),
        200,
    )

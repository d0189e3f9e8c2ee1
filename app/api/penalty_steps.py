"""What becomes of a penalty: confirmed or dropped, its appeal answered, lifted after it was posted."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from uuid_utils.compat import uuid7

from app.actions.penalties import (
    PenaltyTold,
    answer_appeal,
    confirm_penalty,
    drop_penalty,
    fetch_penalty_clerk,
    find_penalty,
    note_lifting,
)
from app.api.access import Requires
from app.api.acting import act, blind, note, secret_ticket_of
from app.api.bodies import JsonBody, Received, json_answer
from app.api.operations import IdempotencyKey, writes
from app.api.penalty_fields import PenaltyAnswer, PenaltyReason, penalty_named, render_penalty, tell_penalty_change
from app.api.problems import Problem, refuse
from app.api.services import Serves, Services
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import PenaltyId, TransactionId, UserId
from app.core.penalising import LiftPenalty
from app.core.penalties import PenaltyStep, refuse_lifting
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.relatives import fetch_relatives

router = APIRouter(prefix="/v1/penalties/{penalty_id}", tags=["Service"])

Writes = Annotated[Actor, Depends(Requires(Scope.PENALTIES_WRITE))]
Why = Annotated[Received[PenaltyReason], Depends(JsonBody(PenaltyReason))]


async def _step(
    services: Services,
    actor: Actor,
    key: str,
    penalty_id: str,
    step: PenaltyStep,
    body_hash: bytes,
    do: Callable[[Tx, PenaltyId], Awaitable[Edited[PenaltyTold] | Rejected]],
) -> Response:
    penalty = penalty_named(penalty_id)
    ticket = secret_ticket_of(services, actor, key, body_hash + f"{step.value} {penalty_id}".encode())

    async def run(tx: Tx) -> Edited[PenaltyTold] | Rejected:
        return await do(tx, penalty)

    return await act(
        services,
        ticket,
        run,
        lambda edited: note(
            render_penalty(edited.after), f"penalty.{step.value}", penalty_id, tell_penalty_change(edited)
        ),
        200,
    )


@router.post(
    "/confirm",
    operation_id="confirmPenalty",
    summary="Confirm a penalty (扣分确认)",
    response_model=PenaltyAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW, Code.NO_POLICY),
)
async def post_confirmation(services: Serves, actor: Writes, key: IdempotencyKey, penalty_id: str) -> Response:
    """By somebody who did not impose it. The volunteer is told, with reasons, and may appeal; nothing is taken yet."""

    async def confirm(tx: Tx, penalty: PenaltyId) -> Edited[PenaltyTold] | Rejected:
        return await confirm_penalty(tx, actor, penalty, services.clock())

    return await _step(services, actor, key, penalty_id, PenaltyStep.CONFIRM, b"", confirm)


@router.post(
    "/drop",
    operation_id="dropPenalty",
    summary="Give a penalty up (撤销提议)",
    response_model=PenaltyAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_drop(services: Serves, actor: Writes, received: Why, key: IdempotencyKey, penalty_id: str) -> Response:
    """Before it was confirmed. The volunteer never hears of it."""

    async def drop(tx: Tx, penalty: PenaltyId) -> Edited[PenaltyTold] | Rejected:
        return await drop_penalty(tx, actor, penalty, received.body.reason, services.clock())

    return await _step(services, actor, key, penalty_id, PenaltyStep.DROP, received.hash, drop)


async def _answer(
    services: Services, actor: Actor, received: Received[PenaltyReason], key: str, penalty_id: str, step: PenaltyStep
) -> Response:
    async def answer(tx: Tx, penalty: PenaltyId) -> Edited[PenaltyTold] | Rejected:
        return await answer_appeal(tx, actor, penalty, step, received.body.reason, services.clock())

    return await _step(services, actor, key, penalty_id, step, received.hash, answer)


@router.post(
    "/overturn",
    operation_id="overturnPenalty",
    summary="The appeal is right (申诉成立)",
    response_model=PenaltyAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW, Code.ESCALATED),
)
async def post_overturning(
    services: Serves, actor: Writes, received: Why, key: IdempotencyKey, penalty_id: str
) -> Response:
    """By somebody who neither imposed nor confirmed it. Nothing was taken, and nothing will be."""
    return await _answer(services, actor, received, key, penalty_id, PenaltyStep.OVERTURN)


@router.post(
    "/uphold",
    operation_id="upholdPenalty",
    summary="The appeal is not right (申诉不成立)",
    response_model=PenaltyAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW, Code.ESCALATED),
)
async def post_upholding(
    services: Serves, actor: Writes, received: Why, key: IdempotencyKey, penalty_id: str
) -> Response:
    """With the reason, which the volunteer reads. Its points are taken within a minute."""
    return await _answer(services, actor, received, key, penalty_id, PenaltyStep.UPHOLD)


@router.post(
    "/lift",
    operation_id="liftPenalty",
    summary="Give a posted penalty back (扣分撤销)",
    response_model=PenaltyAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def post_lifting(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PENALTIES_LIFT))],
    received: Why,
    key: IdempotencyKey,
    penalty_id: str,
) -> Response:
    """A debt is repaid first; the rest lives as long as points that are earned today."""
    penalty = penalty_named(penalty_id)
    by = UserId(actor.subject)
    async with services.database.read() as reader:
        view = await find_penalty(reader, actor, penalty)
        relatives = await fetch_relatives(reader, actor.programme, by)
    if view is None:
        raise Problem(Code.NOT_FOUND)
    if refusal := refuse_lifting(view.penalty, by, actor.volunteer, relatives):
        raise refuse(refusal)
    outcome = await services.committers.submit(
        actor.programme,
        Submission(
            command=LiftPenalty(penalty=penalty, transaction=TransactionId(uuid7()), by=by),
            key=AnswerKey(actor.reference, key),
            body_hash=blind(services, received.hash + f"lift {penalty_id}".encode()),
        ),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    if not outcome.replayed:
        async with services.database.begin() as tx:
            await note_lifting(tx, actor, view.penalty, received.body.reason, services.clock())
    async with services.database.read() as reader:
        lifted = await find_penalty(reader, actor, penalty) or view
        clerk = await fetch_penalty_clerk(reader, actor.programme)
    told = render_penalty(clerk.tell(lifted, services.clock()))
    return json_answer(told.model_dump_json(), replayed=outcome.replayed)

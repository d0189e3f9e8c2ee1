"""What is done to a round that people claim: more places, the draw, its end. Limited quantities, so by commands."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.actions.running import Done, Ticket, run_action
from app.api.acting import ticket_of
from app.api.bodies import Body, JsonBody, Received, json_answer
from app.api.operations import IdempotencyKey, writes
from app.api.problems import refuse
from app.api.round_fields import Count, RoundAnswer, render_round
from app.api.rounds import Writes, find_round
from app.api.services import Serves, Services
from app.core.audit_trail import changed
from app.core.codes import Code, Rejected
from app.core.draws import DrawLots
from app.core.idempotency import AnswerKey
from app.core.round_ends import CloseRound, EnlargeRound
from app.core.rounds import RoundStand
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.tickets import derive_seed
from app.store.benefits import fetch_version
from app.store.database import Tx
from app.store.rounds import RoundView, fetch_round

router = APIRouter(prefix="/v1/rounds/{round_id}", tags=["Rounds"])


class EnlargeRequest(Body):
    """How many places there are in all from now on: more than before."""

    capacity: Count


async def _step(
    services: Services,
    actor: Actor,
    key: str,
    round_id: str,
    command: EnlargeRound | DrawLots | CloseRound,
    asked: Mapping[str, object],
) -> Response:
    verb = type(command).__name__
    ticket = ticket_of(services, actor, key, f"{verb} {round_id} {sorted(asked.items())}".encode())

    async def note_step(tx: Tx) -> Done:
        action = f"round.{verb.removesuffix('Round').lower()}"
        now = await fetch_round(tx, actor.programme, command.round)
        before, after = _states(command, now) if now else ({}, {})
        return Done(answer="{}", action=action, subject=round_id, changes=changed(before, after))

    # The audit row first, once per key: a crash may leave a row without its change, never a change without its row.
    noted = await run_action(services.database, ticket, note_step)
    if isinstance(noted, Rejected):
        raise refuse(noted)
    submission = Submission(command=command, key=AnswerKey(f"round:{actor.reference}", key), body_hash=ticket.body_hash)
    outcome = await services.committers.submit(actor.programme, submission)
    if isinstance(outcome.answer, Rejected):
        await _note_refusal(services, ticket, round_id, verb, outcome.answer)
        raise refuse(outcome.answer, replayed=outcome.replayed)
    view = await find_round(services, actor, round_id)
    return json_answer(render_round(view, services.clock()).model_dump_json(), replayed=outcome.replayed)


async def _note_refusal(services: Services, ticket: Ticket, round_id: str, verb: str, refused: Rejected) -> None:
    """Beside the row that says what was about to be done another one: that the ledger refused it."""

    async def note_refused(_: Tx) -> Done:
        step = verb.removesuffix("Round").lower()
        changes = {"code": refused.code.value}
        return Done(answer="{}", action=f"round-refused.{step}", subject=round_id, changes=changes)

    await run_action(services.database, replace(ticket, key=f"{ticket.key}:refused"), note_refused)


def _states(
    command: EnlargeRound | DrawLots | CloseRound, view: RoundView
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """What a step is about to change of a round: as it is, and as it will be. What moves up is told by the places."""
    stand = view.stand or RoundStand(round=view.terms.id, capacity=view.terms.capacity)
    match command:
        case EnlargeRound():
            return {"capacity": stand.capacity}, {"capacity": command.capacity}
        case DrawLots():
            return {"drawn": stand.drawn_at is not None, "entered": stand.entered}, {"drawn": True, "entered": 0}
        case CloseRound():
            return {"closed": stand.closed_at is not None}, {"closed": True}


@router.post(
    "/enlarge",
    operation_id="enlargeRound",
    summary="More places (增加名额)",
    response_model=RoundAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.QUOTA_EXCEEDED),
)
async def post_enlarge(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[EnlargeRequest], Depends(JsonBody(EnlargeRequest))],
    key: IdempotencyKey,
    round_id: str,
) -> Response:
    """Those who wait move up at once, in their order. Never fewer: what was given is kept."""
    view, capacity = await find_round(services, actor, round_id), received.body.capacity
    async with services.database.read() as reader:
        found = await fetch_version(reader, actor.programme, view.terms.benefit, view.terms.benefit_version)
    most = found.benefit.quota.per_batch if found else None
    if most is not None and capacity > most:
        raise refuse(Rejected(Code.QUOTA_EXCEEDED, {"limit": "batch", "max": most}))
    command = EnlargeRound(round=view.terms.id, capacity=capacity)
    return await _step(services, actor, key, round_id, command, {"capacity": capacity})


@router.post(
    "/draw",
    operation_id="drawLots",
    summary="Draw the lots of a lottery (抽签)",
    response_model=RoundAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.ROUND_NOT_OPEN),
)
async def post_draw(services: Serves, actor: Writes, key: IdempotencyKey, round_id: str) -> Response:
    """Once, after entries have closed. The seed is told with it; anybody can draw again and compare."""
    view = await find_round(services, actor, round_id)
    seed = derive_seed(services.cabinet.lotteries, actor.programme, view.terms.id)
    return await _step(services, actor, key, round_id, DrawLots(round=view.terms.id, seed=seed), {})


@router.post(
    "/close",
    operation_id="closeRound",
    summary="Close a round (关闭)",
    response_model=RoundAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_close(services: Serves, actor: Writes, key: IdempotencyKey, round_id: str) -> Response:
    """Nobody claims or moves up any more; places that are held stay. Whoever waits is told that the list has ended."""
    view = await find_round(services, actor, round_id)
    return await _step(services, actor, key, round_id, CloseRound(round=view.terms.id), {})

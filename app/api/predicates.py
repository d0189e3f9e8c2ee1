"""Answers to other systems (对外核验): a signed yes or no under a consent that stands, and nothing else."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.actions.predicates import answer_question
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import JsonBody, Received
from app.api.operations import IdempotencyKey, writes
from app.api.predicate_fields import PredicateQuestion, PredicateReply, read_predicate
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import NOBODY, ClientId, VolunteerId, parse_id
from app.core.predicates import Question
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.predicates import fetch_volunteer_by_number
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/predicates", tags=["Predicates"])

Asks = Annotated[Actor, Depends(Requires(Scope.PREDICATES_VERIFY))]
_FIRST_DAY = date(2000, 1, 1)


async def _read(services: Services, actor: Actor, body: PredicateQuestion) -> Question:
    """The question with the volunteer found; one that nobody knows is asked about nobody, and refused like all."""
    async with services.database.read() as reader:
        today = business_day(services.clock(), await fetch_zone(reader, actor.programme))
        volunteer = parse_id("vol", body.volunteer_id) if body.volunteer_id else None
        if body.external:
            given = body.external
            volunteer = await fetch_volunteer_by_number(reader, actor.programme, given.system, given.number)
    if not _FIRST_DAY <= body.on <= today:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/on", detail="not after today")])
    return Question(
        volunteer=VolunteerId(volunteer or NOBODY),
        on=body.on,
        predicates=tuple(read_predicate(asked) for asked in body.predicates),
        nonce=body.nonce,
    )


@router.post(
    "/verify",
    operation_id="verifyPredicates",
    summary="A signed yes or no about a volunteer (核验)",
    status_code=201,
    response_model=PredicateReply,
    responses=writes(Code.NOT_FOUND),
)
async def verify_predicates(
    services: Serves,
    actor: Asks,
    received: Annotated[Received[PredicateQuestion], Depends(JsonBody(PredicateQuestion))],
    key: IdempotencyKey,
) -> Response:
    """404 without consent or permit, as for somebody who is not here: that too says nothing of anybody.

    The volunteer reads who asked what; what was answered is not kept here beyond the answer to a repetition.
    """
    question = await _read(services, actor, received.body)
    keys = await services.cabinet.token_keys(actor.programme)
    ticket = ticket_of(services, actor, key, received.hash)

    async def answer(tx: Tx) -> str | Rejected:
        return await answer_question(tx, actor.programme, keys, ClientId(actor.subject), question, ticket.at)

    subject, changes = question.hash.hex(), {"kinds": sorted(question.kinds)}
    return await act(
        services, ticket, answer, lambda jws: note(PredicateReply(jws=jws), "predicate.answer", subject, changes)
    )

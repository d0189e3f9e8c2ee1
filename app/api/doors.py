"""Doors (验票): a ticket is scanned once, by whoever of the event's team stands there."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from app.actions.reaches import fetch_reach
from app.api.access import Requires
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.operations import IdempotencyKey, writes
from app.api.problems import refuse
from app.api.round_fields import PlaceRef
from app.api.services import Serves
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.tickets import Attend
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.security.tickets import hash_ticket_code

router = APIRouter(prefix="/v1", tags=["Rounds"])


class ScanRequest(Body):
    """What was scanned, and where."""

    code: Annotated[str, Field(pattern="^98[0-9]{18}$", examples=["98123456789012345678"])]
    door: Annotated[str, Field(pattern="^[0-9A-Za-z-]{1,16}$", examples=["A1"])]


class ScanAnswer(Answer):
    """Let in."""

    place_id: PlaceRef
    seat: int | None
    attended_at: datetime


@router.post(
    "/door-scans",
    operation_id="scanTicket",
    summary="Let somebody in with a ticket (验票入场)",
    status_code=201,
    response_model=ScanAnswer,
    responses=writes(Code.TICKET_NOT_EXIST, Code.ALREADY_USED, Code.STATE_CONFLICT, Code.ROUND_NOT_OPEN),
)
async def post_scan(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.DOORS_SCAN))],
    received: Annotated[Received[ScanRequest], Depends(JsonBody(ScanRequest))],
    key: IdempotencyKey,
) -> Response:
    """Each ticket once: of two scanners at once the later learns when and at which door it was used.

    An organiser scans at events of their own part of the team tree; elsewhere a ticket is unknown to them.
    """
    async with services.database.read() as reader:
        reach = await fetch_reach(reader, actor)
    command = Attend(
        code=hash_ticket_code(services.cabinet.tickets, actor.programme, received.body.code),
        door=received.body.door,
        teams=None if reach is None else frozenset(reach),
    )
    submission = Submission(command=command, key=AnswerKey(actor.reference, key), body_hash=received.hash)
    outcome = await services.committers.submit(actor.programme, submission)
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    told = outcome.answer
    answer = ScanAnswer.model_validate(
        {"place_id": told["place"], "seat": told["seat"], "attended_at": told["attended_at"]}
    )
    return json_answer(answer.model_dump_json(), 201, replayed=outcome.replayed)

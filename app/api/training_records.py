"""Training records (培训记录): recorded apart from service (order 67, Art. 8). They never become hours or points."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.reaches import fetch_reach
from app.actions.training_records import enter_training
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import Name, TeamRef, UserRef, VolunteerRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import FieldProblem, Problem
from app.api.record_fields import Line
from app.api.services import Serves
from app.api.teams import team_named
from app.api.volunteers import volunteer_named
from app.core.codes import Code, Rejected
from app.core.ids import TrainingId, UserId, VolunteerId, format_id, parse_id
from app.core.quantities import Minutes
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.programmes import fetch_zone
from app.store.training_records import Training, fetch_trainings

router = APIRouter(prefix="/v1/training-records", tags=["Service"])


class TrainingRequest(Body):
    """A training that a volunteer took part in."""

    volunteer_id: VolunteerRef
    team_id: Annotated[TeamRef, Field(description="The organiser (举办单位)")]
    name: Annotated[Name, Field(examples=["心肺复苏与急救"])]
    content: Annotated[Line, Field(description="What was taught (主要内容)", examples=["心肺复苏、AED 使用"])]
    minutes: Annotated[int, Field(ge=1, le=1440, description="Time learnt (学习时长)", examples=[120])]
    held_on: Annotated[date, Field(examples=["2026-03-01"])]


class TrainingAnswer(Answer):
    """A training record."""

    id: Annotated[str, Field(pattern="^trn_[0-9a-f]{32}$", examples=["trn_0190c6f0a1b27c3d8e9f00112233aabb"])]
    volunteer_id: VolunteerRef
    team_id: TeamRef
    name: str
    content: str
    minutes: int
    held_on: date
    recorder_id: UserRef
    created_at: datetime


class TrainingPage(Answer):
    """Trainings in the order they were entered."""

    trainings: list[TrainingAnswer]
    next: str | None


def render_training(training: Training) -> TrainingAnswer:
    """A training as it reads on the wire."""
    return TrainingAnswer(
        id=format_id("trn", training.id),
        volunteer_id=format_id("vol", training.volunteer),
        team_id=format_id("tea", training.team),
        name=training.name,
        content=training.content,
        minutes=training.minutes,
        held_on=training.held_on,
        recorder_id=format_id("usr", training.recorder),
        created_at=training.created_at,
    )


@router.post(
    "",
    operation_id="enterTrainingRecord",
    summary="Record a training (培训录入)",
    status_code=201,
    response_model=TrainingAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_training(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_CREATE))],
    received: Annotated[Received[TrainingRequest], Depends(JsonBody(TrainingRequest))],
    key: IdempotencyKey,
) -> Response:
    """Time learnt is not time served. An organiser records for teams of their own part only."""
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash)
    async with services.database.read() as reader:
        zone = ZoneInfo(await fetch_zone(reader, actor.programme))
    if body.held_on > ticket.at.astimezone(zone).date():
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/held_on", detail="in the future")])
    team = team_named(body.team_id)
    if team is None:
        raise Problem(Code.NOT_FOUND)
    training = Training(
        id=TrainingId(uuid7()),
        volunteer=volunteer_named(body.volunteer_id),
        team=team,
        name=body.name,
        content=body.content,
        minutes=Minutes(body.minutes),
        held_on=body.held_on,
        recorder=UserId(actor.subject),
        created_at=ticket.at,
    )

    async def enter(tx: Tx) -> Training | Rejected:
        return await enter_training(tx, actor, training)

    described = {"volunteer_id": body.volunteer_id, "minutes": body.minutes}
    return await act(
        services,
        ticket,
        enter,
        lambda made: note(render_training(made), "training.enter", format_id("trn", made.id), described),
    )


@router.get(
    "",
    operation_id="listTrainingRecords",
    summary="Training records",
    response_model=TrainingPage,
    responses=reads(),
)
async def list_trainings(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_READ))],
    volunteer: Annotated[str | None, Query(pattern="^vol_[0-9a-f]{32}$")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> TrainingPage:
    """All of them, or those of a volunteer; an organiser's are those of their own part."""
    begin = TrainingId(id_after("trn", after))
    person = parse_id("vol", volunteer) if volunteer else None
    async with services.database.read() as reader:
        reach = await fetch_reach(reader, actor)
        found = await fetch_trainings(
            reader, actor.programme, begin, limit + 1, VolunteerId(person) if person else None, reach
        )
    page, more = cut_page(found, limit)
    cursor = format_id("trn", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return TrainingPage(trainings=[render_training(training) for training in page], next=cursor)

"""Evaluations (服务评价) of records, and what they say of a volunteer on average."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, Field
from uuid_utils.compat import uuid7

from app.actions.evaluations import evaluate_record
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import RecordRef, UserRef, VolunteerRef
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.problems import FieldProblem, Problem
from app.api.service_records import find_record, record_named
from app.api.services import Serves, Services
from app.api.volunteers import find_volunteer, volunteer_named
from app.core.business_days import business_day, end_of_day
from app.core.codes import Code, Rejected
from app.core.evaluations import SCORE_MAX, SCORE_MIN, Evaluation, EvaluationSource, EvaluationTag
from app.core.ids import NOBODY, EvaluationId, ProgrammeId, RecordId, UserId, VolunteerId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.evaluations import fetch_evaluations, fetch_evaluations_of, fetch_quality
from app.store.programmes import fetch_zone
from app.store.service_records import fetch_record
from app.store.wallets import fetch_volunteer_status

router = APIRouter(prefix="/v1", tags=["Service"])

ReadsOwn = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
EffectiveOn = Annotated[date | None, Query(description="What had been said by the end of this business day")]
EvaluationRef = Annotated[str, Field(pattern="^eva_[0-9a-f]{32}$", examples=["eva_0190c6f0a1b27c3d8e9f00112233aabb"])]
Score = Annotated[int, Field(ge=SCORE_MIN, le=SCORE_MAX, description="1 poor to 5 excellent", examples=[5])]

_FIRST_YEAR, _LAST_YEAR = 2000, 9000


def _once(tags: list[EvaluationTag]) -> list[EvaluationTag]:
    if len(set(tags)) < len(tags):
        raise ValueError("each tag once")
    return tags


class EvaluationRequest(Body):
    """The quality of a service (服务质量): a score and tags of a closed list, no words about the person."""

    score: Score
    tags: Annotated[list[EvaluationTag], Field(max_length=6), AfterValidator(_once)] = Field(default_factory=list)
    source: Annotated[
        EvaluationSource, Field(description="`served`: the word of who was served, entered by the organiser")
    ] = EvaluationSource.ORGANISATION


class EvaluationAnswer(Answer):
    """An evaluation. The highest `number` of a record and source counts."""

    id: EvaluationRef
    record_id: RecordRef
    volunteer_id: VolunteerRef
    source: EvaluationSource
    number: int
    score: Score
    tags: list[EvaluationTag]
    evaluated_by: UserRef
    evaluated_at: datetime
    late: Annotated[bool, Field(description="After the ten working days of order 67, Art. 11 (逾期评价)")]
    counts: Annotated[bool, Field(description="Nothing newer stands in front of it")]


class EvaluationList(Answer):
    """All evaluations of a record, by source, the newest in front."""

    evaluations: list[EvaluationAnswer]


class QualityAnswer(Answer):
    """What the evaluations of a volunteer's verified records say together."""

    volunteer_id: VolunteerRef
    effective_on: Annotated[date, Field(description="By the end of which business day")]
    count: int
    average: Annotated[int | None, Field(description="In hundredths, rounded down; null without any", examples=[466])]


def _render(evaluation: Evaluation, *, counts: bool) -> EvaluationAnswer:
    return EvaluationAnswer(
        id=format_id("eva", evaluation.id),
        record_id=format_id("rec", evaluation.record),
        volunteer_id=format_id("vol", evaluation.volunteer),
        source=evaluation.source,
        number=evaluation.number,
        score=evaluation.score,
        tags=list(evaluation.tags),
        evaluated_by=format_id("usr", evaluation.evaluated_by),
        evaluated_at=evaluation.evaluated_at,
        late=evaluation.late,
        counts=counts,
    )


def _render_all(found: Sequence[Evaluation]) -> EvaluationList:
    last = {
        source: max((each.number for each in found if each.source is source), default=0) for source in EvaluationSource
    }
    return EvaluationList(evaluations=[_render(each, counts=each.number == last[each.source]) for each in found])


async def fetch_own_evaluations(
    services: Services, programme: ProgrammeId, volunteer: VolunteerId
) -> list[EvaluationAnswer]:
    """What all records of a volunteer were evaluated with."""
    async with services.database.read() as reader:
        found = await fetch_evaluations_of(reader, programme, volunteer)
    by_record = groupby(found, key=lambda each: each.record)
    return [answer for _, each in by_record for answer in _render_all(list(each)).evaluations]


@router.post(
    "/service-records/{record_id}/evaluations",
    operation_id="evaluateServiceRecord",
    summary="Evaluate the service of a record (服务评价)",
    status_code=201,
    response_model=EvaluationAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def post_evaluation(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_CREATE))],
    received: Annotated[Received[EvaluationRequest], Depends(JsonBody(EvaluationRequest))],
    key: IdempotencyKey,
    record_id: str,
) -> Response:
    """Within ten working days after the activity; later it counts and is marked. It stands in front of the last one."""
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash + record_id.encode())
    said = Evaluation(
        id=EvaluationId(uuid7()),
        record=record_named(record_id),
        volunteer=VolunteerId(NOBODY),
        source=body.source,
        number=1,
        score=body.score,
        tags=tuple(body.tags),
        evaluated_by=UserId(actor.subject),
        evaluated_at=ticket.at,
        late=False,
    )

    async def evaluate(tx: Tx) -> Evaluation | Rejected:
        return await evaluate_record(tx, actor, said, ticket.at)

    return await act(
        services,
        ticket,
        evaluate,
        lambda made: note(
            _render(made, counts=True),
            "record.evaluate",
            record_id,
            {"source": made.source.value, "number": made.number, "score": made.score, "late": made.late},
        ),
    )


@router.get(
    "/service-records/{record_id}/evaluations",
    operation_id="listEvaluations",
    summary="Evaluations of a record",
    response_model=EvaluationList,
    responses=reads(Code.NOT_FOUND),
)
async def list_evaluations(
    services: Serves, actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_READ))], record_id: str
) -> EvaluationList:
    """Those that were superseded too."""
    record = record_named(record_id)
    async with services.database.read() as reader:
        await find_record(reader, actor, record)
        return _render_all(await fetch_evaluations(reader, actor.programme, record))


@router.get(
    "/me/service-records/{record_id}/evaluations",
    operation_id="listOwnEvaluations",
    summary="Evaluations of one's own record (我的服务评价)",
    tags=["Volunteers' own"],
    response_model=EvaluationList,
    responses=reads(Code.NOT_FOUND),
)
async def list_own_evaluations(services: Serves, actor: ReadsOwn, record_id: str) -> EvaluationList:
    """404 for anybody else's."""
    record: RecordId = record_named(record_id)
    async with services.database.read() as reader:
        view = await fetch_record(reader, actor.programme, record)
        if view is None or view.record.volunteer != own_id(actor):
            raise Problem(Code.NOT_FOUND)
        return _render_all(await fetch_evaluations(reader, actor.programme, record))


async def _quality(
    services: Services, actor: Actor, volunteer: VolunteerId, effective_on: date | None
) -> QualityAnswer:
    if effective_on and not _FIRST_YEAR <= effective_on.year <= _LAST_YEAR:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/effective_on", detail="from 2000 to 9000")])
    async with services.database.snapshot() as reader:
        if await fetch_volunteer_status(reader, actor.programme, volunteer) is None:
            raise Problem(Code.NOT_FOUND)
        zone = await fetch_zone(reader, actor.programme)
        day = effective_on or business_day(services.clock(), zone)
        quality = await fetch_quality(reader, actor.programme, volunteer, end_of_day(day, zone))
    return QualityAnswer(
        volunteer_id=format_id("vol", volunteer), effective_on=day, count=quality.count, average=quality.average
    )


@router.get(
    "/volunteers/{volunteer_id}/quality",
    operation_id="getVolunteerQuality",
    summary="The quality of a volunteer's service (服务质量)",
    response_model=QualityAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_volunteer_quality(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.VOLUNTEERS_READ))],
    volunteer_id: str,
    effective_on: EffectiveOn = None,
) -> QualityAnswer:
    """The evaluations that counted by the end of a day, of records that are verified now.

    An organiser: of volunteers of their own part only.
    """
    volunteer = volunteer_named(volunteer_id)
    async with services.database.read() as reader:
        await find_volunteer(reader, actor, volunteer)
    return await _quality(services, actor, volunteer, effective_on)


@router.get(
    "/me/quality",
    operation_id="getOwnQuality",
    summary="The quality of one's own service (我的服务质量)",
    tags=["Volunteers' own"],
    response_model=QualityAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_quality(services: Serves, actor: ReadsOwn, effective_on: EffectiveOn = None) -> QualityAnswer:
    """What the organisation sees."""
    return await _quality(services, actor, own_id(actor), effective_on)

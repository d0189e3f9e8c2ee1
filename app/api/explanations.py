"""Why so many points? Each accrual told as one sentence, with the version, the inputs and the steps it came from."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import RecordRef
from app.api.me import own_id
from app.api.operations import reads
from app.api.problems import Problem
from app.api.service_records import find_record, record_named
from app.api.services import Serves
from app.core.codes import Code
from app.core.ids import RecordId, format_id
from app.core.policies import StepKind, tell
from app.core.rows import Evidence, RecordState
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.accruals import StoredAccrual, fetch_accrual
from app.store.service_records import RecordView, fetch_record

router = APIRouter(prefix="/v1", tags=["Service"])

Reads = Annotated[Actor, Depends(Requires(Scope.RECORDS_READ))]
ReadsOwn = Annotated[Actor, Depends(Requires(Scope.ME_READ))]

_HONOUR = ("荣誉时数只计时长，不计积分", "Attested hours count as hours and earn no points")


class ServiceInputs(Answer):
    """The facts of the record that the price came from."""

    minutes: int
    level: int
    day: date
    category: str = ""
    organiser: bool = False
    activity: str = ""
    region: str = ""


class StandingInputs(Answer):
    """Where the volunteer stood, as far as the rule asked."""

    activity_minutes: int
    day_minutes: int
    year_minutes: int
    minutes: int
    day_points: int
    year_points: int
    balance: int
    first: bool
    overlay_left: int


class InputsAnswer(Answer):
    """What a price came from. Accruals of before policies were whole have no standing."""

    service: ServiceInputs
    standing: StandingInputs | None = None


class StepAnswer(Answer):
    """One step: minutes, basis points or points, by its kind."""

    kind: StepKind
    value: int
    per: int
    name: str


class ExplanationAnswer(Answer):
    """How a verified record became points. `policy_version` is null for hours that never earn."""

    record_id: RecordRef
    policy_version: str | None
    points: int
    counted_minutes: Annotated[int, Field(description="What of the minutes counted for points")]
    sentence_zh: Annotated[str, Field(examples=["3 小时 20 分 × 10 分/小时 × 1.2 = 40 分"])]
    sentence_en: Annotated[str, Field(examples=["3 h 20 min × 10 points/h × 1.2 = 40 points"])]
    inputs: InputsAnswer | None
    steps: list[StepAnswer]


def _render(view: RecordView, accrual: StoredAccrual | None) -> ExplanationAnswer:
    record = format_id("rec", view.record.id)
    if accrual is None:
        if view.record.state is not RecordState.VERIFIED or view.record.evidence is not Evidence.ATTESTED:
            raise Problem(Code.NOT_FOUND)
        zh, en = _HONOUR
        return ExplanationAnswer(
            record_id=record,
            policy_version=None,
            points=0,
            counted_minutes=0,
            sentence_zh=zh,
            sentence_en=en,
            inputs=None,
            steps=[],
        )
    return ExplanationAnswer(
        record_id=record,
        policy_version=accrual.policy,
        points=accrual.points,
        counted_minutes=accrual.counted,
        sentence_zh=tell(accrual.steps, english=False),
        sentence_en=tell(accrual.steps, english=True),
        inputs=InputsAnswer.model_validate(accrual.inputs),
        steps=[StepAnswer(kind=step.kind, value=step.value, per=step.per, name=step.name) for step in accrual.steps],
    )


@router.get(
    "/service-records/{record_id}/explanation",
    operation_id="explainAccrual",
    summary="How a record became points (积分说明)",
    response_model=ExplanationAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_explanation(services: Serves, actor: Reads, record_id: str) -> ExplanationAnswer:
    """As it was priced, whatever the rule says now; 404 for a record that is not verified."""
    record = record_named(record_id)
    async with services.database.read() as reader:
        view, _ = await find_record(reader, actor, record)
        accrual = await fetch_accrual(reader, actor.programme, record)
    return _render(view, accrual)


@router.get(
    "/me/service-records/{record_id}/explanation",
    operation_id="explainOwnAccrual",
    summary="How one's own record became points (积分说明)",
    response_model=ExplanationAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_explanation(services: Serves, actor: ReadsOwn, record_id: str) -> ExplanationAnswer:
    """404 for anybody else's."""
    record: RecordId = record_named(record_id)
    async with services.database.read() as reader:
        view = await fetch_record(reader, actor.programme, record)
        accrual = await fetch_accrual(reader, actor.programme, record)
    if view is None or view.record.volunteer != own_id(actor):
        raise Problem(Code.NOT_FOUND)
    return _render(view, accrual)

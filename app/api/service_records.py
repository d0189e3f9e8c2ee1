"""Service records (志愿服务记录): one person enters the hours, another verifies them, and they become points."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.service_records import enter_record
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import Moment, Name, RecordRef, TeamRef, TransactionRef, UserRef, VolunteerRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import FieldProblem, Problem, refuse
from app.api.services import Serves, Services
from app.api.teams import team_named
from app.api.volunteers import volunteer_named
from app.core.claw_backs import ClawBack
from app.core.codes import Code, Rejected
from app.core.commands import Command
from app.core.idempotency import AnswerKey
from app.core.ids import RecordId, TransactionId, UserId, VolunteerId, format_id, parse_id
from app.core.quantities import Minutes
from app.core.rows import Evidence, RecordState, ServiceRecord
from app.core.service_records import RejectRecord, VerifyRecord
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.service_records import RecordFilter, RecordView, fetch_record, fetch_records_page

router = APIRouter(prefix="/v1/service-records", tags=["Service"])

Reads = Annotated[Actor, Depends(Requires(Scope.RECORDS_READ))]
Verifies = Annotated[Actor, Depends(Requires(Scope.RECORDS_VERIFY))]

_MINUTE_S = 60


class RecordRequest(Body):
    """Hours given by one volunteer in one activity."""

    volunteer_id: VolunteerRef
    team_id: TeamRef
    evidence: Annotated[Evidence, Field(description="`attested` (荣誉时数) is recorded but never becomes points")]
    activity: Annotated[Name, Field(examples=["文明劝导"])]
    started_at: Moment
    ended_at: Moment
    minutes: Annotated[int, Field(ge=1, le=1440, description="Time given; at most the time between", examples=[180])]
    level: Annotated[int, Field(ge=1, le=3, description="1 simple, 2 skilled, 3 professional or risky")] = 1


class RecordAnswer(Answer):
    """A service record and what became of it."""

    id: RecordRef
    state: RecordState
    volunteer_id: VolunteerRef
    team_id: TeamRef
    evidence: Evidence
    activity: str
    started_at: datetime
    ended_at: datetime
    minutes: int
    level: int
    recorder_id: UserRef
    verifier_id: UserRef | None
    points: Annotated[int, Field(description="Rounded down once per record")]
    expires_on: date | None
    policy_version: str | None
    pending_points: int
    matures_at: datetime | None
    transaction_id: TransactionRef | None
    created_at: datetime


class RecordPage(Answer):
    """Records in the order they were entered."""

    records: list[RecordAnswer]
    next: str | None


def _render(view: RecordView) -> RecordAnswer:
    record = view.record
    return RecordAnswer(
        id=format_id("rec", record.id),
        state=record.state,
        volunteer_id=format_id("vol", record.volunteer),
        team_id=format_id("tea", record.team),
        evidence=record.evidence,
        activity=view.activity,
        started_at=record.started_at,
        ended_at=record.ended_at,
        minutes=record.minutes,
        level=record.level,
        recorder_id=format_id("usr", record.recorder),
        verifier_id=format_id("usr", record.verifier) if record.verifier else None,
        points=record.points,
        expires_on=record.expires_on,
        policy_version=record.policy or None,
        pending_points=record.pending,
        matures_at=record.matures_at,
        transaction_id=format_id("txn", record.transaction) if record.transaction else None,
        created_at=view.created_at,
    )


def _check_period(body: RecordRequest, now: datetime) -> None:
    errors = []
    if body.ended_at <= body.started_at:
        errors.append(FieldProblem(pointer="/ended_at", detail="not after started_at"))
    if body.ended_at > now:
        errors.append(FieldProblem(pointer="/ended_at", detail="in the future"))
    if body.minutes * _MINUTE_S > (body.ended_at - body.started_at).total_seconds():
        errors.append(FieldProblem(pointer="/minutes", detail="more than the time between"))
    if errors:
        raise Problem(Code.PARAM_ERROR, errors=errors)


@router.post(
    "",
    operation_id="enterServiceRecord",
    summary="Enter hours of service (录入)",
    status_code=201,
    response_model=RecordAnswer,
    responses=writes(Code.NOT_FOUND, Code.OVERLAP),
)
async def post_record(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_CREATE))],
    received: Annotated[Received[RecordRequest], Depends(JsonBody(RecordRequest))],
    key: IdempotencyKey,
) -> Response:
    """They count once somebody else has verified them."""
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash)
    _check_period(body, ticket.at)
    team = team_named(body.team_id)
    if team is None:
        raise Problem(Code.NOT_FOUND)
    record = ServiceRecord(
        id=RecordId(uuid7()),
        state=RecordState.ENTERED,
        volunteer=volunteer_named(body.volunteer_id),
        team=team,
        evidence=body.evidence,
        minutes=Minutes(body.minutes),
        level=body.level,
        started_at=body.started_at,
        ended_at=body.ended_at,
        recorder=UserId(actor.subject),
    )
    view = RecordView(record, body.activity, ticket.at)

    async def enter(tx: Tx) -> RecordView | Rejected:
        return await enter_record(tx, actor.programme, view)

    described = {"volunteer_id": body.volunteer_id, "minutes": body.minutes}
    return await act(
        services,
        ticket,
        enter,
        lambda made: note(_render(made), "record.enter", format_id("rec", made.record.id), described),
    )


@router.get(
    "",
    operation_id="listServiceRecords",
    summary="Service records",
    response_model=RecordPage,
    responses=reads(),
)
async def list_records(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    volunteer: Annotated[str | None, Query(pattern="^vol_[0-9a-f]{32}$")] = None,
    team: Annotated[str | None, Query(pattern="^tea_[0-9a-f]{32}$")] = None,
    state: RecordState | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> RecordPage:
    """All of them, or those of a volunteer, a team, a state."""
    begin = RecordId(id_after("rec", after))
    person = parse_id("vol", volunteer) if volunteer else None
    wanted = RecordFilter(volunteer=VolunteerId(person) if person else None, team=team_named(team), state=state)
    async with services.database.read() as reader:
        views = await fetch_records_page(reader, actor.programme, begin, limit + 1, wanted)
    page, more = cut_page(views, limit)
    cursor = format_id("rec", page[-1].record.id) if more else None
    response.headers.update(link_next(request, cursor))
    return RecordPage(records=[_render(view) for view in page], next=cursor)


def _record_named(reference: str) -> RecordId:
    value = parse_id("rec", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return RecordId(value)


async def _answer_record(services: Services, actor: Actor, record: RecordId, *, replayed: bool = False) -> Response:
    async with services.database.read() as reader:
        view = await fetch_record(reader, actor.programme, record)
    if view is None:
        raise Problem(Code.NOT_FOUND)
    return json_answer(_render(view).model_dump_json(), replayed=replayed)


@router.get(
    "/{record_id}",
    operation_id="getServiceRecord",
    summary="One service record",
    response_model=RecordAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_record(services: Serves, actor: Reads, record_id: str) -> Response:
    """As it is now."""
    return await _answer_record(services, actor, _record_named(record_id))


async def _submit(
    services: Services, actor: Actor, key: str, record: RecordId, verb: str, command: Command
) -> Response:
    outcome = await services.committers.submit(
        actor.programme,
        Submission(command=command, key=AnswerKey(actor.reference, key), body_hash=f"{verb} {record.hex}".encode()),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    return await _answer_record(services, actor, record, replayed=outcome.replayed)


@router.post(
    "/{record_id}/verify",
    operation_id="verifyServiceRecord",
    summary="Verify hours of service (审核通过)",
    response_model=RecordAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW, Code.NO_POLICY),
)
async def verify_record(services: Serves, actor: Verifies, key: IdempotencyKey, record_id: str) -> Response:
    """The hours enter the ledger and become points by the policy of the day of service.

    The one who verifies is neither the volunteer nor the one who entered the record.
    """
    record = _record_named(record_id)
    command = VerifyRecord(
        record=record,
        transaction=TransactionId(uuid7()),
        verifier=UserId(actor.subject),
        verifier_is=actor.volunteer,
    )
    return await _submit(services, actor, key, record, "verify", command)


@router.post(
    "/{record_id}/reject",
    operation_id="rejectServiceRecord",
    summary="Reject hours of service (审核不通过)",
    response_model=RecordAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def reject_record(services: Serves, actor: Verifies, key: IdempotencyKey, record_id: str) -> Response:
    """Nothing reaches the ledger."""
    record = _record_named(record_id)
    command = RejectRecord(record=record, verifier=UserId(actor.subject), verifier_is=actor.volunteer)
    return await _submit(services, actor, key, record, "reject", command)


@router.post(
    "/{record_id}/withdraw",
    operation_id="withdrawServiceRecord",
    summary="Withdraw verified hours (撤销时长)",
    response_model=RecordAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.HOURS_CONSUMED),
)
async def withdraw_record(services: Serves, actor: Verifies, key: IdempotencyKey, record_id: str) -> Response:
    """Hours and points are taken back; points already spent become a debt that later hours repay."""
    record = _record_named(record_id)
    command = ClawBack(record=record, transaction=TransactionId(uuid7()), by=UserId(actor.subject))
    return await _submit(services, actor, key, record, "withdraw", command)

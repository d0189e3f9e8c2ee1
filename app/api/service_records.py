"""Service records (志愿服务记录): entering and reading them. One person enters the hours, another verifies them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.actions.reaches import fetch_reach, level_over
from app.actions.service_records import Entered, enter_record
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, JsonBody, Received, json_answer
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.record_fields import RecordRequest, ReviewedAnswer, render_record
from app.api.record_tellings import faults_of, telling_of
from app.api.services import Serves, Services
from app.api.teams import team_named
from app.core.codes import Code, Rejected
from app.core.ids import RecordId, VolunteerId, format_id, parse_id
from app.core.reviews import ReviewLevel
from app.core.rows import RecordState
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Reader, Tx
from app.store.reaches import fetch_line
from app.store.record_marks import fetch_marks
from app.store.service_records import RecordFilter, RecordView, fetch_record, fetch_records_page

router = APIRouter(prefix="/v1/service-records", tags=["Service"])

Reads = Annotated[Actor, Depends(Requires(Scope.RECORDS_READ))]


class RecordPage(Answer):
    """Records in the order they were entered."""

    records: list[ReviewedAnswer]
    next: str | None


@router.post(
    "",
    operation_id="enterServiceRecord",
    summary="Enter hours of service (录入)",
    status_code=201,
    response_model=ReviewedAnswer,
    responses=writes(Code.NOT_FOUND, Code.OVERLAP, Code.GUARDIAN_REQUIRED, Code.NOT_FOR_MINORS),
)
async def post_record(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_CREATE))],
    received: Annotated[Received[RecordRequest], Depends(JsonBody(RecordRequest))],
    key: IdempotencyKey,
) -> Response:
    """They count once somebody else has verified them. An organiser enters for teams of their own part only.

    What is entered after the ten working days is accepted and marked `late`; what looks odd is accepted and marked.
    """
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash)
    if faults := faults_of(body, actor, ticket.at):
        raise Problem(Code.PARAM_ERROR, errors=faults)
    telling = telling_of(body, actor)

    async def enter(tx: Tx) -> Entered | Rejected:
        return await enter_record(tx, actor, telling, ticket.at)

    return await act(
        services,
        ticket,
        enter,
        lambda made: note(
            render_record(made.view, made.marks),
            "record.enter",
            format_id("rec", made.view.record.id),
            {"volunteer_id": body.volunteer_id, "minutes": made.view.record.minutes, "late": made.view.late},
        ),
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
    marked: Annotated[bool, Query(description="Only those with an open mark (疑点)")] = False,  # noqa: FBT002 - a query
    limit: Limit = PAGE,
    after: After = None,
) -> RecordPage:
    """All of them, or those of a volunteer, a team, a state; an organiser's are those of their own part."""
    begin = RecordId(id_after("rec", after))
    person = parse_id("vol", volunteer) if volunteer else None
    async with services.database.read() as reader:
        wanted = RecordFilter(
            volunteer=VolunteerId(person) if person else None,
            team=team_named(team),
            state=state,
            marked=marked,
            teams=await fetch_reach(reader, actor),
        )
        views = await fetch_records_page(reader, actor.programme, begin, limit + 1, wanted)
        page, more = cut_page(views, limit)
        listed = await render_records(reader, actor, page)
    cursor = format_id("rec", page[-1].record.id) if more else None
    response.headers.update(link_next(request, cursor))
    return RecordPage(records=listed, next=cursor)


async def render_records(reader: Reader, actor: Actor, page: Sequence[RecordView]) -> list[ReviewedAnswer]:
    """Records with their marks, for those who review."""
    marks = await fetch_marks(reader, actor.programme, [view.record.id for view in page])
    return [render_record(view, marks.get(view.record.id, ())) for view in page]


def record_named(reference: str) -> RecordId:
    """The record that a path names; 404 for what cannot be one."""
    value = parse_id("rec", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return RecordId(value)


async def find_record(reader: Reader, actor: Actor, record: RecordId) -> tuple[RecordView, ReviewLevel]:
    """A record within the actor's part, and how high they stand above it; 404 for any other."""
    view = await fetch_record(reader, actor.programme, record)
    line = await fetch_line(reader, actor.programme, view.record.team) if view else None
    level = level_over(actor, line) if line else None
    if view is None or level is None:
        raise Problem(Code.NOT_FOUND)
    return view, level


async def answer_record(services: Services, actor: Actor, record: RecordId, *, replayed: bool = False) -> Response:
    """The record as it is now, for those who review."""
    async with services.database.read() as reader:
        view, _ = await find_record(reader, actor, record)
        [answer] = await render_records(reader, actor, [view])
    return json_answer(answer.model_dump_json(), replayed=replayed)


@router.get(
    "/{record_id}",
    operation_id="getServiceRecord",
    summary="One service record",
    response_model=ReviewedAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_record(services: Serves, actor: Reads, record_id: str) -> Response:
    """As it is now."""
    return await answer_record(services, actor, record_named(record_id))

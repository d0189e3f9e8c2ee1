"""What reviews depend on and a programme sets itself: its working days, and from where on records are marked."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from app.actions.settings import change_limits, change_own_day
from app.api.access import Requires
from app.api.acting import act, note_edit, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import ReasonText
from app.api.operations import IdempotencyKey, reads, writes
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code
from app.core.suspicions import SuspicionLimits
from app.core.working_days import ANNOUNCED, WorkingCalendar
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.record_marks import fetch_limits
from app.store.working_days import OwnDay, fetch_own_days

router = APIRouter(prefix="/v1")

Reads = Annotated[Actor, Depends(Requires(Scope.PROGRAMME_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.PROGRAMME_WRITE))]
Amount = Annotated[int, Field(ge=0, le=1_000_000)]

_DAYS_MAX = 366


class OwnDayRequest(Body):
    """A day that the programme knows better than the calendar announced by the State Council."""

    day: Annotated[date, Field(examples=["2027-02-07"])]
    worked: Annotated[bool, Field(description="Whether it is a working day (工作日)")]
    note: ReasonText


class WorkingDay(Answer):
    """A day of the calendar."""

    day: date
    worked: bool
    note: Annotated[str | None, Field(description="The programme's own word, where it has one")]


class WorkingDays(Answer):
    """The calendar. Of a year not announced yet only weekends are known."""

    days: list[WorkingDay]
    announced: Annotated[
        list[int], Field(description="Years whose calendar (放假调休安排) is known", examples=[[2026]])
    ]


@router.get(
    "/working-days",
    operation_id="listWorkingDays",
    summary="The calendar of working days (工作日历)",
    tags=["Programme"],
    response_model=WorkingDays,
    responses=reads(),
)
async def list_working_days(
    services: Serves,
    actor: Reads,
    since: Annotated[date, Query(examples=["2026-02-01"])],
    until: Annotated[date, Query(description="Included; at most 366 days", examples=["2026-02-28"])],
) -> WorkingDays:
    """Day by day, with exchanged days (调休) and the programme's own."""
    count = (until - since).days + 1
    if not 1 <= count <= _DAYS_MAX:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/until", detail="1 to 366 days from since")])
    async with services.database.read() as reader:
        own = {day.day: day for day in await fetch_own_days(reader, actor.programme)}
    calendar = WorkingCalendar({day.day: day.worked for day in own.values()})
    days = [since + timedelta(days=number) for number in range(count)]
    listed = [
        WorkingDay(day=day, worked=calendar.is_worked(day), note=own[day].note if day in own else None) for day in days
    ]
    return WorkingDays(days=listed, announced=sorted(ANNOUNCED))


@router.post(
    "/working-days",
    operation_id="setWorkingDay",
    summary="Say whether a day is worked",
    tags=["Programme"],
    response_model=WorkingDay,
    responses=writes(),
)
async def post_working_day(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[OwnDayRequest], Depends(JsonBody(OwnDayRequest))],
    key: IdempotencyKey,
) -> Response:
    """Deadlines that were counted before stay as they were told; those of waiting objections are counted anew."""
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash)

    async def set_day(tx: Tx) -> Edited[OwnDay]:
        return await change_own_day(tx, actor.programme, OwnDay(body.day, body.worked, body.note), ticket.at)

    return await act(
        services,
        ticket,
        set_day,
        lambda edited: note_edit(
            edited, lambda own: WorkingDay(**asdict(own)), "working-day.set", body.day.isoformat()
        ),
        200,
    )


class Limits(Body):
    """From where on a rule marks a record; each is the most that is still ordinary. What is left out stays."""

    day_minutes: Annotated[Amount | None, Field(description="Of one volunteer on one day")] = None
    entries: Annotated[Amount | None, Field(description="By one enterer within the window")] = None
    entries_within_min: Annotated[int | None, Field(ge=1, le=60, description="The window in minutes")] = None
    travel_min: Annotated[Amount | None, Field(description="Minutes from one region to another")] = None
    spike_times: Annotated[Amount | None, Field(description="Times a verifier's own average")] = None
    spike_floor: Annotated[Amount | None, Field(description="Fewer verifications a day are never a spike")] = None


class LimitsAnswer(Answer):
    """The limits in force."""

    day_minutes: int
    entries: int
    entries_within_min: int
    travel_min: int
    spike_times: int
    spike_floor: int


@router.get(
    "/suspicion-limits",
    operation_id="getSuspicionLimits",
    summary="From where on records are marked (疑点规则)",
    tags=["Programme"],
    response_model=LimitsAnswer,
    responses=reads(),
)
async def get_suspicion_limits(services: Serves, actor: Reads) -> LimitsAnswer:
    """Those the programme has set, the others as the program has them."""
    async with services.database.read() as reader:
        return LimitsAnswer(**asdict(await fetch_limits(reader, actor.programme)))


@router.post(
    "/suspicion-limits",
    operation_id="setSuspicionLimits",
    summary="Change the limits of suspicion",
    tags=["Programme"],
    response_model=LimitsAnswer,
    responses=writes(),
)
async def post_suspicion_limits(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[Limits], Depends(JsonBody(Limits))],
    key: IdempotencyKey,
) -> Response:
    """For records entered and verified from now on; marks that are there stay."""
    wanted: dict[str, int] = received.body.model_dump(exclude_none=True)

    async def change(tx: Tx) -> Edited[SuspicionLimits]:
        return await change_limits(tx, actor.programme, wanted)

    return await act(
        services,
        ticket_of(services, actor, key, received.hash),
        change,
        lambda edited: note_edit(
            edited, lambda limits: LimitsAnswer(**asdict(limits)), "suspicion-limits.set", actor.programme
        ),
        200,
    )

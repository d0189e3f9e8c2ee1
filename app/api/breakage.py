"""Breakage (积分失效报表): points that expired, by month and by the last day of their lots."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.operations import reads
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves
from app.core.accounts import NEVER
from app.core.codes import Code
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.breakage import BreakageLine, fetch_breakage
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/breakage", tags=["Ledger"])

MONTHS_MAX = 36
_MONTH = r"^2[0-9]{3}-(0[1-9]|1[0-2])$"


class BreakageLineAnswer(Answer):
    """One month and one last day. Null for points that a refund gave back to lots that were past their day."""

    month: Annotated[str, Field(examples=["2026-12"])]
    expires_on: date | None
    expired_points: int
    forfeited_points: int
    volunteers: Annotated[int, Field(description="Whose points expired")]


class BreakageAnswer(Answer):
    """The report; the totals are those of its lines."""

    expired_points: int
    forfeited_points: int
    lines: list[BreakageLineAnswer]


def _render(line: BreakageLine) -> BreakageLineAnswer:
    return BreakageLineAnswer(
        month=line.month,
        expires_on=date.fromisoformat(line.part) if line.part and line.part != NEVER.isoformat() else None,
        expired_points=line.expired,
        forfeited_points=line.forfeited,
        volunteers=line.volunteers,
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@router.get(
    "",
    operation_id="getBreakage",
    summary="Points that expired, by month and last day (积分失效报表)",
    response_model=BreakageAnswer,
    responses=reads(),
)
async def get_breakage(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.LEDGER_READ))],
    since: Annotated[str, Query(pattern=_MONTH, description="The first month", examples=["2026-01"])],
    until: Annotated[str, Query(pattern=_MONTH, description="The last month", examples=["2026-12"])],
) -> BreakageAnswer:
    """At most 36 months. What expires at 24:00 of 31 December is December's."""
    first, last = date.fromisoformat(f"{since}-01"), date.fromisoformat(f"{until}-01")
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 0 < months <= MONTHS_MAX:
        detail = f"must be since or after, and no more than {MONTHS_MAX} months in all"
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/until", detail=detail)])
    behind = (last.replace(day=28) + timedelta(days=4)).replace(day=1)
    async with services.database.snapshot() as reader:
        zone = await fetch_zone(reader, actor.programme)
        found = await fetch_breakage(reader, actor.programme, _midnight(first, zone), _midnight(behind, zone), zone)
    lines = [_render(line) for line in found]
    return BreakageAnswer(
        expired_points=sum(line.expired_points for line in lines),
        forfeited_points=sum(line.forfeited_points for line in lines),
        lines=lines,
    )

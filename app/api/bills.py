"""Closing the day (POS.md): shift totals and the merchant's day as CSV, for tills and for accountants."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.api.access import TILL, Requires
from app.api.bill_file import write_bill
from app.api.bodies import Answer
from app.api.fields import MerchantRef, StoreRef, TerminalRef
from app.api.merchants import merchant_named
from app.api.operations import reads, till_refusals
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services, services_of
from app.api.tills import identify_till
from app.core.bills import BillLine, LineType, Total, add_up, add_up_terminals
from app.core.business_days import business_day, end_of_day
from app.core.codes import Code
from app.core.ids import MerchantId, ProgrammeId, format_id, format_terminal, parse_terminal
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.bills import fetch_bill_lines, fetch_head_moment, find_first_seq
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1", tags=["Tills"])

Reads = Annotated[Actor, Depends(Requires(Scope.BILLS_READ))]

_IN_FLIGHT = timedelta(minutes=2)
"""No batch lives longer: what was decided before midnight is written by then, whatever the journal says."""


class BillState(StrEnum):
    """Whether a day can still get lines."""

    OPEN = "open"
    CLOSED = "closed"


class TotalAnswer(Answer):
    """How many lines, and what they add up to. Points and fen given back count negative."""

    count: int
    points: int
    settlement_fen: int


class TerminalTotals(Answer):
    """One terminal's totals by type."""

    terminal_id: TerminalRef | None
    store_id: StoreRef | None
    types: dict[LineType, TotalAnswer]


class TotalsAnswer(Answer):
    """A merchant's totals of one business day."""

    date: Annotated[date, Field(examples=["2026-11-24"])]
    state: BillState
    merchant_id: MerchantRef
    terminals: list[TerminalTotals]
    total: dict[LineType, TotalAnswer]


@dataclass(frozen=True, slots=True)
class _Day:
    day: date
    state: BillState
    zone: ZoneInfo
    lines: Sequence[BillLine]


def _refuse_day(detail: str) -> Problem:
    return Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/date", detail=detail)])


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _refuse_day("a day like 2026-11-24") from error


async def _read(services: Services, programme: ProgrammeId, merchant: MerchantId, text: str | None) -> _Day:
    """One business day of a merchant, all of it from one snapshot."""
    now = services.clock()
    async with services.database.snapshot() as reader:
        zone = await fetch_zone(reader, programme)
        today = business_day(now, zone)
        day = _parse_day(text) if text else today
        if day > today:
            raise _refuse_day("not a day to come")
        if day.year < _FIRST_YEAR:
            raise _refuse_day("not before there was a ledger")
        begin, end = end_of_day(day - timedelta(days=1), zone), end_of_day(day, zone)
        next_seq, written_at = await fetch_head_moment(reader, programme)
        first = await find_first_seq(reader, programme, begin, next_seq)
        until = await find_first_seq(reader, programme, end, next_seq)
        lines = await fetch_bill_lines(reader, programme, merchant, first, until)
    return _Day(day, _state(now, written_at, end), ZoneInfo(zone), lines)


_FIRST_YEAR = 2000


def _state(now: datetime, written_at: datetime, end: datetime) -> BillState:
    """Closed once something later is written, or so long after midnight that no batch of that day can be under way."""
    closed = written_at >= end or now >= end + _IN_FLIGHT
    return BillState.CLOSED if closed else BillState.OPEN


def _render_types(totals: Mapping[LineType, Total]) -> dict[LineType, TotalAnswer]:
    return {
        type_: TotalAnswer(count=total.count, points=total.points, settlement_fen=total.settlement_fen)
        for type_, total in totals.items()
    }


def _render_totals(programme: ProgrammeId, merchant: MerchantId, found: _Day, terminal: str | None) -> TotalsAnswer:
    named = parse_terminal(terminal) if terminal else None
    if terminal and (named is None or named[0] != programme):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/terminal", detail="a terminal's id")])
    lines = [line for line in found.lines if named is None or line.terminal == named[1]]
    stores = {line.terminal: line.store for line in lines}
    return TotalsAnswer(
        date=found.day,
        state=found.state,
        merchant_id=format_id("mer", merchant),
        terminals=[
            TerminalTotals(
                terminal_id=format_terminal(programme, terminal_id) if terminal_id else None,
                store_id=format_id("sto", store) if (store := stores[terminal_id]) else None,
                types=_render_types(totals),
            )
            for terminal_id, totals in add_up_terminals(lines).items()
        ],
        total=_render_types(add_up(lines)),
    )


def _render_bill(programme: ProgrammeId, merchant: MerchantId, found: _Day) -> Response:
    content = write_bill(programme, found.zone, found.lines)
    digest = hashlib.sha256(content)
    name = f"liyu-{format_id('mer', merchant)}-{found.day}.csv"
    headers = {
        "Content-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:",
        "Bill-SHA256": digest.hexdigest(),
        "Bill-State": found.state.value,
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{digest.hexdigest()}"',
        "Cache-Control": "no-store",
    }
    return Response(content, headers=headers, media_type="text/csv; charset=utf-8")


_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The day: UTF-8 with BOM. `Bill-SHA256` and `Content-Digest` (RFC 9530) are of these bytes; "
        "`Bill-State: closed` says that they will never change.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "headers": {
            "Bill-SHA256": {"schema": {"type": "string"}},
            "Content-Digest": {"schema": {"type": "string"}},
            "Bill-State": {"schema": {"type": "string", "enum": ["open", "closed"]}},
        },
    }
}
DayQuery = Annotated[str | None, Query(alias="date", max_length=10, description="A business day; today by default")]
TerminalQuery = Annotated[str | None, Query(max_length=64, description="Only this terminal")]


@router.get(
    "/pos/totals",
    operation_id="getTotals",
    summary="Shift totals (班结汇总)",
    response_model=TotalsAnswer,
    responses=till_refusals(Code.PARAM_ERROR),
    openapi_extra={"x-access": TILL},
)
async def get_totals(request: Request, day: DayQuery = None, terminal: TerminalQuery = None) -> TotalsAnswer:
    """Count, points and fen by type and terminal of the merchant's business day."""
    services = services_of(request)
    caller = await identify_till(request, await request.body(), services)
    merchant = caller.till.merchant
    found = await _read(services, caller.programme, merchant, day)
    return _render_totals(caller.programme, merchant, found, terminal)


@router.get(
    "/pos/bills/{day}",
    operation_id="getBill",
    summary="The merchant's day as CSV (对账单)",
    response_class=Response,
    responses={**_CSV, **till_refusals(Code.PARAM_ERROR)},
    openapi_extra={"x-access": TILL},
)
async def get_bill(request: Request, day: str) -> Response:
    """Every line is a transaction of the ledger, with totals; the same bytes whenever a closed day is asked for."""
    services = services_of(request)
    caller = await identify_till(request, await request.body(), services)
    found = await _read(services, caller.programme, caller.till.merchant, day)
    return _render_bill(caller.programme, caller.till.merchant, found)


@router.get(
    "/merchants/{merchant_id}/totals",
    operation_id="getMerchantTotals",
    summary="A merchant's totals of a day",
    response_model=TotalsAnswer,
    responses=reads(Code.NOT_FOUND),
    tags=["Merchants"],
)
async def get_merchant_totals(
    services: Serves, actor: Reads, merchant_id: str, day: DayQuery = None, terminal: TerminalQuery = None
) -> TotalsAnswer:
    """The same as a till sees them."""
    merchant = merchant_named(merchant_id, actor)
    return _render_totals(actor.programme, merchant, await _read(services, actor.programme, merchant, day), terminal)


@router.get(
    "/merchants/{merchant_id}/bills/{day}",
    operation_id="getMerchantBill",
    summary="A merchant's day as CSV",
    response_class=Response,
    responses={**_CSV, **reads(Code.NOT_FOUND)},
    tags=["Merchants"],
)
async def get_merchant_bill(services: Serves, actor: Reads, merchant_id: str, day: str) -> Response:
    """The same bytes as a till gets."""
    merchant = merchant_named(merchant_id, actor)
    found = await _read(services, actor.programme, merchant, day)
    return _render_bill(actor.programme, merchant, found)

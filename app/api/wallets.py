"""A volunteer's wallet and statement, as the volunteer and those who may look see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import Field

from app.api.bodies import Answer
from app.api.fields import Moment, TransactionRef, VolunteerRef
from app.api.line_texts import fetch_line_texts
from app.api.paging import cut_page, link_next, seq_after
from app.api.problems import FieldProblem, Problem, speaks_english
from app.api.services import Services
from app.core.accounts import NEVER, AccountKind
from app.core.business_days import business_day, end_of_day
from app.core.codes import Code
from app.core.ids import ProgrammeId, VolunteerId, format_id
from app.core.policies import tell
from app.core.stars import NOT_EVALUATED, Quality, StarScale
from app.core.volunteers import Volunteer, VolunteerStatus
from app.core.wallet_days import Balances, Ripening, foresee, free_lapsed, live_on
from app.store.database import Reader
from app.store.evaluations import fetch_quality
from app.store.orders import OpenOrders, fetch_open_orders
from app.store.programmes import fetch_stars, fetch_zone
from app.store.wallets import (
    StatementLine,
    fetch_balances,
    fetch_balances_effective,
    fetch_lapsed_holds,
    fetch_orders_effective,
    fetch_ripening,
    fetch_statement,
    fetch_volunteer_status,
)

_NEWEST = 2**62


class LotAnswer(Answer):
    """Points that expire together, at 24:00 of the day; null for points that do not expire."""

    expires_on: date | None
    points: int


class WalletAnswer(Answer):
    """Points and hours of a volunteer. `held` is reserved by open orders, `pending` still in the notice period."""

    volunteer_id: VolunteerRef
    status: VolunteerStatus
    masked_name: Annotated[str, Field(examples=["张**"])]
    as_of: Annotated[date | None, Field(description="The day asked for; null: now", examples=[None])]
    known_at: datetime | None
    available: Annotated[int, Field(examples=[340])]
    pending: int
    held: int
    open_orders: Annotated[int, Field(description="Vouchers that can be used now (可用券)", examples=[1])]
    open_order_points: Annotated[int, Field(description="What of `held` they hold")]
    debt: int
    minutes: Annotated[int, Field(description="Verified minutes of service", examples=[1788])]
    stars: Annotated[int, Field(description="What these minutes stand for now (星级)", examples=[0])]
    next_star_missing_minutes: Annotated[
        int | None, Field(description="Minutes to the next star; null with the highest", examples=[4212])
    ]
    lots: list[LotAnswer]


class StatementLineAnswer(Answer):
    """One event: how it changed spendable points, pending points and minutes."""

    seq: int
    transaction_id: TransactionRef
    kind: Annotated[str, Field(examples=["redeem.v1"])]
    reason: Annotated[str, Field(examples=["paid-at-till"])]
    occurred_at: datetime
    recorded_at: datetime
    points: int
    pending_points: int
    minutes: int
    merchant: str | None
    used_by: Annotated[str | None, Field(description="Masked name of the family member who paid (家庭成员)")]
    explanation: Annotated[
        str | None,
        Field(
            description="How hours became points, or why they came or went, in the language of Accept-Language",
            examples=["3 小时 20 分 × 10 分/小时 × 1.2 = 40 分"],
        ),
    ]


class StatementAnswer(Answer):
    """The newest lines first."""

    lines: list[StatementLineAnswer]
    next: str | None


@dataclass(frozen=True, slots=True)
class AsOf:
    """A day for which the wallet is asked, and from when the knowledge of it is to be; None: as it is now."""

    day: date | None = None
    known_at: datetime | None = None


_EARLIEST, _LATEST = date(2000, 1, 1), date(2199, 12, 31)


def as_of(
    day: Annotated[
        date | None,
        Query(
            alias="as_of", description="As it was, or will be if nothing else happens, at the end of this day (截至日)"
        ),
    ] = None,
    known_at: Annotated[
        Moment | None, Query(description="With a past `as_of`: as it was known then (late records left out)")
    ] = None,
) -> AsOf:
    """Read the two from the query."""
    if day and not _EARLIEST <= day <= _LATEST:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/as_of", detail="outside the calendar")])
    if known_at and not day:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/known_at", detail="needs as_of")])
    return AsOf(day, known_at)


Asked = Annotated[AsOf, Depends(as_of)]


def _render_wallet(
    known: Volunteer, balances: Balances, orders: OpenOrders, scale: StarScale, quality: Quality, asked: AsOf
) -> WalletAnswer:
    def total(kind: AccountKind) -> int:
        return sum(balance for key, balance in balances.items() if key.kind is kind)

    minutes = total(AccountKind.HOURS) + total(AccountKind.CONSUMED)
    lots = sorted((key.part, balance) for key, balance in balances.items() if key.kind is AccountKind.WALLET)
    return WalletAnswer(
        volunteer_id=format_id("vol", known.id),
        status=known.status,
        masked_name=known.masked_name,
        as_of=asked.day,
        known_at=asked.known_at,
        available=total(AccountKind.WALLET),
        pending=total(AccountKind.PENDING),
        held=total(AccountKind.HELD),
        open_orders=orders.count,
        open_order_points=orders.points,
        debt=total(AccountKind.DEBT),
        minutes=minutes,
        stars=scale.stars(minutes, quality),
        next_star_missing_minutes=scale.missing(minutes),
        lots=[
            LotAnswer(expires_on=None if part == NEVER.isoformat() else date.fromisoformat(part), points=balance)
            for part, balance in lots
        ],
    )


_NO_HOLDS: tuple[Mapping[str, int], OpenOrders] = ({}, OpenOrders())


async def _holds(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, balances: Balances, at: datetime
) -> tuple[Mapping[str, int], OpenOrders]:
    """Of what is held now: what goes back to which lot by a moment, and the orders that are open then."""
    if not any(key.kind is AccountKind.HELD for key in balances):
        return _NO_HOLDS
    return (
        await fetch_lapsed_holds(reader, programme, volunteer, at),
        await fetch_open_orders(reader, programme, volunteer, at),
    )


async def _wallet_on(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, day: date, zone: str
) -> tuple[Balances, OpenOrders]:
    """The wallet at the end of today or of a day to come."""
    end = end_of_day(day, zone)
    balances = await fetch_balances(reader, programme, volunteer)
    lapsed, orders = await _holds(reader, programme, volunteer, balances, end)
    ripening: Sequence[Ripening] = ()
    if any(key.kind is AccountKind.PENDING for key in balances):
        ripening = await fetch_ripening(reader, programme, volunteer, end)
    return foresee(balances, ripening, lapsed, day, end), orders


async def _wallet_then(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, asked: AsOf, day: date, zone: str, now: datetime
) -> tuple[Balances, OpenOrders]:
    """The wallet at the end of a day that is over, by when things happened."""
    end, known_at = end_of_day(day, zone), asked.known_at or now
    balances = await fetch_balances_effective(reader, programme, volunteer, end, known_at)
    orders = await fetch_orders_effective(reader, programme, volunteer, end, known_at)
    if asked.known_at is None:  # what time alone has ended by then, and nobody has booked yet
        lapsed, _ = await _holds(reader, programme, volunteer, balances, end)
        balances = free_lapsed(balances, lapsed)
    return live_on(balances, day), orders


async def read_wallet(
    services: Services, programme: ProgrammeId, volunteer: VolunteerId, asked: AsOf = AsOf()
) -> WalletAnswer:
    """Spendable points by expiry day. What is past its time counts as ended, lots and holds, booked or not."""
    now = services.clock()
    async with services.database.snapshot() as reader:
        known = await fetch_volunteer_status(reader, programme, volunteer)
        zone = await fetch_zone(reader, programme)
        scale = await fetch_stars(reader, programme)
        today = business_day(now, zone)
        if asked.known_at and asked.day and asked.day >= today:
            raise Problem(
                Code.PARAM_ERROR, errors=[FieldProblem(pointer="/known_at", detail="needs a day that is over")]
            )
        quality = NOT_EVALUATED
        if scale.quality_min is not None:
            asked_until = end_of_day(asked.day or today, zone)
            quality = await fetch_quality(reader, programme, volunteer, min(asked_until, asked.known_at or asked_until))
        if asked.day is None:
            balances = await fetch_balances(reader, programme, volunteer)
            lapsed, orders = await _holds(reader, programme, volunteer, balances, now)
            balances = live_on(free_lapsed(balances, lapsed), today)
        elif asked.day < today:
            balances, orders = await _wallet_then(reader, programme, volunteer, asked, asked.day, zone, now)
        else:
            balances, orders = await _wallet_on(reader, programme, volunteer, asked.day, zone)
    if known is None:
        raise Problem(Code.NOT_FOUND)
    return _render_wallet(known, balances, orders, scale, quality, asked)


async def read_statement(
    request: Request,
    response: Response,
    services: Services,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    limit: int,
    after: str | None,
) -> StatementAnswer:
    """A page of the statement, the newest first."""
    before = seq_after(after, _NEWEST)
    english = speaks_english(request.headers.get("accept-language", ""))
    async with services.database.read() as reader:
        lines, more = cut_page(await fetch_statement(reader, programme, volunteer, before, limit + 1), limit)
        texts = await fetch_line_texts(reader, programme, lines, english=english)
    cursor = str(lines[-1].seq) if more else None
    response.headers.update(link_next(request, cursor))
    rendered = [_render_line(line, tell(line.steps, english=english) or texts.get(line.transaction)) for line in lines]
    return StatementAnswer(lines=rendered, next=cursor)


def _render_line(line: StatementLine, explanation: str | None) -> StatementLineAnswer:
    return StatementLineAnswer(
        seq=line.seq,
        transaction_id=format_id("txn", line.transaction),
        kind=line.kind,
        reason=line.reason,
        occurred_at=line.occurred_at,
        recorded_at=line.recorded_at,
        points=line.points,
        pending_points=line.pending_points,
        minutes=line.minutes,
        merchant=line.merchant,
        used_by=line.used_by,
        explanation=explanation,
    )

"""A volunteer's wallet and statement, as the volunteer and those who may look see them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import Request, Response
from pydantic import Field

from app.api.bodies import Answer
from app.api.fields import TransactionRef, VolunteerRef
from app.api.paging import cut_page, link_next, seq_after
from app.api.problems import Problem, speaks_english
from app.api.services import Services
from app.core.accounts import NEVER, AccountKind
from app.core.business_days import business_day
from app.core.codes import Code
from app.core.ids import ProgrammeId, VolunteerId, format_id
from app.core.policies import tell
from app.core.stars import StarScale
from app.core.volunteers import Volunteer, VolunteerStatus
from app.store.orders import OpenOrders, fetch_open_orders
from app.store.programmes import fetch_stars, fetch_zone
from app.store.wallets import (
    Balance,
    StatementLine,
    fetch_balances,
    fetch_lapsed_holds,
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
    explanation: Annotated[
        str | None,
        Field(
            description="How hours became points, in the language of Accept-Language",
            examples=["3 小时 20 分 × 10 分/小时 × 1.2 = 40 分"],
        ),
    ]


class StatementAnswer(Answer):
    """The newest lines first."""

    lines: list[StatementLineAnswer]
    next: str | None


def _free_lapsed(balances: Sequence[Balance], lapsed: Mapping[str, int]) -> Sequence[Balance]:
    """The balances as they are once holds that are over have gone back to their lots."""
    moved = Counter({(row.kind, row.part): row.balance for row in balances})
    for part, points in lapsed.items():
        moved[AccountKind.HELD.value, part] -= points
        moved[AccountKind.WALLET.value, part] += points
    return [Balance(kind, part, balance) for (kind, part), balance in sorted(moved.items()) if balance]


def _render_wallet(
    known: Volunteer, balances: Sequence[Balance], orders: OpenOrders, scale: StarScale, today: date
) -> WalletAnswer:
    live = [row for row in balances if row.kind == AccountKind.WALLET and date.fromisoformat(row.part) >= today]

    def total(kind: AccountKind) -> int:
        return sum(row.balance for row in balances if row.kind == kind)

    minutes = total(AccountKind.HOURS)
    return WalletAnswer(
        volunteer_id=format_id("vol", known.id),
        status=known.status,
        masked_name=known.masked_name,
        available=sum(row.balance for row in live),
        pending=total(AccountKind.PENDING),
        held=total(AccountKind.HELD),
        open_orders=orders.count,
        open_order_points=orders.points,
        debt=total(AccountKind.DEBT),
        minutes=minutes,
        stars=scale.stars(minutes),
        next_star_missing_minutes=scale.missing(minutes),
        lots=[
            LotAnswer(
                expires_on=None if row.part == NEVER.isoformat() else date.fromisoformat(row.part),
                points=row.balance,
            )
            for row in live
        ],
    )


async def read_wallet(services: Services, programme: ProgrammeId, volunteer: VolunteerId) -> WalletAnswer:
    """Spendable points by expiry day. What is past its time counts as ended, lots and holds, booked or not."""
    now = services.clock()
    async with services.database.snapshot() as reader:
        known = await fetch_volunteer_status(reader, programme, volunteer)
        balances = await fetch_balances(reader, programme, volunteer)
        zone = await fetch_zone(reader, programme)
        scale = await fetch_stars(reader, programme)
        lapsed: Mapping[str, int] = {}
        orders = OpenOrders()
        if any(row.kind == AccountKind.HELD for row in balances):
            lapsed = await fetch_lapsed_holds(reader, programme, volunteer, now)
            orders = await fetch_open_orders(reader, programme, volunteer, now)
    if known is None:
        raise Problem(Code.NOT_FOUND)
    return _render_wallet(known, _free_lapsed(balances, lapsed), orders, scale, business_day(now, zone))


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
    async with services.database.read() as reader:
        found = await fetch_statement(reader, programme, volunteer, before, limit + 1)
    lines, more = cut_page(found, limit)
    cursor = str(lines[-1].seq) if more else None
    response.headers.update(link_next(request, cursor))
    english = speaks_english(request.headers.get("accept-language", ""))
    return StatementAnswer(lines=[_render_line(line, english=english) for line in lines], next=cursor)


def _render_line(line: StatementLine, *, english: bool) -> StatementLineAnswer:
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
        explanation=tell(line.steps, english=english) or None,
    )

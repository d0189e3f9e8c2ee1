"""Notices of points about to expire (到期提醒): a stream of its own beside the journal, and each volunteer's own."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import VolunteerRef
from app.api.me import own_id
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, link_next, seq_after
from app.api.problems import speaks_english
from app.api.services import Serves
from app.core.expiry_notices import ExpiryNotice, tell_notice
from app.core.ids import format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.expiry_notices import fetch_notices, fetch_own_notices

router = APIRouter(tags=["Ledger"])
own_router = APIRouter(tags=["Volunteers' own"])

_NEWEST = 2**62

DaysBefore = Annotated[int, Field(description="From which distance it was told: 30 or 7", examples=[30])]
LastDay = Annotated[date, Field(description="The last day on which they can be spent, until 24:00")]


class NoticeAnswer(Answer):
    """A volunteer was told that points are about to expire. `number` has no gaps within the programme."""

    number: Annotated[int, Field(examples=[1])]
    type: Literal["lot-expires.v1"]
    volunteer_id: VolunteerRef
    expires_on: LastDay
    days_before: DaysBefore
    points: Annotated[int, Field(description="As they were when it was told", examples=[120])]
    recorded_at: datetime


class NoticePage(Answer):
    """Notices; `next` is always there: ask again with it, later too."""

    notices: list[NoticeAnswer]
    next: str


class OwnNoticeAnswer(Answer):
    """A notice to its volunteer."""

    number: int
    expires_on: LastDay
    days_before: DaysBefore
    points: int
    text: Annotated[
        str,
        Field(
            description="In the language of Accept-Language",
            examples=["您有 120 积分即将到期，最后可用日为2026年12月31日（当日 24:00 失效）。"],
        ),
    ]
    recorded_at: datetime


class OwnNoticePage(Answer):
    """Notices, the newest first."""

    notices: list[OwnNoticeAnswer]
    next: str | None


def _render(notice: ExpiryNotice) -> NoticeAnswer:
    return NoticeAnswer(
        number=notice.number,
        type="lot-expires.v1",
        volunteer_id=format_id("vol", notice.volunteer),
        expires_on=notice.expires_on,
        days_before=notice.days_before,
        points=notice.points,
        recorded_at=notice.recorded_at,
    )


@router.get(
    "/v1/notices",
    operation_id="listNotices",
    summary="Points about to expire, as events (到期提醒)",
    response_model=NoticePage,
    responses=reads(),
)
async def list_notices(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.EVENTS_READ))],
    limit: Limit = PAGE,
    after: After = None,
) -> NoticePage:
    """Keep `next` and ask again: every notice comes once and in order. Nothing moved, so the journal has no entry."""
    begin = seq_after(after, 0)
    async with services.database.read() as reader:
        found = await fetch_notices(reader, actor.programme, begin, limit)
    cursor = str(found[-1].number if found else begin)
    response.headers.update(link_next(request, cursor))
    return NoticePage(notices=[_render(notice) for notice in found], next=cursor)


@own_router.get(
    "/v1/me/notices",
    operation_id="listOwnNotices",
    summary="Which points are about to expire (到期提醒)",
    response_model=OwnNoticePage,
    responses=reads(),
)
async def list_own_notices(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_READ))],
    limit: Limit = PAGE,
    after: After = None,
) -> OwnNoticePage:
    """The newest first; the points are those of the day on which it was told."""
    before = seq_after(after, _NEWEST)
    async with services.database.read() as reader:
        found = await fetch_own_notices(reader, actor.programme, own_id(actor), before, limit + 1)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].number) if more else None
    response.headers.update(link_next(request, cursor))
    english = speaks_english(request.headers.get("accept-language", ""))
    return OwnNoticePage(
        notices=[
            OwnNoticeAnswer(
                number=notice.number,
                expires_on=notice.expires_on,
                days_before=notice.days_before,
                points=notice.points,
                text=tell_notice(notice.points, notice.expires_on, english=english),
                recorded_at=notice.recorded_at,
            )
            for notice in page
        ],
        next=cursor,
    )

"""Bonuses (奖励积分): what a volunteer was given beside the hours, each told as one sentence."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import TransactionRef, VolunteerRef
from app.api.me import own_id
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves, Services
from app.api.volunteers import find_volunteer, volunteer_named
from app.core.accounts import NEVER
from app.core.bonuses import Bonus, BonusKind, tell_bonus
from app.core.codes import Code
from app.core.honours import HonourLevel
from app.core.ids import BonusId, VolunteerId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.bonuses import fetch_bonus, fetch_bonuses_of
from app.store.wallets import fetch_volunteer_status

router = APIRouter(prefix="/v1", tags=["Service"])

ReadsOwn = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Reads = Annotated[Actor, Depends(Requires(Scope.VOLUNTEERS_READ))]

BonusRef = Annotated[str, Field(pattern="^bon_[0-9a-f]{32}$", examples=["bon_0190c6f0a1b27c3d8e9f00112233aabb"])]
_REFERRED = frozenset((BonusKind.REFERRAL, BonusKind.REFERRAL_WITHDRAWN))
_CAUSES = {BonusKind.START: "vol", **dict.fromkeys(_REFERRED, "vol")}


class BonusAnswer(Answer):
    """A bonus, or one taken back: what brought it, by which policy, and the sentence."""

    id: BonusRef
    kind: BonusKind
    volunteer_id: VolunteerRef
    cause_id: Annotated[
        str,
        Field(description="The honour, or who registered", examples=["hon_0190c6f0a1b27c3d8e9f00112233aabb"]),
    ]
    day: Annotated[date, Field(description="The day whose policy counts")]
    points: Annotated[int, Field(description="Of `…-withdrawn`: what was taken back", examples=[50])]
    level: HonourLevel | None
    expires_on: Annotated[date | None, Field(description="null: never, or taken back")]
    policy_version: str
    transaction_id: TransactionRef
    revokes_id: Annotated[BonusRef | None, Field(description="The bonus that this takes back")]
    sentence_zh: Annotated[str, Field(examples=["市级荣誉奖励 + 50 分（规则 2026-1）"])]
    sentence_en: Annotated[str, Field(examples=["honour of city level + 50 points (policy 2026-1)"])]


class BonusPage(Answer):
    """Bonuses in the order they were settled."""

    bonuses: list[BonusAnswer]
    next: str | None


def _render(bonus: Bonus, *, own: bool) -> BonusAnswer:
    if bonus.transaction is None:
        raise Problem(Code.NOT_FOUND)
    # Who was referred is nobody's business but the programme's: the referrer reads of themselves only.
    cause = bonus.volunteer if own and bonus.kind in _REFERRED else bonus.cause
    return BonusAnswer(
        id=format_id("bon", bonus.id),
        kind=bonus.kind,
        volunteer_id=format_id("vol", bonus.volunteer),
        cause_id=format_id(_CAUSES.get(bonus.kind, "hon"), cause),
        day=bonus.day,
        points=bonus.points,
        level=bonus.level,
        expires_on=None if bonus.expires_on == NEVER else bonus.expires_on,
        policy_version=bonus.policy,
        transaction_id=format_id("txn", bonus.transaction),
        revokes_id=format_id("bon", bonus.revokes) if bonus.revokes else None,
        sentence_zh=tell_bonus(bonus, english=False),
        sentence_en=tell_bonus(bonus, english=True),
    )


async def _page(
    request: Request,
    response: Response,
    services: Services,
    actor: Actor,
    volunteer: VolunteerId,
    limit: int,
    after: str | None,
) -> BonusPage:
    begin = BonusId(id_after("bon", after))
    own = actor.volunteer == volunteer
    async with services.database.read() as reader:
        if await fetch_volunteer_status(reader, actor.programme, volunteer) is None:
            raise Problem(Code.NOT_FOUND)
        found = await fetch_bonuses_of(reader, actor.programme, volunteer, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("bon", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return BonusPage(bonuses=[_render(bonus, own=own) for bonus in page], next=cursor)


async def _find(services: Services, actor: Actor, reference: str) -> Bonus:
    value = parse_id("bon", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    async with services.database.read() as reader:
        found = await fetch_bonus(reader, actor.programme, BonusId(value))
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return found


@router.get(
    "/volunteers/{volunteer_id}/bonuses",
    operation_id="listVolunteerBonuses",
    summary="A volunteer's bonuses (奖励积分)",
    response_model=BonusPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_volunteer_bonuses(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    volunteer_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> BonusPage:
    """Those that brought points, and those that were taken back. An organiser: of their own part only."""
    volunteer = volunteer_named(volunteer_id)
    async with services.database.read() as reader:
        await find_volunteer(reader, actor, volunteer)
    return await _page(request, response, services, actor, volunteer, limit, after)


@router.get(
    "/bonuses/{bonus_id}/explanation",
    operation_id="explainBonus",
    summary="Why a bonus was given (奖励说明)",
    response_model=BonusAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_explanation(services: Serves, actor: Reads, bonus_id: str) -> BonusAnswer:
    """By the policy of its day, whatever the rule says now. An organiser: of their own part only."""
    bonus = await _find(services, actor, bonus_id)
    async with services.database.read() as reader:
        await find_volunteer(reader, actor, bonus.volunteer)
    return _render(bonus, own=False)


@router.get(
    "/me/bonuses",
    operation_id="listOwnBonuses",
    summary="Own bonuses (我的奖励积分)",
    tags=["Volunteers' own"],
    response_model=BonusPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_own_bonuses(
    request: Request, response: Response, services: Serves, actor: ReadsOwn, limit: Limit = PAGE, after: After = None
) -> BonusPage:
    """Each with its sentence. Who was referred is not said."""
    return await _page(request, response, services, actor, own_id(actor), limit, after)


@router.get(
    "/me/bonuses/{bonus_id}/explanation",
    operation_id="explainOwnBonus",
    summary="Why one's own bonus was given (奖励说明)",
    tags=["Volunteers' own"],
    response_model=BonusAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_explanation(services: Serves, actor: ReadsOwn, bonus_id: str) -> BonusAnswer:
    """404 for anybody else's."""
    bonus = await _find(services, actor, bonus_id)
    if bonus.volunteer != own_id(actor):
        raise Problem(Code.NOT_FOUND)
    return _render(bonus, own=True)

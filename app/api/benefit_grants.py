"""Grants of benefits (礼遇授予): where each stands. They are given and revoked with their applications."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.api.access import Requires
from app.api.benefit_fields import BenefitCode
from app.api.bodies import Answer
from app.api.fields import UserRef, VolunteerRef
from app.api.me import own_id
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.round_fields import RoundRef, round_named
from app.api.rounds import NEWEST
from app.api.services import Serves
from app.api.volunteers import volunteer_named
from app.core.codes import Code
from app.core.ids import BenefitGrantId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.grants import GrantStanding, GrantView, fetch_grant, fetch_grants

router = APIRouter(prefix="/v1", tags=["Rounds"])

Reads = Annotated[Actor, Depends(Requires(Scope.GRANTS_READ))]
ReadsOwn = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
GrantRef = Annotated[str, Field(pattern="^bgr_[0-9a-f]{32}$", examples=["bgr_0190c6f0a1b27c3d8e9f00112233aabb"])]


class ConsumedHours(Answer):
    """The hours that the grant has used up: they count for no other one."""

    minutes: int
    since: date
    until: date
    returned: Annotated[bool, Field(description="Given back: it waited in vain, or was a mistake")]


class BenefitGrantAnswer(Answer):
    """A grant, and where it stands now."""

    id: GrantRef
    application_id: Annotated[str, Field(pattern="^app_[0-9a-f]{32}$")]
    volunteer_id: VolunteerRef
    benefit_code: str
    benefit_version: str
    standing: GrantStanding
    round_id: RoundRef | None
    approved_by: UserRef
    approved_at: datetime
    valid_until: Annotated[datetime | None, Field(description="The first moment at which it is over")]
    consumed: ConsumedHours | None
    revoked_at: datetime | None


class BenefitGrantPage(Answer):
    """Grants, the newest application first."""

    grants: list[BenefitGrantAnswer]
    next: str | None


def _render(view: GrantView, at: datetime) -> BenefitGrantAnswer:
    grant, window = view.grant, view.grant.window
    consumed = None
    if window:
        consumed = ConsumedHours(
            minutes=grant.minutes, since=window.since, until=window.until, returned=grant.returned is not None
        )
    return BenefitGrantAnswer(
        id=format_id("bgr", grant.id),
        application_id=format_id("app", grant.application),
        volunteer_id=format_id("vol", grant.volunteer),
        benefit_code=grant.benefit,
        benefit_version=grant.version,
        standing=view.standing_at(at),
        round_id=format_id("rnd", grant.round) if grant.round else None,
        approved_by=format_id("usr", grant.approved_by),
        approved_at=grant.approved_at,
        valid_until=grant.valid_until,
        consumed=consumed,
        revoked_at=grant.revoked_at,
    )


def _begin(after: str | None) -> BenefitGrantId:
    return BenefitGrantId(id_after("bgr", after or f"bgr_{NEWEST}"))


@router.get(
    "/benefit-grants",
    operation_id="listBenefitGrants",
    summary="Grants of benefits (礼遇授予)",
    response_model=BenefitGrantPage,
    responses=reads(),
)
async def list_benefit_grants(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    volunteer_id: VolunteerRef | None = None,
    benefit_code: Annotated[BenefitCode | None, Query(description="Only of this benefit")] = None,
    round_id: RoundRef | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> BenefitGrantPage:
    """All of them, a volunteer's, a benefit's, a round's."""
    async with services.database.read() as reader:
        found = await fetch_grants(
            reader,
            actor.programme,
            _begin(after),
            limit + 1,
            volunteer=volunteer_named(volunteer_id) if volunteer_id else None,
            benefit=benefit_code,
            round_id=round_named(round_id) if round_id else None,
        )
    page, more = cut_page(found, limit)
    cursor = format_id("bgr", page[-1].grant.id) if more else None
    response.headers.update(link_next(request, cursor))
    now = services.clock()
    return BenefitGrantPage(grants=[_render(view, now) for view in page], next=cursor)


@router.get(
    "/benefit-grants/{grant_id}",
    operation_id="getBenefitGrant",
    summary="One grant",
    response_model=BenefitGrantAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_benefit_grant(services: Serves, actor: Reads, grant_id: str) -> BenefitGrantAnswer:
    """Waiting, granted, expired or revoked: as of now."""
    value = parse_id("bgr", grant_id)
    async with services.database.read() as reader:
        view = await fetch_grant(reader, actor.programme, BenefitGrantId(value)) if value else None
    if view is None:
        raise Problem(Code.NOT_FOUND)
    return _render(view, services.clock())


@router.get(
    "/me/benefit-grants",
    operation_id="listOwnBenefitGrants",
    summary="Own grants (我的礼遇)",
    tags=["Volunteers' own"],
    response_model=BenefitGrantPage,
    responses=reads(),
)
async def list_own_benefit_grants(
    request: Request,
    response: Response,
    services: Serves,
    actor: ReadsOwn,
    limit: Limit = PAGE,
    after: After = None,
) -> BenefitGrantPage:
    """With what each has used of one's hours."""
    async with services.database.read() as reader:
        found = await fetch_grants(reader, actor.programme, _begin(after), limit + 1, volunteer=own_id(actor))
    page, more = cut_page(found, limit)
    cursor = format_id("bgr", page[-1].grant.id) if more else None
    response.headers.update(link_next(request, cursor))
    now = services.clock()
    return BenefitGrantPage(grants=[_render(view, now) for view in page], next=cursor)

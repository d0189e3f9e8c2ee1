"""Eligibility (资格核对): of oneself, and of a volunteer for those who review. Nothing is written or decided."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.actions.reaches import may_know_of
from app.api.access import Requires
from app.api.benefit_fields import BenefitCode
from app.api.eligibility_fields import (
    EligibilityAnswer,
    OwnBenefitAnswer,
    OwnBenefitPage,
    render_eligibility,
    render_own,
)
from app.api.me import own_id
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, link_next
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services
from app.api.volunteers import volunteer_named
from app.core.benefits.facts import Facts
from app.core.benefits.model import Benefit
from app.core.business_days import business_day
from app.core.codes import Code
from app.core.ids import ProgrammeId, VolunteerId
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.benefit_facts import fetch_facts, fetch_facts_for
from app.store.benefits import fetch_open_benefit, fetch_open_benefits
from app.store.database import Reader
from app.store.programmes import fetch_zone
from app.store.volunteers import fetch_volunteer

router = APIRouter(prefix="/v1", tags=["Benefits"])

Reads = Annotated[Actor, Depends(Requires(Scope.BENEFITS_READ))]
ReadsOwn = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
AsOf = Annotated[date | None, Query(description="As of the end of this business day, not a later one than today")]

_FIRST_YEAR = 2000


async def _day(reader: Reader, services: Services, programme: ProgrammeId, as_of: date | None) -> date:
    today = business_day(services.clock(), await fetch_zone(reader, programme))
    if as_of and (as_of.year < _FIRST_YEAR or as_of > today):
        detail = f"from {_FIRST_YEAR} to {today.isoformat()}"
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/as_of", detail=detail)])
    return as_of or today


async def _judge(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, code: str, day: date
) -> tuple[Benefit, Facts]:
    benefit = await fetch_open_benefit(reader, programme, code, day)
    facts = await fetch_facts(reader, programme, volunteer, benefit, day) if benefit else None
    if benefit is None or facts is None:
        raise Problem(Code.NOT_FOUND)
    return benefit, facts


@router.get(
    "/me/benefits",
    operation_id="listOwnBenefits",
    summary="Benefits that can be applied for, and whether one is eligible (礼遇)",
    tags=["Volunteers' own"],
    response_model=OwnBenefitPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_own_benefits(
    request: Request,
    response: Response,
    services: Serves,
    actor: ReadsOwn,
    as_of: AsOf = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OwnBenefitPage:
    """Each with what is missing where one is not. The facts are gathered once for all of them."""
    async with services.database.snapshot() as reader:
        day = await _day(reader, services, actor.programme, as_of)
        opened = await fetch_open_benefits(reader, actor.programme, day)
        rows, more = cut_page([one for one in opened if one.code > (after or "")], limit)
        facts = await fetch_facts_for(reader, actor.programme, own_id(actor), rows, day)
    if rows and not facts:
        raise Problem(Code.NOT_FOUND)
    cursor = rows[-1].code if more else None
    response.headers.update(link_next(request, cursor))
    return OwnBenefitPage(benefits=[render_eligibility(one, facts[one.reference]) for one in rows], next=cursor)


@router.get(
    "/me/benefits/{code}",
    operation_id="getOwnBenefit",
    summary="One benefit, and how one stands with it",
    tags=["Volunteers' own"],
    response_model=OwnBenefitAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_benefit(services: Serves, actor: ReadsOwn, code: BenefitCode, as_of: AsOf = None) -> OwnBenefitAnswer:
    """In the version that was in force on the day, with evidence, levels, quota and all that it says."""
    async with services.database.snapshot() as reader:
        day = await _day(reader, services, actor.programme, as_of)
        return render_own(*await _judge(reader, actor.programme, own_id(actor), code, day))


@router.get(
    "/volunteers/{volunteer_id}/benefits/{code}",
    operation_id="getVolunteerEligibility",
    summary="Whether a volunteer fulfils the criteria of a benefit (资格核对)",
    response_model=EligibilityAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_volunteer_eligibility(
    services: Serves, actor: Reads, volunteer_id: str, code: BenefitCode, as_of: AsOf = None
) -> EligibilityAnswer:
    """What the volunteer sees, for those who decide. An organiser: of their own part only."""
    volunteer = volunteer_named(volunteer_id)
    async with services.database.snapshot() as reader:
        found = await fetch_volunteer(reader, actor.programme, volunteer)
        if found is None or not await may_know_of(reader, actor, found.region_code, found.team):
            raise Problem(Code.NOT_FOUND)
        day = await _day(reader, services, actor.programme, as_of)
        return render_eligibility(*await _judge(reader, actor.programme, volunteer, code, day))

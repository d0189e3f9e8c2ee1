"""Stars (星级): those of now, or of any day as known at any moment, with what is missing to the next."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import VolunteerRef
from app.api.me import own_id
from app.api.operations import reads
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services
from app.api.volunteers import Reads, find_volunteer, volunteer_named
from app.core.business_days import business_day, end_of_day
from app.core.codes import Code
from app.core.ids import ProgrammeId, VolunteerId, format_id
from app.core.stars import NOT_EVALUATED
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.evaluations import fetch_quality
from app.store.hours import fetch_minutes, fetch_minutes_effective
from app.store.programmes import fetch_stars, fetch_zone
from app.store.wallets import fetch_volunteer_status

router = APIRouter(prefix="/v1", tags=["Service"])

EffectiveOn = Annotated[date | None, Query(description="What had happened by the end of this business day")]
KnownAt = Annotated[AwareDatetime | None, Query(description="With effective_on: as it was known then")]

_FIRST_YEAR, _LAST_YEAR = 2000, 9000


class StarsAnswer(Answer):
    """The stars of a volunteer. Nothing keeps them: they are read off the minutes, and fall with the hours."""

    volunteer_id: VolunteerRef
    effective_on: Annotated[date, Field(description="By the end of which business day")]
    minutes: Annotated[int, Field(description="Verified minutes of service", examples=[6060])]
    stars: Annotated[int, Field(description="0 where quality is asked for and not reached", examples=[1])]
    quality_average: Annotated[
        int | None, Field(description="Of evaluations, in hundredths; null without any or where it is not asked for")
    ]
    quality_min: Annotated[int | None, Field(description="The least average for any star; null: not asked for")]
    next_star_missing_minutes: Annotated[
        int | None, Field(description="Minutes to the next star; null with the highest", examples=[11940])
    ]
    star_minutes: Annotated[
        list[int], Field(description="The programme's table of today", examples=[[6000, 18000, 36000, 60000, 90000]])
    ]


async def _read(
    services: Services,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    effective_on: date | None,
    known_at: AwareDatetime | None,
) -> StarsAnswer:
    if known_at and not effective_on:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/known_at", detail="needs effective_on")])
    if effective_on and not _FIRST_YEAR <= effective_on.year <= _LAST_YEAR:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/effective_on", detail="from 2000 to 9000")])
    now = services.clock()
    async with services.database.snapshot() as reader:
        if await fetch_volunteer_status(reader, programme, volunteer) is None:
            raise Problem(Code.NOT_FOUND)
        scale = await fetch_stars(reader, programme)
        zone = await fetch_zone(reader, programme)
        minutes = await fetch_minutes(reader, programme, volunteer)
        before = end_of_day(effective_on or business_day(now, zone), zone)
        quality = NOT_EVALUATED
        if scale.quality_min is not None:
            quality = await fetch_quality(reader, programme, volunteer, min(before, known_at or before))
        if effective_on:
            minutes = await fetch_minutes_effective(reader, programme, volunteer, before, known_at or now)
    return StarsAnswer(
        volunteer_id=format_id("vol", volunteer),
        effective_on=effective_on or business_day(now, zone),
        minutes=minutes,
        stars=scale.stars(minutes, quality),
        quality_average=quality.average,
        quality_min=scale.quality_min,
        next_star_missing_minutes=scale.missing(minutes),
        star_minutes=list(scale.thresholds),
    )


@router.get(
    "/me/stars",
    operation_id="getOwnStars",
    summary="Own stars (星级)",
    tags=["Volunteers' own"],
    response_model=StarsAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_stars(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_READ))],
    effective_on: EffectiveOn = None,
    known_at: KnownAt = None,
) -> StarsAnswer:
    """With the minutes that are missing to the next one."""
    return await _read(services, actor.programme, own_id(actor), effective_on, known_at)


@router.get(
    "/volunteers/{volunteer_id}/stars",
    operation_id="getVolunteerStars",
    summary="A volunteer's stars (星级)",
    response_model=StarsAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_volunteer_stars(
    services: Serves,
    actor: Reads,
    volunteer_id: str,
    effective_on: EffectiveOn = None,
    known_at: KnownAt = None,
) -> StarsAnswer:
    """What the volunteer sees. An organiser: of their own part only."""
    volunteer = volunteer_named(volunteer_id)
    async with services.database.read() as reader:
        await find_volunteer(reader, actor, volunteer)
    return await _read(services, actor.programme, volunteer, effective_on, known_at)

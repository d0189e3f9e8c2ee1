"""Rounds in the contract: their terms as they are written, and how they are told to whom."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.api.benefit_fields import BenefitCode
from app.api.bodies import Answer, Body
from app.api.fields import Moment, Name, TeamRef, UserRef
from app.core.ids import RoundId, TeamId, UserId, format_id, parse_id
from app.core.rounds import Round, RoundMode
from app.store.rounds import RoundView

RoundRef = Annotated[str, Field(pattern="^rnd_[0-9a-f]{32}$", examples=["rnd_0190c6f0a1b27c3d8e9f00112233aabb"])]
PlaceRef = Annotated[str, Field(pattern="^plc_[0-9a-f]{32}$", examples=["plc_0190c6f0a1b27c3d8e9f00112233aabb"])]
Count = Annotated[int, Field(ge=1, le=1_000_000, examples=[100])]
Hex = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class EventTimes(Body):
    """When tickets are taken: from `doors_at` to `ends_at`. Until `starts_at` places are given back and move on."""

    doors_at: Moment
    starts_at: Moment
    ends_at: Moment

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """Doors open before it starts, and it ends after that."""
        if not self.doors_at <= self.starts_at < self.ends_at:
            raise ValueError("doors_at, starts_at, ends_at in this order")
        return self


class RoundRequest(Body):
    """The terms of a round of a benefit: a batch, or (with `event`) an event with tickets."""

    benefit_code: BenefitCode
    name_zh: Name
    name_en: Name
    venue_zh: Name | None = None
    venue_en: Name | None = None
    mode: RoundMode
    capacity: Count
    share_bp: Annotated[
        int | None, Field(ge=1, le=10_000, description="At most so many basis points of the registered volunteers")
    ] = None
    person_max: Annotated[int, Field(ge=1, le=100, description="Places of it for one person")] = 1
    year_max: Annotated[
        int | None, Field(ge=1, le=1000, description="Claims and grants of the benefit for one person in a year")
    ] = None
    opens_at: Moment
    closes_at: Moment
    event: EventTimes | None = None
    team_id: Annotated[TeamRef | None, Field(description="Whose people stand at the doors")] = None

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """It opens before it closes, and an event starts after that."""
        if self.opens_at >= self.closes_at:
            raise ValueError("opens_at before closes_at")
        if self.event and self.event.starts_at < self.closes_at:
            raise ValueError("the event starts after closes_at")
        return self


def round_named(reference: str) -> RoundId | None:
    """The round that a path names; None when it names none."""
    value = parse_id("rnd", reference)
    return RoundId(value) if value else None


def terms_of(body: RoundRequest, round_id: RoundId) -> Round:
    """The terms that a body says; the benefit's version is found when it is written."""
    team = parse_id("tea", body.team_id) if body.team_id else None
    return Round(
        id=round_id,
        benefit=body.benefit_code,
        benefit_version="",
        mode=body.mode,
        capacity=body.capacity,
        person_max=body.person_max,
        year_max=body.year_max,
        opens_at=body.opens_at,
        closes_at=body.closes_at,
        doors_at=body.event.doors_at if body.event else None,
        starts_at=body.event.starts_at if body.event else None,
        ends_at=body.event.ends_at if body.event else None,
        team=TeamId(team) if team else None,
    )


def view_of(body: RoundRequest, round_id: RoundId, by: UserId, at: datetime) -> RoundView:
    """A draft as a body says it."""
    return RoundView(
        terms=terms_of(body, round_id),
        name_zh=body.name_zh,
        name_en=body.name_en,
        venue_zh=body.venue_zh or "",
        venue_en=body.venue_en or "",
        share_bp=body.share_bp,
        revision=1,
        created_by=by,
        created_at=at,
    )


class RoundAnswer(Answer):
    """A round, and what is taken of it now."""

    id: RoundRef
    benefit_code: str
    benefit_version: str
    name_zh: str
    name_en: str
    venue_zh: str | None
    venue_en: str | None
    mode: RoundMode
    capacity: int
    share_bp: int | None
    person_max: int
    year_max: int | None
    opens_at: datetime
    closes_at: datetime
    doors_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    team_id: TeamRef | None
    created_by: UserRef
    published_by: UserRef | None
    published_at: datetime | None
    seed_hash: Annotated[Hex | None, Field(description="Of a lottery: SHA-256 of the seed that will be told")]
    entered: int
    waiting: int
    taken: int
    attended: int
    no_shows: Annotated[int, Field(description="Had a place and did not come; 0 before the event is over")]
    drawn_at: datetime | None
    closed_at: datetime | None
    revision: int


class RoundPage(Answer):
    """Rounds, the newest first."""

    rounds: list[RoundAnswer]
    next: str | None


def render_round(view: RoundView, at: datetime) -> RoundAnswer:
    """A round as those who keep it see it."""
    terms, stand = view.terms, view.stand
    return RoundAnswer(
        id=format_id("rnd", terms.id),
        benefit_code=terms.benefit,
        benefit_version=terms.benefit_version,
        name_zh=view.name_zh,
        name_en=view.name_en,
        venue_zh=view.venue_zh or None,
        venue_en=view.venue_en or None,
        mode=terms.mode,
        capacity=stand.capacity if stand else terms.capacity,
        share_bp=view.share_bp,
        person_max=terms.person_max,
        year_max=terms.year_max,
        opens_at=terms.opens_at,
        closes_at=terms.closes_at,
        doors_at=terms.doors_at,
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        team_id=format_id("tea", terms.team) if terms.team else None,
        created_by=format_id("usr", view.created_by),
        published_by=format_id("usr", view.published_by) if view.published_by else None,
        published_at=terms.published_at,
        seed_hash=terms.seed_hash.hex() if terms.seed_hash else None,
        entered=stand.entered if stand else 0,
        waiting=stand.waiting if stand else 0,
        taken=stand.taken if stand else 0,
        attended=view.attended,
        no_shows=view.no_shows(at),
        drawn_at=stand.drawn_at if stand else None,
        closed_at=stand.closed_at if stand else None,
        revision=view.revision,
    )

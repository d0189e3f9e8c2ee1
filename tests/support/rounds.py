"""Rounds and grants on a real database: a benefit, its rounds, and the commands that people send."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import text

from app.core.benefit_grants import GrantQuota
from app.core.benefits.model import Benefit, BenefitKind, Decides, Operator
from app.core.claims import ClaimPlace
from app.core.draws import hash_seed
from app.core.grants import ApproveGrant, Consumption
from app.core.ids import ApplicationId, PlaceId, RoundId, TransactionId, VolunteerId
from app.core.quantities import Minutes
from app.core.rounds import RoundMode, TicketHash
from app.engine.batch import Submission
from app.store.benefits import PublishedBenefit, insert_benefit
from app.store.database import Database
from tests.support.benefits import A_BENEFIT, a_criterion, requires
from tests.support.city_rows import City, named
from tests.support.clocks import START
from tests.support.commands import a_submission

SEED = b"a seed that was fixed before anybody entered"
HOUR = timedelta(hours=1)

TICKETS = replace(
    A_BENEFIT,
    kind=BenefitKind.EVENT_TICKET,
    decides=Decides.AUTOMATIC,
    levels=(),
    window_months=None,
    criteria=(a_criterion(requires("minutes", Operator.AT_LEAST, 60)),),
)
"""Tickets for whoever has served an hour, without anybody deciding."""

_ROUND = text("""
INSERT INTO rounds (programme_id, id, benefit_code, benefit_version, name_zh, name_en, mode, capacity, person_max,
    year_max, opens_at, closes_at, doors_at, starts_at, ends_at, team_id, seed_hash, created_by, created_at,
    published_by, published_at)
VALUES (:programme, :id, :benefit, '2026-1', '音乐会', 'Concert', :mode, :capacity, :person_max, :year_max, :opens_at,
    :closes_at, :doors_at, :starts_at, :ends_at, :team, :seed_hash, :id, :at, :id, :at)
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a round: an event tomorrow, of two places, open for an hour."""

    benefit: str = "concert"
    mode: RoundMode = RoundMode.FIRST_COME
    capacity: int = 2
    person_max: int = 1
    year_max: int | None = None
    opens_at: datetime = START
    open_for: timedelta = HOUR


async def publish_benefit(database: Database, city: City, benefit: Benefit = TICKETS) -> None:
    """The benefit that all rounds here are of."""
    published = PublishedBenefit(
        benefit=benefit,
        created_by=city.recorder,
        reviewed_by=city.verifier,
        published_by=city.recorder,
        published_at=START,
    )
    async with database.begin() as tx:
        assert await insert_benefit(tx, city.programme, published)


async def a_round(database: Database, city: City, terms: Terms | None = None, name: str = "round") -> RoundId:
    """A published round; the same name gives the same id. A reviewed one is no event."""
    terms = terms or Terms()
    round_id = RoundId(named(city.programme, name))
    closes_at = terms.opens_at + terms.open_for
    event = terms.mode is not RoundMode.REVIEWED
    values = {
        "programme": city.programme,
        "id": round_id,
        "benefit": terms.benefit,
        "mode": terms.mode.value,
        "capacity": terms.capacity,
        "person_max": terms.person_max,
        "year_max": terms.year_max,
        "opens_at": terms.opens_at,
        "closes_at": closes_at,
        "doors_at": closes_at + 23 * HOUR if event else None,
        "starts_at": closes_at + 24 * HOUR if event else None,
        "ends_at": closes_at + 26 * HOUR if event else None,
        "team": city.team,
        "seed_hash": hash_seed(SEED) if terms.mode is RoundMode.LOTTERY else None,
        "at": START,
    }
    async with database.begin() as tx:
        await tx.execute(_ROUND, values)
    return round_id


def place_of(name: object) -> PlaceId:
    """The place that goes with a name."""
    return PlaceId(named("place", name))


def ticket_of(place: PlaceId) -> TicketHash:
    """The hash of a place's ticket."""
    return TicketHash(named("ticket", place).bytes)


def a_claim(volunteer: VolunteerId, round_id: RoundId, name: object, *, eligible: bool = True) -> Submission:
    """A claim on a round."""
    place = place_of(name)
    claim = ClaimPlace(
        place=place,
        round=round_id,
        volunteer=volunteer,
        code=ticket_of(place),
        eligible=eligible,
        facts_hash=bytes(32),
    )
    return a_submission(claim, f"claim {name}")


def an_approval(
    city: City,
    volunteer: VolunteerId,
    name: object,
    *,
    round_id: RoundId | None = None,
    minutes: int = 0,
    since: date = date(2025, 3, 2),
    until: date = date(2026, 3, 2),
    quota: GrantQuota | None = None,
    stars: int = 0,
    valid_until: datetime | None = None,
) -> ApproveGrant:
    """An application that people have approved."""
    application = ApplicationId(named("application", name))
    return ApproveGrant(
        application=application,
        transaction=TransactionId(named("granted", name)),
        volunteer=volunteer,
        benefit="concert",
        version="2026-1",
        facts_hash=bytes(32),
        approved_by=city.verifier,
        submitted_at=START,
        valid_until=valid_until,
        quota=quota or GrantQuota(),
        consumes=Consumption(minutes=Minutes(minutes), since=since, until=until) if minutes else None,
        round=round_id,
        stars=stars,
    )

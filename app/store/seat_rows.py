"""How rounds, places and grants stand in their tables: the columns, and the values read from them."""

from asyncpg import Record
from sqlalchemy import RowMapping

from app.core.benefit_grants import BenefitGrant, GrantState
from app.core.ids import BenefitGrantId, PlaceId, RoundId, TeamId, VolunteerId
from app.core.rounds import Place, PlaceState, Round, RoundMode, RoundStand, TicketHash

ROUND_COLUMNS = """r.id, r.benefit_code, r.benefit_version, r.mode, r.capacity, r.person_max, r.year_max, r.opens_at,
    r.closes_at, r.doors_at, r.starts_at, r.ends_at, r.team_id, r.seed_hash, r.published_at"""
STAND_COLUMNS = """s.round_id, s.capacity AS seats_in_all, s.entered, s.waiting, s.taken, s.number AS last_number,
    s.seats, s.freed, s.drawn_at, s.seed, s.closed_at"""
PLACE_COLUMNS = """p.id, p.round_id, p.volunteer_id, p.state, p.number, p.claimed_at, p.facts_hash, p.submitted_at,
    p.stars, p.minutes, p.drawn, p.grant_id, p.code_hash, p.seat, p.held_at, p.ended_at, p.attended_at, p.door"""
GRANT_COLUMNS = """g.id, g.state, g.application_id, g.volunteer_id, g.benefit_code, g.benefit_version, g.facts_hash,
    g.approved_by, g.approved_at, g.valid_until, g.round_id, g.minutes, g.since_on, g.until_on, g.transaction_id,
    g.counted, g.revoked_at, g.revoked_by, g.returned_id"""
LINE = "coalesce(p.drawn, 0), p.stars DESC, p.minutes DESC, p.submitted_at, p.number"
"""The order in which those who wait move up: `Place.rank`."""

SeatRecord = Record | RowMapping
"""A row of either driver, by the names above."""


def read_round(row: SeatRecord) -> Round:
    """A round's terms."""
    return Round(
        id=RoundId(row["id"]),
        benefit=row["benefit_code"],
        benefit_version=row["benefit_version"],
        mode=RoundMode(row["mode"]),
        capacity=row["capacity"],
        person_max=row["person_max"],
        year_max=row["year_max"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        doors_at=row["doors_at"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        team=TeamId(row["team_id"]) if row["team_id"] else None,
        seed_hash=row["seed_hash"],
        published_at=row["published_at"],
    )


def read_stand(row: SeatRecord) -> RoundStand:
    """What is taken of a round."""
    return RoundStand(
        round=RoundId(row["round_id"]),
        capacity=row["seats_in_all"],
        entered=row["entered"],
        waiting=row["waiting"],
        taken=row["taken"],
        number=row["last_number"],
        seats=row["seats"],
        freed=tuple(row["freed"]),
        drawn_at=row["drawn_at"],
        seed=row["seed"],
        closed_at=row["closed_at"],
    )


def read_place(row: SeatRecord) -> Place:
    """A place."""
    return Place(
        id=PlaceId(row["id"]),
        round=RoundId(row["round_id"]),
        volunteer=VolunteerId(row["volunteer_id"]),
        state=PlaceState(row["state"]),
        number=row["number"],
        claimed_at=row["claimed_at"],
        facts_hash=row["facts_hash"],
        submitted_at=row["submitted_at"],
        stars=row["stars"],
        minutes=row["minutes"],
        drawn=row["drawn"],
        grant=BenefitGrantId(row["grant_id"]) if row["grant_id"] else None,
        code=TicketHash(row["code_hash"]) if row["code_hash"] else None,
        seat=row["seat"],
        held_at=row["held_at"],
        ended_at=row["ended_at"],
        attended_at=row["attended_at"],
        door=row["door"],
    )


def read_grant(row: SeatRecord) -> BenefitGrant:
    """A grant."""
    return BenefitGrant(
        id=BenefitGrantId(row["id"]),
        state=GrantState(row["state"]),
        application=row["application_id"],
        volunteer=VolunteerId(row["volunteer_id"]),
        benefit=row["benefit_code"],
        version=row["benefit_version"],
        facts_hash=row["facts_hash"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
        valid_until=row["valid_until"],
        round=RoundId(row["round_id"]) if row["round_id"] else None,
        minutes=row["minutes"],
        since=row["since_on"],
        until=row["until_on"],
        transaction=row["transaction_id"],
        counted=row["counted"],
        revoked_at=row["revoked_at"],
        revoked_by=row["revoked_by"],
        returned=row["returned_id"],
    )

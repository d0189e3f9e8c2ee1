"""Writing what a batch leaves of rounds, places and grants: one array statement per kind."""

from collections.abc import Sequence

from app.core.benefit_grants import BenefitGrant, SeatRow
from app.core.ids import ProgrammeId
from app.core.rounds import Place, RoundStand
from app.store.database import BatchConnection

_STANDS = """
INSERT INTO round_stands (programme_id, round_id, capacity, entered, waiting, taken, number, seats, freed, drawn_at,
                          seed, closed_at)
SELECT $1, t.round_id, t.capacity, t.entered, t.waiting, t.taken, t.number, t.seats, t.freed::int[], t.drawn_at, t.seed,
       t.closed_at
FROM unnest($2::uuid[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $9::text[],
            $10::timestamptz[], $11::bytea[], $12::timestamptz[])
     AS t (round_id, capacity, entered, waiting, taken, number, seats, freed, drawn_at, seed, closed_at)
ON CONFLICT (programme_id, round_id) DO UPDATE SET capacity = excluded.capacity, entered = excluded.entered,
    waiting = excluded.waiting, taken = excluded.taken, number = excluded.number, seats = excluded.seats,
    freed = excluded.freed, drawn_at = excluded.drawn_at, seed = excluded.seed, closed_at = excluded.closed_at
"""


async def _write_stands(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[RoundStand]) -> None:
    await connection.execute(
        _STANDS,
        programme,
        [row.round for row in rows],
        [row.capacity for row in rows],
        [row.entered for row in rows],
        [row.waiting for row in rows],
        [row.taken for row in rows],
        [row.number for row in rows],
        [row.seats for row in rows],
        [f"{{{','.join(map(str, row.freed))}}}" for row in rows],
        [row.drawn_at for row in rows],
        [row.seed for row in rows],
        [row.closed_at for row in rows],
    )


_GRANTS = """
INSERT INTO benefit_grants (programme_id, id, state, application_id, volunteer_id, benefit_code, benefit_version,
                            facts_hash, approved_by, approved_at, valid_until, round_id, minutes, since_on, until_on,
                            transaction_id, counted, revoked_at, revoked_by, returned_id)
SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::bytea[],
                           $9::uuid[], $10::timestamptz[], $11::timestamptz[], $12::uuid[], $13::int[], $14::date[],
                           $15::date[], $16::uuid[], $17::boolean[], $18::timestamptz[], $19::text[],
                           $20::uuid[]) AS t
ON CONFLICT (programme_id, id) DO UPDATE SET state = excluded.state, counted = excluded.counted,
    revoked_at = excluded.revoked_at, revoked_by = excluded.revoked_by, returned_id = excluded.returned_id
"""


async def _write_grants(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[BenefitGrant]) -> None:
    await connection.execute(
        _GRANTS,
        programme,
        [row.id for row in rows],
        [row.state.value for row in rows],
        [row.application for row in rows],
        [row.volunteer for row in rows],
        [row.benefit for row in rows],
        [row.version for row in rows],
        [row.facts_hash for row in rows],
        [row.approved_by for row in rows],
        [row.approved_at for row in rows],
        [row.valid_until for row in rows],
        [row.round for row in rows],
        [row.minutes for row in rows],
        [row.since for row in rows],
        [row.until for row in rows],
        [row.transaction for row in rows],
        [row.counted for row in rows],
        [row.revoked_at for row in rows],
        [row.revoked_by for row in rows],
        [row.returned for row in rows],
    )


_PLACES = """
INSERT INTO places (programme_id, id, round_id, volunteer_id, state, number, claimed_at, facts_hash, submitted_at,
                    stars, minutes, drawn, grant_id, code_hash, seat, held_at, ended_at, attended_at, door)
SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::timestamptz[], $8::bytea[],
                           $9::timestamptz[], $10::smallint[], $11::int[], $12::int[], $13::uuid[], $14::bytea[],
                           $15::int[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::text[]) AS t
ON CONFLICT (programme_id, id) DO UPDATE SET state = excluded.state, drawn = excluded.drawn, seat = excluded.seat,
    held_at = excluded.held_at, ended_at = excluded.ended_at, attended_at = excluded.attended_at, door = excluded.door
"""


async def _write_places(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Place]) -> None:
    """Those without a seat first: a seat given up is free before somebody else has it."""
    listed = sorted(rows, key=lambda row: row.seat is not None)
    await connection.execute(
        _PLACES,
        programme,
        [row.id for row in listed],
        [row.round for row in listed],
        [row.volunteer for row in listed],
        [row.state.value for row in listed],
        [row.number for row in listed],
        [row.claimed_at for row in listed],
        [row.facts_hash for row in listed],
        [row.submitted_at for row in listed],
        [row.stars for row in listed],
        [row.minutes for row in listed],
        [row.drawn for row in listed],
        [row.grant for row in listed],
        [row.code for row in listed],
        [row.seat for row in listed],
        [row.held_at for row in listed],
        [row.ended_at for row in listed],
        [row.attended_at for row in listed],
        [row.door for row in listed],
    )


async def write_seats(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[SeatRow]) -> None:
    """Write the last state of each."""
    if stands := {row.round: row for row in rows if isinstance(row, RoundStand)}:
        await _write_stands(connection, programme, list(stands.values()))
    if grants := {row.id: row for row in rows if isinstance(row, BenefitGrant)}:
        await _write_grants(connection, programme, list(grants.values()))
    if places := {row.id: row for row in rows if isinstance(row, Place)}:
        await _write_places(connection, programme, list(places.values()))

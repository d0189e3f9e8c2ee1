"""Bonuses and penalties fetched and written by whole batches: one array statement per kind."""

from collections.abc import Collection, Sequence
from datetime import date

from app.core.bonuses import Bonus, BonusKey, BonusKind
from app.core.honours import HonourLevel
from app.core.ids import PenaltyId, ProgrammeId, VolunteerId
from app.core.penalties import Penalty, PenaltyState
from app.store.database import BatchConnection

_BONUSES = """
SELECT b.id, b.kind, b.cause_id, b.volunteer_id, b.day, b.points, b.policy, b.level, b.expires_on, b.transaction_id,
       b.revokes_id
FROM unnest($2::text[], $3::uuid[]) AS k (kind, cause)
CROSS JOIN LATERAL (
    SELECT * FROM bonuses WHERE programme_id = $1 AND kind = k.kind AND cause_id = k.cause LIMIT 1
) b
"""


async def fetch_bonuses(
    connection: BatchConnection, programme: ProgrammeId, keys: Collection[BonusKey]
) -> dict[BonusKey, Bonus]:
    """How these causes were settled."""
    listed = list(keys)
    rows = await connection.fetch(
        _BONUSES, programme, [key.kind.value for key in listed], [key.cause for key in listed]
    )
    found = [
        Bonus(
            id=row["id"],
            kind=BonusKind(row["kind"]),
            cause=row["cause_id"],
            volunteer=row["volunteer_id"],
            day=row["day"],
            points=row["points"],
            policy=row["policy"],
            level=HonourLevel(row["level"]) if row["level"] else None,
            expires_on=row["expires_on"],
            transaction=row["transaction_id"],
            revokes=row["revokes_id"],
        )
        for row in rows
    ]
    return {bonus.key: bonus for bonus in found}


_INSERT = """
INSERT INTO bonuses (programme_id, id, kind, cause_id, volunteer_id, day, points, policy, level, expires_on,
                     transaction_id, revokes_id)
SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::date[], $7::bigint[], $8::text[],
                           $9::text[], $10::date[], $11::uuid[], $12::uuid[]) AS t
"""


async def insert_bonuses(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Bonus]) -> None:
    """Append how causes were settled."""
    await connection.execute(
        _INSERT,
        programme,
        [row.id for row in rows],
        [row.kind.value for row in rows],
        [row.cause for row in rows],
        [row.volunteer for row in rows],
        [row.day for row in rows],
        [row.points for row in rows],
        [row.policy for row in rows],
        [row.level.value if row.level else None for row in rows],
        [row.expires_on for row in rows],
        [row.transaction for row in rows],
        [row.revokes for row in rows],
    )


_CLAIMS = """
INSERT INTO start_claims (programme_id, volunteer_id, day)
SELECT $1, t.* FROM unnest($2::uuid[], $3::date[]) AS t
"""


async def insert_start_claims(
    connection: BatchConnection, programme: ProgrammeId, claims: Sequence[tuple[VolunteerId, date]]
) -> None:
    """Note that registrations of these days are to bring their grants."""
    if claims:
        await connection.execute(_CLAIMS, programme, *map(list, zip(*claims, strict=True)))


_PENALTIES = """
SELECT id, state, volunteer_id, team_id, record_id, code, policy, happened_on, imposed_by, confirmed_by, count, points,
       appeal_until, appealed_at, answered_by, transaction_id
FROM penalties WHERE programme_id = $1 AND id = ANY($2) ORDER BY id FOR UPDATE
"""


async def fetch_penalties(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[PenaltyId]
) -> dict[PenaltyId, Penalty]:
    """These penalties, kept from appeals until the batch ends: one that is being appealed is waited for."""
    rows = await connection.fetch(_PENALTIES, programme, list(ids))
    return {
        row["id"]: Penalty(
            id=row["id"],
            state=PenaltyState(row["state"]),
            volunteer=row["volunteer_id"],
            team=row["team_id"],
            record=row["record_id"],
            code=row["code"],
            policy=row["policy"],
            happened_on=row["happened_on"],
            imposed_by=row["imposed_by"],
            confirmed_by=row["confirmed_by"],
            count=row["count"],
            points=row["points"],
            appeal_until=row["appeal_until"],
            appealed_at=row["appealed_at"],
            answered_by=row["answered_by"],
            transaction=row["transaction_id"],
        )
        for row in rows
    }


_UPDATE = """
UPDATE penalties p SET
    state = ($3::text[])[array_position($2, p.id)],
    transaction_id = ($4::uuid[])[array_position($2, p.id)]
WHERE p.programme_id = $1 AND p.id = ANY($2::uuid[])
"""


async def update_penalties(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Penalty]) -> None:
    """Write what commands change of penalties: the state, and the transaction that posted them."""
    await connection.execute(
        _UPDATE,
        programme,
        [row.id for row in rows],
        [row.state.value for row in rows],
        [row.transaction for row in rows],
    )

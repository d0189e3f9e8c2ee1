"""Grants from the pool and family links, fetched and written by whole batches: one array statement per kind."""

from collections.abc import Collection, Sequence

from asyncpg import Record

from app.core.family_links import FamilyKey, FamilyLink, FamilyLinkState, Kinship
from app.core.ids import PoolGrantId, ProgrammeId
from app.core.pool_grants import GrantPurpose, PoolGrant, PoolGrantState
from app.store.database import BatchConnection

_GRANTS = """
SELECT id, state, volunteer_id, points, purpose, reference, proposed_by, proposed_at, decided_by, decided_at,
       expires_on, transaction_id
FROM pool_grants WHERE programme_id = $1 AND id = ANY($2)
"""


def _grant(row: Record) -> PoolGrant:
    return PoolGrant(
        id=row["id"],
        state=PoolGrantState(row["state"]),
        volunteer=row["volunteer_id"],
        points=row["points"],
        purpose=GrantPurpose(row["purpose"]),
        reference=row["reference"],
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        expires_on=row["expires_on"],
        transaction=row["transaction_id"],
    )


async def fetch_pool_grants(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[PoolGrantId]
) -> dict[PoolGrantId, PoolGrant]:
    """These grants."""
    found = map(_grant, await connection.fetch(_GRANTS, programme, list(ids)))
    return {grant.id: grant for grant in found}


_DECIDE = """
UPDATE pool_grants g SET
    state = ($3::text[])[array_position($2, g.id)],
    decided_by = ($4::uuid[])[array_position($2, g.id)],
    decided_at = ($5::timestamptz[])[array_position($2, g.id)],
    expires_on = ($6::date[])[array_position($2, g.id)],
    transaction_id = ($7::uuid[])[array_position($2, g.id)]
WHERE g.programme_id = $1 AND g.id = ANY($2::uuid[])
"""


async def update_pool_grants(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[PoolGrant]) -> None:
    """Write what was decided of grants."""
    await connection.execute(
        _DECIDE,
        programme,
        [row.id for row in rows],
        [row.state.value for row in rows],
        [row.decided_by for row in rows],
        [row.decided_at for row in rows],
        [row.expires_on for row in rows],
        [row.transaction for row in rows],
    )


_FAMILY = """
SELECT l.id, l.state, l.owner_id, l.member_id, l.kinship, l.monthly_points, l.proposed_at, l.changed_at
FROM unnest($2::uuid[], $3::uuid[]) AS k (owner, member)
CROSS JOIN LATERAL (
    SELECT * FROM family_links
    WHERE programme_id = $1 AND owner_id = k.owner AND member_id = k.member AND state <> 'ended' LIMIT 1
) l
"""


async def fetch_family(
    connection: BatchConnection, programme: ProgrammeId, keys: Collection[FamilyKey]
) -> dict[FamilyKey, FamilyLink]:
    """The links between these people that are not ended."""
    listed = list(keys)
    rows = await connection.fetch(_FAMILY, programme, [key.owner for key in listed], [key.member for key in listed])
    return {
        FamilyKey(row["owner_id"], row["member_id"]): FamilyLink(
            id=row["id"],
            state=FamilyLinkState(row["state"]),
            owner=row["owner_id"],
            member=row["member_id"],
            kinship=Kinship(row["kinship"]),
            monthly_points=row["monthly_points"],
            proposed_at=row["proposed_at"],
            changed_at=row["changed_at"],
        )
        for row in rows
    }

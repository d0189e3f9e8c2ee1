"""The pool as people read it: what it holds, what was given to it, and the grants from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.ids import NOBODY, PoolGrantId, ProgrammeId, TransactionId, VolunteerId
from app.core.pool_grants import GrantPurpose, PoolGrant, PoolGrantState
from app.store.database import Reader, Tx

_COLUMNS = """id, state, volunteer_id AS volunteer, points, purpose, reference, proposed_by, proposed_at, decided_by,
       decided_at, expires_on, transaction_id AS transaction"""


def _grant(row: RowMapping) -> PoolGrant:
    return PoolGrant(**{**row, "state": PoolGrantState(row["state"]), "purpose": GrantPurpose(row["purpose"])})


_INSERT = text("""
INSERT INTO pool_grants (programme_id, id, state, volunteer_id, points, purpose, reference, proposed_by, proposed_at)
VALUES (:programme, :id, :state, :volunteer, :points, :purpose, :reference, :proposed_by, :proposed_at)
""")


async def insert_pool_grant(tx: Tx, programme: ProgrammeId, grant: PoolGrant) -> None:
    """Add a proposal."""
    values = {
        "programme": programme,
        "id": grant.id,
        "state": grant.state.value,
        "volunteer": grant.volunteer,
        "points": grant.points,
        "purpose": grant.purpose.value,
        "reference": grant.reference,
        "proposed_by": grant.proposed_by,
        "proposed_at": grant.proposed_at,
    }
    await tx.execute(_INSERT, values)


_FETCH = text(f"SELECT {_COLUMNS} FROM pool_grants WHERE programme_id = :programme AND id = :id")


async def fetch_pool_grant(reader: Reader, programme: ProgrammeId, grant: PoolGrantId) -> PoolGrant | None:
    """One grant."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": grant})).mappings().one_or_none()
    return _grant(row) if row else None


_LIST = text(f"""
SELECT {_COLUMNS} FROM pool_grants
WHERE programme_id = :programme AND id > :after AND (CAST(:state AS text) IS NULL OR state = :state)
  AND (CAST(:volunteer AS uuid) IS NULL OR volunteer_id = :volunteer)
ORDER BY id LIMIT :limit
""")


async def fetch_pool_grants_listed(
    reader: Reader,
    programme: ProgrammeId,
    after: PoolGrantId,
    limit: int,
    *,
    state: PoolGrantState | None = None,
    volunteer: VolunteerId | None = None,
) -> Sequence[PoolGrant]:
    """The grants after a given one, in the order they were proposed; those in a state, for a volunteer."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "state": state.value if state else None,
        "volunteer": volunteer,
    }
    return [_grant(row) for row in (await reader.execute(_LIST, values)).mappings()]


@dataclass(frozen=True, slots=True)
class PoolView:
    """What the pool holds, and what proposals ask of it."""

    points: int
    granted: int
    proposed: int


_POOL = text("""
SELECT coalesce((SELECT balance FROM accounts WHERE programme_id = :programme AND owner_id = :nobody
                 AND kind = 'pool' AND part = ''), 0)::bigint,
       coalesce(sum(points) FILTER (WHERE state = 'granted'), 0)::bigint,
       coalesce(sum(points) FILTER (WHERE state = 'proposed'), 0)::bigint
FROM pool_grants WHERE programme_id = :programme
""")


async def fetch_pool(reader: Reader, programme: ProgrammeId) -> PoolView:
    """The pool as it is now."""
    return PoolView(*(await reader.execute(_POOL, {"programme": programme, "nobody": NOBODY})).one())


@dataclass(frozen=True, slots=True)
class Donation:
    """Points that a volunteer gave to the pool."""

    seq: int
    transaction: TransactionId
    points: int
    occurred_at: datetime


_DONATIONS = text("""
WITH pool AS (
    SELECT account_no FROM accounts
    WHERE programme_id = :programme AND owner_id = :nobody AND kind = 'pool' AND part = ''
), own AS (
    SELECT account_no FROM accounts WHERE programme_id = :programme AND owner_id = :volunteer AND kind = 'wallet'
), given AS (
    SELECT t.seq, sum(t.amount)::bigint AS points FROM own o
    JOIN transfers t ON t.programme_id = :programme AND t.debit_account_no = o.account_no AND t.seq < :before
    JOIN pool p ON p.account_no = t.credit_account_no
    GROUP BY t.seq ORDER BY t.seq DESC LIMIT :limit
)
SELECT g.seq, x.id, g.points, x.occurred_at FROM given g
JOIN transactions x ON x.programme_id = :programme AND x.seq = g.seq
ORDER BY g.seq DESC
""")


async def fetch_own_donations(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, before: int, limit: int
) -> Sequence[Donation]:
    """A volunteer's gifts before a sequence number, the newest first."""
    values = {
        "programme": programme,
        "nobody": NOBODY,
        "volunteer": volunteer,
        "before": before,
        "limit": limit,
    }
    return [Donation(*row) for row in await reader.execute(_DONATIONS, values)]

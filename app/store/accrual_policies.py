"""Published versions of the accrual policy. They are appended, never edited: a trigger refuses it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.core.ids import ProgrammeId, UserId
from app.core.policies import AccrualPolicy
from app.core.quantities import Instant
from app.store.database import Reader, Tx
from app.store.policy_bodies import POLICY_COLUMNS, encode_policy, read_policy

_LIST = text(f"SELECT {POLICY_COLUMNS} FROM accrual_policies WHERE programme_id = :programme ORDER BY effective_from")


async def fetch_policies(reader: Reader | Tx, programme: ProgrammeId) -> Sequence[AccrualPolicy]:
    """All versions, in the order in which they came into force."""
    rows = await reader.execute(_LIST, {"programme": programme})
    return [read_policy(*row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Who wrote a version last, reviewed it and published it, and when."""

    created_by: UserId
    created_at: Instant
    reviewed_by: UserId | None = None
    published_by: UserId | None = None


_INSERT = text("""
INSERT INTO accrual_policies (programme_id, version, effective_from, rate_per_hour, coefficients_bp, body,
                              unlock_minutes, created_by, created_at, reviewed_by, published_by)
VALUES (:programme, :version, :effective_from, :rate, CAST(:coefficients AS json), CAST(:body AS json), :unlock,
        :created_by, :created_at, :reviewed_by, :published_by)
ON CONFLICT DO NOTHING RETURNING version
""")


async def insert_policy(tx: Tx, programme: ProgrammeId, policy: AccrualPolicy, publication: Publication) -> bool:
    """Add a version; False when there is one of that name or day."""
    values = {
        "programme": programme,
        "version": policy.version,
        "effective_from": policy.effective_from,
        "rate": policy.rate_per_hour,
        "coefficients": json.dumps({str(level): bp for level, bp in policy.coefficients_bp.items()}),
        "body": encode_policy(policy),
        "unlock": policy.unlock_minutes,
        "created_by": publication.created_by,
        "created_at": publication.created_at,
        "reviewed_by": publication.reviewed_by,
        "published_by": publication.published_by,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None

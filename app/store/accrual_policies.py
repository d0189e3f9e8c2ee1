"""Accrual policies as the control plane adds and lists them."""

import json
from collections.abc import Sequence

from sqlalchemy import text

from app.core.ids import ProgrammeId, UserId
from app.core.policies import AccrualPolicy
from app.core.quantities import Instant
from app.store.database import Reader, Tx

_LIST = text("""
SELECT version, effective_from, rate_per_hour, CAST(coefficients_bp AS text) FROM accrual_policies
WHERE programme_id = :programme ORDER BY effective_from
""")


async def fetch_policies(reader: Reader, programme: ProgrammeId) -> Sequence[AccrualPolicy]:
    """All versions, in the order in which they came into force."""
    return [
        AccrualPolicy(
            version=version,
            effective_from=effective_from,
            rate_per_hour=rate,
            coefficients_bp={int(level): bp for level, bp in json.loads(coefficients).items()},
        )
        for version, effective_from, rate, coefficients in await reader.execute(_LIST, {"programme": programme})
    ]


_INSERT = text("""
INSERT INTO accrual_policies (programme_id, version, effective_from, rate_per_hour, coefficients_bp, created_by,
                              created_at)
VALUES (:programme, :version, :effective_from, :rate, CAST(:coefficients AS json), :created_by, :created_at)
ON CONFLICT DO NOTHING RETURNING version
""")


async def insert_policy(
    tx: Tx, programme: ProgrammeId, policy: AccrualPolicy, created_by: UserId, created_at: Instant
) -> bool:
    """Add a version; False when there is one of that name or day."""
    values = {
        "programme": programme,
        "version": policy.version,
        "effective_from": policy.effective_from,
        "rate": policy.rate_per_hour,
        "coefficients": json.dumps({str(level): bp for level, bp in policy.coefficients_bp.items()}),
        "created_by": created_by,
        "created_at": created_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None

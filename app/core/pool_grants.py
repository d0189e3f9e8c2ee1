"""Grants from the pool (积分池) as rows: what was proposed for whom and why, and what became of it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.ids import PoolGrantId, TransactionId, UserId, VolunteerId
from app.core.quantities import Instant, Points


class GrantPurpose(StrEnum):
    """What the pool is there for."""

    HARDSHIP = "hardship"
    ELDERLY_CARE = "elderly-care"
    RECOGNITION = "recognition"
    EMERGENCY = "emergency"


class PoolGrantState(StrEnum):
    """Proposed by one; granted by another, or cancelled by either side."""

    PROPOSED = "proposed"
    GRANTED = "granted"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolGrant:
    """Points of the pool for one volunteer. `reference` is the paper behind it, kept beside the ledger."""

    id: PoolGrantId
    state: PoolGrantState
    volunteer: VolunteerId
    points: Points
    purpose: GrantPurpose
    reference: str
    proposed_by: UserId
    proposed_at: Instant
    decided_by: UserId | None = None
    decided_at: Instant | None = None
    expires_on: date | None = None
    transaction: TransactionId | None = None

"""Accrual policies: how verified minutes become points. Versions are appended, never edited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.core.quantities import Minutes, Points

_DIVISOR = 600_000
"""60 minutes an hour times 10,000 basis points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualPolicy:
    """One version of the accrual rule, in force for service that begins on `effective_from` or later."""

    version: str
    effective_from: date
    rate_per_hour: int
    coefficients_bp: Mapping[int, int]
    """Basis points by the level of the activity (1 simple, 2 skilled, 3 professional or risky)."""

    def points_of(self, minutes: Minutes, level: int) -> Points:
        """Points for one record: `floor(minutes x rate x coefficient / 600000)` (DOMAIN.md 2.6).

        Rounds down once per record; the residue below a point is dropped.
        """
        return Points(minutes * self.rate_per_hour * self.coefficients_bp[level] // _DIVISOR)


def policy_on(policies: tuple[AccrualPolicy, ...], day: date, level: int) -> AccrualPolicy | None:
    """The policy in force on a day for a level of activity; None when there is none yet."""
    in_force = [policy for policy in policies if policy.effective_from <= day and level in policy.coefficients_bp]
    return max(in_force, key=lambda policy: (policy.effective_from, policy.version), default=None)

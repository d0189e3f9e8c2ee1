"""The steps by which a record became points: kept with the accrual, so that it can be told later without the rule."""

from enum import StrEnum
from typing import NamedTuple


class StepKind(StrEnum):
    """What one step did. A kind is never renamed: stored accruals name it."""

    MINUTES = "minutes"
    UNIT = "unit"
    CAP_ACTIVITY = "cap-activity"
    CAP_DAY = "cap-day"
    CAP_YEAR = "cap-year"
    SCALE = "scale"
    RATE = "rate"
    LEVEL = "level"
    CATEGORY = "category"
    ORGANISER = "organiser"
    WINDOW = "window"
    RULE = "rule"
    RULE_FAILED = "rule-failed"
    OVERLAY = "overlay"
    OVERLAY_CUT = "overlay-cut"
    EARNED = "earned"
    PER_SERVICE = "per-service"
    RULE_POINTS = "rule-points"
    FIRST_SERVICE = "first-service"
    CAP_DAY_POINTS = "cap-day-points"
    CAP_YEAR_POINTS = "cap-year-points"
    CAP_BALANCE = "cap-balance"
    CREDITED = "credited"


COEFFICIENTS = frozenset(
    (
        StepKind.LEVEL,
        StepKind.CATEGORY,
        StepKind.ORGANISER,
        StepKind.WINDOW,
        StepKind.RULE,
        StepKind.OVERLAY,
    )
)
"""Steps whose value is a coefficient in basis points."""


class Step(NamedTuple):
    """One step: a figure (minutes, basis points or points, by its kind), a divisor for scales, a name if it has one."""

    kind: StepKind
    value: int
    per: int = 1
    name: str = ""

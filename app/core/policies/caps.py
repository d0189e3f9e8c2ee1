"""Counting minutes and points up to a policy's caps. What is above is not lost as hours; it earns nothing."""

from collections.abc import Iterable

from app.core.policies.model import AccrualPolicy
from app.core.policies.service import Service, Standing
from app.core.policies.steps import Step, StepKind
from app.core.quantities import Minutes, Points


def count_minutes(policy: AccrualPolicy, service: Service, standing: Standing) -> tuple[Minutes, list[Step]]:
    """The minutes of a record that count: whole units, then what the caps have left. A step for each that cuts."""
    counted = service.minutes // policy.unit_minutes * policy.unit_minutes
    steps = [Step(StepKind.MINUTES, service.minutes)]
    if counted < service.minutes:
        steps.append(Step(StepKind.UNIT, counted, policy.unit_minutes))
    caps = policy.caps
    limits = (
        (StepKind.CAP_ACTIVITY, caps.activity_minutes, standing.activity_minutes),
        (StepKind.CAP_DAY, caps.day_minutes, standing.day_minutes),
        (StepKind.CAP_YEAR, caps.year_minutes, standing.year_minutes),
    )
    cuts = _cut(counted, limits)
    return Minutes(cuts[-1].value if cuts else counted), [*steps, *cuts]


def cut_points(policy: AccrualPolicy, points: int, standing: Standing) -> tuple[Points, list[Step]]:
    """The points that the caps of day, year and balance let through."""
    caps = policy.caps
    limits = (
        (StepKind.CAP_DAY_POINTS, caps.day_points, standing.day_points),
        (StepKind.CAP_YEAR_POINTS, caps.year_points, standing.year_points),
        (StepKind.CAP_BALANCE, caps.balance_points, standing.balance),
    )
    cuts = _cut(points, limits)
    return Points(cuts[-1].value if cuts else points), cuts


def _cut(amount: int, limits: Iterable[tuple[StepKind, int | None, int]]) -> list[Step]:
    """A step for each limit that cuts the amount further, with what it leaves."""
    cuts: list[Step] = []
    for kind, cap, used in limits:
        if cap is not None and (left := max(0, cap - used)) < amount:
            amount = left
            cuts.append(Step(kind, amount, cap))
    return cuts

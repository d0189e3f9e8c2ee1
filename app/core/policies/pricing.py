"""The price of a record: integers only, exact until the one rounding, every step noted for the explanation."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.conditions import holds
from app.core.policies.caps import count_minutes, cut_points
from app.core.policies.model import BASIS, AccrualPolicy, Rule
from app.core.policies.scales import ScalePeriod
from app.core.policies.service import Service, Standing
from app.core.policies.steps import COEFFICIENTS, Step, StepKind
from app.core.quantities import Minutes, Points

_MINUTES_AN_HOUR = 60


@dataclass(frozen=True, slots=True)
class Priced:
    """What a record earns: its points, the minutes that counted, what of the points a town pays, and the steps."""

    points: Points
    counted: Minutes
    overlay_points: Points
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Exact:
    """Points as a fraction that has not been rounded yet."""

    numerator: int
    denominator: int

    def times(self, bp: int) -> "_Exact":
        return _Exact(self.numerator * bp, self.denominator * BASIS)


def price(policy: AccrualPolicy, service: Service, standing: Standing) -> Priced:
    """Price one record by a policy that has a coefficient for its level. Pure, total, and never negative.

    minutes -> whole units -> caps -> scale, x rate x coefficients, rounded once; then points beside the hours; then
    the caps of points. The sum of the parts of a split record differs from the whole by the roundings only.
    """
    counted, steps = count_minutes(policy, service, standing)
    held = list(_holding(policy, service, standing, steps))
    weight, per = int(counted), 1
    if policy.scale:
        before = standing.year_minutes if policy.scale.period is ScalePeriod.YEAR else standing.minutes
        weight, per = policy.scale.weigh(before, counted)
        if weight != counted * per:
            steps.append(Step(StepKind.SCALE, weight, per))
    steps.append(Step(StepKind.RATE, policy.rate_per_hour))
    coefficients = list(_coefficients(policy, service, held))
    exact = _Exact(weight * policy.rate_per_hour, per * _MINUTES_AN_HOUR)
    for step in coefficients:
        exact = exact.times(step.value)
    steps += coefficients
    earned, overlay = _round(policy, service, standing, exact, steps)
    extras = list(_extras(policy, held, standing)) if counted else []
    points, cuts = cut_points(policy, earned + sum(step.value for step in extras), standing)
    cut = earned + sum(step.value for step in extras) - points
    steps += [*extras, *cuts]
    if extras or cuts:
        steps.append(Step(StepKind.CREDITED, points))
    return Priced(points, counted, Points(max(0, overlay - cut)), tuple(steps))


def _holding(policy: AccrualPolicy, service: Service, standing: Standing, steps: list[Step]) -> Iterator[Rule]:
    """The rules whose condition holds. One that fails at run time does not hold, and the explanation says so."""
    for rule in policy.rules:
        outcome = holds(rule.when, facts_of(service, standing))
        if outcome is None:
            steps.append(Step(StepKind.RULE_FAILED, 0, name=rule.name))
        elif outcome:
            yield rule


def facts_of(service: Service, standing: Standing) -> dict[str, int | str | bool]:
    """What a condition may speak of, by the names of `conditions.VARIABLES`."""
    return {
        "minutes": service.minutes,
        "level": service.level,
        "category": service.category,
        "organiser": service.organiser,
        "activity": service.activity,
        "region": service.region,
        "day": service.day.isoformat(),
        "year": service.day.year,
        "month": service.day.month,
        "weekday": service.day.isoweekday(),
        "day_minutes": standing.day_minutes,
        "year_minutes": standing.year_minutes,
        "total_minutes": standing.minutes,
        "first": standing.first,
    }


def _coefficients(policy: AccrualPolicy, service: Service, held: list[Rule]) -> Iterator[Step]:
    """The coefficients other than 1.0."""
    window = max(
        (window for window in policy.windows if window.covers(service)),
        key=lambda window: window.coefficient_bp,
        default=None,
    )
    found = (
        Step(StepKind.LEVEL, policy.coefficients_bp[service.level]),
        Step(StepKind.CATEGORY, policy.category_bp.get(service.category, BASIS), name=service.category),
        Step(StepKind.ORGANISER, policy.organiser_bp if service.organiser else BASIS),
        *((Step(StepKind.WINDOW, window.coefficient_bp, name=window.name),) if window else ()),
        *(Step(StepKind.RULE, rule.coefficient_bp, name=rule.name) for rule in held),
    )
    return (step for step in found if step.kind in COEFFICIENTS and step.value != BASIS)


def _round(
    policy: AccrualPolicy, service: Service, standing: Standing, exact: _Exact, steps: list[Step]
) -> tuple[int, int]:
    """The points, rounded once, and what of them the town pays: what its coefficient makes, while its budget lasts."""
    earned = policy.rounding.divide(exact.numerator, exact.denominator)
    overlay = policy.overlay_for(service.region)
    paid = 0
    if overlay and overlay.extra_bp:
        raised = exact.times(BASIS + overlay.extra_bp)
        asked = policy.rounding.divide(raised.numerator, raised.denominator) - earned
        paid = min(asked, max(0, standing.overlay_left))
        steps.append(Step(StepKind.OVERLAY, BASIS + overlay.extra_bp, name=overlay.region_code))
        if paid < asked:
            steps.append(Step(StepKind.OVERLAY_CUT, paid, name=overlay.region_code))
    steps.append(Step(StepKind.EARNED, earned + paid))
    return earned + paid, paid


def _extras(policy: AccrualPolicy, held: list[Rule], standing: Standing) -> Iterator[Step]:
    """Points beside the hours."""
    if policy.points_per_service:
        yield Step(StepKind.PER_SERVICE, policy.points_per_service)
    for rule in held:
        if rule.points:
            yield Step(StepKind.RULE_POINTS, rule.points, name=rule.name)
    if policy.bonuses.first_service and standing.first:
        yield Step(StepKind.FIRST_SERVICE, policy.bonuses.first_service)

"""Prices for back-tests (回测定价): `policies.price`, remembered by what a rule can see of a record. Pure.

Of millions of records few differ in anything that a rule looks at. Their normal form drops what the rule does not read
and what makes no difference: a used-up cap is the same however far it was passed, one that is not reached might be
unused, hours within one band of a scale are as good as the band's first, and of a condition it only matters whether it
holds. One normal form, one price.
"""

from dataclasses import replace
from typing import NamedTuple

from app.core.conditions import holds
from app.core.policies import AccrualPolicy, Caps, Scale, ScalePeriod, Service, Standing, StepKind, price
from app.core.policies.back_test_counts import PastRecord
from app.core.policies.pricing import facts_of
from app.core.standings import Sums

_CAPS = frozenset(
    (
        StepKind.CAP_ACTIVITY,
        StepKind.CAP_DAY,
        StepKind.CAP_YEAR,
        StepKind.CAP_DAY_POINTS,
        StepKind.CAP_YEAR_POINTS,
        StepKind.CAP_BALANCE,
    )
)
_REMEMBERED_MAX = 300_000
_PLENTY = 10**15

Form = tuple[object, ...]


class Outcome(NamedTuple):
    """What a record earns: points, minutes that counted, what a town pays, which caps cut; points without any cap."""

    points: int
    counted: int
    overlay_points: int
    cuts: tuple[str, ...]
    uncapped: int


class Pricer:
    """Prices records by one policy. What the policy reads is found out once."""

    def __init__(self, policy: AccrualPolicy) -> None:
        self._policy = policy
        self._caps = policy.caps
        self._uncapped = replace(policy, caps=Caps())
        self._remembered: dict[Form, tuple[Outcome, int]] = {}
        scale = policy.scale
        self._year_scale = scale if scale and scale.period is ScalePeriod.YEAR else None
        self._ever_scale = scale if scale and scale.period is ScalePeriod.EVER else None

    def price(self, past: PastRecord, sums: Sums, balance: int = 0, overlay_left: int = 0) -> Outcome:
        """The price of a record after what was counted before."""
        form = (*self.facts(past, sums), *self.counted_before(past.minutes, sums), overlay_left > 0)
        known = self._remembered.get(form)
        if known is None:
            known = self._remember(form, *self._find(past.service, sums, _PLENTY if overlay_left > 0 else 0))
        outcome, asked = known
        if 0 < overlay_left < asked:
            return price_whole(self._policy, self._uncapped, past.service, sums.standing(balance, overlay_left))
        if self._cuts_points(sums, balance, outcome.points):
            return self._cut(past, form, sums, balance, outcome.uncapped)
        return outcome

    def _cut(self, past: PastRecord, form: Form, sums: Sums, balance: int, most: int) -> Outcome:
        """The price where caps of points have less left than it asks: it depends on what they have left."""
        caps, left = self._caps, []
        for cap, used in (
            (caps.day_points, sums.day_points),
            (caps.year_points, sums.year_points),
            (caps.balance_points, balance),
        ):
            left.append(None if cap is None else max(0, min(cap - used, most)))
        form = (*form, *left)
        known = self._remembered.get(form)
        if known is None:
            overlay_left = _PLENTY if form[-len(left) - 1] else 0
            standing = sums.standing(balance, overlay_left)
            known = self._remember(form, price_whole(self._policy, self._uncapped, past.service, standing), 0)
        return known[0]

    def _remember(self, form: Form, outcome: Outcome, asked: int) -> tuple[Outcome, int]:
        if len(self._remembered) >= _REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[form] = found = (outcome, asked)
        return found

    def facts(self, past: PastRecord, sums: Sums) -> Form:
        """What of a record's own facts makes a difference; of conditions, whether they hold."""
        policy = self._policy
        said: tuple[bool | None, ...] = ()
        if policy.rules:
            known = facts_of(past.service, sums.standing(0, 0))
            said = tuple(holds(rule.when, known) for rule in policy.rules)
        day = past.day if policy.windows else None
        region = past.region if policy.overlays else None
        return (past.minutes, past.level, past.category, past.organiser, day, region, said)

    def counted_before(self, given: int, sums: Sums) -> Form:
        """What was counted before, as far as it makes a difference: by activity, day, year, in all, whether any was.

        One figure may serve a cap and a scale: it changes only where both stay as they are.
        """
        caps = self._caps
        used = _used(caps.year_minutes, sums.year_minutes, given)
        if self._year_scale is not None:
            used = sums.year_minutes if used else _in_band(self._year_scale, sums.year_minutes, given)
        return (
            _used(caps.activity_minutes, sums.activity_minutes, given),
            _used(caps.day_minutes, sums.day_minutes, given),
            used,
            _in_band(self._ever_scale, sums.minutes, given) if self._ever_scale else 0,
            bool(self._policy.bonuses.first_service) and sums.first,
        )

    def _find(self, service: Service, sums: Sums, overlay_left: int) -> tuple[Outcome, int]:
        """The price without points counted before, in a town with enough or nothing left; and what is asked of it."""
        standing = sums._replace(day_points=0, year_points=0).standing(0, overlay_left)
        asked = price(self._uncapped, service, standing).overlay_points if overlay_left else 0
        return price_whole(self._policy, self._uncapped, service, standing), asked

    def _cuts_points(self, sums: Sums, balance: int, points: int) -> bool:
        """Whether so many points may be cut otherwise than without any counted before."""
        caps = self._caps
        return (
            _may_cut(caps.day_points, sums.day_points, points)
            or _may_cut(caps.year_points, sums.year_points, points)
            or _may_cut(caps.balance_points, balance, points)
        )


def price_whole(policy: AccrualPolicy, uncapped: AccrualPolicy, service: Service, standing: Standing) -> Outcome:
    """The price as production makes it, and beside it what it would be without any cap."""
    priced = price(policy, service, standing)
    cuts = tuple(sorted({step.kind.value for step in priced.steps if step.kind in _CAPS}))
    whole: int = price(uncapped, service, standing).points if cuts else priced.points
    return Outcome(priced.points, priced.counted, priced.overlay_points, cuts, whole)


def _used(cap: int | None, used: int, given: int) -> int:
    """What was used of a cap: nothing where it does not cut, no more than all of it where it does."""
    if cap is None or cap - used >= given:
        return 0
    return min(cap, used)


def _may_cut(cap: int | None, used: int, points: int) -> bool:
    return cap is not None and used != 0 and (used < 0 or cap - used < points)


def _in_band(scale: Scale, before: int, given: int) -> int:
    """The first minute of the band in which all of it lies; the minutes as they are where it crosses into another."""
    start = 0
    for band in scale.bands:
        if band.until_minutes is None or before + given <= band.until_minutes:
            return min(start, before)
        start = band.until_minutes
    return before

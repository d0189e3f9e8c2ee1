"""The price of a record: monotone, capped, exact until one rounding, and the same however service is cut up."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.policies import (
    AccrualPolicy,
    Band,
    Bonuses,
    Caps,
    Expiry,
    ExpiryKind,
    Overlay,
    Rounding,
    Rule,
    Scale,
    ScalePeriod,
    Service,
    Standing,
    StepKind,
    Window,
    price,
    tell,
)
from app.core.quantities import Minutes, Points
from tests.core.builders import a_policy

DAY = date(2026, 3, 1)
UNLIMITED = st.none()
BOUND = st.integers(0, 3000)


def a_service(minutes: int, **more: object) -> Service:
    """Service of a level 1 activity on a day."""
    return replace(Service(minutes=Minutes(minutes), level=1, day=DAY), **more)  # type: ignore[arg-type] # fields by name


def after(standing: Standing, service: Service, policy: AccrualPolicy) -> Standing:
    """Where the volunteer stands once this record has been counted too."""
    priced = price(policy, service, standing)
    return replace(
        standing,
        activity_minutes=standing.activity_minutes + priced.counted,
        day_minutes=standing.day_minutes + priced.counted,
        year_minutes=standing.year_minutes + priced.counted,
        minutes=standing.minutes + priced.counted,
        day_points=Points(standing.day_points + priced.points),
        year_points=Points(standing.year_points + priced.points),
        balance=standing.balance + priced.points,
        first=False,
        overlay_left=standing.overlay_left - priced.overlay_points,
    )


caps = st.builds(
    Caps,
    activity_minutes=UNLIMITED | BOUND,
    day_minutes=UNLIMITED | BOUND,
    year_minutes=UNLIMITED | BOUND,
    day_points=UNLIMITED | BOUND,
    year_points=UNLIMITED | BOUND,
    balance_points=UNLIMITED | BOUND,
)


@st.composite
def scales(draw: st.DrawFn) -> Scale:
    """Bands that follow each other, the last without end."""
    ends = sorted(draw(st.sets(st.integers(1, 3000), max_size=3)))
    pers = draw(st.lists(st.integers(1, 7), min_size=len(ends) + 1, max_size=len(ends) + 1))
    bands = tuple(Band(until_minutes=end, per=per) for end, per in zip([*ends, None], pers, strict=True))
    return Scale(period=draw(st.sampled_from(ScalePeriod)), bands=bands)


@st.composite
def policies(draw: st.DrawFn) -> AccrualPolicy:
    """A policy of any shape but conditions."""
    return replace(
        a_policy(rate=draw(st.integers(0, 50))),
        category_bp={"库": draw(st.integers(0, 30_000))},
        organiser_bp=draw(st.integers(10_000, 15_000)),
        rounding=draw(st.sampled_from(Rounding)),
        unit_minutes=draw(st.sampled_from([1, 1, 15, 60])),
        caps=draw(caps),
        scale=draw(st.none() | scales()),
        windows=draw(st.just(()) | st.just((Window(name="台风", starts_on=DAY, ends_on=DAY, coefficient_bp=20_000),))),
        overlays=draw(st.just(()) | st.just((Overlay(region_code="33", extra_bp=2_500, year_budget=100),))),
        points_per_service=draw(st.integers(0, 3)),
        bonuses=Bonuses(first_service=draw(st.integers(0, 9))),
    )


services = st.builds(
    a_service,
    st.integers(1, 1440),
    level=st.sampled_from([1, 2, 3]),
    category=st.sampled_from(["", "库"]),
    organiser=st.booleans(),
    region=st.sampled_from(["", "330282"]),
)
standings = st.builds(
    Standing,
    activity_minutes=BOUND,
    day_minutes=BOUND,
    year_minutes=BOUND,
    minutes=BOUND,
    day_points=BOUND.map(Points),
    year_points=BOUND.map(Points),
    balance=st.integers(-50, 3000),
    first=st.booleans(),
    overlay_left=st.integers(0, 100),
)


@given(policies(), services, standings, st.integers(0, 300))
def test_more_time_is_never_worth_less(policy: AccrualPolicy, service: Service, standing: Standing, more: int) -> None:
    """Points and counted minutes never fall when the service is longer, and are never negative."""
    less = price(policy, service, standing)
    longer = price(policy, replace(service, minutes=Minutes(service.minutes + more)), standing)
    assert 0 <= less.points <= longer.points
    assert 0 <= less.counted <= longer.counted <= service.minutes + more


@given(policies(), st.lists(services, min_size=1, max_size=6))
def test_no_cap_is_ever_passed(policy: AccrualPolicy, given_: list[Service]) -> None:
    """After any records of one day and activity, what was counted and credited is within each cap."""
    standing = Standing()
    for service in given_:
        standing = after(standing, service, policy)
    held = policy.caps
    for cap, used in (
        (held.activity_minutes, standing.activity_minutes),
        (held.day_minutes, standing.day_minutes),
        (held.year_minutes, standing.year_minutes),
        (held.day_points, standing.day_points),
        (held.year_points, standing.year_points),
        (held.balance_points, standing.balance),
    ):
        assert cap is None or used <= cap


@given(scales(), st.integers(0, 4000), st.lists(st.integers(0, 900), min_size=1, max_size=8))
def test_a_scale_weighs_the_parts_as_it_weighs_the_whole(scale: Scale, before: int, parts: list[int]) -> None:
    """Exactly, in whatever order the parts come."""
    whole, per = scale.weigh(before, sum(parts))
    for order in (parts, parts[::-1]):
        weights, start = 0, before
        for part in order:
            weight, same = scale.weigh(start, part)
            assert same == per
            weights, start = weights + weight, start + part
        assert weights == whole


@given(policies(), st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_a_split_record_differs_by_its_roundings_only(policy: AccrualPolicy, parts: list[int]) -> None:
    """Under scales and caps of minutes, parts earn together what the whole earns, but for one rounding a part."""
    plain = replace(
        policy,
        unit_minutes=1,
        points_per_service=0,
        bonuses=Bonuses(),
        overlays=(),
        caps=replace(policy.caps, day_points=None, year_points=None, balance_points=None),
    )
    whole = price(plain, a_service(sum(parts)), Standing()).points
    for order in (parts, parts[::-1]):
        standing = Standing()
        for part in order:
            standing = after(standing, a_service(part), plain)
        assert abs(standing.year_points - whole) < len(parts) + 1
        assert standing.minutes == price(plain, a_service(sum(parts)), Standing()).counted


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_each_direction_rounds_by_less_than_one(numerator: int, denominator: int) -> None:
    """Down <= half up <= up, each within one of the exact value; exact ones are not moved."""
    down, half, up = (way.divide(numerator, denominator) for way in (Rounding.DOWN, Rounding.HALF_UP, Rounding.UP))
    assert down <= half <= up <= down + 1
    assert down * denominator <= numerator <= up * denominator
    assert abs(2 * (half * denominator - numerator)) <= denominator
    assert {way.divide(numerator * denominator, denominator) for way in Rounding} == {numerator}


@given(policies(), services, standings)
def test_the_last_figure_told_is_what_is_credited(policy: AccrualPolicy, service: Service, standing: Standing) -> None:
    """Steps end with the points of the record, in both languages."""
    priced = price(policy, service, standing)
    assert priced.steps[0].kind is StepKind.MINUTES
    assert priced.steps[-1].value == priced.points
    assert priced.steps[-1].kind in {StepKind.EARNED, StepKind.CREDITED}
    for english in (False, True):
        assert str(priced.points) in tell(priced.steps, english=english)


def test_service_that_does_not_count_has_no_extras() -> None:
    """Too short for a whole unit, or all of it above a cap: no points per service and no bonus either."""
    extras = replace(a_policy(), points_per_service=1, bonuses=Bonuses(first_service=5))
    assert price(replace(extras, unit_minutes=60), a_service(59), Standing()).points == 0
    assert price(replace(extras, caps=Caps(day_minutes=60)), a_service(60), Standing(day_minutes=60)).points == 0
    assert price(extras, a_service(60), Standing()).points == 16


def test_a_town_pays_what_its_budget_holds() -> None:
    """Only the part that its own coefficient adds, and no more than is left; the city's part is never touched."""
    policy = replace(a_policy(), overlays=(Overlay(region_code="330282002", extra_bp=5_000, year_budget=100),))
    inside = a_service(120, region="330282002001")
    for left, points, paid in ((100, 30, 10), (4, 24, 4), (0, 20, 0)):
        priced = price(policy, inside, Standing(overlay_left=left))
        assert (priced.points, priced.overlay_points) == (points, paid)
    assert price(policy, a_service(120, region="330281"), Standing(overlay_left=100)).points == 20


def test_the_smallest_region_pays() -> None:
    """A village's overlay stands before its town's, in whatever order they are listed."""
    town, village = (
        Overlay(region_code=code, extra_bp=bp, year_budget=9) for code, bp in (("330282", 1), ("3302820", 2))
    )
    for overlays in ((town, village), (village, town)):
        policy = replace(a_policy(), overlays=overlays)
        assert policy.overlay_for("330282001") is village
        assert policy.overlay_for("330282") is town
        assert policy.overlay_for("330281") is None


@pytest.mark.parametrize("cap, paid", [(30, 10), (25, 5), (20, 0), (10, 0)])
def test_what_a_cap_cuts_is_the_towns_part_first(cap: int, paid: int) -> None:
    """A budget pays only for points that are credited above the city's own."""
    overlay = Overlay(region_code="33", extra_bp=5_000, year_budget=100)
    policy = replace(a_policy(), overlays=(overlay,), caps=Caps(day_points=cap))
    priced = price(policy, a_service(120, region="330282"), Standing(overlay_left=100))
    assert (priced.points, priced.overlay_points) == (min(cap, 30), paid)


def test_of_several_windows_the_highest_counts() -> None:
    """Windows do not multiply; one for other categories or other days does not count."""
    windows = tuple(
        Window(name=name, starts_on=start, ends_on=end, coefficient_bp=bp, categories=kinds)
        for name, start, end, bp, kinds in (
            ("台风", DAY, DAY, 15_000, ()),
            ("防疫", DAY, DAY, 20_000, ("卡口",)),
            ("亚运", date(2025, 1, 1), date(2025, 12, 31), 30_000, ()),
        )
    )
    policy = replace(a_policy(), windows=windows)
    assert price(policy, a_service(60), Standing()).points == 15
    assert price(policy, a_service(60, category="卡口"), Standing()).points == 20


@pytest.mark.parametrize(
    "when, points, failed",
    [("weekday >= 6", 25, False), ("weekday < 6", 10, False), ("minutes / (level - 1) > 0", 10, True)],
)
def test_a_condition_decides_or_fails_harmlessly(when: str, points: int, failed: bool) -> None:  # noqa: FBT001 - a case
    """What holds multiplies and adds; what cannot be evaluated does not apply, and the sentence says so."""
    policy = replace(a_policy(), rules=(Rule(name="周末", when=when, coefficient_bp=20_000, points=5),))
    priced = price(policy, a_service(60), Standing())
    assert priced.points == points
    assert ("无法计算" in tell(priced.steps, english=False)) is failed


@pytest.mark.parametrize(
    "earned_on, last_day",
    [
        (date(2026, 6, 30), date(2026, 6, 30)),
        (date(2026, 7, 1), date(2027, 6, 30)),
        (date(2020, 1, 1), date(2026, 6, 30)),
    ],
)
def test_a_fixed_day_comes_again(earned_on: date, last_day: date) -> None:
    """Points earned after the day live until the next such day: nobody earns points that are dead already."""
    assert Expiry(kind=ExpiryKind.FIXED_DATE, on=date(2026, 6, 30)).last_day(earned_on) == last_day

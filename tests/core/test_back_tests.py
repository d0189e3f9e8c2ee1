"""Back-tests: the rule in force gives what was credited, to the point; other rules give what they would have given."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.policies import (
    AccrualPolicy,
    Band,
    Bonuses,
    Caps,
    Overlay,
    Rule,
    Scale,
    ScalePeriod,
    Service,
    Window,
    price,
)
from app.core.policies import back_tests as replaying
from app.core.policies.back_test_counts import NO_COEFFICIENT, PastRecord
from app.core.policies.back_test_prices import Pricer
from app.core.policies.back_test_reports import (
    BUCKETS,
    LARGEST,
    Cell,
    Change,
    Changes,
    Drain,
    Heading,
    Tally,
    make_report,
    total_of,
)
from app.core.policies.back_tests import Order, order_for
from app.core.quantities import BrokenInvariant
from app.core.standings import Sums
from app.store.policy_bodies import decode_policy
from tests.core.back_testing import DEEDS, PEOPLE, Correct, Deed, Past, Serve, Spend, Wait, Withdraw
from tests.core.builders import NOW, TODAY, a_policy, named

CITIES = sorted((Path(__file__).parent / "city_rules").glob("*.json"))
SCALE = Scale(period=ScalePeriod.YEAR, bands=(Band(until_minutes=300, per=1), Band(until_minutes=None, per=3)))
BEGINNING = date(2000, 1, 1)


def _city(path: Path) -> AccrualPolicy:
    return replace(decode_policy(json.dumps(json.loads(path.read_text("utf-8"))["policy"])), effective_from=BEGINNING)


OWN = {
    "day": replace(a_policy(), caps=Caps(day_minutes=500, day_points=60)),
    "activity": replace(a_policy(), caps=Caps(activity_minutes=90, year_points=200)),
    "stored": replace(a_policy(), caps=Caps(balance_points=150)),
    "scale": replace(a_policy(), scale=SCALE, bonuses=Bonuses(first_service=5)),
    "condition": replace(
        a_policy(),
        rules=(Rule(name="x", when="weekday >= 3 && (total_minutes > 300 || first)", coefficient_bp=15_000, points=2),),
    ),
    "window": replace(
        a_policy(), windows=(Window(name="w", starts_on=TODAY, ends_on=date(2027, 1, 1), coefficient_bp=20_000),)
    ),
    "towns": replace(a_policy(), overlays=(Overlay(region_code="330282001", extra_bp=5_000, year_budget=60),)),
    "all": replace(
        a_policy(),
        caps=Caps(day_minutes=700, year_points=400, balance_points=300),
        scale=SCALE,
        overlays=(
            Overlay(region_code="330282", extra_bp=2_000, year_budget=90),
            Overlay(region_code="330282001", extra_bp=5_000, year_budget=60),
        ),
    ),
}
RULES = {**{path.stem: _city(path) for path in CITIES}, **OWN}


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25, deadline=None)
@given(deeds=DEEDS)
def test_the_rule_in_force_gives_what_was_credited(name: str, deeds: list[Deed]) -> None:
    """Under another name, over everything: the same points for everybody, the same cuts by the same caps."""
    policy = RULES[name]
    past = Past((policy,)).do(deeds)
    tally = past.back_test(replace(policy, version="draft"))
    total = tally.total
    assert total.in_force == total.draft == past.credited
    assert (tally.changes.more, tally.changes.less) == (0, 0)
    assert tally.cuts_draft == tally.cuts_in_force
    assert not tally.unpriced


@settings(max_examples=60, deadline=None)
@given(deeds=DEEDS, names=st.tuples(st.sampled_from(sorted(RULES)), st.sampled_from(sorted(RULES))))
def test_every_heading_adds_up_and_so_do_parts(deeds: list[Deed], names: tuple[str, str]) -> None:
    """Months, towns, categories, levels, stars, versions and people have one sum; parts counted apart have it too."""
    in_force, draft = (RULES[name] for name in names)
    past = Past((in_force,)).do(deeds)
    whole = past.back_test(draft)
    assert {total_of(whole.by[heading]) for heading in Heading} == {whole.total}
    assert whole.total.in_force == past.credited
    changes = whole.changes
    assert changes.points_more - changes.points_less == whole.total.draft - whole.total.in_force
    assert sum(changes.classes) == whole.volunteers == changes.more + changes.less + changes.same
    if order_for(draft) is not Order.JOURNAL:
        first, second = (past.back_test(draft, people=[person]) for person in PEOPLE)
        assert first.plus(second) == second.plus(first) == Tally().plus(whole)


SUMS = st.builds(
    Sums,
    activity_minutes=st.integers(0, 300),
    day_minutes=st.integers(0, 900),
    year_minutes=st.integers(0, 40_000),
    minutes=st.integers(0, 40_000),
    day_points=st.integers(0, 100),
    year_points=st.integers(0, 600),
    first=st.booleans(),
)
SERVICES = st.builds(
    Service,
    minutes=st.integers(1, 900),
    level=st.integers(1, 3),
    day=st.sampled_from((TODAY, date(2026, 3, 7))),
    category=st.sampled_from(("", "垃圾分类")),
    organiser=st.booleans(),
    activity=st.just("a"),
    region=st.sampled_from(("", "330282001002", "330282002")),
)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=60, deadline=None)
@given(
    asked=st.lists(
        st.tuples(SERVICES, SUMS, st.integers(-100, 2_000), st.one_of(st.integers(0, 200), st.just(0))),
        min_size=1,
        max_size=12,
    )
)
def test_what_is_remembered_is_what_production_prices(name: str, asked: list[tuple[Service, Sums, int, int]]) -> None:
    """Points, minutes and the town's part, for records that have one normal form and for those that have not."""
    policy = RULES[name]
    pricer = Pricer(policy)
    for service, sums, balance, left in asked:
        past = PastRecord(0, PEOPLE[0], *_facts(service), town="", counted=0, points=0, policy="", hours=0)
        stored = balance if policy.caps.balance_points is not None else 0
        town = left if policy.overlay_for(service.region) else 0
        found = pricer.price(past, sums, stored, town)
        priced = price(policy, service, sums.standing(stored, town))
        assert found[:3] == (priced.points, priced.counted, priced.overlay_points)


def _facts(service: Service) -> tuple[date, int, int, str, bool, str, str]:
    facts = (service.day, service.minutes, service.level, service.category, service.organiser)
    return (*facts, service.activity, service.region)


def walk(days: int) -> tuple[Deed, ...]:
    """Something of everything; so many days pass before the last record."""
    return (*_WALK, Wait(days), Serve(0, 400, region=1))


_WALK: tuple[Deed, ...] = (
    Serve(0, 300, region=1),
    Serve(0, 300, region=2),
    Withdraw(0),
    Serve(0, 300, region=1),
    Serve(1, 600, region=2),
    Correct(1, 50),
    Spend(20),
    Serve(0, 200, region=2),
)


@pytest.mark.parametrize(
    "name, planted",
    [
        ("day", "withdrawn records go on counting"),
        ("towns", "withdrawn records keep the budget"),
        ("stored", "points never expire"),
        ("stored", "what was spent is still there"),
        ("scale", "nothing is remembered"),
    ],
)
def test_a_planted_bug_is_caught(name: str, planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the things a replay must keep in mind makes a difference to the point."""
    draft = replace(RULES[name], version="draft")
    past = Past((RULES[name],)).do(walk(800 if "expire" in planted else 1))
    assert past.back_test(draft).total.draft == past.credited
    person = replaying._Person
    match planted:
        case "withdrawn records go on counting":
            monkeypatch.setattr(person, "forget", lambda self, seq: 0)
        case "withdrawn records keep the budget":
            monkeypatch.setattr(replaying.Replay, "_return_budgets", lambda self, seq: None)
        case "points never expire":
            monkeypatch.setattr(person, "balance", lambda self, today: sum(self.lots.values()) - self.debt)
        case "what was spent is still there":
            monkeypatch.setattr(replaying.Replay, "move", lambda self, moved: None)
        case _:
            monkeypatch.setattr(replaying.Replay, "_keep", lambda *_: None)
    assert past.back_test(draft).total.draft != past.credited


def test_only_the_period_is_priced_anew() -> None:
    """Service of other days counts for caps as it was priced: 3 of the 4 hours of the year are used up by it."""
    past = Past((a_policy(),)).do([Serve(0, 180, days_ago=2), Serve(0, 180, days_ago=1)])
    yesterday = (NOW - timedelta(days=1)).date()
    tally = past.back_test(replace(a_policy("draft"), caps=Caps(year_minutes=240)), (yesterday, yesterday))
    assert tally.total == Cell(1, 30, 10)
    assert (tally.cuts_draft.points, dict(tally.cuts_draft.records)) == (20, {"cap-year": 1})
    assert (tally.changes.losers, tally.volunteers) == ((Change(PEOPLE[0], 30, 10),), 1)


def test_a_level_without_a_coefficient_is_counted_and_earns_nothing() -> None:
    """With the reason, whether the draft looks at standing or not."""
    past = Past((a_policy(),)).do([Serve(0, 60), Serve(0, 60, level=2)])
    for draft in (a_policy("draft", levels=[1]), replace(a_policy("draft", levels=[1]), caps=Caps(day_minutes=480))):
        tally = past.back_test(draft)
        assert (tally.total, tally.unpriced) == (Cell(2, 22, 10), {NO_COEFFICIENT: 1})


def test_a_superseded_version_was_in_force_when_it_priced() -> None:
    """What was credited counts, by whichever version: the lines by version tell them apart."""
    old, new = a_policy("old", BEGINNING), a_policy("new", NOW.date() - timedelta(days=1), rate=20)
    past = Past((old, new)).do([Serve(0, 60, days_ago=70), Serve(0, 60, days_ago=1)])
    tally = past.back_test(a_policy("draft"))
    assert tally.by[Heading.VERSION] == {"new": Cell(1, 20, 10), "old": Cell(1, 10, 10)}


def _report(drains: list[Drain], in_force: int, draft: int, rate: int = 300) -> tuple[object, ...]:
    cells = {"x": Cell(1, in_force, draft)}
    tally = Tally(by=dict.fromkeys(Heading, cells))
    report = make_report(
        tally, since=date(2026, 1, 1), until=date(2026, 1, 10), as_of=TODAY, attested=0, rate=rate, drains=drains
    )
    liability = (report.liability_in_force_fen, report.liability_draft_fen)
    return (*liability, *((each.dry_in_force, each.dry_draft) for each in report.runways))


def test_a_fund_runs_dry_at_the_pace_of_the_period_and_of_the_points() -> None:
    """100 fen in ten days: 1,000 fen last 100 days; with twice the points 50. Liability is rounded down once."""
    days = (TODAY + timedelta(days=100), TODAY + timedelta(days=50))
    drain = Drain(fund=named("fund"), balance_fen=1_000, spent_fen=100)
    assert _report([drain], 333, 666, rate=50) == (166, 333, days)
    assert _report([replace(drain, balance_fen=0)], 1, 1) == (3, 3, (TODAY, TODAY))


def test_a_fund_that_never_runs_dry_has_no_day() -> None:
    """Nothing was spent, nothing would be or was credited that a pace could go with, or not in this era."""
    drain = Drain(fund=named("fund"), balance_fen=1_000, spent_fen=100)
    hundred = TODAY + timedelta(days=100)
    assert _report([replace(drain, spent_fen=0)], 10, 10)[2] == (None, None)
    assert _report([drain], 10, 0)[2] == (hundred, None)
    assert _report([drain], 0, 10)[2] == (hundred, None)
    assert _report([replace(drain, balance_fen=10**15)], 10, 10)[2] == (None, None)


def test_a_report_that_does_not_add_up_is_not_made() -> None:
    """A heading that lost a record is noticed before anybody reads it."""
    by = {heading: {"x": Cell(2, 3, 4)} for heading in Heading}
    with pytest.raises(BrokenInvariant, match="different totals"):
        make_report(
            Tally(by={**by, Heading.TOWN: {"x": Cell(1, 3, 4)}}),
            since=TODAY,
            until=TODAY,
            as_of=TODAY,
            attested=0,
            rate=1,
            drains=(),
        )


def test_the_largest_differences_are_named_the_same_way_each_time() -> None:
    """Ten each way, the largest first, equal ones by id; classes have the bounds that are told."""
    changes = Changes.of(Change(UUID(int=number), 0, number // 2) for number in range(30))
    assert [change.volunteer.int for change in changes.winners] == [28, 29, 26, 27, 24, 25, 22, 23, 20, 21]
    assert (len(changes.winners), changes.losers) == (LARGEST, ())
    edges = (-1000, -999, -100, -99, -10, -9, -1, 0, 1, 9, 10, 99, 100, 999, 1000)
    classes = Changes.of(Change(UUID(int=number), 2000, 2000 + edge) for number, edge in enumerate(edges)).classes
    assert classes == (1, 2, 2, 2, 1, 2, 2, 2, 1)
    assert len(classes) == len(BUCKETS)

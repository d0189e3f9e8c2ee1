"""Suspicion: each rule speaks just above its limit, says its figures, and never refuses."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.suspicions import (
    EntryFacts,
    Mark,
    Neighbour,
    Place,
    Suspicion,
    SuspicionLimits,
    mark_entry,
    mark_verification,
)

LIMITS = SuspicionLimits()
DAY = date(2026, 3, 2)
PLAIN = EntryFacts(minutes_by_day={DAY: 120}, place=Place("330282", "浒山"))


def test_an_ordinary_record_has_no_mark() -> None:
    """Two hours, entered alone, with a neighbour at the same place."""
    facts = replace(PLAIN, neighbours=(Neighbour("rec", 0, Place("330282", "浒山")),))
    assert mark_entry(facts, LIMITS) == ()


@pytest.mark.parametrize("minutes, marked", [(960, False), (961, True)])
def test_an_impossible_day(minutes: int, *, marked: bool) -> None:
    """More than sixteen hours on a day; of several days the longest is told."""
    marks = mark_entry(replace(PLAIN, minutes_by_day={DAY: minutes, date(2026, 3, 3): 10}), LIMITS)
    expected = Mark(Suspicion.IMPOSSIBLE_DAY, {"day": "2026-03-02", "minutes": minutes, "limit": 960})
    assert marks == ((expected,) if marked else ())


@pytest.mark.parametrize("entries, marked", [(60, False), (61, True)])
def test_mass_entry(entries: int, *, marked: bool) -> None:
    """More than sixty records by one enterer within ten minutes."""
    marks = mark_entry(replace(PLAIN, entries_lately=entries), LIMITS)
    expected = Mark(Suspicion.MASS_ENTRY, {"entries": entries, "within_min": 10, "limit": 60})
    assert marks == ((expected,) if marked else ())


@pytest.mark.parametrize(
    "place, gap, marked",
    [
        (Place("330281", ""), 0, True),
        (Place("330281", ""), 29, True),
        (Place("330281", ""), 30, False),
        (Place("330282", "周巷"), 0, True),
        (Place("330282", "周巷"), 1, False),
        (Place("", "周巷"), 0, True),
        (Place("330282", "浒山"), 0, False),
        (Place("330282", ""), 0, False),
        (Place("", ""), 0, False),
    ],
)
def test_two_places_at_once(place: Place, gap: int, *, marked: bool) -> None:
    """Another region within less than the way, or another place with no time between; what nobody said is no place."""
    marks = mark_entry(replace(PLAIN, neighbours=(Neighbour("rec_1", gap, place),)), LIMITS)
    expected = Mark(Suspicion.TWO_PLACES, {"record": "rec_1", "gap_min": gap})
    assert marks == ((expected,) if marked else ())


@pytest.mark.parametrize(
    "today, before, marked",
    [
        (51, [10], True),
        (50, [10], False),
        (50, [1], False),
        (500, [], False),
        (101, [20, 20], True),
        (100, [20], False),
    ],
)
def test_a_verifiers_spike(today: int, before: list[int], *, marked: bool) -> None:
    """More than five times the own average and more than fifty; without days before there is no average."""
    assert bool(mark_verification(today, before, LIMITS)) is marked


def test_rules_speak_together() -> None:
    """One record may have several marks, each kind once."""
    facts = EntryFacts(
        minutes_by_day={DAY: 1400},
        entries_lately=100,
        place=Place("330282", ""),
        neighbours=(Neighbour("a", 0, Place("330281", "")), Neighbour("b", 0, Place("330281", ""))),
    )
    assert [mark.kind for mark in mark_entry(facts, LIMITS)] == [
        Suspicion.IMPOSSIBLE_DAY,
        Suspicion.MASS_ENTRY,
        Suspicion.TWO_PLACES,
    ]


@given(today=st.integers(0, 1000), before=st.lists(st.integers(1, 200), max_size=30), more=st.integers(1, 100))
def test_doing_more_never_takes_a_mark_away(today: int, before: list[int], more: int) -> None:
    """A verifier who is marked stays marked with more; one who keeps to the average never is."""
    if mark_verification(today, before, LIMITS):
        assert mark_verification(today + more, before, LIMITS)
    if before:
        assert not mark_verification(sum(before) // len(before), before, LIMITS)

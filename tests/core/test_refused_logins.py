"""Counting refused log-ins: few rows, whoever tries and whatever they call themselves."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.refused_logins import OTHERS, UNKNOWN_MAX, WINDOW, Door, Knock, Refusals, gathered, window_of

AT = datetime(2026, 3, 2, 1, 7, 30, tzinfo=UTC)
_NAMES = st.integers(0, 200).map(lambda number: f"name:{number}")


def _count(knocks: list[Knock]) -> dict[Knock, Refusals]:
    counted: dict[Knock, Refusals] = {}
    for knock in knocks:
        under = gathered(knock, counted)
        counted[under] = counted.get(under, Refusals()).and_one(turned_away=False)
    return counted


@pytest.mark.parametrize("minute, second, begins", [(0, 0, 0), (14, 59, 0), (15, 0, 15), (59, 59, 45)])
def test_a_window_begins_with_the_quarter(minute: int, second: int, begins: int) -> None:
    """Whatever the process, the same moment lies in the same window."""
    at = AT.replace(minute=minute, second=second)
    assert window_of(at) == AT.replace(minute=begins, second=0)
    assert window_of(window_of(at)) == window_of(at)
    assert window_of(at) + WINDOW > at


@given(st.lists(_NAMES))
def test_however_many_names_are_tried_the_rows_are_few_and_nothing_is_lost(names: list[str]) -> None:
    """At most so many unknown names and one row for the others; the counts add up to all that was tried."""
    counted = _count([Knock(Door.PASSWORD, name, known=False) for name in names])
    assert len(counted) <= UNKNOWN_MAX + 1
    assert sum(each.refused for each in counted.values()) == len(names)
    assert (OTHERS in {knock.subject for knock in counted}) == (len(set(names)) > UNKNOWN_MAX)


def test_a_flood_of_unknown_names_hides_no_known_one() -> None:
    """Who exists has a row of their own, however late; each door has its own unknown names."""
    flood = [Knock(Door.PASSWORD, f"name:{number}", known=False) for number in range(100)]
    meng = Knock(Door.PASSWORD, "usr_1", known=True)
    key = Knock(Door.API_KEY, "name:0", known=False)
    counted = _count([*flood, meng, meng, key])
    assert (counted[meng], counted[key]) == (Refusals(2), Refusals(1))


def test_turned_away_is_counted_apart() -> None:
    """What was looked at and what was not."""
    assert Refusals().and_one(turned_away=True).and_one(turned_away=False) == Refusals(1, 1)


def test_the_window_is_told_in_whole_minutes() -> None:
    """The audit row says how long it was."""
    assert WINDOW % timedelta(minutes=1) == timedelta()

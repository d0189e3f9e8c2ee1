"""Conditions in CEL: what is wrong is told with line and column when saved; at run time nothing is ever raised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.conditions import CONDITION_MAX, VARIABLES, check_condition, holds, names_in

VALUES: dict[str, int | str | bool] = {"int": 3, "string": "2026-03-01", "bool": True}
FACTS = {name: VALUES[kind] for name, kind in VARIABLES.items()}


@pytest.mark.parametrize(
    "condition, line, column",
    [
        ('minutes > "a"', 1, 9),
        ("minutes > 60\n && stars > 3", 2, 5),
        ("minutes >", 1, 10),
        ("minutes + 1", 1, 1),
        ("dyn(minutes)", 1, 1),
        ("", 1, 1),
        ("(" * 200 + "true" + ")" * 200, 1, 1),
        ("true" + " " * CONDITION_MAX, 1, CONDITION_MAX + 1),
        ("'\ud800' == ''", 1, 1),
    ],
)
def test_what_is_wrong_is_told_with_its_place(condition: str, line: int, column: int) -> None:
    """Types, unknown names, syntax, an answer that is not yes or no, too deep, too long, not even text."""
    [first, *_] = check_condition(condition)
    assert (first.line, first.column) == (line, column)
    assert first.message
    assert holds(condition, FACTS) is None


@pytest.mark.parametrize(
    "condition, expected",
    [
        ("minutes == 3 && organiser", True),
        ("category.startsWith('2027')", False),
        ("day >= '2026-02-01' && day < '2026-04-01'", True),
        ("[1, 3].exists(n, n == level)", True),
        ("minutes / (level - 3) > 0", None),
        ("9223372036854775807 + minutes > 0", None),
    ],
)
def test_a_condition_says_yes_no_or_nothing(condition: str, expected: bool | None) -> None:  # noqa: FBT001 - a case
    """An error at run time is None, never an exception."""
    assert check_condition(condition) == ()
    assert holds(condition, FACTS) is expected


@given(st.text(max_size=60))
def test_any_text_is_checked_without_an_exception(condition: str) -> None:
    """Whatever is typed: errors with places, or a condition that can be evaluated."""
    errors = check_condition(condition)
    assert all(error.line >= 1 and error.column >= 1 for error in errors)
    assert holds(condition, FACTS) in {True, False, None}


def test_an_answer_is_remembered_by_what_the_condition_names() -> None:
    """Facts that it does not name make no difference; those that it names do, each time."""
    condition = "weekday >= 6 && (total_minutes > 60 || category == 'first')"
    assert names_in(condition) == ("category", "weekday", "total_minutes", "first")
    facts = {**FACTS, "weekday": 6, "total_minutes": 61, "category": "x"}
    assert [holds(condition, {**facts, "minutes": minutes}) for minutes in (1, 2)] == [True, True]
    assert [holds(condition, {**facts, "total_minutes": minutes}) for minutes in (60, 61, 60)] == [False, True, False]
    assert [holds(condition, {**facts, "weekday": day}) for day in (5, 6)] == [False, True]

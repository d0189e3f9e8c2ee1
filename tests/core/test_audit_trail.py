"""What an edit changed: the fields that differ, and nothing else."""

import pytest

from app.core.audit_trail import changed


@pytest.mark.parametrize(
    "before, after, was, became",
    [
        ({}, {}, {}, {}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {}, {}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 2}, {"b": 3}),
        ({"a": [1, 2], "b": {"c": 1}}, {"a": [1, 2], "b": {"c": 1}}, {}, {}),
        ({"a": None}, {"a": 1}, {"a": None}, {"a": 1}),
        ({"a": 1}, {"a": None}, {"a": 1}, {"a": None}),
        ({"a": [1, 2]}, {"a": [2, 1]}, {"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}),
        ({"a": None}, {}, {"a": None}, {}),
        ({}, {"a": None}, {}, {"a": None}),
    ],
)
def test_what_differs_is_told_on_both_sides(
    before: dict[str, object], after: dict[str, object], was: dict[str, object], became: dict[str, object]
) -> None:
    """A field that stays is not there; one that differs is whole; null, nothing and another order are differences."""
    assert changed(before, after) == {"before": was, "after": became}

"""A guardian acts for a child, and for nobody who is fourteen."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from uuid_utils.compat import uuid7

from app.core.codes import Code, Rejected
from app.core.guardianships import (
    GuardianKinship,
    Guardianship,
    GuardianshipState,
    birthday,
    end_of_guardianship,
    refuse_alone,
    refuse_guardian,
)
from app.core.ids import GuardianshipId, VolunteerId

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    "born_on, ends_on",
    [
        (date(2012, 3, 3), date(2026, 3, 3)),
        (date(2020, 1, 1), date(2034, 1, 1)),
        (date(2012, 2, 29), Rejected(Code.NOT_ELIGIBLE, {"below": 14})),
        (date(2012, 3, 2), Rejected(Code.NOT_ELIGIBLE, {"below": 14})),
        (None, Rejected(Code.NOT_ELIGIBLE, {"needed": "born_on"})),
    ],
)
def test_it_ends_on_the_fourteenth_birthday(born_on: date | None, ends_on: date | Rejected) -> None:
    """Not a day later; of whom it is that day already, or whose birthday nobody knows, there is none."""
    assert end_of_guardianship(born_on, TODAY) == ends_on


def test_who_was_born_on_a_leap_day_is_fourteen_on_the_first_of_march() -> None:
    """Where the year has no such day; where it has one, on the day."""
    assert birthday(date(2016, 2, 29), 14) == date(2030, 3, 1)
    assert birthday(date(2016, 2, 29), 16) == date(2032, 2, 29)


@pytest.mark.parametrize("age, fit", [(18, True), (40, True), (17, False), (None, False)])
def test_a_guardian_is_grown_up(age: int | None, *, fit: bool) -> None:
    """By a birthday that is known."""
    assert (refuse_guardian(age) is None) is fit


@pytest.mark.parametrize(
    "state, today, holds",
    [
        (GuardianshipState.ACTIVE, date(2026, 3, 2), True),
        (GuardianshipState.ACTIVE, date(2026, 3, 3), False),
        (GuardianshipState.PROPOSED, date(2026, 3, 2), False),
        (GuardianshipState.ENDED, date(2026, 3, 2), False),
    ],
)
def test_it_holds_once_confirmed_and_before_its_day(state: GuardianshipState, today: date, *, holds: bool) -> None:
    """The last day is the one before the birthday."""
    found = Guardianship(
        id=GuardianshipId(uuid7()),
        state=GuardianshipState.ACTIVE,
        guardian=VolunteerId(uuid7()),
        child=VolunteerId(uuid7()),
        kinship=GuardianKinship.PARENT,
        consent_version="2026-11",
        proposed_at=datetime(2026, 3, 1, tzinfo=UTC),
        ends_on=date(2026, 3, 3),
    )
    assert replace(found, state=state).holds(today) is holds


@pytest.mark.parametrize("age, refused", [(0, True), (13, True), (14, False), (17, False), (80, False), (None, False)])
def test_below_fourteen_nobody_applies_alone(age: int | None, refused: bool) -> None:  # noqa: FBT001 - a table
    """From fourteen on everybody does; an age nobody knows is taken for grown up."""
    refusal = Rejected(Code.GUARDIAN_REQUIRED, {"below": 14, "needed": "guardian"})
    assert refuse_alone(age) == (refusal if refused else None)

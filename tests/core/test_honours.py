"""Honours: the transition table, who may verify, one subject by kind, and the places of an edition."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import Code, Rejected
from app.core.honours import (
    KIND_MAX,
    STEPS,
    SUBJECTS,
    Honour,
    HonourKind,
    HonourLevel,
    HonourState,
    HonourStep,
    move,
    refuse_place,
    state_on_entry,
)
from app.core.ids import HonourId, TeamId, UserId, VolunteerId
from tests.core.builders import VOLUNTEER, named

ENTERER, OTHER = UserId(named("enterer")), UserId(named("other"))
HONOUR = Honour(
    id=HonourId(named("honour")),
    kind=HonourKind.VOLUNTEER,
    name="最美志愿者",
    awarded_by="某县文明办",
    level=HonourLevel.OTHER,
    awarded_on=date(2026, 3, 5),
    evidence="1",
    volunteer=VOLUNTEER,
)
EXPECTED = {
    ("entered", "verify"): "recorded",
    ("entered", "withdraw"): "withdrawn",
    ("recorded", "withdraw"): "withdrawn",
}


@pytest.mark.parametrize("state, step", list(product(HonourState, HonourStep)))
def test_only_what_the_table_says_can_be_done(state: HonourState, step: HonourStep) -> None:
    """By a second person every step of the table; every other is refused with the state."""
    after = move(HONOUR, state, step, enterer=ENTERER, user=OTHER, user_is=None)
    expected = EXPECTED.get((state.value, step.value))
    assert after == (HonourState(expected) if expected else Rejected(Code.STATE_CONFLICT, {"state": state.value}))
    assert len(STEPS) == len(EXPECTED)


@pytest.mark.parametrize(
    "user, user_is, code",
    [
        (ENTERER, None, Code.SELF_REVIEW),
        (OTHER, VOLUNTEER, Code.SELF_REVIEW),
        (OTHER, VolunteerId(named("somebody")), None),
        (OTHER, None, None),
    ],
)
def test_a_second_person_verifies(user: UserId, user_is: VolunteerId | None, code: Code | None) -> None:
    """Neither who entered it nor who was honoured; either may withdraw."""
    after = move(HONOUR, HonourState.ENTERED, HonourStep.VERIFY, enterer=ENTERER, user=user, user_is=user_is)
    assert (after.code if isinstance(after, Rejected) else None) == code
    taken = move(HONOUR, HonourState.ENTERED, HonourStep.WITHDRAW, enterer=ENTERER, user=user, user_is=user_is)
    assert taken is HonourState.WITHDRAWN


def test_nobody_verifies_a_team_as_its_volunteer() -> None:
    """An honour without a person is nobody's own: None is not None's relative."""
    team = replace(HONOUR, kind=HonourKind.TEAM, volunteer=None, team=TeamId(named("team")))
    after = move(team, HonourState.ENTERED, HonourStep.VERIFY, enterer=ENTERER, user=OTHER, user_is=None)
    assert after is HonourState.RECORDED


@pytest.mark.parametrize("level", HonourLevel)
def test_counties_and_above_are_believed(level: HonourLevel) -> None:
    """Order 67, Art. 9: on production of material; other bodies' honours wait for their verification."""
    waits = level is HonourLevel.OTHER
    assert state_on_entry(level) is (HonourState.ENTERED if waits else HonourState.RECORDED)


@given(
    kind=st.sampled_from(HonourKind),
    volunteer=st.sampled_from([None, VOLUNTEER]),
    team=st.sampled_from([None, TeamId(named("team"))]),
    region=st.sampled_from([None, "330282"]),
)
def test_an_honour_has_the_one_subject_of_its_kind(
    kind: HonourKind, volunteer: VolunteerId | None, team: TeamId | None, region: str | None
) -> None:
    """Sound exactly when what its kind is given to is named and nothing else is."""
    given_to = {"volunteer": volunteer, "team": team, "region": region}
    honour = replace(HONOUR, kind=kind, volunteer=volunteer, team=team, region=region)
    wanted = {name: name == SUBJECTS[kind] for name in given_to}
    assert honour.is_sound == ({name: value is not None for name, value in given_to.items()} == wanted)


@given(taken=st.integers(0, 40))
def test_an_edition_has_ten_places_of_a_kind(taken: int) -> None:
    """Fewer than ten is fine, an eleventh is refused."""
    assert (refuse_place(taken) is None) == (taken < KIND_MAX == 10)

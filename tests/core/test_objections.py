"""Objections: the transition table, the rungs of escalation, and who may still object."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import Code, Rejected
from app.core.ids import ObjectionId, RecordId, TeamId
from app.core.objections import (
    STEPS,
    WAITING,
    Objection,
    ObjectionState,
    ObjectionStep,
    may_answer,
    move,
    refuse_objection,
    standing,
)
from app.core.rows import RecordState
from app.core.working_days import WorkingCalendar
from tests.core.builders import NOW, SHANGHAI, a_record, named

LINE = tuple(TeamId(named("team", tier)) for tier in (3, 2, 1))
CALENDAR = WorkingCalendar()
RAISED = Objection(
    id=ObjectionId(named("objection")), record=RecordId(named("record")), state=ObjectionState.OPEN, raised_at=NOW
)
# NOW is Monday 2 March 2026, 09:00 in Shanghai: ten working days later is Monday the 16th, 24:00.
FIRST_DUE = NOW.replace(day=16, hour=16)
SECOND_DUE = NOW.replace(day=30, hour=16)
THIRD_DUE = NOW.replace(month=4, day=14, hour=16)
"""The Qingming rest day (Monday 6 April) is not counted."""

EXPECTED = {
    "open": {"escalate": "escalated", "uphold": "upheld", "dismiss": "dismissed", "take-back": "taken-back"},
    "escalated": {"escalate": "escalated", "uphold": "upheld", "dismiss": "dismissed", "take-back": "taken-back"},
    "upheld": {"correct": "corrected"},
    "corrected": {},
    "dismissed": {},
    "taken-back": {},
}


@pytest.mark.parametrize("state, step", list(product(ObjectionState, ObjectionStep)))
def test_every_step_from_every_state(state: ObjectionState, step: ObjectionStep) -> None:
    """Each pair, against a table that a person can read; what is not in it is a conflict that names the state."""
    after = EXPECTED[state.value].get(step.value)
    expected = ObjectionState(after) if after else Rejected(Code.STATE_CONFLICT, {"state": state.value})
    assert move(state, step) == expected


def test_what_is_over_stays_over() -> None:
    """No step leads out of the three ends, and each end is reached by somebody's step."""
    ends = set(ObjectionState) - {state for state, _ in STEPS}
    assert ends == {ObjectionState.CORRECTED, ObjectionState.DISMISSED, ObjectionState.TAKEN_BACK}
    assert ends <= set(STEPS.values())


@pytest.mark.parametrize(
    "after, rung, due_at",
    [
        (timedelta(), 0, FIRST_DUE),
        (FIRST_DUE - NOW - timedelta(microseconds=1), 0, FIRST_DUE),
        (FIRST_DUE - NOW, 1, SECOND_DUE),
        (SECOND_DUE - NOW, 2, THIRD_DUE),
        (THIRD_DUE - NOW, 3, None),
        (timedelta(days=4000), 3, None),
    ],
)
def test_each_rung_has_ten_working_days(after: timedelta, rung: int, due_at: object) -> None:
    """The own team, its parent, the root, and at last the administrators, for ever."""
    found = standing(RAISED, len(LINE), CALENDAR, SHANGHAI, NOW + after)
    assert found.rung == rung
    assert found.state is (ObjectionState.ESCALATED if rung else ObjectionState.OPEN)
    if due_at:
        assert found.due_at == due_at


@pytest.mark.parametrize("state", sorted(set(ObjectionState) - WAITING))
def test_what_is_answered_climbs_no_further(state: ObjectionState) -> None:
    """An answered objection stays on the rung where it was answered, however long ago."""
    answered = replace(RAISED, state=state, rung=1)
    found = standing(answered, len(LINE), CALENDAR, SHANGHAI, NOW + timedelta(days=1000))
    assert (found.state, found.rung) == (state, 1)


@given(
    first=st.integers(0, 90),
    more=st.integers(0, 90),
    own=st.dictionaries(st.dates(date(2026, 3, 1), date(2026, 6, 30)), st.booleans(), max_size=10),
)
def test_the_job_changes_nothing(first: int, more: int, own: dict[date, bool]) -> None:
    """Written down in between or not at all: later it stands where it would have stood; and it never comes down."""
    calendar = WorkingCalendar(own)
    early, late = NOW + timedelta(days=first), NOW + timedelta(days=first + more)
    between = standing(RAISED, len(LINE), calendar, SHANGHAI, early)
    written = replace(RAISED, state=between.state, rung=between.rung)
    assert standing(written, len(LINE), calendar, SHANGHAI, early) == between
    directly = standing(RAISED, len(LINE), calendar, SHANGHAI, late)
    assert standing(written, len(LINE), calendar, SHANGHAI, late) == directly
    assert directly.rung >= between.rung


@pytest.mark.parametrize(
    "place, after, may",
    [(0, 0, True), (1, 0, True), (None, 0, True), (0, 20, False), (1, 20, True), (2, 20, True), (None, 999, True)],
)
def test_the_team_that_was_too_late_answers_no_more(place: int | None, after: int, *, may: bool) -> None:
    """After the first term the parent answers, or who stands above it; administrators always may."""
    assert may_answer(place, standing(RAISED, len(LINE), CALENDAR, SHANGHAI, NOW + timedelta(days=after))) is may


@pytest.mark.parametrize("state", RecordState)
def test_who_may_object_until_when(state: RecordState) -> None:
    """The volunteer while the record counts or is about to; others until the notice period ends."""
    for days, own in product((None, -1, 0, 1), (True, False)):
        matures_at = None if days is None else NOW + timedelta(days=days)
        record = replace(a_record(state=state), matures_at=matures_at)
        refused = refuse_objection(record, own=own, at=NOW)
        if state in (RecordState.REJECTED, RecordState.WITHDRAWN):
            assert refused == Rejected(Code.STATE_CONFLICT, {"state": state.value})
        elif own or state is RecordState.ENTERED or days == 1:
            assert refused is None
        else:
            assert refused == Rejected(Code.NOTICE_ENDED)

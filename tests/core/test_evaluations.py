"""Evaluations: who may give one, of what, how late; and what an average keeps from the stars."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import Code, Rejected
from app.core.evaluations import is_late, refuse_evaluation
from app.core.ids import VolunteerId
from app.core.rows import RecordState
from app.core.stars import NOT_EVALUATED, Quality, StarScale
from tests.core.builders import NOW, VOLUNTEER, a_record, named

SCALE = StarScale((60, 120), 350)


@pytest.mark.parametrize("state", RecordState)
def test_only_what_counts_or_is_about_to_is_evaluated(state: RecordState) -> None:
    """Entered or verified; what was rejected or withdrawn is a conflict."""
    refused = refuse_evaluation(a_record(state=state), None, ())
    alive = state in (RecordState.ENTERED, RecordState.VERIFIED)
    assert refused == (None if alive else Rejected(Code.STATE_CONFLICT, {"state": state.value}))


def test_nobody_evaluates_their_own_service_or_a_relatives() -> None:
    """Somebody else's volunteer may; the volunteer and whoever is marked a relative may not."""
    other = VolunteerId(named("other"))
    assert refuse_evaluation(a_record(), other, (other,)) is None
    assert refuse_evaluation(a_record(), VOLUNTEER, ()) == Rejected(Code.SELF_REVIEW)
    assert refuse_evaluation(a_record(), other, (VOLUNTEER,)) == Rejected(Code.SELF_REVIEW)


def test_it_is_late_from_the_end_of_the_term_on() -> None:
    """To the microsecond; without a term it never is."""
    assert not is_late(NOW, NOW - timedelta(microseconds=1))
    assert is_late(NOW, NOW)
    assert not is_late(None, NOW)


@pytest.mark.parametrize(
    "quality, stars, average",
    [
        (Quality(2, 7), 1, 350),
        (Quality(1, 3), 0, 300),
        (Quality(3, 10), 0, 333),
        (Quality(1_000_000, 3_499_999), 0, 349),
        (NOT_EVALUATED, 1, None),
    ],
)
def test_an_average_below_the_minimum_keeps_all_stars_back(quality: Quality, stars: int, average: int | None) -> None:
    """Compared exactly, never by a rounded average; what is missing to the next star is time alone."""
    assert SCALE.stars(119, quality) == stars
    assert quality.average == average
    assert (SCALE.missing(119), SCALE.missing(120)) == (1, None)


@given(minutes=st.integers(0, 1_000), count=st.integers(0, 50), data=st.data())
def test_without_a_minimum_quality_changes_nothing(minutes: int, count: int, data: st.DataObject) -> None:
    """The programme that does not ask for quality has the stars of time alone."""
    total = data.draw(st.integers(count, 5 * count))
    plain = StarScale((60, 120))
    assert plain.stars(minutes, Quality(count, total)) == plain.stars(minutes)

"""Attempts are few, whoever makes them and however many at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.attempts import BY_NAME, Allowance, Attempts, count_attempt, give_back
from app.core.codes import Code, Rejected

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
NONE = Attempts(count=0, began_at=AT)


def _made(count: int, at: datetime = AT) -> Attempts:
    attempts = NONE
    for _ in range(count):
        counted = count_attempt(attempts, BY_NAME, at)
        assert isinstance(counted, Attempts)
        attempts = counted
    return attempts


def test_the_last_attempt_closes_the_door() -> None:
    """Five are made; the sixth is refused and told how long to wait."""
    refused = count_attempt(_made(5), BY_NAME, AT)
    assert refused == Rejected(Code.FREQUENCY_LIMITED, {"retry_after_s": 900})


@pytest.mark.parametrize("left_s, told", [(900, 900), (1, 1)])
def test_the_wait_is_told_in_whole_seconds(left_s: int, told: int) -> None:
    """Never zero, never too short."""
    refused = count_attempt(_made(5), BY_NAME, AT + BY_NAME.closed_for - timedelta(seconds=left_s))
    assert isinstance(refused, Rejected)
    assert refused.detail["retry_after_s"] == told


def test_the_door_opens_after_its_time() -> None:
    """A new window begins then, with all its attempts."""
    after = count_attempt(_made(5), BY_NAME, AT + BY_NAME.closed_for)
    assert after == Attempts(count=1, began_at=AT + BY_NAME.closed_for)


def test_a_window_that_is_over_is_forgotten() -> None:
    """Four attempts five minutes ago are none now."""
    after = count_attempt(_made(4), BY_NAME, AT + BY_NAME.window)
    assert isinstance(after, Attempts)
    assert after.count == 1


def test_what_went_well_is_given_back() -> None:
    """The attempt that closed the door was a good one: it is open again."""
    assert give_back(_made(5), BY_NAME) == Attempts(count=4, began_at=AT)
    assert give_back(NONE, BY_NAME) == NONE


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=60), st.integers(1, 6))
def test_never_more_guesses_than_allowed(tries: list[tuple[int, bool]], most: int) -> None:
    """In no stretch as long as the door stays closed are there more guesses than two windows allow."""
    allowance = Allowance(attempts_max=most, window=timedelta(minutes=5), closed_for=timedelta(minutes=15))
    attempts, at, guesses = NONE, AT, []
    for wait_s, good in tries:
        at += timedelta(seconds=wait_s)
        counted = count_attempt(attempts, allowance, at)
        if isinstance(counted, Rejected):
            continue
        attempts = give_back(counted, allowance) if good else counted
        if not good:
            guesses.append(at)
    for begin in guesses:
        within = [guess for guess in guesses if begin <= guess < begin + allowance.window]
        assert len(within) <= 2 * most - 1

"""Buckets let through what was promised, and cost next to nothing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.buckets import NO_LIMIT, Buckets, Rate, rate_of


def test_so_many_at_once_and_then_one_at_a_time() -> None:
    """Ten saved up, then one every half second; the wait is told in whole seconds."""
    buckets = Buckets(Rate(0.5, 10))
    assert [buckets.take("a", 100.0) for _ in range(10)] == [0] * 10
    assert buckets.take("a", 100.0) == 1
    assert buckets.take("a", 100.5) == 0
    assert buckets.take("a", 100.5) == 1


def test_callers_do_not_share() -> None:
    """One who floods shuts out nobody else."""
    buckets = Buckets(Rate(1.0, 1))
    assert [buckets.take("a", 0.0), buckets.take("a", 0.0), buckets.take("b", 0.0)] == [0, 1, 0]


def test_looking_takes_nothing() -> None:
    """The wait can be asked for as often as one likes."""
    buckets = Buckets(Rate(1.0, 1))
    assert [buckets.wait_s("a", 0.0) for _ in range(5)] == [0] * 5
    assert buckets.take("a", 0.0) == 0
    assert buckets.wait_s("a", 0.0) == 1


@pytest.mark.parametrize("rate", [NO_LIMIT, rate_of(0, 10)])
def test_no_limit_is_no_limit(rate: Rate) -> None:
    """However many there are."""
    buckets = Buckets(rate)
    assert {buckets.take("a", 0.0) for _ in range(1000)} == {0}


def test_a_flood_of_callers_does_not_fill_the_memory() -> None:
    """More addresses than are kept: the quiet ones are forgotten, and everybody is still served."""
    buckets = Buckets(Rate(10.0, 2))
    assert {buckets.take(str(number), 0.0) for number in range(50_000)} == {0}
    assert len(buckets._full_at) <= 20_000


@given(st.lists(st.floats(0, 3), max_size=80), st.integers(1, 8))
def test_never_more_than_saved_and_earned(waits: list[float], burst: int) -> None:
    """In any stretch no more calls than fit in it, and those that were saved up."""
    buckets, now, let = Buckets(Rate(1.0, burst)), 0.0, []
    for wait in waits:
        now += wait
        if buckets.take("a", now) == 0:
            let.append(now)
    for begin in range(len(let)):
        for end in range(begin, len(let)):
            assert end - begin + 1 <= burst + (let[end] - let[begin]) + 1e-6


def test_a_call_costs_less_than_ten_microseconds() -> None:
    """The median of many batches on whatever machine this is: tills are not slowed by being counted."""
    buckets, batches = Buckets(rate_of(50, 10)), []
    for batch in range(50):
        begin = time.perf_counter()
        for number in range(200):
            buckets.take(f"till-{number % 40}", float(batch))
        batches.append((time.perf_counter() - begin) / 200)
    assert sorted(batches)[25] < 10e-6

"""Check-in and check-out pairs become whole minutes (DOMAIN.md 1.6)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.check_ins import Attendance, CheckIn, CheckInFault, attend, share_time
from tests.core.builders import NOW, SHANGHAI


def stay(begin: int, end: int) -> CheckIn:
    """From one minute after nine to another."""
    return CheckIn(NOW + timedelta(minutes=begin), NOW + timedelta(minutes=end))


ACTIVITY = stay(0, 120)


@pytest.mark.parametrize(
    "pairs, minutes",
    [
        ([stay(0, 120)], 120),
        ([stay(-15, 135)], 150),
        ([stay(-60, 240)], 150),
        ([stay(10, 40), stay(60, 90)], 60),
        ([stay(60, 90), stay(10, 40)], 60),
        ([stay(10, 40), stay(40, 50)], 40),
        ([stay(-90, -20), stay(0, 30)], 30),
    ],
)
def test_pairs_are_clipped_and_added(pairs: list[CheckIn], minutes: int) -> None:
    """The stays' sum, a quarter of an hour on either side of the activity at most; the order sent does not matter."""
    attendance = attend(pairs, ACTIVITY, SHANGHAI)
    assert isinstance(attendance, Attendance)
    assert attendance.minutes == minutes


@pytest.mark.parametrize(
    "pairs, fault",
    [
        ([], CheckInFault.NO_PAIR),
        ([stay(10, 10)], CheckInFault.BACKWARDS),
        ([stay(10, 5)], CheckInFault.BACKWARDS),
        ([stay(10, 40), stay(39, 50)], CheckInFault.OVERLAPPING),
        ([stay(0, 5), stay(10, 15), stay(20, 25), stay(30, 35)], CheckInFault.TOO_MANY),
        ([stay(-90, -15)], CheckInFault.OUTSIDE),
        ([stay(135, 200)], CheckInFault.OUTSIDE),
        ([CheckIn(NOW, NOW + timedelta(seconds=59))], CheckInFault.OUTSIDE),
    ],
)
def test_impossible_pairs_are_named(pairs: list[CheckIn], fault: CheckInFault) -> None:
    """None at all, backwards, overlapping, a fourth of the day, nothing within the activity, not one whole minute."""
    assert attend(pairs, ACTIVITY, SHANGHAI) is fault


def test_the_third_pair_of_a_day_is_the_last() -> None:
    """Pairs of the same activity in other records use up the day; those of the day before do not."""
    three = [stay(0, 5), stay(10, 15), stay(20, 25)]
    assert isinstance(attend(three, None, SHANGHAI), Attendance)
    assert (
        attend(three[:1], None, SHANGHAI, earlier=[stay(30, 35), stay(40, 45), stay(50, 55)]) is CheckInFault.TOO_MANY
    )
    yesterday = [stay(-1440 + start, -1435 + start) for start in (0, 10, 20)]
    assert isinstance(attend(three, None, SHANGHAI, earlier=yesterday), Attendance)


def test_seconds_are_dropped_once() -> None:
    """Two stays of 30 min 40 s are 61 minutes: rounded down after adding, not before."""
    half = timedelta(minutes=30, seconds=40)
    later = NOW + timedelta(hours=1)
    attendance = attend([CheckIn(NOW, NOW + half), CheckIn(later, later + half)], None, SHANGHAI)
    assert isinstance(attendance, Attendance)
    assert attendance.minutes == 61


def test_only_stays_are_compared() -> None:
    """Between two stays of one record another service is possible; a shared minute is not; touching is not sharing."""
    broken = [stay(0, 60), stay(120, 180)]
    assert not share_time(broken, [stay(60, 120)])
    assert share_time(broken, [stay(59, 120)])
    assert share_time([stay(90, 121)], broken)


moments = st.integers(-200, 400)


@given(
    marks=st.lists(moments, min_size=2, max_size=6, unique=True).filter(lambda marks: len(marks) % 2 == 0),
    window=st.tuples(moments, st.integers(1, 200)),
)
def test_minutes_are_those_inside(marks: list[int], window: tuple[int, int]) -> None:
    """The minutes are exactly those that lie in a stay and within the activity with its margins."""
    marks.sort()
    pairs = list(zip(marks[::2], marks[1::2], strict=True))
    begin, length = window
    inside = {
        minute for start, end in pairs for minute in range(start, end) if begin - 15 <= minute < begin + length + 15
    }
    found = attend([stay(*pair) for pair in pairs], stay(begin, begin + length), SHANGHAI)
    assert (found.minutes if isinstance(found, Attendance) else 0) == len(inside)
    if isinstance(found, Attendance):
        assert not any(share_time([one], [other]) for one in found.stays for other in found.stays if one != other)

"""Cells as people write them: days, times, durations; exact, and refused where they say nothing."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importing.values import read_day, read_hours, read_moment, read_whole

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("text", ["2024-03-05", "2024/3/5", "2024年3月5日", "2024.03.05", "20240305"])
def test_a_day_in_every_way_it_is_written(text: str) -> None:
    """All of them are the fifth of March."""
    assert read_day(text) == date(2024, 3, 5)


@pytest.mark.parametrize("text", ["2024-02-30", "05/03/2024", "yesterday", "", "2024-3", "45356"])
def test_what_is_no_day(text: str) -> None:
    """A day that is not there, one whose order nobody knows, and a spreadsheet's bare number."""
    assert read_day(text) is None


def test_a_moment_is_local_time() -> None:
    """With its day or on the day of its row; 24:00 is the next day's beginning."""
    nine = datetime(2024, 3, 5, 1, tzinfo=UTC)
    for text, day in (("2024-03-05 09:00", None), ("2024-03-05T09:00:00", None), ("9:00", date(2024, 3, 5))):
        assert read_moment(text, day, SHANGHAI) == nine
    assert read_moment("24:00", date(2024, 12, 31), SHANGHAI) == datetime(2024, 12, 31, 16, tzinfo=UTC)
    assert read_moment("24:01", date(2024, 3, 5), SHANGHAI) is None
    assert read_moment("9:00", None, SHANGHAI) is None


@pytest.mark.parametrize(
    "text, minutes",
    [
        ("3", 180),
        ("3.5", 210),
        ("0.33", 20),
        ("0.17", 10),
        ("1:30", 90),
        ("3小时20分", 200),
        ("45分钟", 45),
        ("2小时", 120),
    ],
)
def test_durations(text: str, minutes: int) -> None:
    """Decimal hours, hours and minutes, and words."""
    assert read_hours(text) == minutes


@pytest.mark.parametrize("text", ["", "-1", "two", "1,5", "1e3", "NaN", "小时"])
def test_what_is_no_duration(text: str) -> None:
    """Nothing is made up."""
    assert read_hours(text) is None


@given(minutes=st.integers(1, 1440))
def test_minutes_come_back_from_two_decimals(minutes: int) -> None:
    """Whole minutes that a system wrote as hours with two decimals are those minutes again."""
    hundredths = (minutes * 100 + 30) // 60
    assert read_hours(f"{hundredths // 100}.{hundredths % 100:02d}") == minutes


def test_whole_numbers() -> None:
    """Digits only: no sign, no other script's digits, nothing endless."""
    assert read_whole("12") == 12
    assert [read_whole(text) for text in ("-1", "1.0", "１", "9" * 10, "")] == [None] * 5

"""Working days: the State Council's calendar with exchanged days, terms as the Civil Code counts them (DOMAIN 3.2)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.working_days import ANNOUNCED, RECORDING_DAYS, WorkingCalendar, deadline

CALENDAR = WorkingCalendar()
SHANGHAI = ZoneInfo("Asia/Shanghai")
# Working days by year: 365 or 366, less the days of rest, as the notices add up.
WORKED = {2020: 249, 2021: 250, 2022: 249, 2023: 249, 2024: 251, 2025: 248, 2026: 248}


@pytest.mark.parametrize("year", sorted(ANNOUNCED))
def test_each_year_has_its_working_days(year: int) -> None:
    """An announced year has as many working days as its notice leaves; a slip in the table shows here."""
    first = date(year, 1, 1)
    days = [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]
    assert sum(map(CALENDAR.is_worked, days)) == WORKED[year]


@pytest.mark.parametrize(
    "day, worked",
    [
        (date(2026, 2, 14), True),
        (date(2026, 2, 15), False),
        (date(2026, 2, 23), False),
        (date(2026, 2, 24), True),
        (date(2026, 2, 28), True),
        (date(2025, 10, 8), False),
        (date(2025, 9, 28), True),
        (date(2024, 5, 11), True),
        (date(2023, 12, 30), False),
        (date(2022, 12, 31), False),
        (date(2020, 1, 31), False),
        (date(2020, 2, 3), True),
        (date(2026, 11, 7), False),
        (date(2026, 11, 9), True),
    ],
)
def test_exchanged_days_are_known(day: date, *, worked: bool) -> None:
    """Saturdays that are worked and weekdays that are not, as announced; an ordinary weekend and Monday."""
    assert CALENDAR.is_worked(day) is worked


def test_a_year_not_announced_has_weekends_only() -> None:
    """National Day 2030 is a Tuesday: worked until somebody knows better; the programme's own word decides."""
    day = date(2030, 10, 1)
    assert CALENDAR.is_worked(day)
    assert not WorkingCalendar({day: False}).is_worked(day)
    assert WorkingCalendar({date(2026, 2, 15): True}).is_worked(date(2026, 2, 15))


def test_ten_working_days_over_the_spring_festival() -> None:
    """From Friday 13 February 2026: Saturday 14 is worked, the 15th to the 23rd are not, Saturday 28 is worked."""
    assert CALENDAR.add(date(2026, 2, 13), RECORDING_DAYS) == date(2026, 3, 5)
    assert CALENDAR.add(date(2026, 2, 13), 1) == date(2026, 2, 14)
    assert CALENDAR.add(date(2026, 2, 14), 1) == date(2026, 2, 24)


def test_a_term_of_calendar_days_runs_on() -> None:
    """Seven days from 25 September 2026 end in National Day week, so they run on to 8 October (Civil Code Art. 203)."""
    assert CALENDAR.run_on(date(2026, 9, 25), 7) == date(2026, 10, 8)
    assert CALENDAR.run_on(date(2026, 11, 2), 7) == date(2026, 11, 9)


def test_a_term_ends_at_midnight_here() -> None:
    """24:00 in Shanghai of the last day; an activity that ends at midnight ended on the day before."""
    ended = datetime(2026, 3, 2, 16, tzinfo=UTC)
    assert deadline(ended - timedelta(seconds=1), 1, CALENDAR, SHANGHAI) == datetime(2026, 3, 3, 16, tzinfo=UTC)
    assert deadline(ended, 1, CALENDAR, SHANGHAI) == datetime(2026, 3, 3, 16, tzinfo=UTC)
    assert deadline(ended + timedelta(seconds=1), 1, CALENDAR, SHANGHAI) == datetime(2026, 3, 4, 16, tzinfo=UTC)


@pytest.mark.parametrize("count", [0, -1])
def test_a_term_has_a_day_at_least(count: int) -> None:
    """A term of no days is a mistake of the caller."""
    for term in (CALENDAR.add, CALENDAR.run_on):
        with pytest.raises(ValueError, match="at least one day"):
            term(date(2026, 3, 2), count)


@given(
    day=st.dates(date(2019, 12, 1), date(2031, 1, 1)),
    count=st.integers(1, 40),
    own=st.dictionaries(st.dates(date(2019, 12, 1), date(2031, 6, 1)), st.booleans(), max_size=20),
)
def test_a_term_holds_exactly_its_working_days(day: date, count: int, own: dict[date, bool]) -> None:
    """After the first day and up to the last lie as many working days as the term has, and the last is one."""
    calendar = WorkingCalendar(own)
    last = calendar.add(day, count)
    between = [day + timedelta(days=number) for number in range(1, (last - day).days + 1)]
    assert sum(map(calendar.is_worked, between)) == count
    assert calendar.is_worked(last)
    ran_on = calendar.run_on(day, count)
    assert calendar.is_worked(ran_on)
    ends = day + timedelta(days=count)
    assert not any(calendar.is_worked(ends + timedelta(days=number)) for number in range((ran_on - ends).days))

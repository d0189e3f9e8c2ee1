"""Notices before points expire: 30 and 7 days, late rather than never, and never two at once."""

from datetime import date, timedelta

from app.core.expiry_notices import DISTANCES, DueNotice, days_due, tell_notice

YEAR_END = date(2026, 12, 31)


def distance_on(today: date) -> int | None:
    """From which distance a volunteer with points of the year's end is told on a day."""
    found = [due.days_before for due in days_due(today) if due.expires_on == YEAR_END]
    assert len(found) < 2
    return found[0] if found else None


def test_thirty_and_seven_days_before() -> None:
    """The first is due 30 days before, the second 7; nothing on the day before the first."""
    assert DISTANCES == (30, 7)
    assert distance_on(date(2026, 11, 30)) is None
    assert distance_on(date(2026, 12, 1)) == 30
    assert distance_on(date(2026, 12, 23)) == 30
    assert distance_on(date(2026, 12, 24)) == 7


def test_a_job_that_stood_still_catches_up() -> None:
    """Until the last day itself something is due; a day after it nothing is."""
    days = [date(2026, 12, 1) + timedelta(days=number) for number in range(31)]
    assert [distance_on(day) for day in days] == [30] * 23 + [7] * 8
    assert distance_on(date(2027, 1, 1)) is None


def test_each_last_day_is_due_from_one_distance() -> None:
    """Thirty-one days ahead, today's too, the nearest first, each once."""
    due = days_due(date(2028, 2, 15))
    assert [each.expires_on for each in due] == [date(2028, 2, 15) + timedelta(days=number) for number in range(31)]
    assert due[0] == DueNotice(date(2028, 2, 15), 7)
    assert due[14] == DueNotice(date(2028, 2, 29), 30)


def test_a_notice_says_how_many_and_until_when() -> None:
    """In Chinese and English, the last usable day in full."""
    assert tell_notice(120, YEAR_END, english=False) == (
        "您有 120 积分即将到期，最后可用日为2026年12月31日（当日 24:00 失效）。"
    )
    assert tell_notice(1, YEAR_END, english=True) == (
        "1 points can be spent until the end of 2026-12-31 and expire after it."
    )

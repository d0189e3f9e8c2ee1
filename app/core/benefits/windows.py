"""Months back from a day: where a qualifying window (核定期) begins, and how long somebody has been registered.

What a grant consumed lies in an account named by its window. No account says which hours of it were taken, so all
that was consumed of any window that overlaps counts as taken (`benefit_grants.Window`).
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta

from app.core.benefit_grants import Window

MONTHS_A_YEAR = 12
_DAY = timedelta(days=1)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of that month."""
    year, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 - months, MONTHS_A_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def full_months(since: date, until: date) -> int:
    """How many full months lie between two days; 0 where the second comes first."""
    months = (until.year - since.year) * MONTHS_A_YEAR + until.month - since.month
    return max(0, months - (months_before(until, months) < since))


def window_start(months: int, as_of: date) -> date:
    """The first day of a window that ends on a day: of twelve months to 2026-11-27 it is 2025-11-28."""
    return months_before(as_of, months) + _DAY


def consumed_in(window: Window, consumed: Mapping[str, int]) -> int:
    """What grants consumed of hours that may lie in a window, by the parts of the `consumed` accounts."""
    return sum(minutes for part, minutes in consumed.items() if window.overlaps(part))

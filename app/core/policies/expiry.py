"""How long points live: the last day of a lot, which ends at 24:00 of the programme's clock."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import assert_never

from app.core.accounts import NEVER

_MONTHS = 12


class ExpiryKind(StrEnum):
    """The rules cities have (DOMAIN.md 2.2)."""

    NEVER = "never"
    YEAR_END = "year_end"
    ROLLING_MONTHS = "rolling_months"
    FIXED_DATE = "fixed_date"


def _clamped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """One rule for the last day of points.

    31 December `years` after the year of service (0: the same year, 黄石), so many months later to the day (黄山:
    36), or one day of the year for everybody (`on`; what is earned after it lives until the next).
    """

    kind: ExpiryKind
    years: int = 0
    months: int = 0
    on: date | None = None

    def last_day(self, earned_on: date) -> date:
        """The last day on which points of a day can be spent.

        Months end on the corresponding day, or on the month's last where there is none (民法典 Art. 202).
        """
        match self.kind:
            case ExpiryKind.NEVER:
                return NEVER
            case ExpiryKind.YEAR_END:
                return date(earned_on.year + self.years, 12, 31)
            case ExpiryKind.ROLLING_MONTHS:
                years, month = divmod(earned_on.month - 1 + self.months, _MONTHS)
                return _clamped(earned_on.year + years, month + 1, earned_on.day)
            case ExpiryKind.FIXED_DATE:
                return self._next_fixed(earned_on)
            case unreachable:
                assert_never(unreachable)

    def _next_fixed(self, earned_on: date) -> date:
        if self.on is None:
            return NEVER
        year = max(self.on.year, earned_on.year)
        last = _clamped(year, self.on.month, self.on.day)
        return last if last >= earned_on else _clamped(year + 1, self.on.month, self.on.day)

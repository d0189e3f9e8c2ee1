"""Working days (工作日): the State Council's yearly calendar with its exchanged days (调休), and terms counted in them.

Terms run as the Civil Code has it: the first day is not counted (Art. 201), one that ends on a rest day runs on to the
next working day and ends at 24:00 there (Art. 203). Years not announced yet have weekends only; a programme writes
what it knows better into its own days.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from app.core.quantities import Instant

RECORDING_DAYS = 10
"""Working days after the end of an activity to record service and evaluation (ministry order 67, Art. 11)."""
ANSWERING_DAYS = 10
"""Working days to answer an objection (DOMAIN.md 1.2: order 67 says "promptly", the number is ours)."""

_SATURDAY = 5
_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)

# Notices of the General Office of the State Council on the holidays of a year: 国办发明电〔2019〕16号 with 〔2020〕1号
# (2020, the Spring Festival made longer), 〔2020〕27号 (2021), 〔2021〕11号 (2022), 〔2022〕16号 (2023), 〔2023〕7号
# (2024), 〔2024〕12号 (2025), 〔2025〕7号 (2026). First the days of rest, then the weekend days that are worked.
_NOTICES = {
    2020: ("0101 0124-0202 0404-0406 0501-0505 0625-0627 1001-1008", "0119 0426 0509 0628 0927 1010"),
    2021: (
        "0101-0103 0211-0217 0403-0405 0501-0505 0612-0614 0919-0921 1001-1007",
        "0207 0220 0425 0508 0918 0926 1009",
    ),
    2022: (
        "0101-0103 0131-0206 0403-0405 0430-0504 0603-0605 0910-0912 1001-1007",
        "0129 0130 0402 0424 0507 1008 1009",
    ),
    2023: ("0101-0102 0121-0127 0405 0429-0503 0622-0624 0929-1006", "0128 0129 0423 0506 0625 1007 1008"),
    2024: ("0101 0210-0217 0404-0406 0501-0505 0610 0915-0917 1001-1007", "0204 0218 0407 0428 0511 0914 0929 1012"),
    2025: ("0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008", "0126 0208 0427 0928 1011"),
    2026: ("0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007", "0104 0214 0228 0509 0920 1010"),
}
# Days that the notice of the next year gave to the end of this one.
_EVES = {2022: "1231", 2023: "1230-1231"}

ANNOUNCED = frozenset(_NOTICES)
"""The years whose calendar is known here."""


def _days(year: int, written: str) -> Iterator[date]:
    for part in written.split():
        first, _, last = part.partition("-")
        day = date(year, int(first[:2]), int(first[2:]))
        end = date(year, int(last[:2]), int(last[2:])) if last else day
        while day <= end:
            yield day
            day += _DAY


def _announced() -> dict[date, bool]:
    known: dict[date, bool] = {}
    for year, (rest, worked) in _NOTICES.items():
        known.update(dict.fromkeys(_days(year, f"{rest} {_EVES.get(year, '')}"), False))
        known.update(dict.fromkeys(_days(year, worked), True))
    return known


_ANNOUNCED = _announced()


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Which days are worked: the programme's own word first, then the State Council's, then the weekday."""

    own_days: Mapping[date, bool] = field(default_factory=dict)

    def is_worked(self, day: date) -> bool:
        """Whether a day is a working day."""
        known = self.own_days.get(day)
        if known is None:
            known = _ANNOUNCED.get(day)
        return day.weekday() < _SATURDAY if known is None else known

    def add(self, day: date, count: int) -> date:
        """The last day of a term of so many working days; the day itself is not counted."""
        if count < 1:
            raise ValueError("a term has at least one day")
        while count:
            day += _DAY
            count -= self.is_worked(day)
        return day

    def run_on(self, day: date, count: int) -> date:
        """The last day of a term of so many calendar days: one that ends on a rest day runs on to a working day."""
        if count < 1:
            raise ValueError("a term has at least one day")
        day += _DAY * count
        while not self.is_worked(day):
            day += _DAY
        return day


def deadline(since: Instant, working_days: int, calendar: WorkingCalendar, zone: tzinfo) -> Instant:
    """The moment a term of working days is over, for what happened at `since`: 24:00, local, of its last day.

    What ended at midnight ended on the day before.
    """
    last = calendar.add((since - _MOMENT).astimezone(zone).date(), working_days)
    return datetime.combine(last + _DAY, time(), zone).astimezone(since.tzinfo)

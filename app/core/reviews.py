"""Reviews (审核): who may decide about a service record, and how high the decision must be taken.

Never the volunteer, whoever entered the record, or a relative marked so (DOMAIN.md 1.6 and 7.9). The more a volunteer
has served on a day, the higher: up to 8 hours the own organisation, up to 12 the one above, beyond that the top.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from enum import IntEnum
from typing import NamedTuple

from app.core.ids import TeamId, UserId, VolunteerId
from app.core.quantities import Instant, Minutes
from app.core.rows import ServiceRecord

OWN_MINUTES_MAX = 8 * 60
PARENT_MINUTES_MAX = 12 * 60

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


class ReviewLevel(IntEnum):
    """How high a reviewer stands above a record's team."""

    OWN = 1
    PARENT = 2
    TOP = 3


class Stretch(NamedTuple):
    """Time of one record, as the tiers look at it."""

    started_at: Instant
    ended_at: Instant
    minutes: Minutes


def is_own(
    record: ServiceRecord, user: UserId, volunteer: VolunteerId | None, relatives: Collection[VolunteerId]
) -> bool:
    """Whether the record is this person's own affair: they served, they entered it, or a relative of theirs served."""
    return user == record.recorder or record.volunteer == volunteer or record.volunteer in relatives


def stretch_of(record: ServiceRecord) -> Stretch:
    """The time of a record."""
    return Stretch(record.started_at, record.ended_at, record.minutes)


def level_for(minutes: int) -> ReviewLevel:
    """The level that a day of so many minutes needs."""
    if minutes <= OWN_MINUTES_MAX:
        return ReviewLevel.OWN
    return ReviewLevel.PARENT if minutes <= PARENT_MINUTES_MAX else ReviewLevel.TOP


def days_of(stretch: Stretch, zone: tzinfo) -> Iterator[date]:
    """The business days that a stretch touches; one that ends at midnight does not touch the day that begins."""
    day = stretch.started_at.astimezone(zone).date()
    while _midnight(day, zone) < stretch.ended_at:
        yield day
        day += _DAY


def share_on(stretch: Stretch, day: date, zone: tzinfo) -> Minutes:
    """The minutes of a stretch that may have been given on a day.

    Across midnight each day counts what of the period lies on it, never more than the record's minutes: when the
    breaks were, nobody knows.
    """
    begin = max(stretch.started_at, _midnight(day, zone))
    end = min(stretch.ended_at, _midnight(day + _DAY, zone))
    return Minutes(max(0, min(stretch.minutes, -((begin - end) // _MINUTE))))


def minutes_by_day(stretch: Stretch, others: Sequence[Stretch], zone: tzinfo) -> dict[date, int]:
    """What a volunteer has given on each day of a stretch, together with other records."""
    return {day: sum(share_on(each, day, zone) for each in (stretch, *others)) for day in days_of(stretch, zone)}


def level_needed(stretch: Stretch, others: Sequence[Stretch], zone: tzinfo) -> ReviewLevel:
    """The level that verifying a record needs, beside the records of its days that are verified already."""
    return max(map(level_for, minutes_by_day(stretch, others, zone).values()), default=ReviewLevel.OWN)


def level_of(team: TeamId | None, line: Sequence[TeamId]) -> ReviewLevel | None:
    """How high a team stands in the line of a record's team (itself first, the root last); None outside of it."""
    if team is None or team not in line:
        return None
    if team == line[-1]:
        return ReviewLevel.TOP
    return ReviewLevel.OWN if team == line[0] else ReviewLevel.PARENT


def day_bounds(stretch: Stretch, zone: tzinfo) -> tuple[Instant, Instant]:
    """From the beginning of the first day that a stretch touches to the end of the last."""
    days = list(days_of(stretch, zone))
    return _midnight(days[0], zone), _midnight(days[-1] + _DAY, zone)


def _midnight(day: date, zone: tzinfo) -> Instant:
    return datetime.combine(day, time(), zone)

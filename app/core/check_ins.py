"""Check-ins (签到签退): pairs of in and out become minutes of service, rounded down once.

DOMAIN.md 1.6: `Σ (out - in)` over pairs that do not overlap, clipped to the activity and a quarter of an hour on
either side; at most three pairs per activity, person and day.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from app.core.quantities import Instant, Minutes

PAIRS_A_DAY = 3
MARGIN = timedelta(minutes=15)
_MINUTE = timedelta(minutes=1)


class CheckIn(NamedTuple):
    """One stay: checked in, checked out."""

    begin: Instant
    end: Instant


class CheckInFault(StrEnum):
    """Why pairs cannot be counted."""

    NO_PAIR = "no-pair"
    BACKWARDS = "out-before-in"
    OVERLAPPING = "pairs-overlap"
    TOO_MANY = "more-than-three-a-day"
    OUTSIDE = "outside-the-activity"


@dataclass(frozen=True, slots=True)
class Attendance:
    """What pairs amount to: the stays that count, in order, and the whole minutes in them."""

    stays: tuple[CheckIn, ...]
    minutes: Minutes


def attend(
    pairs: Iterable[CheckIn], activity: CheckIn | None, zone: tzinfo, earlier: Iterable[CheckIn] = ()
) -> Attendance | CheckInFault:
    """Count pairs, clipped to an activity when one is given.

    `earlier` are pairs of the same person and activity in other records: they use up the day's three.
    """
    stays = sorted(pairs)
    if not stays:
        return CheckInFault.NO_PAIR
    if any(stay.end <= stay.begin for stay in stays):
        return CheckInFault.BACKWARDS
    if any(after.begin < before.end for before, after in pairwise(stays)):
        return CheckInFault.OVERLAPPING
    a_day = Counter(stay.begin.astimezone(zone).date() for stay in (*stays, *earlier))
    if any(a_day[stay.begin.astimezone(zone).date()] > PAIRS_A_DAY for stay in stays):
        return CheckInFault.TOO_MANY
    counted = tuple(stays) if activity is None else _clip(stays, activity)
    minutes = Minutes(sum((stay.end - stay.begin for stay in counted), timedelta()) // _MINUTE)
    return Attendance(counted, minutes) if minutes else CheckInFault.OUTSIDE


def _clip(stays: Sequence[CheckIn], activity: CheckIn) -> tuple[CheckIn, ...]:
    opens, closes = activity.begin - MARGIN, activity.end + MARGIN
    clipped = (CheckIn(max(stay.begin, opens), min(stay.end, closes)) for stay in stays)
    return tuple(stay for stay in clipped if stay.begin < stay.end)


def share_time(some: Iterable[CheckIn], others: Sequence[CheckIn]) -> bool:
    """Whether any stay of one shares time with any of the other; stays that only touch do not."""
    return any(a.begin < b.end and b.begin < a.end for a in some for b in others)

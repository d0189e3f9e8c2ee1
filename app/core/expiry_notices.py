"""Notices before points expire: when they are due, and their words (提醒). They move nothing, so the journal has none.

Days are the programme's; a lot's points can be spent until 24:00 of its day.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from app.core.ids import VolunteerId
from app.core.quantities import Instant, Points

DISTANCES = (30, 7)
"""How many days before the last day volunteers are told, the farther first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryNotice:
    """A volunteer was told how many points end on a day. `number` is its place in the programme's stream."""

    number: int
    volunteer: VolunteerId
    expires_on: date
    days_before: int
    points: Points
    recorded_at: Instant


@dataclass(frozen=True, slots=True)
class DueNotice:
    """Whoever has points that end on this day is to be told now, from this distance."""

    expires_on: date
    days_before: int


def days_due(today: date) -> tuple[DueNotice, ...]:
    """Of which last days somebody is to be told today, the nearest day first.

    A distance lasts until the next nearer one begins, and the last one to the end of the day itself: what a job that
    stood still for days has missed is told late, and never twice at once from two distances.
    """
    due = []
    for distance, nearer in zip(DISTANCES, (*DISTANCES[1:], -1), strict=True):
        due += [DueNotice(today + timedelta(days=left), distance) for left in range(nearer + 1, distance + 1)]
    return tuple(sorted(due, key=lambda each: each.expires_on))


def tell_notice(points: int, expires_on: date, *, english: bool) -> str:
    """A notice in words: how many points, and the last day on which they can be spent."""
    if english:
        return f"{points} points can be spent until the end of {expires_on.isoformat()} and expire after it."
    day = f"{expires_on.year}年{expires_on.month}月{expires_on.day}日"
    return f"您有 {points} 积分即将到期，最后可用日为{day}（当日 24:00 失效）。"

"""Attempts (尝试次数): how often somebody may guess before the door is closed for a while.

Each attempt is counted before its outcome is known, so many at once guess no more often than one after another. What
went well is given back. Whoever is closed out gets the same words whether the name exists or not.
"""

from dataclasses import dataclass
from datetime import timedelta

from app.core.codes import Code, Rejected
from app.core.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """So many attempts in a window; then nothing for a time."""

    attempts_max: int
    window: timedelta
    closed_for: timedelta


BY_NAME = Allowance(attempts_max=5, window=timedelta(minutes=5), closed_for=timedelta(minutes=15))
BY_ADDRESS = Allowance(attempts_max=20, window=timedelta(minutes=5), closed_for=timedelta(minutes=15))
"""An office behind one address has more people in it; who logs in well is not counted."""
BY_BINDING = Allowance(attempts_max=5, window=timedelta(hours=1), closed_for=timedelta(hours=1))
"""Of one WeChat account that tries to become a volunteer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What has been counted of one name or address."""

    count: int
    began_at: Instant
    closed_until: Instant | None = None


def count_attempt(so_far: Attempts, allowance: Allowance, at: Instant) -> Attempts | Rejected:
    """Count one more, or refuse while closed. The last one allowed closes the door behind it."""
    if so_far.closed_until and at < so_far.closed_until:
        left = so_far.closed_until - at
        return Rejected(Code.FREQUENCY_LIMITED, {"retry_after_s": max(1, -(-left // timedelta(seconds=1)))})
    begins = so_far.count == 0 or so_far.closed_until is not None or at - so_far.began_at >= allowance.window
    count = 1 if begins else so_far.count + 1
    closed_until = at + allowance.closed_for if count >= allowance.attempts_max else None
    return Attempts(count=count, began_at=at if begins else so_far.began_at, closed_until=closed_until)


def give_back(so_far: Attempts, allowance: Allowance) -> Attempts:
    """Take one attempt off again: it was no guess."""
    count = max(0, so_far.count - 1)
    closed_until = so_far.closed_until if count >= allowance.attempts_max else None
    return Attempts(count=count, began_at=so_far.began_at, closed_until=closed_until)

"""Token buckets: so many calls a second for each caller, with some saved up for a rush. In the memory of this process.

With n processes a caller may get n times as much; that bounds the work of each process, which is what this is for.
Guessing of passwords is bounded elsewhere, over all processes (`app/core/attempts.py`).
"""

import math
from dataclasses import dataclass

_TRACKED_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Seconds between calls in the long run, and how many may come at once. 0 at once: no limit."""

    interval_s: float
    burst: int


NO_LIMIT = Rate(0, 0)


def rate_of(per_second: int, seconds_saved: int) -> Rate:
    """So many a second, as many at once as come together in some seconds; 0 a second: no limit."""
    return Rate(1 / per_second, per_second * seconds_saved) if per_second else NO_LIMIT


class Buckets:
    """The buckets of one kind of caller. Time is given in seconds by a clock that only goes forward.

    A bucket is one number: the moment at which it would be full again (GCRA).
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._full_at: dict[str, float] = {}

    def wait_s(self, caller: str, now: float) -> int:
        """The whole seconds to wait before the next call; 0: none. Takes nothing."""
        full_at = self._full_at.get(caller)
        if full_at is None or not self._rate.burst:
            return 0
        wait = full_at + self._rate.interval_s * (1 - self._rate.burst) - now
        return math.ceil(wait) if wait > 0 else 0

    def take(self, caller: str, now: float) -> int:
        """Take one call; 0 when it may go on, else the whole seconds to wait."""
        if not self._rate.burst:
            return 0
        if wait := self.wait_s(caller, now):
            return wait
        if len(self._full_at) >= _TRACKED_MAX:
            self._make_room(now)
        self._full_at[caller] = max(self._full_at.get(caller, now), now) + self._rate.interval_s
        return 0

    def _make_room(self, now: float) -> None:
        """Forget who has been quiet; should most be busy, everybody: a full table shuts nobody out."""
        self._full_at = {caller: full_at for caller, full_at in self._full_at.items() if full_at > now}
        if len(self._full_at) > _TRACKED_MAX // 2:
            self._full_at = {}

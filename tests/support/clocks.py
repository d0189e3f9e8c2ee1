"""A clock that stands still until it is told to move."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""A Monday, 09:00 in Shanghai."""


@dataclass(slots=True)
class Clock:
    """Stands at `now`; calling it reads it."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Read the clock."""
        return self.now

    def move(self, by: timedelta) -> None:
        """Go forward, or back: a machine's clock does that too."""
        self.now += by

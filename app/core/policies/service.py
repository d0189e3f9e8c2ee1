"""What a price depends on: the facts of one record, and where the volunteer stands when it is verified."""

from dataclasses import dataclass
from datetime import date

from app.core.quantities import Minutes, Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The facts of one record. `activity` names the activity among those of a day; `region` is where it was given."""

    minutes: Minutes
    level: int
    day: date
    category: str = ""
    organiser: bool = False
    activity: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the volunteer stands: what was counted before, by day, year and in all, and what is stored.

    `activity_minutes` were counted for the same activity on the same day. `balance` is what has not been spent,
    debts taken off. `overlay_left` is what the town's budget of the year still holds.
    """

    activity_minutes: int = 0
    day_minutes: int = 0
    year_minutes: int = 0
    minutes: int = 0
    day_points: Points = Points(0)
    year_points: Points = Points(0)
    balance: int = 0
    first: bool = True
    overlay_left: int = 0

"""A volunteer as the ledger knows one: an opaque id, a status, a name already masked."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.ids import VolunteerId
from app.core.stars import NOT_EVALUATED, Quality


class VolunteerStatus(StrEnum):
    """Whether the volunteer may spend. A frozen one still earns: hours are a legal record."""

    ACTIVE = "active"
    FROZEN = "frozen"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Volunteer:
    """What a decision needs to know of a volunteer."""

    id: VolunteerId
    status: VolunteerStatus
    masked_name: str = "*"
    region_code: str = ""
    born_on: date | None = None
    quality: Quality = NOT_EVALUATED
    """Of their service, where the programme asks for it."""

    def age_on(self, day: date) -> int | None:
        """Full years on a day; None when the birthday is not known."""
        return None if self.born_on is None else age_on(self.born_on, day)


def age_on(born_on: date, day: date) -> int:
    """Full years on a day."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))

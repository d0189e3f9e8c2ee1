"""Guardianships (监护关系): who acts for a child under 14, with consent, until the fourteenth birthday.

PIPL Art. 31 (DOMAIN.md 4.1): below 14 the guardian consents. Two steps: the guardian asks and consents, then an
organiser or the town's station, who has seen the papers, confirms. It ends by the date alone; no job is needed.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.codes import Code, Rejected
from app.core.ids import GuardianshipId, UserId, VolunteerId
from app.core.minors import ADULT_AGE, CONSENT_AGE
from app.core.quantities import Instant


class GuardianKinship(StrEnum):
    """What the guardian is to the child."""

    PARENT = "parent"
    GRANDPARENT = "grandparent"
    RELATIVE = "relative"
    APPOINTED = "appointed"
    """By a court, a village committee or the civil affairs department (Civil Code Art. 31)."""


class GuardianshipState(StrEnum):
    """Proposed by the guardian, active once confirmed, ended by the guardian, an organiser, or the birthday."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardianship:
    """One guardianship. `ends_on`: the day from which on it is none. `evidence`: which papers were seen."""

    id: GuardianshipId
    state: GuardianshipState
    guardian: VolunteerId
    child: VolunteerId
    kinship: GuardianKinship
    consent_version: str
    proposed_at: Instant
    ends_on: date
    confirmed_by: UserId | None = None
    confirmed_at: Instant | None = None
    evidence: str | None = None
    ended_at: Instant | None = None
    ended_by: str | None = None

    def holds(self, today: date) -> bool:
        """Whether the guardian acts for the child on that day."""
        return self.state is GuardianshipState.ACTIVE and today < self.ends_on


def birthday(born_on: date, years: int) -> date:
    """The day on which somebody is so many years old; of 29 February the first of March where there is none."""
    try:
        return born_on.replace(year=born_on.year + years)
    except ValueError:
        return date(born_on.year + years, 3, 1)


def end_of_guardianship(child_born_on: date | None, today: date) -> date | Rejected:
    """The day it ends; refused for a child whose birthday nobody knows, or who is 14 already."""
    if child_born_on is None:
        return Rejected(Code.NOT_ELIGIBLE, {"needed": "born_on"})
    ends_on = birthday(child_born_on, CONSENT_AGE)
    return ends_on if today < ends_on else Rejected(Code.NOT_ELIGIBLE, {"below": CONSENT_AGE})


def refuse_alone(age: int | None) -> Rejected | None:
    """Why somebody may not apply or claim without a guardian: below 14 the guardian does it (PIPL Art. 31).

    An age nobody knows is taken for grown up, as with consents.
    """
    if age is not None and age < CONSENT_AGE:
        return Rejected(Code.GUARDIAN_REQUIRED, {"below": CONSENT_AGE, "needed": "guardian"})
    return None


def refuse_guardian(age: int | None) -> Rejected | None:
    """A guardian is grown up, by a birthday that is known."""
    if age is None or age < ADULT_AGE:
        return Rejected(Code.NOT_ELIGIBLE, {"age_min": ADULT_AGE})
    return None

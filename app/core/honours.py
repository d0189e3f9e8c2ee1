"""Honours (表彰): who gave what to whom, and what became of it (order 67, Art. 9; DOMAIN.md 1.2).

County governments and above are believed on production of material; what any other body gave is recorded once a
second person has verified it. The programme's own four tens (四个10) hold ten of each kind and edition, or fewer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from app.core.codes import Code, Rejected
from app.core.ids import HonourId, TeamId, UserId, VolunteerId

KIND_MAX = 10
"""So many of a kind in one edition of the four tens: fewer were given, never more."""


class HonourKind(StrEnum):
    """Who is honoured: the four categories of the four tens, which fit every other honour too."""

    VOLUNTEER = "volunteer"
    WORKER = "worker"
    TEAM = "team"
    COMMUNITY = "community"


class HonourLevel(StrEnum):
    """How high the body stands that gave it."""

    NATIONAL = "national"
    PROVINCIAL = "provincial"
    CITY = "city"
    COUNTY = "county"
    OTHER = "other"


class HonourState(StrEnum):
    """Where an honour stands. Only a recorded one counts."""

    ENTERED = "entered"
    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"


class HonourStep(StrEnum):
    """What may be done with one."""

    VERIFY = "verify"
    WITHDRAW = "withdraw"


_STEPS = {
    (HonourState.ENTERED, HonourStep.VERIFY): HonourState.RECORDED,
    (HonourState.ENTERED, HonourStep.WITHDRAW): HonourState.WITHDRAWN,
    (HonourState.RECORDED, HonourStep.WITHDRAW): HonourState.WITHDRAWN,
}
STEPS: Mapping[tuple[HonourState, HonourStep], HonourState] = MappingProxyType(_STEPS)
"""The life of an honour: what is not in this table is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Honour:
    """One honour. It has one subject, by its kind: a person, a team, or a region (社区、村).

    `edition` is that of the programme's own four tens, None for any other honour.
    """

    id: HonourId
    kind: HonourKind
    name: str
    awarded_by: str
    level: HonourLevel
    awarded_on: date
    evidence: str
    """Where the material is: a reference, never personal data."""
    edition: int | None = None
    volunteer: VolunteerId | None = None
    team: TeamId | None = None
    region: str | None = None

    @property
    def is_sound(self) -> bool:
        """Whether it has the one subject that its kind asks for."""
        named = {"volunteer": self.volunteer, "team": self.team, "region": self.region}
        return [name for name, value in named.items() if value is not None] == [SUBJECTS[self.kind]]


_SUBJECTS = {
    HonourKind.VOLUNTEER: "volunteer",
    HonourKind.WORKER: "volunteer",
    HonourKind.TEAM: "team",
    HonourKind.COMMUNITY: "region",
}
SUBJECTS: Mapping[HonourKind, str] = MappingProxyType(_SUBJECTS)
"""What each kind is given to."""


def state_on_entry(level: HonourLevel) -> HonourState:
    """Recorded at once from the county upwards, the material being there; else it waits for a second person."""
    return HonourState.ENTERED if level is HonourLevel.OTHER else HonourState.RECORDED


def refuse_place(taken: int) -> Rejected | None:
    """Whether an edition has no place left for one more of a kind, so many standing already."""
    if taken >= KIND_MAX:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "edition", "count": KIND_MAX, "had": taken})
    return None


def move(
    honour: Honour, state: HonourState, step: HonourStep, *, enterer: UserId, user: UserId, user_is: VolunteerId | None
) -> HonourState | Rejected:
    """Take one step. Who verifies has not entered the honour, and is not who was honoured."""
    after = STEPS.get((state, step))
    if after is None:
        return Rejected(Code.STATE_CONFLICT, {"state": state.value})
    own = user == enterer or (user_is is not None and user_is == honour.volunteer)
    if step is HonourStep.VERIFY and own:
        return Rejected(Code.SELF_REVIEW)
    return after

"""Family links (家庭成员) as rows: who may spend whose points. The points stay the owner's; nothing is handed over."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.core.ids import FamilyLinkId, VolunteerId
from app.core.quantities import Instant, Points


class Kinship(StrEnum):
    """What the member is to the owner."""

    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    WARD = "ward"
    SIBLING = "sibling"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"


GUARDED = frozenset((Kinship.CHILD, Kinship.WARD))
"""Here the owner is the member's guardian."""


class FamilyLinkState(StrEnum):
    """Proposed by the owner, active once the member has accepted, ended by either at any time."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    ENDED = "ended"


class FamilyKey(NamedTuple):
    """Whose points, and who spends them."""

    owner: VolunteerId
    member: VolunteerId


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyLink:
    """A link. `monthly_points`: the most that the member may spend in a calendar month; None: no limit."""

    id: FamilyLinkId
    state: FamilyLinkState
    owner: VolunteerId
    member: VolunteerId
    kinship: Kinship
    monthly_points: Points | None
    proposed_at: Instant
    changed_at: Instant
    ended_by: VolunteerId | None = None
    owner_name: str = ""
    member_name: str = ""
    """Masked names as they are now: joined in for the answer, never stored here."""

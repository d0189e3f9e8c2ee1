"""Erasure (注销与个人信息删除): asked for, decided by a second person, never undone (PIPL Art. 47, 50).

What the law keeps stays under the opaque id: hours, points, journal. What re-identifies goes with the person's key.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.core.codes import Code, Rejected
from app.core.ids import ErasureId, VolunteerId
from app.core.quantities import Instant


class ErasureState(StrEnum):
    """Where a request stands."""

    REQUESTED = "requested"
    REFUSED = "refused"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequest:
    """A request, and what was decided. A refusal has its reason in writing."""

    id: ErasureId
    volunteer: VolunteerId
    state: ErasureState
    reason: str
    requested_by: str
    requested_at: Instant
    decided_by: str | None = None
    decided_at: Instant | None = None
    decision: str = ""

    def refuse_deciding(self, by: str, own: VolunteerId | None) -> Rejected | None:
        """Why this actor may not decide it: not twice, not whoever asked, not the person themself."""
        if self.state is not ErasureState.REQUESTED:
            return Rejected(Code.STATE_CONFLICT, {"state": self.state.value})
        if by == self.requested_by or own == self.volunteer:
            return Rejected(Code.SELF_REVIEW)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """That somebody was erased: what a restored backup is brought to again."""

    volunteer: VolunteerId
    reason: str
    requested_by: str
    approved_by: str
    erased_at: Instant

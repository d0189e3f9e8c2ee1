"""Evaluation (服务评价) of the quality of a record's service: a score and closed tags, never free text about a person.

Order 67, Art. 10: quality and its date; Art. 11: within ten working days after the activity. What comes later counts
and is marked. A new evaluation stands in front of the one before it; both stay.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from app.core.codes import Code, Rejected
from app.core.ids import EvaluationId, RecordId, UserId, VolunteerId
from app.core.quantities import Instant
from app.core.rows import RecordState, ServiceRecord


class EvaluationSource(StrEnum):
    """Whose word it is: the organisation's, or that of who was served, entered by the organiser."""

    ORGANISATION = "organisation"
    SERVED = "served"


class EvaluationTag(StrEnum):
    """What may be said beside the score."""

    PUNCTUAL = "punctual"
    SKILLED = "skilled"
    FRIENDLY = "friendly"
    RELIABLE = "reliable"
    SHOWED_INITIATIVE = "showed-initiative"
    TEAM_PLAYER = "team-player"
    CAME_LATE = "came-late"
    LEFT_EARLY = "left-early"
    CARELESS = "careless"
    UNFRIENDLY = "unfriendly"
    NEEDS_TRAINING = "needs-training"
    IGNORED_INSTRUCTIONS = "ignored-instructions"


SCORE_MIN, SCORE_MAX = 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One evaluation; `number` counts those of its record and source, the last one counts."""

    id: EvaluationId
    record: RecordId
    volunteer: VolunteerId
    source: EvaluationSource
    number: int
    score: int
    tags: tuple[EvaluationTag, ...]
    evaluated_by: UserId
    evaluated_at: Instant
    late: bool


def refuse_evaluation(
    record: ServiceRecord, user_volunteer: VolunteerId | None, relatives: Collection[VolunteerId]
) -> Rejected | None:
    """Nobody evaluates their own service or a relative's; only what counts or is about to is evaluated.

    Who entered or verified the hours may: the organisation is who it is asked of.
    """
    if record.state not in (RecordState.ENTERED, RecordState.VERIFIED):
        return Rejected(Code.STATE_CONFLICT, {"state": record.state.value})
    if record.volunteer == user_volunteer or record.volunteer in relatives:
        return Rejected(Code.SELF_REVIEW)
    return None


def is_late(due_at: Instant | None, at: Instant) -> bool:
    """Whether the ten working days are over; a record without a term is never late."""
    return due_at is not None and at >= due_at

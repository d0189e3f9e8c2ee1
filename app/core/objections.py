"""Objections (异议) to service records: raised, answered within ten working days, or taken one team higher.

Order 67 Art. 12-13 gives the right; the number of days is ours (DOMAIN.md 1.2). Who must answer follows from the time
alone: a job writes the escalation down, and no decision waits for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from types import MappingProxyType

from app.core.codes import Code, Rejected
from app.core.ids import ObjectionId, RecordId
from app.core.quantities import Instant
from app.core.rows import RecordState, ServiceRecord
from app.core.working_days import ANSWERING_DAYS, WorkingCalendar, deadline


class ObjectionState(StrEnum):
    """The life of an objection."""

    OPEN = "open"
    ESCALATED = "escalated"
    UPHELD = "upheld"
    """Right: a correction has been asked for."""
    CORRECTED = "corrected"
    DISMISSED = "dismissed"
    TAKEN_BACK = "taken-back"


class ObjectionStep(StrEnum):
    """What can happen to one."""

    ESCALATE = "escalate"
    UPHOLD = "uphold"
    DISMISS = "dismiss"
    CORRECT = "correct"
    TAKE_BACK = "take-back"


_STEPS = {
    (ObjectionState.OPEN, ObjectionStep.ESCALATE): ObjectionState.ESCALATED,
    (ObjectionState.ESCALATED, ObjectionStep.ESCALATE): ObjectionState.ESCALATED,
    **{
        (state, step): after
        for state in (ObjectionState.OPEN, ObjectionState.ESCALATED)
        for step, after in (
            (ObjectionStep.UPHOLD, ObjectionState.UPHELD),
            (ObjectionStep.DISMISS, ObjectionState.DISMISSED),
            (ObjectionStep.TAKE_BACK, ObjectionState.TAKEN_BACK),
        )
    },
    (ObjectionState.UPHELD, ObjectionStep.CORRECT): ObjectionState.CORRECTED,
}
STEPS: Mapping[tuple[ObjectionState, ObjectionStep], ObjectionState] = MappingProxyType(_STEPS)
"""The transition table. What is not in it is not possible."""

WAITING = frozenset((ObjectionState.OPEN, ObjectionState.ESCALATED))
"""The states in which somebody owes an answer."""


def move(state: ObjectionState, step: ObjectionStep) -> ObjectionState | Rejected:
    """The state after a step, or STATE_CONFLICT."""
    after = STEPS.get((state, step))
    return Rejected(Code.STATE_CONFLICT, {"state": state.value}) if after is None else after


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """An objection to one record, as it was last written down."""

    id: ObjectionId
    record: RecordId
    state: ObjectionState
    raised_at: Instant
    rung: int = 0
    """Which team up the line owes the answer: 0 the record's own; as many as the line has: the administrators."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an objection stands at a moment: on which rung, and until when an answer is due there."""

    state: ObjectionState
    rung: int
    due_at: Instant


def standing(objection: Objection, rungs: int, calendar: WorkingCalendar, zone: tzinfo, at: Instant) -> Standing:
    """Where an objection stands: each of the teams of a line has its ten working days, then come administrators.

    Counted from the day it was raised, so it is the same whether the job has run or not; it never comes down again.
    """
    due_at = deadline(objection.raised_at, ANSWERING_DAYS, calendar, zone)
    rung = 0
    waits = objection.state in WAITING
    while rung < rungs and (rung < objection.rung or (waits and at >= due_at)):
        rung += 1
        due_at = deadline(due_at, ANSWERING_DAYS, calendar, zone)
    state = objection.state
    if rung and state is ObjectionState.OPEN:
        state = ObjectionState.ESCALATED
    return Standing(state, rung, due_at)


def may_answer(place: int | None, standing_at: Standing) -> bool:
    """Whether a team may answer: from its place in the record's line, 0 the record's own; None for administrators."""
    return place is None or place >= standing_at.rung


def is_on_notice(record: ServiceRecord, at: Instant) -> bool:
    """Whether a record is shown to the public (公示): verified, and its points wait for objections."""
    return record.state is RecordState.VERIFIED and record.matures_at is not None and at < record.matures_at


def refuse_objection(record: ServiceRecord, *, own: bool, at: Instant) -> Rejected | None:
    """Why nobody may object to a record now.

    The volunteer may at any time while the record counts or is about to; others until the notice period ends.
    """
    if record.state not in (RecordState.ENTERED, RecordState.VERIFIED):
        return Rejected(Code.STATE_CONFLICT, {"state": record.state.value})
    if own or record.state is RecordState.ENTERED:
        return None
    return None if is_on_notice(record, at) else Rejected(Code.NOTICE_ENDED)

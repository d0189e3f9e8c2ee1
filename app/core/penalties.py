"""Penalties (扣分): imposed on evidence, confirmed by a second person, told, open to appeal, and only then posted.

An appeal suspends: nothing is taken before the term to appeal is over or the appeal has failed. A penalty takes points,
never hours, so stars and certificates do not change with it (DOMAIN.md 2.3). What is final follows from the time alone:
a job posts it, and no decision waits for that.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from enum import StrEnum
from types import MappingProxyType

from app.core.codes import Code, Rejected
from app.core.ids import PenaltyId, RecordId, TeamId, TransactionId, UserId, VolunteerId
from app.core.policies import AccrualPolicy, PenaltyRule
from app.core.quantities import Instant, Points
from app.core.working_days import ANSWERING_DAYS, WorkingCalendar, deadline

APPEAL_DAYS = 10
"""Working days to appeal, where the programme does not say otherwise."""


class PenaltyState(StrEnum):
    """The life of a penalty."""

    IMPOSED = "imposed"
    DROPPED = "dropped"
    """Given up, or not confirmed: the volunteer hears nothing of it."""
    CONFIRMED = "confirmed"
    """Told to the volunteer; the term to appeal runs."""
    APPEALED = "appealed"
    OVERTURNED = "overturned"
    """The appeal was right: nothing was taken."""
    UPHELD = "upheld"
    """The appeal was not right: to be posted."""
    POSTED = "posted"
    LIFTED = "lifted"
    """Posted, and given back."""


class PenaltyStep(StrEnum):
    """What can happen to one."""

    CONFIRM = "confirm"
    DROP = "drop"
    APPEAL = "appeal"
    OVERTURN = "overturn"
    UPHOLD = "uphold"
    POST = "post"
    LIFT = "lift"


_STEPS = {
    (PenaltyState.IMPOSED, PenaltyStep.CONFIRM): PenaltyState.CONFIRMED,
    (PenaltyState.IMPOSED, PenaltyStep.DROP): PenaltyState.DROPPED,
    (PenaltyState.CONFIRMED, PenaltyStep.APPEAL): PenaltyState.APPEALED,
    (PenaltyState.CONFIRMED, PenaltyStep.POST): PenaltyState.POSTED,
    (PenaltyState.APPEALED, PenaltyStep.OVERTURN): PenaltyState.OVERTURNED,
    (PenaltyState.APPEALED, PenaltyStep.UPHOLD): PenaltyState.UPHELD,
    (PenaltyState.UPHELD, PenaltyStep.POST): PenaltyState.POSTED,
    (PenaltyState.POSTED, PenaltyStep.LIFT): PenaltyState.LIFTED,
}
STEPS: Mapping[tuple[PenaltyState, PenaltyStep], PenaltyState] = MappingProxyType(_STEPS)
"""The transition table. What is not in it is not possible."""

HIDDEN = frozenset((PenaltyState.IMPOSED, PenaltyState.DROPPED))
"""The states in which the volunteer has not been told."""
COUNTED = frozenset(PenaltyState) - HIDDEN - {PenaltyState.OVERTURNED, PenaltyState.LIFTED}
"""The states that count when an offence is one of several in a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """A penalty as a decision needs to know it.

    `count` says which of its kind in the year it is, `points` what it takes: both are fixed when it is confirmed, since
    that is what the volunteer is told. `appeal_until` is the moment from which there is no appeal.
    """

    id: PenaltyId
    state: PenaltyState
    volunteer: VolunteerId
    team: TeamId
    code: str
    policy: str
    happened_on: date
    imposed_by: UserId
    record: RecordId | None = None
    confirmed_by: UserId | None = None
    count: int = 0
    points: Points = Points(0)
    appeal_until: Instant | None = None
    appealed_at: Instant | None = None
    answered_by: UserId | None = None
    transaction: TransactionId | None = None


@dataclass(frozen=True, slots=True)
class PenaltyStanding:
    """Where a penalty stands at a moment: whether it is final, what is due until when, and whether that is over."""

    final: bool
    due_at: Instant | None
    overdue: bool


def move(state: PenaltyState, step: PenaltyStep) -> PenaltyState | Rejected:
    """The state after a step, or STATE_CONFLICT."""
    after = STEPS.get((state, step))
    return Rejected(Code.STATE_CONFLICT, {"state": state.value}) if after is None else after


def standing(penalty: Penalty, calendar: WorkingCalendar, zone: tzinfo, at: Instant) -> PenaltyStanding:
    """Where a penalty stands: an appeal has its term, and so has its answer, in working days."""
    if penalty.state is PenaltyState.APPEALED and penalty.appealed_at:
        due_at = deadline(penalty.appealed_at, ANSWERING_DAYS, calendar, zone)
        return PenaltyStanding(final=False, due_at=due_at, overdue=at >= due_at)
    if penalty.state is PenaltyState.CONFIRMED and penalty.appeal_until:
        return PenaltyStanding(final=is_final(penalty, at), due_at=penalty.appeal_until, overdue=False)
    return PenaltyStanding(final=is_final(penalty, at), due_at=None, overdue=False)


def is_final(penalty: Penalty, at: Instant) -> bool:
    """Whether nothing can keep it from being posted any more, or has already not kept it."""
    if penalty.state is PenaltyState.CONFIRMED:
        return penalty.appeal_until is not None and at >= penalty.appeal_until
    return penalty.state in (PenaltyState.UPHELD, PenaltyState.POSTED)


def rule_named(policy: AccrualPolicy, code: str) -> PenaltyRule | None:
    """The rule of a policy with this code."""
    return next((rule for rule in policy.penalties if rule.code == code), None)


def points_of(rule: PenaltyRule, count: int) -> Points:
    """What the n-th offence of a year costs: a warning costs nothing."""
    return Points(rule.points if count >= rule.counts_from else 0)


def refuse_confirmation(
    penalty: Penalty, by: UserId, by_volunteer: VolunteerId | None, relatives: Collection[VolunteerId]
) -> Rejected | None:
    """Nobody confirms what they imposed, nor a penalty of their own or of a relative."""
    return _refuse((penalty.imposed_by,), penalty, by, by_volunteer, relatives)


def refuse_answer(
    penalty: Penalty, by: UserId, by_volunteer: VolunteerId | None, relatives: Collection[VolunteerId]
) -> Rejected | None:
    """An appeal is answered by somebody who neither imposed nor confirmed the penalty, and has no part in it."""
    return _refuse((penalty.imposed_by, penalty.confirmed_by), penalty, by, by_volunteer, relatives)


def refuse_lifting(
    penalty: Penalty, by: UserId, by_volunteer: VolunteerId | None, relatives: Collection[VolunteerId]
) -> Rejected | None:
    """Nobody lifts a penalty of their own, or of a relative. Whoever was wrong may put it right."""
    return _refuse((), penalty, by, by_volunteer, relatives)


def refuse_appeal(penalty: Penalty, at: Instant) -> Rejected | None:
    """There is one appeal, within its term."""
    after = move(penalty.state, PenaltyStep.APPEAL)
    if isinstance(after, Rejected):
        return after
    return Rejected(Code.APPEAL_ENDED) if is_final(penalty, at) else None


def _refuse(
    parties: Iterable[UserId | None],
    penalty: Penalty,
    by: UserId,
    by_volunteer: VolunteerId | None,
    relatives: Collection[VolunteerId],
) -> Rejected | None:
    own = by in parties or penalty.volunteer == by_volunteer or penalty.volunteer in relatives
    return Rejected(Code.SELF_REVIEW) if own else None


def tell_penalty(name: str, penalty: Penalty, *, english: bool) -> str:
    """A penalty as one sentence: 无故缺席，本年度第 5 次：扣 20 分（规则 2026-1）."""
    if english:
        taken = f"{penalty.points} points are taken" if penalty.points else "a warning, no points are taken"
        return f"{name}, number {penalty.count} of the year: {taken} (policy {penalty.policy})"
    taken = f"扣 {penalty.points} 分" if penalty.points else "警告，不扣分"
    return f"{name}，本年度第 {penalty.count} 次：{taken}（规则 {penalty.policy}）"

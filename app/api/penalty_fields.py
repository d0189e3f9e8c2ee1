"""How penalties read on the wire."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app.actions.penalties import PenaltyTold
from app.api.bodies import Answer, Body
from app.api.fields import (
    RecordRef,
    TeamRef,
    TransactionRef,
    UserRef,
    VolunteerRef,
    refuse_control_characters,
)
from app.api.problems import Problem
from app.core.audit_trail import Edited, changed
from app.core.codes import Code
from app.core.ids import PenaltyId, format_id, parse_id
from app.core.penalties import PenaltyState, tell_penalty

PenaltyRef = Annotated[str, Field(pattern="^pen_[0-9a-f]{32}$", examples=["pen_0190c6f0a1b27c3d8e9f00112233aabb"])]
PenaltyCode = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$", description="A rule of the policy of the day", examples=["no-show"])
]
Words = Annotated[
    str,
    Field(min_length=1, max_length=500, description="No personal data", examples=["已报名未到岗，未请假"]),
    AfterValidator(refuse_control_characters),
]
Evidence = Annotated[
    str,
    Field(min_length=1, max_length=200, description="Where the material is", examples=["签到记录 act-2026-0312"]),
    AfterValidator(refuse_control_characters),
]


class PenaltyRequest(Body):
    """An offence with its evidence (扣分提议). It costs nothing before a second person has confirmed it."""

    volunteer_id: VolunteerRef
    team_id: Annotated[TeamRef, Field(description="The team at which it happened")]
    code: PenaltyCode
    happened_on: Annotated[date, Field(examples=["2026-03-01"])]
    evidence: Evidence
    reason: Words
    record_id: Annotated[RecordRef | None, Field(description="The record that it is about, if any")] = None


class PenaltyReason(Body):
    """Why."""

    reason: Words


class PenaltyAnswer(Answer):
    """A penalty and where it stands now."""

    id: PenaltyRef
    state: Annotated[
        PenaltyState,
        Field(description="`confirmed`: told, the term to appeal runs; `appealed`: nothing is taken until the answer"),
    ]
    final: Annotated[bool, Field(description="Nothing can keep it from being posted any more, or it is")]
    volunteer_id: VolunteerRef
    team_id: TeamRef
    record_id: RecordRef | None
    code: PenaltyCode
    name: Annotated[str, Field(examples=["无故缺席"])]
    name_en: Annotated[str, Field(examples=["unexcused absence"])]
    policy_version: str
    happened_on: date
    evidence: str
    reason: str
    imposed_by: UserRef
    imposed_at: datetime
    confirmed_by: UserRef | None
    confirmed_at: datetime | None
    count: Annotated[int | None, Field(description="Which of its kind in the calendar year", examples=[5])]
    points: Annotated[int | None, Field(description="What it takes; 0: a warning. Hours and stars stay", examples=[20])]
    due_at: datetime | None = Field(description="Until when to appeal; when appealed, until when it is to be answered")
    overdue: Annotated[bool, Field(description="The answer is late: an administrator gives it")]
    appeal: str | None
    appealed_at: datetime | None
    answered_by: UserRef | None
    answer: str | None
    answered_at: datetime | None
    transaction_id: TransactionRef | None
    sentence_zh: Annotated[str | None, Field(examples=["无故缺席，本年度第 5 次：扣 20 分（规则 2026-1）"])]
    sentence_en: str | None


class PenaltyPage(Answer):
    """Penalties in the order they were imposed."""

    penalties: list[PenaltyAnswer]
    next: str | None


def tell_penalty_change(edited: Edited[PenaltyTold]) -> Mapping[str, object]:
    """What a step changed, for the audit trail: state and figures, none of the words."""
    penalties = (edited.before.view.penalty, edited.after.view.penalty)
    before, after = ({"state": each.state, "count": each.count, "points": each.points} for each in penalties)
    return changed(before, after)


def render_penalty(told: PenaltyTold) -> PenaltyAnswer:
    """A penalty as it stands."""
    view, penalty = told.view, told.view.penalty
    counted = penalty.confirmed_by is not None
    return PenaltyAnswer(
        id=format_id("pen", penalty.id),
        state=penalty.state,
        final=told.stands.final,
        volunteer_id=format_id("vol", penalty.volunteer),
        team_id=format_id("tea", penalty.team),
        record_id=format_id("rec", penalty.record) if penalty.record else None,
        code=penalty.code,
        name=view.name,
        name_en=view.name_en,
        policy_version=penalty.policy,
        happened_on=penalty.happened_on,
        evidence=view.evidence,
        reason=view.reason,
        imposed_by=format_id("usr", penalty.imposed_by),
        imposed_at=view.imposed_at,
        confirmed_by=format_id("usr", penalty.confirmed_by) if penalty.confirmed_by else None,
        confirmed_at=view.confirmed_at,
        count=penalty.count if counted else None,
        points=penalty.points if counted else None,
        due_at=told.stands.due_at,
        overdue=told.stands.overdue,
        appeal=view.appeal or None,
        appealed_at=penalty.appealed_at,
        answered_by=format_id("usr", penalty.answered_by) if penalty.answered_by else None,
        answer=view.answer or None,
        answered_at=view.answered_at,
        transaction_id=format_id("txn", penalty.transaction) if penalty.transaction else None,
        sentence_zh=tell_penalty(view.name, penalty, english=False) if counted else None,
        sentence_en=tell_penalty(view.name_en, penalty, english=True) if counted else None,
    )


def penalty_named(reference: str) -> PenaltyId:
    """The penalty that a path names; 404 for what cannot be one."""
    value = parse_id("pen", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return PenaltyId(value)

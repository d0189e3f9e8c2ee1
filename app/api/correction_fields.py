"""How correction orders read on the wire."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app.api.bodies import Answer, Body
from app.api.fields import AccountPath, Name, RecordRef, TeamRef, UserRef, VolunteerRef, refuse_control_characters
from app.core.codes import Code
from app.core.correction_impacts import Impact, PersonImpact
from app.core.correction_orders import CorrectionScope, CorrectionState
from app.core.ids import format_id
from app.store.correction_records import Progress
from app.store.corrections import CorrectionView

CorrectionRef = Annotated[str, Field(pattern="^cor_[0-9a-f]{32}$", examples=["cor_0190c6f0a1b27c3d8e9f00112233aabb"])]
Words = Annotated[
    str,
    Field(min_length=1, max_length=500, description="No personal data", examples=["签到设备时间错误，多记一小时"]),
    AfterValidator(refuse_control_characters),
]
Evidence = Annotated[
    str,
    Field(pattern=r"^[0-9A-Za-z_.:/-]{1,120}$", description="Where the evidence lies", examples=["doc-2026-0312"]),
]


class ScopeField(Body):
    """Which verified records: those that fit everything named here. At least one of them must be named."""

    record_id: RecordRef | None = None
    volunteer_id: VolunteerRef | None = None
    team_id: Annotated[TeamRef | None, Field(description="This team's own records")] = None
    activity_id: Annotated[
        str | None,
        Field(pattern=r"^[0-9A-Za-z_.:-]{1,64}$", description="Together with its team_id", examples=["act-2026-0312"]),
    ] = None
    verifier_id: UserRef | None = None
    since: Annotated[date | None, Field(strict=False, description="First business day of service")] = None
    until: Annotated[date | None, Field(strict=False, description="Last business day of service")] = None


class AmendmentField(Body):
    """What is changed. What is not named stays."""

    minutes: Annotated[int | None, Field(ge=1, le=1440, description="Set", examples=[120])] = None
    percent: Annotated[
        int | None, Field(ge=1, le=1000, description="Scale, rounded down to at least a minute", examples=[50])
    ] = None
    level: Annotated[int | None, Field(ge=1, le=3)] = None
    category: Name | None = None


class CorrectionRequest(Body):
    """An order (更正单): which records, what of them, why."""

    scope: ScopeField
    change: Annotated[AmendmentField | None, Field(description="Null: the records are withdrawn (撤销)")] = None
    reason: Words
    evidence: Evidence | None = None


class PersonImpactAnswer(Answer):
    """What one volunteer would lose and get."""

    volunteer_id: VolunteerRef
    minutes_before: int
    minutes_after: int
    stars_before: int
    stars_after: int
    points_taken: int
    points_given: int
    debt_made: Annotated[int, Field(description="Points that are spent already; later accruals repay it first")]
    debt_repaid: int
    lots: Annotated[dict[AccountPath, int], Field(description="What is taken of which account")]


class RefusedAnswer(Answer):
    """A record that stays as it is, and why: `HOURS_CONSUMED` means that a benefit holds its hours."""

    record_id: RecordRef
    code: Code


class ImpactAnswer(Answer):
    """What the order would do if it were carried out at the time of its preview (影响预览)."""

    records: int
    refused: list[RefusedAnswer]
    minutes_taken: int
    minutes_given: int
    points_taken: int
    points_given: int
    debt_made: int
    closed_months: Annotated[
        list[str], Field(description="Touched months that are over; statements of then stay unchanged")
    ]
    people: list[PersonImpactAnswer]


class DoneAnswer(Answer):
    """A record that was withdrawn, or replaced by another."""

    record_id: RecordRef
    replacement_id: RecordRef | None


class CorrectionReportAnswer(Answer):
    """What became of the records of an approved order."""

    pending: int
    done: list[DoneAnswer]
    refused: list[RefusedAnswer]


class CorrectionAnswer(Answer):
    """An order and how far it has come; `revision` goes into If-Match."""

    id: CorrectionRef
    state: CorrectionState
    revision: int
    scope: ScopeField
    change: AmendmentField | None
    reason: str
    evidence: str | None
    author_id: UserRef
    created_at: datetime
    approved_by: UserRef | None
    approved_at: datetime | None
    impact: ImpactAnswer | None
    report: Annotated[CorrectionReportAnswer | None, Field(description="Once approved, for one order")] = None


class CorrectionPage(Answer):
    """Orders as they were drafted, without their reports."""

    corrections: list[CorrectionAnswer]
    next: str | None


def render_correction(view: CorrectionView, progress: Progress | None = None) -> CorrectionAnswer:
    """An order with its preview and its report."""
    order = view.order
    return CorrectionAnswer(
        id=format_id("cor", order.id),
        state=order.state,
        revision=order.revision,
        scope=_scope(order.scope),
        change=_change(view),
        reason=order.reason,
        evidence=order.evidence or None,
        author_id=format_id("usr", order.author),
        created_at=order.created_at,
        approved_by=format_id("usr", order.approved_by) if order.approved_by else None,
        approved_at=order.approved_at,
        impact=_impact(view.impact) if view.impact else None,
        report=_report(progress) if progress else None,
    )


def _scope(scope: CorrectionScope) -> ScopeField:
    return ScopeField(
        record_id=format_id("rec", scope.record) if scope.record else None,
        volunteer_id=format_id("vol", scope.volunteer) if scope.volunteer else None,
        team_id=format_id("tea", scope.team) if scope.team else None,
        activity_id=scope.activity_id or None,
        verifier_id=format_id("usr", scope.verifier) if scope.verifier else None,
        since=scope.since,
        until=scope.until,
    )


def _change(view: CorrectionView) -> AmendmentField | None:
    change = view.order.amendment
    if change is None:
        return None
    return AmendmentField(minutes=change.minutes, percent=change.percent, level=change.level, category=change.category)


def _impact(impact: Impact) -> ImpactAnswer:
    people = [_person(each) for each in impact.people]
    return ImpactAnswer(
        records=impact.records,
        refused=[RefusedAnswer(record_id=format_id("rec", record), code=code) for record, code in impact.refused],
        minutes_taken=impact.minutes_taken,
        minutes_given=impact.minutes_given,
        points_taken=sum(each.points_taken for each in people),
        points_given=sum(each.points_given for each in people),
        debt_made=sum(each.debt_made for each in people),
        closed_months=list(impact.months),
        people=people,
    )


def _person(person: PersonImpact) -> PersonImpactAnswer:
    return PersonImpactAnswer(
        volunteer_id=format_id("vol", person.volunteer),
        minutes_before=person.minutes_before,
        minutes_after=person.minutes_after,
        stars_before=person.stars_before,
        stars_after=person.stars_after,
        points_taken=sum(points for _, points in person.lots),
        points_given=person.points_given,
        debt_made=person.debt_made,
        debt_repaid=person.debt_repaid,
        lots=dict(person.lots),
    )


def _report(progress: Progress) -> CorrectionReportAnswer:
    return CorrectionReportAnswer(
        pending=progress.pending,
        done=[
            DoneAnswer(record_id=format_id("rec", old), replacement_id=format_id("rec", new) if new else None)
            for old, new in progress.done
        ],
        refused=[RefusedAnswer(record_id=format_id("rec", record), code=code) for record, code in progress.refused],
    )

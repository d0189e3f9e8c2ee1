"""How service records read on the wire: the items of ministry order 67 (Art. 7), their check-ins and their marks."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app.api.bodies import Answer, Body
from app.api.fields import (
    Moment,
    Name,
    RecordRef,
    RegionCode,
    TeamRef,
    TransactionRef,
    UserRef,
    VolunteerRef,
    refuse_control_characters,
)
from app.api.mark_texts import tell_mark
from app.core.check_ins import CheckIn
from app.core.ids import format_id
from app.core.marks import SetMark
from app.core.minors import Guardian
from app.core.rows import Evidence, RecordState, ServiceRole
from app.core.suspicions import Suspicion
from app.store.service_records import RecordView

CHECK_INS_MAX = 9

Reference = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-Za-z_.:-]{1,64}$",
        description="The activity, as its organiser names it; at most three check-ins a day are counted by it",
        examples=["act-2026-0312"],
    ),
]
PersonRef = Annotated[
    str,
    Field(
        pattern="^(usr|vol)_[0-9a-f]{32}$",
        description="The person in charge (活动负责人), a user or a volunteer; never a name",
        examples=["usr_0190c6f0a1b27c3d8e9f00112233aabb"],
    ),
]
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(refuse_control_characters)]


class CheckInField(Body):
    """One stay (一次签到签退)."""

    checked_in_at: Moment
    checked_out_at: Moment


class RecordRequest(Body):
    """Hours given by one volunteer in one activity."""

    volunteer_id: VolunteerRef
    team_id: TeamRef
    evidence: Annotated[
        Evidence,
        Field(
            description="`checked-in` needs check_ins and is not for administrators; `attested` (荣誉时数) is recorded "
            "but never becomes points; `imported` is for administrators"
        ),
    ]
    activity: Annotated[Name, Field(examples=["文明劝导"])]
    started_at: Annotated[Moment, Field(description="When the activity began")]
    ended_at: Annotated[Moment, Field(description="When the activity ended")]
    minutes: Annotated[
        int | None,
        Field(
            ge=1,
            le=1440,
            description="Time given. With check-ins at most, and without a number exactly, what they add up to; "
            "otherwise at most the time between",
            examples=[180],
        ),
    ] = None
    level: Annotated[int, Field(ge=1, le=3, description="1 simple, 2 skilled, 3 professional or risky")] = 1
    check_ins: Annotated[
        list[CheckInField],
        Field(
            max_length=CHECK_INS_MAX,
            description="Three a day at most, none overlapping; counted within the activity and 15 minutes around it",
        ),
    ] = Field(default_factory=list)
    activity_id: Reference | None = None
    category: Annotated[Name | None, Field(examples=["文明实践"])] = None
    place: Annotated[Name | None, Field(examples=["浒山街道孙塘路路口"])] = None
    place_region_code: RegionCode | None = None
    content: Annotated[
        Line | None, Field(description="What was done (服务内容)", examples=["引导行人按信号灯通行"])
    ] = None
    person_in_charge_id: PersonRef | None = None
    role: Annotated[ServiceRole, Field(description="`organiser`: organised the others")] = ServiceRole.VOLUNTEER
    guardian: Annotated[
        Guardian, Field(description="Of a minor: under 18 consented, under 10 present (未成年人监护人同意或陪同)")
    ] = Guardian.NONE
    own_labour: Annotated[
        bool, Field(description="A volunteer of 16 or 17 who lives on their own labour decides alone")
    ] = False
    hazardous: Annotated[bool, Field(description="Rescue or anything else dangerous: never for minors")] = False


class MarkAnswer(Answer):
    """Something odd about a record. It refuses nothing; whoever reviews should look."""

    kind: Suspicion
    reason: Annotated[str, Field(examples=["志愿者在 2026-03-02 一天内的服务时间为 1020 分钟，超过 960 分钟"])]
    reason_en: Annotated[str, Field(examples=["The volunteer served 1020 minutes on 2026-03-02, more than 960"])]
    figures: dict[str, int | str]
    cleared: Annotated[bool, Field(description="Somebody looked into it and found it harmless (已排除)")]
    clearing_reason: str | None


class RecordAnswer(Answer):
    """A service record and what became of it."""

    id: RecordRef
    state: RecordState
    volunteer_id: VolunteerRef
    team_id: Annotated[TeamRef, Field(description="The organiser (活动组织单位)")]
    evidence: Evidence
    activity: str
    started_at: Annotated[datetime, Field(description="When the volunteer's service began")]
    ended_at: Annotated[datetime, Field(description="When the volunteer's service ended")]
    minutes: int
    level: int
    check_ins: list[CheckInField]
    activity_id: str | None
    category: str | None
    place: str | None
    place_region_code: str | None
    content: str | None
    person_in_charge_id: str | None
    role: ServiceRole
    guardian: Guardian
    hazardous: bool
    due_at: datetime | None = Field(description="The end of the ten working days (order 67, Art. 11)")
    late: Annotated[bool, Field(description="Entered after `due_at` (逾期录入)")]
    disputed: Annotated[bool, Field(description="An objection waits for its answer (异议处理中)")]
    score: Annotated[int | None, Field(description="Quality, 1 to 5, as the organisation found it (服务评价)")]
    missing: list[str] = Field(description="Items of order 67, Art. 7, that nobody has told", examples=[["place"]])
    recorder_id: UserRef
    verifier_id: UserRef | None
    points: Annotated[int, Field(description="Rounded down once per record")]
    expires_on: date | None
    policy_version: str | None
    pending_points: int
    matures_at: datetime | None
    transaction_id: TransactionRef | None
    replaces_id: Annotated[RecordRef | None, Field(description="The withdrawn record that this one corrects")]
    created_at: datetime


class ReviewedAnswer(RecordAnswer):
    """A service record with what its reviewer should know."""

    marks: list[MarkAnswer]


def render_mark(found: SetMark) -> MarkAnswer:
    """A mark with its reason in both languages, and why it was cleared where it was."""
    mark, clearing = found.mark, found.clearing
    return MarkAnswer(
        kind=mark.kind,
        reason=tell_mark(mark),
        reason_en=tell_mark(mark, english=True),
        figures={**mark.figures},
        cleared=clearing is not None,
        clearing_reason=clearing.reason if clearing else None,
    )


def render_record(view: RecordView, marks: Sequence[SetMark]) -> ReviewedAnswer:
    """A record for those who review."""
    return ReviewedAnswer.model_validate({**record_fields(view), "marks": list(map(render_mark, marks))})


def record_fields(view: RecordView) -> dict[str, object]:
    """A record as everybody sees it who may see it."""
    record, items = view.record, view.items
    described = {
        "place": items.place,
        "content": items.content,
        "person_in_charge_id": items.in_charge,
    }
    return {
        "id": format_id("rec", record.id),
        "state": record.state,
        "volunteer_id": format_id("vol", record.volunteer),
        "team_id": format_id("tea", record.team),
        "evidence": record.evidence,
        "activity": view.activity,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "minutes": record.minutes,
        "level": record.level,
        "check_ins": [_render_stay(stay) for stay in items.check_ins],
        "activity_id": record.activity_id or None,
        "category": record.category or None,
        "place_region_code": record.region or None,
        **{name: value or None for name, value in described.items()},
        "role": record.role,
        "guardian": items.guardian,
        "hazardous": items.hazardous,
        "due_at": items.due_at,
        "late": view.late,
        "disputed": view.disputed,
        "score": view.score,
        "missing": [name for name, value in described.items() if not value],
        "recorder_id": format_id("usr", record.recorder),
        "verifier_id": format_id("usr", record.verifier) if record.verifier else None,
        "points": record.points,
        "expires_on": record.expires_on,
        "policy_version": record.policy or None,
        "pending_points": record.pending,
        "matures_at": record.matures_at,
        "transaction_id": format_id("txn", record.transaction) if record.transaction else None,
        "replaces_id": format_id("rec", record.replaces) if record.replaces else None,
        "created_at": view.created_at,
    }


def _render_stay(stay: CheckIn) -> CheckInField:
    return CheckInField(checked_in_at=stay.begin, checked_out_at=stay.end)

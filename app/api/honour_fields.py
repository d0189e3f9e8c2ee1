"""What an honour says on the wire: the body that enters it, and how it is told."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.bodies import Answer, Body
from app.api.fields import Name, ReasonText, RegionCode, TeamRef, UserRef, VolunteerRef
from app.api.problems import FieldProblem, Problem
from app.api.record_fields import Line
from app.api.teams import team_named
from app.core.codes import Code
from app.core.honours import SUBJECTS, Honour, HonourKind, HonourLevel, HonourState
from app.core.ids import HonourId, VolunteerId, format_id, parse_id
from app.store.honours import HonourView

HonourRef = Annotated[str, Field(pattern="^hon_[0-9a-f]{32}$", examples=["hon_0190c6f0a1b27c3d8e9f00112233aabb"])]
Edition = Annotated[int, Field(ge=1, le=100, description="Of the programme's own four tens (四个10)", examples=[4])]


class HonourFields(Body):
    """An honour. It has one subject: a volunteer for `volunteer` and `worker`, a team, or a region for `community`."""

    kind: HonourKind
    name: Annotated[Name, Field(examples=["最美志愿者"])]
    awarded_by: Annotated[Name, Field(description="The body that gave it (授予单位)", examples=["中共慈溪市委宣传部"])]
    level: Annotated[
        HonourLevel, Field(description="`other` waits for a second person; from `county` on it is recorded at once")
    ]
    edition: Edition | None = None
    awarded_on: Annotated[date, Field(examples=["2026-03-05"])]
    evidence: Annotated[
        Line, Field(description="Where the material is; no personal data", examples=["慈文明〔2026〕3号"])
    ]
    volunteer_id: VolunteerRef | None = None
    team_id: TeamRef | None = None
    region_code: RegionCode | None = None


class HonourAnswer(Answer):
    """An honour and where it stands."""

    id: HonourRef
    kind: HonourKind
    name: str
    awarded_by: str
    level: HonourLevel
    edition: int | None
    awarded_on: date
    evidence: str
    volunteer_id: VolunteerRef | None
    team_id: TeamRef | None
    region_code: RegionCode | None
    state: Annotated[HonourState, Field(description="Only `recorded` counts")]
    reason: Annotated[str, Field(description="Of the last step")]
    enterer_id: UserRef
    changed_by: UserRef
    changed_at: datetime


class HonourPage(Answer):
    """Honours in the order they were entered."""

    honours: list[HonourAnswer]
    next: str | None


class HonourReason(Body):
    """Why."""

    reason: ReasonText


def render_honour(view: HonourView) -> HonourAnswer:
    """An honour as answers carry it."""
    honour, standing = view.honour, view.standing
    return HonourAnswer(
        id=format_id("hon", honour.id),
        kind=honour.kind,
        name=honour.name,
        awarded_by=honour.awarded_by,
        level=honour.level,
        edition=honour.edition,
        awarded_on=honour.awarded_on,
        evidence=honour.evidence,
        volunteer_id=format_id("vol", honour.volunteer) if honour.volunteer else None,
        team_id=format_id("tea", honour.team) if honour.team else None,
        region_code=honour.region,
        state=standing.state,
        reason=standing.reason,
        enterer_id=format_id("usr", view.enterer),
        changed_by=format_id("usr", standing.user),
        changed_at=standing.at,
    )


def person_named(reference: str | None) -> VolunteerId | None:
    """The volunteer that a field names, whose shape has been checked."""
    value = parse_id("vol", reference) if reference else None
    return VolunteerId(value) if value else None


def read_honour(body: HonourFields, today: date) -> Honour:
    """The honour that a body describes. Raises a problem for one of days to come, or not of its kind."""
    honour = Honour(
        id=HonourId(uuid7()),
        kind=body.kind,
        name=body.name,
        awarded_by=body.awarded_by,
        level=body.level,
        edition=body.edition,
        awarded_on=body.awarded_on,
        evidence=body.evidence,
        volunteer=person_named(body.volunteer_id),
        team=team_named(body.team_id),
        region=body.region_code,
    )
    faults = []
    if body.awarded_on > today:
        faults.append(FieldProblem(pointer="/awarded_on", detail="in the future"))
    if not honour.is_sound:
        faults.append(FieldProblem(pointer="/kind", detail=f"needs one subject, its {SUBJECTS[body.kind]}"))
    if faults:
        raise Problem(Code.PARAM_ERROR, errors=faults)
    return honour

"""How objections read on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app.actions.objections import Told
from app.api.bodies import Answer, Body
from app.api.fields import RecordRef, TeamRef, UserRef, VolunteerRef, refuse_control_characters
from app.api.problems import Problem
from app.core.audit_trail import Edited, changed
from app.core.codes import Code
from app.core.ids import ObjectionId, VolunteerId, format_id, parse_id
from app.core.objections import ObjectionState

ObjectionRef = Annotated[str, Field(pattern="^obj_[0-9a-f]{32}$", examples=["obj_0190c6f0a1b27c3d8e9f00112233aabb"])]
Words = Annotated[
    str,
    Field(min_length=1, max_length=500, description="No personal data", examples=["实际服务到 12 时，记录只到 11 时"]),
    AfterValidator(refuse_control_characters),
]


class ObjectionRequest(Body):
    """Why a record is wrong (异议理由)."""

    reason: Words


class ObjectionAnswerRequest(Body):
    """Why an objection is right or not (答复)."""

    reason: Words


class ObjectionAnswer(Answer):
    """An objection and where it stands now."""

    id: ObjectionRef
    record_id: RecordRef
    volunteer_id: Annotated[VolunteerRef | None, Field(description="null for who objects to a record of somebody else")]
    state: Annotated[
        ObjectionState,
        Field(
            description="`upheld`: a correction has been asked for; `corrected`: the record is out, to be entered anew"
        ),
    ]
    reason: str
    raised_at: datetime
    raised_by: Annotated[str, Field(examples=["vol_0190c6f0a1b27c3d8e9f00112233aabb"])]
    responsible_team_id: TeamRef | None = Field(description="Who owes the answer; null: the administrators")
    due_at: datetime = Field(description="Ten working days on each rung; then it goes to the team above")
    answered_by: UserRef | None
    answer: str | None
    answered_at: datetime | None


class ObjectionPage(Answer):
    """Objections in the order they were raised."""

    objections: list[ObjectionAnswer]
    next: str | None


def tell_objection_change(edited: Edited[Told]) -> Mapping[str, object]:
    """What a step changed, for the audit trail: the state, and at which rung of the teams; none of the words."""
    before, after = edited.before.stands, edited.after.stands
    return {**changed({"state": before.state}, {"state": after.state}), "rung": after.rung}


def render_objection(told: Told, reader: VolunteerId | None = None) -> ObjectionAnswer:
    """An objection as it stands. A volunteer who reads of another's record does not learn whose it is."""
    view, stands = told.view, told.stands
    hidden = reader is not None and reader != view.volunteer
    responsible = view.line[stands.rung] if stands.rung < len(view.line) else None
    return ObjectionAnswer(
        id=format_id("obj", view.objection.id),
        record_id=format_id("rec", view.objection.record),
        volunteer_id=None if hidden else format_id("vol", view.volunteer),
        state=stands.state,
        reason=view.reason,
        raised_at=view.objection.raised_at,
        raised_by=view.raised_by,
        responsible_team_id=format_id("tea", responsible) if responsible else None,
        due_at=stands.due_at,
        answered_by=format_id("usr", view.answered_by) if view.answered_by else None,
        answer=view.answer or None,
        answered_at=view.answered_at,
    )


def objection_named(reference: str) -> ObjectionId:
    """The objection that a path names; 404 for what cannot be one."""
    value = parse_id("obj", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return ObjectionId(value)

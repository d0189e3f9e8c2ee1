"""Objections: raising them, answering or taking them back, and writing down what time or a correction has done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from app.actions.reaches import level_over, place_in
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import ObjectionId, ProgrammeId, RecordId, UserId, VolunteerId, format_id
from app.core.objections import (
    Objection,
    ObjectionState,
    ObjectionStep,
    Standing,
    is_on_notice,
    may_answer,
    move,
    refuse_objection,
    standing,
)
from app.core.reviews import is_own
from app.core.working_days import WorkingCalendar
from app.security.actors import Actor, ActorKind
from app.security.words import Place
from app.store.audit_rows import insert_audit_row
from app.store.database import Reader, Tx
from app.store.objections import (
    ObjectionView,
    climb,
    fetch_due_objections,
    insert_objection,
    lock_objection,
    update_answered,
)
from app.store.programmes import fetch_zone
from app.store.reaches import fetch_line
from app.store.relatives import fetch_relatives
from app.store.service_records import fetch_record
from app.store.words import seal_words
from app.store.working_days import fetch_calendar


@dataclass(frozen=True, slots=True)
class Clerk:
    """What terms are counted with in one programme."""

    calendar: WorkingCalendar
    zone: tzinfo

    def standing_of(self, view: ObjectionView, at: datetime) -> Standing:
        """Where an objection stands at a moment."""
        return standing(view.objection, len(view.line), self.calendar, self.zone, at)


async def fetch_clerk(reader: Reader | Tx, programme: ProgrammeId) -> Clerk:
    """The programme's calendar and zone."""
    return Clerk(await fetch_calendar(reader, programme), ZoneInfo(await fetch_zone(reader, programme)))


@dataclass(frozen=True, slots=True)
class Told:
    """An objection and where it stands."""

    view: ObjectionView
    stands: Standing


async def raise_objection(
    tx: Tx, actor: Actor, record: RecordId, reason: str, at: datetime, *, noticed: bool = False
) -> Told | Rejected:
    """Object to a record: a volunteer to their own, others to those of their part while the notice period runs.

    `noticed`: a volunteer objects to what the public notice shows of somebody else; what it does not show, or shows no
    more, is not there for them.
    """
    found = await fetch_record(tx, actor.programme, record)
    line = await fetch_line(tx, actor.programme, found.record.team) if found else None
    if found is None or line is None:
        return Rejected(Code.NOT_FOUND)
    own = actor.kind is ActorKind.VOLUNTEER and not noticed
    mine = found.record.volunteer == actor.volunteer
    if (own and not mine) or (noticed and (mine or not is_on_notice(found.record, at))):
        return Rejected(Code.NOT_FOUND)
    if actor.kind is not ActorKind.VOLUNTEER and level_over(actor, line) is None:
        return Rejected(Code.NOT_FOUND)
    if refusal := refuse_objection(found.record, own=own, at=at):
        return refusal
    objection = Objection(id=ObjectionId(uuid7()), record=record, state=ObjectionState.OPEN, raised_at=at)
    view = ObjectionView(
        objection=objection,
        raised_by=actor.reference,
        reason=await _seal_reason(tx, actor, objection.id, found.record.volunteer, reason, at),
        volunteer=found.record.volunteer,
        line=line.teams,
    )
    stands = (await fetch_clerk(tx, actor.programme)).standing_of(view, at)
    if not await insert_objection(tx, actor.programme, view, stands.due_at):
        return Rejected(Code.ALREADY_EXISTS)
    return Told(view, stands)


async def _seal_reason(
    tx: Tx, actor: Actor, objection: ObjectionId, about: VolunteerId, reason: str, at: datetime
) -> str:
    """Words about a volunteer go with their data; those of another volunteer go with that one's too."""
    place, row = Place.OBJECTION_REASON, objection.hex
    if actor.kind is ActorKind.VOLUNTEER and actor.volunteer and actor.volunteer != about:
        reason = await seal_words(tx, actor.programme, actor.volunteer, place, row, reason, at)
    return await seal_words(tx, actor.programme, about, place, row, reason, at)


async def answer_objection(
    tx: Tx, actor: Actor, objection: ObjectionId, step: ObjectionStep, reason: str, at: datetime
) -> Edited[Told] | Rejected:
    """Uphold or dismiss: by the team whose turn it is or one above, and nobody whose own affair it is."""
    view = await lock_objection(tx, actor.programme, objection)
    line = await fetch_line(tx, actor.programme, view.line[0]) if view else None
    if view is None or line is None or level_over(actor, line) is None:
        return Rejected(Code.NOT_FOUND)
    stands = (await fetch_clerk(tx, actor.programme)).standing_of(view, at)
    after = move(stands.state, step)
    if isinstance(after, Rejected):
        return after
    if await _is_own_affair(tx, actor, view):
        return Rejected(Code.SELF_REVIEW)
    if not may_answer(place_in(actor, line), stands):
        return Rejected(Code.ESCALATED, {"rung": stands.rung})
    place = Place.OBJECTION_ANSWER
    answer = await seal_words(tx, actor.programme, view.volunteer, place, objection.hex, reason, at)
    answered = replace(_moved(view, after, stands), answered_by=UserId(actor.subject), answer=answer, answered_at=at)
    await update_answered(tx, actor.programme, answered)
    return Edited(Told(view, stands), Told(answered, replace(stands, state=after)))


async def _is_own_affair(tx: Tx, actor: Actor, view: ObjectionView) -> bool:
    """Whether the actor served, entered, verified or objected, or is a relative of who served."""
    found = await fetch_record(tx, actor.programme, view.objection.record)
    user = UserId(actor.subject)
    if found is None or user == found.record.verifier or actor.reference == view.raised_by:
        return True
    return is_own(found.record, user, actor.volunteer, await fetch_relatives(tx, actor.programme, user))


async def take_back_objection(tx: Tx, actor: Actor, objection: ObjectionId, at: datetime) -> Edited[Told] | Rejected:
    """Take an objection back: by whoever raised it, while it waits."""
    view = await lock_objection(tx, actor.programme, objection)
    if view is None or view.raised_by != actor.reference:
        return Rejected(Code.NOT_FOUND)
    stands = (await fetch_clerk(tx, actor.programme)).standing_of(view, at)
    after = move(stands.state, ObjectionStep.TAKE_BACK)
    if isinstance(after, Rejected):
        return after
    taken = _moved(view, after, stands)
    await update_answered(tx, actor.programme, taken)
    return Edited(Told(view, stands), Told(taken, replace(stands, state=after)))


async def note_correction(tx: Tx, programme: ProgrammeId, objection: ObjectionId) -> bool:
    """Write down that the record of an upheld objection is corrected; False when that was done already."""
    view = await lock_objection(tx, programme, objection)
    after = move(view.objection.state, ObjectionStep.CORRECT) if view else Rejected(Code.NOT_FOUND)
    if view is None or isinstance(after, Rejected):
        return False
    await update_answered(tx, programme, replace(view, objection=replace(view.objection, state=after)))
    return True


async def escalate_due(tx: Tx, programme: ProgrammeId, at: datetime, limit: int) -> Sequence[ObjectionId]:
    """Write down which objections have climbed, with an audit row each. Run twice, each is written down once."""
    clerk = await fetch_clerk(tx, programme)
    climbed: dict[ObjectionId, Standing] = {}
    for view in await fetch_due_objections(tx, programme, at, limit):
        stands = clerk.standing_of(view, at)
        if stands.rung > view.objection.rung and await climb(tx, programme, view.objection.id, stands):
            climbed[view.objection.id] = stands
    for objection, stands in climbed.items():  # last: whoever answers one of them waits for the trail's head too
        await insert_audit_row(
            tx,
            programme,
            uuid7(),
            actor="system",
            action="objection.escalate",
            subject=format_id("obj", objection),
            changes={"rung": stands.rung, "due_at": stands.due_at.isoformat()},
            at=at,
        )
    return list(climbed)


def _moved(view: ObjectionView, state: ObjectionState, stands: Standing) -> ObjectionView:
    return replace(view, objection=replace(view.objection, state=state, rung=stands.rung))

"""Entering service records, and noting what is odd about them. Verifying and rejecting are commands of the engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.actions.reaches import level_over
from app.core.check_ins import Attendance, CheckIn, attend, share_time
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, RecordId, UserId, format_id
from app.core.minors import Circumstances, refuse_minor
from app.core.quantities import Minutes
from app.core.reviews import minutes_by_day, stretch_of
from app.core.rows import ServiceRecord
from app.core.suspicions import EntryFacts, Mark, Neighbour, Place, mark_entry, mark_verification
from app.core.volunteers import Volunteer
from app.core.working_days import RECORDING_DAYS, deadline
from app.security.actors import Actor
from app.store.database import Tx
from app.store.programmes import fetch_zone
from app.store.reaches import fetch_line
from app.store.record_marks import Deed, count_deed, fetch_limits, insert_marks
from app.store.service_records import RecordView, fetch_near, fetch_overlapping_pair, insert_records
from app.store.volunteers import fetch_volunteer, lock_volunteer, lock_volunteers
from app.store.working_days import fetch_calendar

RECORD_MINUTES_MAX = 24 * 60
SPIKE_DAYS = 30
"""So many days back a verifier's own average looks."""

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


async def enter_records(tx: Tx, programme: ProgrammeId, views: Sequence[RecordView]) -> int | Rejected:
    """Enter many records at once, all or none. Refused as a whole when any two of one volunteer share time."""
    await lock_volunteers(tx, programme, sorted({view.record.volunteer for view in views}))
    await insert_records(tx, programme, views)
    twice = await fetch_overlapping_pair(tx, programme, [view.record.id for view in views])
    if twice:
        await tx.rollback()
        return Rejected(Code.OVERLAP, {"record": twice.hex})
    return len(views)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record to enter as it was told: its period is the activity's, its minutes may be left to the check-ins."""

    view: RecordView
    minutes: int | None
    own_labour: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """A record as it was entered, and what is odd about it."""

    view: RecordView
    marks: tuple[Mark, ...]


async def enter_record(tx: Tx, actor: Actor, entry: Entry) -> Entered | Rejected:
    """Enter a record. Nobody serves twice at the same time: the volunteer is locked while that is looked up."""
    programme, told = actor.programme, entry.view
    if not await lock_volunteer(tx, programme, told.record.volunteer):
        return Rejected(Code.NOT_FOUND, {"volunteer_id": told.record.volunteer.hex})
    line = await fetch_line(tx, programme, told.record.team)
    if line is None or level_over(actor, line) is None:
        return Rejected(Code.NOT_FOUND, {"team_id": told.record.team.hex})
    zone = ZoneInfo(await fetch_zone(tx, programme))
    if refused := await _refuse_minor(tx, programme, entry, zone):
        return refused
    record = told.record
    near = await fetch_near(tx, programme, record.volunteer, record.started_at - _DAY, record.ended_at + _DAY)
    counted = _count(entry, near, zone)
    if isinstance(counted, Rejected):
        return counted
    for other in near:
        if share_time(counted.stays, other.stays):
            return Rejected(Code.OVERLAP, {"record": other.record.id.hex})
    due_at = deadline(record.ended_at, RECORDING_DAYS, await fetch_calendar(tx, programme), zone)
    view = replace(counted, items=replace(counted.items, due_at=due_at))
    await insert_records(tx, programme, [view])
    return Entered(view, await _mark(tx, programme, view, near, zone))


async def _refuse_minor(tx: Tx, programme: ProgrammeId, entry: Entry, zone: ZoneInfo) -> Rejected | None:
    row = await fetch_volunteer(tx, programme, entry.view.record.volunteer)
    if row is None or row.born_on is None:
        return None
    person = Volunteer(row.id, row.status, born_on=row.born_on)
    items = entry.view.items
    given = Circumstances(guardian=items.guardian, hazardous=items.hazardous, own_labour=entry.own_labour)
    return refuse_minor(person.age_on(entry.view.record.started_at.astimezone(zone).date()), given)


def _count(entry: Entry, near: Sequence[RecordView], zone: ZoneInfo) -> RecordView | Rejected:
    """The record with the time that counts: that of its check-ins, where there are any."""
    view = entry.view
    if not view.items.check_ins:
        return view
    activity = CheckIn(view.record.started_at, view.record.ended_at)
    found = attend(view.items.check_ins, activity, zone, _earlier(view.record, near))
    if not isinstance(found, Attendance):
        return Rejected(Code.PARAM_ERROR, {"check_ins": found.value})
    if not (entry.minutes or 1) <= found.minutes <= RECORD_MINUTES_MAX:
        return Rejected(Code.PARAM_ERROR, {"minutes": found.minutes})
    record = replace(
        view.record,
        minutes=Minutes(entry.minutes or found.minutes),
        started_at=found.stays[0].begin,
        ended_at=found.stays[-1].end,
    )
    return replace(view, record=record, items=replace(view.items, check_ins=found.stays))


def _earlier(record: ServiceRecord, near: Sequence[RecordView]) -> Iterator[CheckIn]:
    for other in near:
        if record.activity_id and other.record.activity_id == record.activity_id:
            yield from other.items.check_ins


async def _mark(
    tx: Tx, programme: ProgrammeId, view: RecordView, near: Sequence[RecordView], zone: ZoneInfo
) -> tuple[Mark, ...]:
    record, at = view.record, view.created_at
    limits = await fetch_limits(tx, programme)
    since = at - _MINUTE * limits.entries_within_min
    lately = await count_deed(
        tx, programme, record.recorder, Deed.ENTERED, period=_minute(at), since=_minute(since + _MINUTE)
    )
    facts = EntryFacts(
        minutes_by_day=minutes_by_day(stretch_of(record), [stretch_of(other.record) for other in near], zone),
        entries_lately=sum(lately.values()),
        place=Place(record.region, view.items.place),
        neighbours=tuple(_neighbour(record, other) for other in near),
    )
    marks = mark_entry(facts, limits)
    await insert_marks(tx, programme, record.id, marks, at)
    return marks


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M")


def _neighbour(record: ServiceRecord, other: RecordView) -> Neighbour:
    apart = max(record.started_at - other.record.ended_at, other.record.started_at - record.ended_at, timedelta())
    place = Place(other.record.region, other.items.place)
    return Neighbour(format_id("rec", other.record.id), apart // _MINUTE, place)


async def note_verification(tx: Tx, programme: ProgrammeId, verifier: UserId, record: RecordId, at: datetime) -> None:
    """Count a verification, and mark the record when its verifier does far more today than they use to.

    The record is verified already: what is lost by a crash in between is one count.
    """
    today = at.astimezone(ZoneInfo(await fetch_zone(tx, programme))).date()
    since = today - timedelta(days=SPIKE_DAYS)
    days = dict(
        await count_deed(tx, programme, verifier, Deed.VERIFIED, period=today.isoformat(), since=since.isoformat())
    )
    count = days.pop(today.isoformat())
    marks = mark_verification(count, tuple(days.values()), await fetch_limits(tx, programme))
    await insert_marks(tx, programme, record, marks, at)

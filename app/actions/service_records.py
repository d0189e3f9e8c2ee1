"""Entering service records, and noting what is odd about them. Verifying and rejecting are commands of the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.actions.reaches import level_over
from app.actions.running import Done, Ticket, run_action
from app.core.codes import Code, Rejected
from app.core.entering import Telling, decide_entry
from app.core.ids import ProgrammeId, RecordId, UserId
from app.core.marks import SetMark, facts_of
from app.core.suspicions import Mark, mark_entry, mark_verification
from app.core.working_days import RECORDING_DAYS, deadline
from app.security.actors import Actor
from app.store.bulk_record_lookups import fetch_near
from app.store.database import Database, Tx
from app.store.programmes import fetch_zone
from app.store.reaches import fetch_line
from app.store.record_marks import Deed, count_deeds, fetch_limits, insert_marks
from app.store.service_records import RecordView, insert_records
from app.store.volunteers import fetch_volunteer, lock_volunteer
from app.store.working_days import fetch_calendar

SPIKE_DAYS = 30
"""So many days back a verifier's own average looks."""

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Entered:
    """A record as it was entered, and what is odd about it."""

    view: RecordView
    marks: tuple[SetMark, ...]


async def enter_record(tx: Tx, actor: Actor, telling: Telling, at: datetime) -> Entered | Rejected:
    """Enter a record. Nobody serves twice at the same time: the volunteer is locked while that is looked up."""
    programme, told = actor.programme, telling.filing.record
    if not await lock_volunteer(tx, programme, told.volunteer):
        return Rejected(Code.NOT_FOUND, {"volunteer_id": told.volunteer.hex})
    line = await fetch_line(tx, programme, told.team)
    if line is None or level_over(actor, line) is None:
        return Rejected(Code.NOT_FOUND, {"team_id": told.team.hex})
    zone = ZoneInfo(await fetch_zone(tx, programme))
    person = await fetch_volunteer(tx, programme, told.volunteer)
    found = await fetch_near(tx, programme, {told.volunteer: (telling.begins, telling.ends)})
    near = [served for _, served in found]
    counted = decide_entry(telling, person.born_on if person else None, near, zone)
    if isinstance(counted, Rejected):
        return counted
    due_at = deadline(told.ended_at, RECORDING_DAYS, await fetch_calendar(tx, programme), zone)
    view = RecordView(counted.record, counted.activity, at, replace(counted.items, due_at=due_at))
    await insert_records(tx, programme, [view])
    before = await count_entries(tx, programme, told.recorder, 1, at)
    marks = mark_entry(facts_of(counted.served, near, zone, before + 1), await fetch_limits(tx, programme))
    await insert_marks(tx, programme, ((told.id, mark) for mark in marks), at)
    return Entered(view, tuple(map(SetMark, marks)))


async def count_entries(tx: Tx, programme: ProgrammeId, enterer: UserId, entries: int, at: datetime) -> int:
    """Count records that somebody enters at a moment; how many they had entered within the window before."""
    limits = await fetch_limits(tx, programme)
    since = at - _MINUTE * limits.entries_within_min + _MINUTE
    lately = await count_deeds(
        tx, programme, enterer, Deed.ENTERED, period=_minute(at), since=_minute(since), by=entries
    )
    return sum(lately.values()) - entries


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M")


async def note_verifications(
    tx: Tx, programme: ProgrammeId, verifier: UserId, records: Sequence[RecordId], at: datetime
) -> None:
    """Count verifications, and mark each record with which its verifier does far more today than they use to.

    The records are verified already: what is lost by a crash in between is their count.
    """
    today = at.astimezone(ZoneInfo(await fetch_zone(tx, programme))).date()
    since = today - timedelta(days=SPIKE_DAYS)
    named = {"period": today.isoformat(), "since": since.isoformat()}
    days = dict(await count_deeds(tx, programme, verifier, Deed.VERIFIED, **named, by=len(records)))
    before = days.pop(today.isoformat()) - len(records)
    limits = await fetch_limits(tx, programme)
    found: list[tuple[RecordId, Mark]] = []
    for number, record in enumerate(records, start=1):
        marks = mark_verification(before + number, tuple(days.values()), limits)
        found.extend((record, mark) for mark in marks)
    await insert_marks(tx, programme, found, at)


async def receive_verifications(database: Database, ticket: Ticket, records: int) -> Rejected | None:
    """Note that many records are to be verified under one key; another body under it is a conflict."""

    async def receive(_tx: Tx) -> Done:
        changes = {"records": records}
        return Done(answer="{}", action="record.verify-many", subject=ticket.actor.reference, changes=changes)

    received = await run_action(database, ticket, receive)
    return received if isinstance(received, Rejected) else None

"""Entering many records (批量录入): chunk by chunk, each chunk one transaction with its audit row and its answers.

A request that is repeated, after a crash or beside itself, goes on where its chunks end and answers as one that ran
through. Locks are taken in one order by everybody: the request, its volunteers by id, the records by number, the pace
of whoever enters.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from app.actions.reaches import fetch_reach
from app.actions.running import Done, Ticket, run_action
from app.actions.service_records import count_entries
from app.core.bulk_entries import BulkRow, Ground, Neighbourhood, NewRecord, ToldRow, decide_rows
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, TeamId, UserId, VolunteerId, format_id, parse_id
from app.core.suspicions import mark_entry
from app.security.actors import Actor
from app.store.audit_rows import insert_audit_row
from app.store.bulk_record_lookups import Span, fetch_near, fetch_numbered, fetch_team_ids, lock_people
from app.store.bulk_record_writes import insert_filed
from app.store.bulk_records import insert_bulk_answers, insert_bulk_request, lock_bulk_request
from app.store.database import Database, Tx
from app.store.programmes import fetch_zone
from app.store.record_marks import fetch_limits, insert_marks
from app.store.working_days import fetch_calendar

CHUNK = 1_000
"""So many rows are decided and written in one transaction: their volunteers are held no longer than it takes."""
ATTEMPTS_MAX = 5
_TRY_AGAIN = frozenset(("40P01", "40001"))


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """A request that may be gone on with, and whether it had been received before."""

    request: UUID
    replayed: bool


class NumberTakenMeanwhile(Exception):
    """Another request entered a record under one of these numbers after they had been looked up."""


async def open_request(database: Database, ticket: Ticket, rows: int) -> OpenedRequest | Rejected:
    """Receive a request under its key, or find it again. Another body under the key is a conflict."""

    async def open_it(tx: Tx) -> Done:
        request = uuid7()
        await insert_bulk_request(tx, ticket.programme, request, rows, ticket.at)
        name = format_id("blk", request)
        return Done(
            answer=json.dumps({"request": name}), action="record.receive-many", subject=name, changes={"rows": rows}
        )

    opened = await run_action(database, ticket, open_it)
    if isinstance(opened, Rejected):
        return opened
    request = parse_id("blk", str(json.loads(opened.answer).get("request")))
    if request is None:
        return Rejected(Code.IDEMPOTENCY_KEY_USED)
    return OpenedRequest(request, opened.replayed)


async def enter_chunk(
    database: Database, actor: Actor, request: UUID, first: int, rows: Sequence[BulkRow], at: datetime
) -> int:
    """Decide the rows of a request from `first` on, all or none, unless they are done. Gives how many are done then.

    A number that another request takes at the same moment makes the chunk begin again, and then it is known.
    """
    attempt = 1
    while True:
        try:
            async with database.begin() as tx:
                done = await lock_bulk_request(tx, actor.programme, request)
                if done != first:
                    return done
                await _enter(tx, actor, request, first, rows, at)
        except (NumberTakenMeanwhile, DBAPIError) as error:
            if attempt == ATTEMPTS_MAX or not _is_passing(error):
                raise
            attempt += 1
        else:
            return first + len(rows)


def _is_passing(error: Exception) -> bool:
    return (
        isinstance(error, NumberTakenMeanwhile) or getattr(getattr(error, "orig", None), "sqlstate", "") in _TRY_AGAIN
    )


async def _enter(tx: Tx, actor: Actor, request: UUID, first: int, rows: Sequence[BulkRow], at: datetime) -> None:
    programme = actor.programme
    ground = await _survey(tx, actor, [row for row in rows if isinstance(row, ToldRow)])
    decided = await asyncio.to_thread(decide_rows, rows, ground)  # beside the loop, so that no till waits for it
    if await insert_filed(tx, programme, decided.new, at) < len(decided.new):
        raise NumberTakenMeanwhile
    await _mark(tx, programme, UserId(actor.subject), decided.new, at)
    counts = await insert_bulk_answers(tx, programme, request, first, decided.answers, at)
    await insert_audit_row(
        tx,
        programme,
        uuid7(),
        actor=actor.reference,
        action="record.enter-many",
        subject=format_id("blk", request),
        changes={"first_line": first + 1, "last_line": first + len(rows), **counts},
        at=at,
    )


async def _survey(tx: Tx, actor: Actor, rows: Sequence[ToldRow]) -> Ground:
    """Look up all that the rows name, their volunteers first: what follows is what others have committed."""
    programme = actor.programme
    told = [row.telling.filing.record for row in rows]
    people = await lock_people(tx, programme, {record.volunteer for record in told})
    return Ground(
        people=people,
        teams=await _reachable(tx, actor, {record.team for record in told}),
        numbers=await fetch_numbered(tx, programme, {row.number for row in rows if row.number}),
        near=Neighbourhood(await fetch_near(tx, programme, _spans(rows))),
        zone=ZoneInfo(await fetch_zone(tx, programme)),
        calendar=await fetch_calendar(tx, programme),
    )


async def _reachable(tx: Tx, actor: Actor, teams: set[TeamId]) -> frozenset[TeamId]:
    part = await fetch_reach(tx, actor)
    return await fetch_team_ids(tx, actor.programme, teams if part is None else teams.intersection(part))


def _spans(rows: Sequence[ToldRow]) -> dict[VolunteerId, Span]:
    spans: dict[VolunteerId, Span] = {}
    for row in rows:
        telling, volunteer = row.telling, row.telling.filing.record.volunteer
        since, until = spans.get(volunteer, (telling.begins, telling.ends))
        spans[volunteer] = min(since, telling.begins), max(until, telling.ends)
    return spans


async def _mark(tx: Tx, programme: ProgrammeId, enterer: UserId, new: Sequence[NewRecord], at: datetime) -> None:
    """Mark what is odd, by the same rules as a single record; each counts those entered before it."""
    if not new:
        return
    before = await count_entries(tx, programme, enterer, len(new), at)
    limits = await fetch_limits(tx, programme)
    facts = ((each, replace(each.facts, entries_lately=before + each.facts.entries_lately)) for each in new)
    await insert_marks(
        tx,
        programme,
        ((each.filing.record.id, mark) for each, found in facts for mark in mark_entry(found, limits)),
        at,
    )

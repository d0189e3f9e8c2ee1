"""Notices of points about to expire: made in chunks, each a short transaction that knows how far the last one came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from app.core.expiry_notices import DueNotice, ExpiryNotice
from app.core.ids import NOBODY, ProgrammeId, VolunteerId
from app.store.database import Reader, Tx

_OPEN = text("""
SELECT d.expires_on, d.days_before
FROM unnest(CAST(:days AS date[]), CAST(:distances AS smallint[])) AS d (expires_on, days_before)
LEFT JOIN expiry_notice_runs r
    ON r.programme_id = :programme AND r.expires_on = d.expires_on AND r.days_before = d.days_before
WHERE (r.day IS NULL OR r.day < :today OR NOT r.done) AND EXISTS (
    SELECT FROM accounts
    WHERE programme_id = :programme AND part = to_char(d.expires_on, 'YYYY-MM-DD') AND kind IN ('wallet', 'pending')
      AND balance > 0
)
ORDER BY d.expires_on
""")


async def fetch_open_runs(
    reader: Reader, programme: ProgrammeId, due: Sequence[DueNotice], today: date
) -> Sequence[DueNotice]:
    """Which of the days due have lots, and were not gone through to the end today."""
    values = {
        "programme": programme,
        "days": [each.expires_on for each in due],
        "distances": [each.days_before for each in due],
        "today": today,
    }
    return [DueNotice(*row) for row in await reader.execute(_OPEN, values)]


_BY_KEY = text("""
SELECT set_config(name, 'off', true) FROM unnest(ARRAY[
    'enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin', 'jit']) AS name
""")
"""For this transaction: a chunk is found by key and in order, also while statistics are old."""
_BEGIN = text("INSERT INTO notice_heads (programme_id, next_number) VALUES (:programme, 1) ON CONFLICT DO NOTHING")
_LOCK = text("SELECT next_number FROM notice_heads WHERE programme_id = :programme FOR UPDATE")
_ADVANCE = text("UPDATE notice_heads SET next_number = :next WHERE programme_id = :programme")


async def lock_notice_head(tx: Tx, programme: ProgrammeId) -> int:
    """Wait for the head of the stream and keep it until the transaction ends: the number of the next notice."""
    await tx.execute(_BY_KEY)
    await tx.execute(_BEGIN, {"programme": programme})
    return int((await tx.execute(_LOCK, {"programme": programme})).scalar_one())


async def advance_notice_head(tx: Tx, programme: ProgrammeId, next_number: int) -> None:
    """Move the head behind what was written."""
    await tx.execute(_ADVANCE, {"programme": programme, "next": next_number})


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to whom the volunteers of one expiry day were gone through today, and whether that were all."""

    last: UUID = NOBODY
    done: bool = False


_PROGRESS = text("""
SELECT last_id, done FROM expiry_notice_runs
WHERE programme_id = :programme AND expires_on = :expires_on AND days_before = :days_before AND day = :today
""")
_KEEP = text("""
INSERT INTO expiry_notice_runs (programme_id, expires_on, days_before, day, last_id, done)
VALUES (:programme, :expires_on, :days_before, :today, :last, :done)
ON CONFLICT (programme_id, expires_on, days_before)
DO UPDATE SET day = excluded.day, last_id = excluded.last_id, done = excluded.done
""")


def _named(programme: ProgrammeId, due: DueNotice, today: date) -> dict[str, object]:
    return {
        "programme": programme,
        "expires_on": due.expires_on,
        "days_before": due.days_before,
        "today": today,
    }


async def fetch_progress(tx: Tx, programme: ProgrammeId, due: DueNotice, today: date) -> Progress:
    """How far today's going through has come; at the beginning when it has not begun."""
    row = (await tx.execute(_PROGRESS, _named(programme, due, today))).one_or_none()
    return Progress(*row) if row else Progress()


async def keep_progress(tx: Tx, programme: ProgrammeId, due: DueNotice, today: date, progress: Progress) -> None:
    """Note how far it has come."""
    await tx.execute(_KEEP, {**_named(programme, due, today), "last": progress.last, "done": progress.done})


_APPEND = text("""
WITH owed AS MATERIALIZED (
    SELECT owner_id, sum(balance)::bigint AS points FROM accounts
    WHERE programme_id = :programme AND part = :part AND kind IN ('wallet', 'pending') AND owner_id > :after
      AND balance > 0
    GROUP BY owner_id ORDER BY owner_id LIMIT :limit
), made AS (
    INSERT INTO expiry_notices (programme_id, number, volunteer_id, expires_on, days_before, points, recorded_at)
    SELECT :programme, :next + row_number() OVER (ORDER BY o.owner_id) - 1, o.owner_id, :expires_on, :days_before,
           o.points, :at
    FROM owed o
    JOIN volunteers v ON v.programme_id = :programme AND v.id = o.owner_id AND v.status <> 'left'
    LEFT JOIN LATERAL (
        SELECT number FROM expiry_notices
        WHERE programme_id = :programme AND volunteer_id = o.owner_id AND expires_on = :expires_on
          AND days_before = :days_before
        LIMIT 1
    ) known ON true
    WHERE known.number IS NULL
    RETURNING 1
)
SELECT (SELECT count(*) FROM made), (SELECT count(*) FROM owed),
       (SELECT owner_id FROM owed ORDER BY owner_id DESC LIMIT 1)
""")


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one step came to: notices made, volunteers looked at, the last of them."""

    made: int
    seen: int
    last: UUID | None


async def append_notices(
    tx: Tx, programme: ProgrammeId, due: DueNotice, after: UUID, next_number: int, limit: int, at: datetime
) -> Chunk:
    """Tell the next volunteers who have points that end on a day, in the order of their ids; whoever knows is passed.

    Pending points of the lot count with it: they end on the same day. Points held by an open order do not.
    """
    values = {
        "programme": programme,
        "part": due.expires_on.isoformat(),
        "expires_on": due.expires_on,
        "days_before": due.days_before,
        "after": after,
        "next": next_number,
        "limit": limit,
        "at": at,
    }
    return Chunk(*(await tx.execute(_APPEND, values)).one())


_COLUMNS = "number, volunteer_id AS volunteer, expires_on, days_before, points, recorded_at"
_AFTER = text(f"""
SELECT {_COLUMNS} FROM expiry_notices WHERE programme_id = :programme AND number > :after ORDER BY number LIMIT :limit
""")
_OWN = text(f"""
SELECT {_COLUMNS} FROM expiry_notices
WHERE programme_id = :programme AND volunteer_id = :volunteer AND number < :before
ORDER BY number DESC LIMIT :limit
""")


def _notice(row: RowMapping) -> ExpiryNotice:
    return ExpiryNotice(**row)


async def fetch_notices(reader: Reader, programme: ProgrammeId, after: int, limit: int) -> Sequence[ExpiryNotice]:
    """The notices after a number, in their order."""
    values = {"programme": programme, "after": after, "limit": limit}
    return [_notice(row) for row in (await reader.execute(_AFTER, values)).mappings()]


async def fetch_own_notices(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, before: int, limit: int
) -> Sequence[ExpiryNotice]:
    """A volunteer's notices before a number, the newest first."""
    values = {"programme": programme, "volunteer": volunteer, "before": before, "limit": limit}
    return [_notice(row) for row in (await reader.execute(_OWN, values)).mappings()]

"""What a back-test reads: past records as they were priced, moves of lots, funds. In one snapshot, never with a lock.

Each table is read once from end to end and joined by hash; nothing here is looked up row by row.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.core.accounts import AccountKind
from app.core.ids import NOBODY, ProgrammeId
from app.core.policies import AccrualPolicy, Service, Standing
from app.core.policies.back_test_counts import PastRecord
from app.core.policies.back_test_reports import Drain
from app.core.policies.back_tests import LotMove, Order, Question, needs_activities, needs_lots, order_for
from app.store.database import BatchConnection

CHUNK = 5_000
_CUT = PastRecord._fields.index("cut")
_SETTINGS = "SET work_mem = '128MB'; SET jit = off"

Event = PastRecord | LotMove


@dataclass(frozen=True, slots=True)
class Slice:
    """The volunteers from `low` on, up to but without `high` (None: to the end)."""

    low: UUID = NOBODY
    high: UUID | None = None


async def count_records(connection: BatchConnection, programme: ProgrammeId, question: Question) -> int:
    """How many priced records there are to go through."""
    if order_for(question.draft) is Order.ANY:
        statement = "SELECT count(*) FROM accruals WHERE programme_id = $1 AND day BETWEEN $2 AND $3"
        return int(await connection.fetchval(statement, programme, question.since, question.until))
    return int(await connection.fetchval("SELECT count(*) FROM accruals WHERE programme_id = $1", programme))


_ATTESTED = """
SELECT count(*) FROM service_records r JOIN programmes p ON p.id = r.programme_id
WHERE r.programme_id = $1 AND r.state = 'verified' AND r.evidence = 'attested'
  AND (r.started_at AT TIME ZONE p.zone)::date BETWEEN $2 AND $3
"""


async def count_attested(connection: BatchConnection, programme: ProgrammeId, since: date, until: date) -> int:
    """How many verified records of the period earn nothing because their hours are attested."""
    return int(await connection.fetchval(_ATTESTED, programme, since, until))


async def cut_volunteers(connection: BatchConnection, programme: ProgrammeId, slices: int) -> list[Slice]:
    """The volunteers in so many parts of about the same size."""
    count = await connection.fetchval("SELECT count(*) FROM volunteers WHERE programme_id = $1", programme)
    statement = "SELECT id FROM volunteers WHERE programme_id = $1 ORDER BY id OFFSET $2 LIMIT 1"
    found = [await connection.fetchval(statement, programme, count * number // slices) for number in range(1, slices)]
    starts = sorted({start for start in found if start is not None})
    lows: list[UUID] = [NOBODY, *starts]
    highs: list[UUID | None] = [*starts, None]
    return [Slice(low, high) for low, high in zip(lows, highs, strict=True)]


_VERIFIED = """
JOIN transactions x ON x.programme_id = r.programme_id AND x.id = r.transaction_id
LEFT JOIN transactions w ON w.programme_id = r.programme_id AND w.reverses = r.transaction_id
    AND w.kind IN ('claw-back.v1', 'correct.v1')
"""
_ORDERS = {Order.ANY: "", Order.VOLUNTEER: "ORDER BY r.volunteer_id, x.seq", Order.JOURNAL: "ORDER BY x.seq"}


def _statement(draft: AccrualPolicy) -> str:
    """One record a row, in the order of the fields of `PastRecord`."""
    order = order_for(draft)
    ordered = order is not Order.ANY
    # A record whose withdrawal is not found never counted: it must not be taken for one that stands.
    gone = "CASE WHEN r.state = 'withdrawn' THEN coalesce(w.seq, x.seq) END" if ordered else "NULL"
    lots = "r.ended_at, x.recorded_at, r.expires_on" if needs_lots(draft) else "NULL, NULL, NULL"
    return f"""
SELECT {"x.seq" if ordered else "0"}, r.volunteer_id, a.day, r.minutes, r.level, r.category, r.role = 'organiser',
       {"a.activity" if needs_activities(draft) else "''"}, r.place_region,
       left(coalesce(nullif(r.place_region, ''), t.region_code), 9), a.counted, a.points, a.policy,
       coalesce(h.balance, 0), {gone}, a.overlay_region, a.overlay_points,
       CASE WHEN a.steps::text LIKE '%"cap-%' THEN a.inputs::text END, {lots}
FROM service_records r
JOIN accruals a ON a.programme_id = r.programme_id AND a.record_id = r.id
JOIN teams t ON t.programme_id = r.programme_id AND t.id = r.team_id
LEFT JOIN (
    SELECT owner_id, sum(balance)::bigint AS balance FROM accounts
    WHERE programme_id = $1 AND kind IN ('hours', 'consumed') AND owner_id >= $2 AND ($3::uuid IS NULL OR owner_id < $3)
    GROUP BY owner_id
) h ON h.owner_id = r.volunteer_id
{_VERIFIED if ordered else ""}
WHERE r.programme_id = $1 AND r.volunteer_id >= $2 AND ($3::uuid IS NULL OR r.volunteer_id < $3)
  AND {"r.state IN ('verified', 'withdrawn')" if ordered else "r.state = 'verified' AND a.day BETWEEN $4 AND $5"}
{_ORDERS[order]}
"""


def _past(row: Any) -> PastRecord:  # noqa: ANN401 - a record of the driver
    past = PastRecord._make(row)
    if row[_CUT] is None:
        return past
    inputs = json.loads(row[_CUT])
    if "standing" not in inputs:
        return past._replace(cut=None)
    facts = {**inputs["service"], "day": date.fromisoformat(inputs["service"]["day"])}
    return past._replace(cut=(Service(**facts), Standing(**inputs["standing"])))


_LOTS = """
SELECT t.seq, a.owner_id, a.kind, a.part, CASE a.kind WHEN 'debt' THEN -t.amount ELSE t.amount END
FROM transfers t JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.credit_account_no
WHERE t.programme_id = $1 AND a.kind IN ('wallet', 'pending', 'held', 'debt')
  AND a.owner_id >= $2 AND ($3::uuid IS NULL OR a.owner_id < $3)
UNION ALL
SELECT t.seq, a.owner_id, a.kind, a.part, CASE a.kind WHEN 'debt' THEN t.amount ELSE -t.amount END
FROM transfers t JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.debit_account_no
WHERE t.programme_id = $1 AND a.kind IN ('wallet', 'pending', 'held', 'debt')
  AND a.owner_id >= $2 AND ($3::uuid IS NULL OR a.owner_id < $3)
"""
_KINDS = {kind.value: kind for kind in AccountKind}


async def stream_events(
    connection: BatchConnection, programme: ProgrammeId, question: Question, part: Slice
) -> AsyncIterator[Sequence[Event]]:
    """The records of some volunteers and, where the draft asks, the moves of their lots, each where it belongs.

    Chunk by chunk, in the order that the draft needs. Call it inside a snapshot.
    """
    await connection.execute(_SETTINGS)
    draft = question.draft
    arguments: tuple[object, ...] = (programme, part.low, part.high)
    if order_for(draft) is Order.ANY:
        arguments = (*arguments, question.since, question.until)
    records = await connection.cursor(_statement(draft), *arguments)
    moves = _Moves(connection, programme, part, draft) if needs_lots(draft) else None
    while rows := await records.fetch(CHUNK):
        chunk: list[Event] = [_past(row) for row in rows]
        yield await moves.among(chunk) if moves else chunk


class _Moves:
    """The moves of lots, given out before the records that came after them."""

    def __init__(self, connection: BatchConnection, programme: ProgrammeId, part: Slice, draft: AccrualPolicy) -> None:
        self._connection = connection
        self._arguments = (programme, part.low, part.high)
        self._by_volunteer = order_for(draft) is Order.VOLUNTEER
        self._waiting: deque[LotMove] = deque()
        self._cursor: Any = None
        self._ended = False

    def _place(self, event: Event) -> tuple[int, int]:
        return (event.volunteer.int if self._by_volunteer else 0, event.seq)

    async def among(self, records: Sequence[Event]) -> list[Event]:
        """The records with all moves among them that came before each."""
        await self._fetch_until(self._place(records[-1]))
        events: list[Event] = []
        for record in records:
            place = self._place(record)
            while self._waiting and self._place(self._waiting[0]) < place:
                events.append(self._waiting.popleft())
            events.append(record)
        return events

    async def _fetch_until(self, place: tuple[int, int]) -> None:
        if self._cursor is None:
            order = "ORDER BY 2, 1" if self._by_volunteer else "ORDER BY 1"
            self._cursor = await self._connection.cursor(f"{_LOTS} {order}", *self._arguments)
        while not self._ended and (not self._waiting or self._place(self._waiting[-1]) < place):
            rows = await self._cursor.fetch(CHUNK)
            self._waiting.extend(
                LotMove(seq, owner, _KINDS[kind], name, points) for seq, owner, kind, name, points in rows
            )
            self._ended = not rows


_DRAINS = """
WITH moved AS (
    SELECT f.owner_id, t.amount FROM accounts p
    JOIN transfers t ON t.programme_id = p.programme_id AND t.credit_account_no = p.account_no
    JOIN accounts f ON f.programme_id = t.programme_id AND f.account_no = t.debit_account_no
        AND f.kind IN ('fund', 'committed')
    JOIN transactions x ON x.programme_id = t.programme_id AND x.seq = t.seq
    JOIN programmes g ON g.id = p.programme_id
    WHERE p.programme_id = $1 AND p.kind = 'payable' AND (x.occurred_at AT TIME ZONE g.zone)::date BETWEEN $2 AND $3
    UNION ALL
    SELECT f.owner_id, -t.amount FROM accounts p
    JOIN transfers t ON t.programme_id = p.programme_id AND t.debit_account_no = p.account_no
    JOIN accounts f ON f.programme_id = t.programme_id AND f.account_no = t.credit_account_no
        AND f.kind IN ('fund', 'committed')
    JOIN transactions x ON x.programme_id = t.programme_id AND x.seq = t.seq
    JOIN programmes g ON g.id = p.programme_id
    WHERE p.programme_id = $1 AND p.kind = 'payable' AND (x.occurred_at AT TIME ZONE g.zone)::date BETWEEN $2 AND $3
)
SELECT d.id, coalesce(b.balance, 0)::bigint,
       coalesce((SELECT sum(amount) FROM moved WHERE moved.owner_id = d.id), 0)::bigint
FROM funds d
LEFT JOIN accounts b ON b.programme_id = d.programme_id AND b.owner_id = d.id AND b.kind = 'fund' AND b.part = ''
WHERE d.programme_id = $1 ORDER BY d.code
"""


async def fetch_drains(
    connection: BatchConnection, programme: ProgrammeId, since: date, until: date
) -> tuple[Drain, ...]:
    """Each fund: what is free in it, and what it came to owe for redemptions in the period."""
    rows = await connection.fetch(_DRAINS, programme, since, until)
    return tuple(Drain(fund=fund, balance_fen=balance, spent_fen=max(0, spent)) for fund, balance, spent in rows)

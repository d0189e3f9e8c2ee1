"""What arriving records need, fetched and written by whole batches: numbers, busy times, teams; the records added."""

from collections.abc import Collection, Mapping, Sequence

from app.core.arrivals import Arrival, Arrivals, KnownRecord
from app.core.check_ins import CheckIn
from app.core.ids import ProgrammeId, RecordId, TeamId, VolunteerId
from app.core.quantities import Instant
from app.core.record_numbers import RecordNumber
from app.core.rows import ImportedRecord
from app.store.database import BatchConnection


def numbers_in(table: str) -> str:
    """The statement that finds the records of numbers in a table."""
    return f"""
SELECT n.source, n.external_no, r.id, r.volunteer_id, r.team_id, r.minutes, r.started_at, r.ended_at
FROM unnest($2::text[], $3::text[]) AS n (source, external_no)
CROSS JOIN LATERAL (
    SELECT id, volunteer_id, team_id, minutes, started_at, ended_at FROM {table}
    WHERE programme_id = $1 AND source = n.source AND external_no = n.external_no AND external_no <> ''
    LIMIT 1
) r
"""


_NUMBERS = numbers_in("service_records")


async def fetch_known(
    connection: BatchConnection, programme: ProgrammeId, numbers: Collection[RecordNumber], statement: str = _NUMBERS
) -> dict[RecordNumber, KnownRecord | None]:
    """The records that have come under these numbers; None for a number that is new."""
    known: dict[RecordNumber, KnownRecord | None] = dict.fromkeys(numbers)
    sources = [number.source for number in numbers]
    names = [number.external_no for number in numbers]
    for source, external_no, *record in await connection.fetch(statement, programme, sources, names):
        known[RecordNumber(source, external_no)] = KnownRecord(*record)
    return known


_LOCK = "SELECT id FROM volunteers WHERE programme_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR KEY SHARE"


def stays_in(table: str) -> str:
    """The statement that finds the stays of volunteers within spans of time in a table.

    Asked for in the order of the index that finds them: on an empty table the planner would take any other.
    """
    stays = f"""
    SELECT id, started_at, ended_at, check_ins FROM {table}
    WHERE programme_id = $1 AND volunteer_id = v.id AND state IN ('entered', 'verified') AND ended_at > v.since"""
    return f"""
SELECT v.id, r.id, r.started_at, r.ended_at, r.check_ins
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS v (id, since, until)
CROSS JOIN LATERAL (
    ({stays} AND started_at < v.until AND started_at >= v.since - interval '1 day'
     ORDER BY started_at LIMIT 10000)
    UNION ALL
    ({stays} AND started_at < v.since - interval '1 day' AND ended_at - started_at > interval '1 day' LIMIT 10000)
) r
"""


_STAYS = stays_in("service_records")

Spans = Mapping[VolunteerId, tuple[Instant, Instant]]
Busy = dict[VolunteerId, dict[RecordId, tuple[CheckIn, ...]] | None]


async def fetch_busy(connection: BatchConnection, programme: ProgrammeId, spans: Spans) -> Busy:
    """When these volunteers served within a span of time each; None for one that is not there.

    The volunteers are locked first, as much as a foreign key locks them: whoever enters a record for one of them
    holds them for themselves, and has committed when the records are read, or waits until these here are in.
    """
    there = {volunteer for (volunteer,) in await connection.fetch(_LOCK, programme, list(spans))}
    busy = await fetch_stays(connection, programme, spans, _STAYS)
    return {volunteer: stays if volunteer in there else None for volunteer, stays in busy.items()}


async def fetch_stays(connection: BatchConnection, programme: ProgrammeId, spans: Spans, statement: str) -> Busy:
    """When these volunteers served within a span of time each, as a statement finds it."""
    found: dict[VolunteerId, dict[RecordId, tuple[CheckIn, ...]]] = {volunteer: {} for volunteer in spans}
    since = [begin for begin, _ in spans.values()]
    until = [end for _, end in spans.values()]
    rows = await connection.fetch(statement, programme, list(spans), since, until)
    for volunteer, record, started_at, ended_at, marks in rows:
        found[volunteer][record] = tuple(map(CheckIn, marks[::2], marks[1::2])) or (CheckIn(started_at, ended_at),)
    return {**found}


_TEAMS = "SELECT id FROM teams WHERE programme_id = $1 AND id = ANY($2::uuid[])"


async def fetch_arrivals(
    connection: BatchConnection, programme: ProgrammeId, arrivals: Collection[Arrival]
) -> Arrivals:
    """All that these arrivals look at."""
    teams: dict[TeamId, bool] = dict.fromkeys((arrival.team for arrival in arrivals), False)
    for (team,) in await connection.fetch(_TEAMS, programme, list(teams)):
        teams[team] = True
    return Arrivals(
        numbers=await fetch_known(connection, programme, {arrival.number for arrival in arrivals}),
        busy=await fetch_busy(connection, programme, spans_of(arrivals)),
        teams=teams,
    )


def spans_of(arrivals: Collection[Arrival]) -> dict[VolunteerId, tuple[Instant, Instant]]:
    """From when to when each volunteer's arrivals reach, all together."""
    spans: dict[VolunteerId, tuple[Instant, Instant]] = {}
    for _, volunteer, _, begin, end in arrivals:
        reached = spans.get(volunteer)
        spans[volunteer] = (min(reached[0], begin), max(reached[1], end)) if reached else (begin, end)
    return spans


_INSERT = """
INSERT INTO service_records (programme_id, id, state, volunteer_id, team_id, evidence, activity, minutes, level,
    started_at, ended_at, recorder_id, verifier_id, points, expires_on, policy, pending, matures_at, transaction_id,
    created_at, activity_id, category, place_region, role, place, content, in_charge, check_ins, source, external_no,
    guardian, hazardous)
SELECT $1, t.id, t.state, t.volunteer_id, t.team_id, t.evidence, t.activity, t.minutes, t.level, t.started_at,
       t.ended_at, t.recorder_id, t.verifier_id, t.points, t.expires_on, t.policy, t.pending, t.matures_at,
       t.transaction_id, t.created_at, t.activity_id, t.category, t.place_region, t.role, t.place, t.content,
       t.in_charge, CAST(t.check_ins AS timestamptz[]), t.source, t.external_no, t.guardian, t.hazardous
FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::int[], $9::smallint[],
            $10::timestamptz[], $11::timestamptz[], $12::uuid[], $13::uuid[], $14::bigint[], $15::date[], $16::text[],
            $17::bigint[], $18::timestamptz[], $19::uuid[], $20::timestamptz[], $21::text[], $22::text[], $23::text[],
            $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::text[],
            $31::text[], $32::boolean[])
     AS t (id, state, volunteer_id, team_id, evidence, activity, minutes, level, started_at, ended_at, recorder_id,
           verifier_id, points, expires_on, policy, pending, matures_at, transaction_id, created_at,
           activity_id, category, place_region, role, place, content, in_charge, check_ins, source, external_no,
           guardian, hazardous)
"""

RECORD_COLUMNS = (
    "id",
    "state",
    "volunteer_id",
    "team_id",
    "evidence",
    "activity",
    "minutes",
    "level",
    "started_at",
    "ended_at",
    "recorder_id",
    "verifier_id",
    "points",
    "expires_on",
    "policy",
    "pending",
    "matures_at",
    "transaction_id",
    "created_at",
    "activity_id",
    "category",
    "place_region",
    "role",
    "place",
    "content",
    "in_charge",
    "check_ins",
    "source",
    "external_no",
    "guardian",
    "hazardous",
)
"""What `record_values` gives, in its order."""


def record_values(row: ImportedRecord) -> tuple[object, ...]:
    """The values of an arrived record, by column; its check-ins as moments."""
    record, items = row.record, row.items
    return (
        record.id,
        record.state.value,
        record.volunteer,
        record.team,
        record.evidence.value,
        items.activity,
        record.minutes,
        record.level,
        record.started_at,
        record.ended_at,
        record.recorder,
        record.verifier,
        record.points,
        record.expires_on,
        record.policy,
        record.pending,
        record.matures_at,
        record.transaction,
        row.arrived_at,
        record.activity_id,
        record.category,
        record.region,
        record.role.value,
        items.place,
        items.content,
        items.in_charge,
        [moment for stay in items.check_ins for moment in stay],
        *row.number,
        items.guardian.value,
        items.hazardous,
    )


_CHECK_INS = RECORD_COLUMNS.index("check_ins")


async def insert_arrived(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[ImportedRecord]) -> None:
    """Add records that arrived. An array of arrays must be square, so check-ins travel as text."""
    columns = [list(column) for column in zip(*map(record_values, rows), strict=True)]
    columns[_CHECK_INS] = [_as_text(row.items.check_ins) for row in rows]
    await connection.execute(_INSERT, programme, *columns)


def _as_text(stays: Sequence[CheckIn]) -> str:
    return "{" + ",".join(moment.isoformat() for stay in stays for moment in stay) + "}"

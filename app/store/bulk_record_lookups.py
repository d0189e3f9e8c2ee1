"""What many records look at before they are entered, one array statement a kind."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.core.check_ins import CheckIn
from app.core.ids import ProgrammeId, RecordId, TeamId, VolunteerId
from app.core.record_items import Filing, Served
from app.core.record_numbers import RecordNumber
from app.core.suspicions import Place
from app.store.database import Reader, Tx
from app.store.reaches import Line
from app.store.service_records import VIEW_COLUMNS, view_of

Span = tuple[datetime, datetime]

_LOCK_PEOPLE = text("""
SELECT id, born_on FROM volunteers WHERE programme_id = :programme AND id = ANY(CAST(:ids AS uuid[]))
ORDER BY id FOR UPDATE
""")


async def lock_people(
    tx: Tx, programme: ProgrammeId, volunteers: Collection[VolunteerId]
) -> Mapping[VolunteerId, date | None]:
    """Keep others from adding to these volunteers until the transaction ends, in order, so none waits in a ring.

    Gives the day of birth of each that is there.
    """
    rows = await tx.execute(_LOCK_PEOPLE, {"programme": programme, "ids": list(volunteers)})
    return {VolunteerId(row.id): row.born_on for row in rows}


_TEAMS = text("SELECT id FROM teams WHERE programme_id = :programme AND id = ANY(CAST(:ids AS uuid[]))")


async def fetch_team_ids(tx: Tx, programme: ProgrammeId, teams: Collection[TeamId]) -> frozenset[TeamId]:
    """Those of these teams that are there."""
    rows = await tx.execute(_TEAMS, {"programme": programme, "ids": list(teams)})
    return frozenset(TeamId(row.id) for row in rows)


_TEAMS_OF = text("""
SELECT id, team_id FROM service_records WHERE programme_id = :programme AND id = ANY(CAST(:ids AS uuid[]))
""")


async def fetch_teams_of(
    reader: Reader, programme: ProgrammeId, records: Collection[RecordId]
) -> Mapping[RecordId, TeamId]:
    """The team of each of these records that is there."""
    rows = await reader.execute(_TEAMS_OF, {"programme": programme, "ids": list(records)})
    return {RecordId(row.id): TeamId(row.team_id) for row in rows}


_LINES = text("""
WITH RECURSIVE line AS (
    SELECT t.id AS origin, t.id, t.parent_id, t.region_code, t.tier FROM teams t
    WHERE t.programme_id = :programme AND t.id = ANY(CAST(:ids AS uuid[]))
    UNION ALL
    SELECT line.origin, t.id, t.parent_id, t.region_code, t.tier FROM line
    JOIN teams t ON t.programme_id = :programme AND t.id = line.parent_id
)
SELECT origin, id, region_code FROM line ORDER BY origin, tier DESC
""")
_REGIONS = text("""
WITH RECURSIVE line AS (
    SELECT r.code AS origin, r.code, r.parent_code FROM regions r
    WHERE r.programme_id = :programme AND r.code = ANY(CAST(:codes AS text[]))
    UNION ALL
    SELECT line.origin, r.code, r.parent_code FROM line
    JOIN regions r ON r.programme_id = :programme AND r.code = line.parent_code
)
SELECT origin, code FROM line
""")


async def fetch_lines(reader: Reader, programme: ProgrammeId, teams: Collection[TeamId]) -> Mapping[TeamId, Line]:
    """The line of each of these teams that is there, as `fetch_line` gives it of one."""
    above: dict[TeamId, list[TeamId]] = defaultdict(list)
    own_region: dict[TeamId, str] = {}
    for origin, team, region in await reader.execute(_LINES, {"programme": programme, "ids": list(teams)}):
        above[TeamId(origin)].append(TeamId(team))
        own_region.setdefault(TeamId(origin), region)
    within: dict[str, set[str]] = defaultdict(set)
    codes = {"programme": programme, "codes": list(set(own_region.values()))}
    for origin, code in await reader.execute(_REGIONS, codes):
        within[origin].add(code)
    return {team: Line(tuple(line), frozenset(within[own_region[team]])) for team, line in above.items()}


_NUMBERED = text(f"""
SELECT n.source, n.external_no, r.*
FROM unnest(CAST(:sources AS text[]), CAST(:numbers AS text[])) AS n (source, external_no)
CROSS JOIN LATERAL (
    SELECT {VIEW_COLUMNS} FROM service_records r
    WHERE r.programme_id = :programme AND r.source = n.source AND r.external_no = n.external_no
      AND r.external_no <> ''
    LIMIT 1
) r
""")


async def fetch_numbered(
    tx: Tx, programme: ProgrammeId, numbers: Collection[RecordNumber]
) -> dict[RecordNumber, Filing]:
    """The records that have come under these numbers."""
    if not numbers:
        return {}
    values = {
        "programme": programme,
        "sources": [number.source for number in numbers],
        "numbers": [number.external_no for number in numbers],
    }
    found = {}
    for row in (await tx.execute(_NUMBERED, values)).mappings():
        columns = dict(row)
        number = RecordNumber(columns.pop("source"), columns.pop("external_no"))
        found[number] = view_of(columns).filing
    return found


SERVED_COLUMNS = "id, volunteer_id, started_at, ended_at, minutes, activity_id, check_ins, place_region, place"
_NEAR = text(f"""
SELECT r.*
FROM unnest(CAST(:ids AS uuid[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])) AS v (id, since, until)
CROSS JOIN LATERAL (
    SELECT {SERVED_COLUMNS} FROM service_records
    WHERE programme_id = :programme AND volunteer_id = v.id AND state IN ('entered', 'verified')
      AND started_at < v.until AND ended_at > v.since
    OFFSET 0
) r
ORDER BY r.started_at, r.id
""")


async def fetch_near(
    reader: Reader | Tx, programme: ProgrammeId, spans: Mapping[VolunteerId, Span]
) -> Sequence[tuple[VolunteerId, Served]]:
    """The records of volunteers that count or are about to, and share time with a span of each; as they began."""
    values = {
        "programme": programme,
        "ids": list(spans),
        "since": [since for since, _ in spans.values()],
        "until": [until for _, until in spans.values()],
    }
    return list(served_of(await reader.execute(_NEAR, values)))


def served_of(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[VolunteerId, Served]]:
    """The records of rows of `SERVED_COLUMNS`, each with its volunteer."""
    for record, volunteer, started_at, ended_at, minutes, activity_id, marks, region, place in rows:
        stays = tuple(map(CheckIn, marks[::2], marks[1::2]))
        served = Served(record, started_at, ended_at, minutes, activity_id, stays, Place(region, place))
        yield VolunteerId(volunteer), served

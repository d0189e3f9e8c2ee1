"""Imports of files: how far each is, what was refused, and the numbers by which files name volunteers and teams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from app.core.ids import ProgrammeId, TeamId, UserId, VolunteerId
from app.store.database import BatchConnection, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKey:
    """What makes two runs one import: the same file, read in the same way."""

    kind: str
    source: str
    file_name: str
    file_sha256: bytes
    mapping_sha256: bytes
    entered_by: UserId | None = None
    verified_by: UserId | None = None


class Counts(NamedTuple):
    """What became of the rows of a file so far."""

    rows_done: int = 0
    added: int = 0
    known: int = 0
    refused: int = 0

    def plus(self, *, added: int = 0, known: int = 0, refused: int = 0) -> "Counts":
        """The counts with more rows done."""
        return Counts(
            self.rows_done + added + known + refused, self.added + added, self.known + known, self.refused + refused
        )


class RefusedRow(NamedTuple):
    """Which row was refused, by which field, and why."""

    row_no: int
    field: str
    code: str
    fault: str


class OpenImport(NamedTuple):
    """An import that is under way."""

    id: UUID
    counts: Counts


_RUNNING = """
SELECT id, rows_done, added, known, refused FROM imports
WHERE programme_id = $1 AND kind = $2 AND source = $3 AND file_sha256 = $4 AND mapping_sha256 = $5
    AND entered_by IS NOT DISTINCT FROM $6 AND verified_by IS NOT DISTINCT FROM $7 AND state = 'running'
"""
_START = """
INSERT INTO imports (programme_id, id, kind, source, file_name, file_sha256, mapping_sha256, state, entered_by,
                     verified_by, started_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $8, $9, $10, $10)
"""


async def open_import(
    connection: BatchConnection, programme: ProgrammeId, key: ImportKey, new: UUID, at: datetime
) -> OpenImport:
    """The import of this file that was cut off, or a new one."""
    named = (key.kind, key.source, key.file_sha256, key.mapping_sha256)
    row = await connection.fetchrow(_RUNNING, programme, *named, key.entered_by, key.verified_by)
    if row:
        return OpenImport(row["id"], Counts(*row[1:]))
    hashes = (key.file_sha256, key.mapping_sha256)
    await connection.execute(
        _START, programme, new, key.kind, key.source, key.file_name, *hashes, key.entered_by, key.verified_by, at
    )
    return OpenImport(new, Counts())


_ADVANCE = """
UPDATE imports SET rows_done = $3, added = $4, known = $5, refused = $6, changed_at = $7
WHERE programme_id = $1 AND id = $2 AND state = 'running'
"""
_REFUSED = """
INSERT INTO import_refusals (programme_id, import_id, row_no, field, code, fault)
SELECT $1, $2, t.* FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) AS t
"""


async def advance_import(
    connection: BatchConnection,
    programme: ProgrammeId,
    at: datetime,
    now: OpenImport,
    refused: Sequence[RefusedRow],
) -> None:
    """Write how far an import is, and which rows were refused. Raises LookupError when it is not under way."""
    moved = await connection.execute(_ADVANCE, programme, now.id, *now.counts, at)
    if moved != "UPDATE 1":
        raise LookupError(f"import {now.id} is not under way")
    if refused:
        await connection.execute(_REFUSED, programme, now.id, *map(list, zip(*refused, strict=True)))


_FINISH = text("""
UPDATE imports SET state = 'done', finished_at = :at, changed_at = :at
WHERE programme_id = :programme AND id = :id AND state = 'running'
""")


async def finish_import(tx: Tx, programme: ProgrammeId, import_id: UUID, at: datetime) -> None:
    """Note that all rows of the file are done."""
    await tx.execute(_FINISH, {"programme": programme, "id": import_id, "at": at})


_REFUSALS = """
SELECT row_no, field, code, fault FROM import_refusals
WHERE programme_id = $1 AND import_id = $2 AND row_no > $3 ORDER BY row_no LIMIT $4
"""


async def fetch_refusals(
    connection: BatchConnection, programme: ProgrammeId, import_id: UUID, after: int, limit: int
) -> Sequence[RefusedRow]:
    """The refused rows after a given one, in the order of the file."""
    return [RefusedRow(*row) for row in await connection.fetch(_REFUSALS, programme, import_id, after, limit)]


_VOLUNTEERS = "SELECT external_id, volunteer_id FROM volunteer_external_ids WHERE programme_id = $1 AND system = $2"


async def fetch_volunteer_numbers(
    connection: BatchConnection, programme: ProgrammeId, system: str
) -> dict[str, VolunteerId]:
    """Who has which number in a system."""
    async with connection.transaction():
        return {
            number: owner async for number, owner in connection.cursor(_VOLUNTEERS, programme, system, prefetch=5000)
        }


_BIRTHDAYS = """
SELECT x.external_id, v.born_on FROM volunteer_external_ids x
JOIN volunteers v ON v.programme_id = x.programme_id AND v.id = x.volunteer_id AND v.born_on IS NOT NULL
WHERE x.programme_id = $1 AND x.system = $2
"""


async def fetch_birthdays(connection: BatchConnection, programme: ProgrammeId, system: str) -> dict[str, date]:
    """When whoever has a number in a system was born, where that is known. Equal days are one value."""
    days: dict[date, date] = {}
    async with connection.transaction():
        return {
            number: days.setdefault(born_on, born_on)
            async for number, born_on in connection.cursor(_BIRTHDAYS, programme, system, prefetch=5000)
        }


_TEAM_NUMBERS = "SELECT external_id, team_id FROM team_external_ids WHERE programme_id = $1 AND system = $2"
_TEAM_NAMES = "SELECT name, min(id::text)::uuid FROM teams WHERE programme_id = $1 GROUP BY name HAVING count(*) = 1"


async def fetch_team_numbers(connection: BatchConnection, programme: ProgrammeId, system: str) -> dict[str, TeamId]:
    """Teams by their number in a system, and by their name where only one has it."""
    named = await connection.fetch(_TEAM_NAMES, programme)
    numbered = await connection.fetch(_TEAM_NUMBERS, programme, system)
    return {row[0]: row[1] for row in (*named, *numbered)}


_REGIONS = "SELECT code FROM regions WHERE programme_id = $1"


async def fetch_region_codes(connection: BatchConnection, programme: ProgrammeId) -> frozenset[str]:
    """The regions that the programme knows."""
    return frozenset(row[0] for row in await connection.fetch(_REGIONS, programme))


_INSERT_VOLUNTEERS = """
INSERT INTO volunteers (programme_id, id, status, masked_name, region_code, team_id, registered_at, created_at, born_on)
SELECT $1, t.id, t.status, t.masked_name, t.region_code, t.team_id, t.registered_at, $2, t.born_on
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::date[], $9::text[])
     AS t (id, status, region_code, team_id, registered_at, born_on, masked_name)
"""
_INSERT_NUMBERS = """
INSERT INTO volunteer_external_ids (programme_id, system, external_id, volunteer_id)
SELECT $1, $2, t.* FROM unnest($3::text[], $4::uuid[]) AS t
"""


class NewVolunteer(NamedTuple):
    """A volunteer that arrives: no name but its mask, only what the ledger may know."""

    id: VolunteerId
    status: str
    region_code: str
    team: TeamId | None
    registered_at: datetime
    born_on: date | None
    masked_name: str
    external_no: str


async def insert_numbered_volunteers(
    connection: BatchConnection, programme: ProgrammeId, system: str, rows: Sequence[NewVolunteer], at: datetime
) -> None:
    """Add volunteers with their numbers."""
    *columns, numbers = map(list, zip(*rows, strict=True))
    await connection.execute(_INSERT_VOLUNTEERS, programme, at, *columns)
    await connection.execute(_INSERT_NUMBERS, programme, system, numbers, columns[0])


class NewTeam(NamedTuple):
    """A team that arrives."""

    id: TeamId
    parent: TeamId | None
    tier: int
    kind: str
    name: str
    region_code: str
    external_no: str


_TEAMS = """
SELECT t.id, t.tier, t.name, t.region_code, coalesce(x.external_id, '')
FROM teams t
LEFT JOIN team_external_ids x ON x.programme_id = t.programme_id AND x.team_id = t.id AND x.system = $2
WHERE t.programme_id = $1
"""


class KnownTeam(NamedTuple):
    """A team that is there."""

    id: TeamId
    tier: int
    name: str
    region_code: str
    external_no: str


async def fetch_known_teams(connection: BatchConnection, programme: ProgrammeId, system: str) -> Sequence[KnownTeam]:
    """All teams, with their numbers in a system."""
    return [KnownTeam(*row) for row in await connection.fetch(_TEAMS, programme, system)]


_INSERT_TEAMS = """
INSERT INTO teams (programme_id, id, parent_id, tier, kind, name, region_code, created_at)
SELECT $1, t.*, $2 FROM unnest($3::uuid[], $4::uuid[], $5::smallint[], $6::text[], $7::text[], $8::text[]) AS t
"""
_INSERT_TEAM_NUMBERS = """
INSERT INTO team_external_ids (programme_id, system, external_id, team_id)
SELECT $1, $2, t.* FROM unnest($3::text[], $4::uuid[]) AS t
"""


async def insert_numbered_teams(
    connection: BatchConnection, programme: ProgrammeId, system: str, rows: Sequence[NewTeam], at: datetime
) -> None:
    """Add teams with their numbers. A parent may stand in the same array: keys are checked when all are in."""
    if rows:
        *columns, numbers = map(list, zip(*rows, strict=True))
        await connection.execute(_INSERT_TEAMS, programme, at, *columns)
        await insert_team_numbers(connection, programme, system, dict(zip(numbers, columns[0], strict=True)))


async def insert_team_numbers(
    connection: BatchConnection, programme: ProgrammeId, system: str, numbers: Mapping[str, TeamId]
) -> None:
    """Note what another system calls teams."""
    if numbers:
        await connection.execute(_INSERT_TEAM_NUMBERS, programme, system, list(numbers), list(numbers.values()))

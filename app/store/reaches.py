"""The team tree and the region tree as they limit what somebody may see: lines upwards, parts downwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.core.ids import ProgrammeId, TeamId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class Line:
    """A team with those above it, the root last; and all regions that its own region lies in, itself included."""

    teams: tuple[TeamId, ...]
    regions: frozenset[str]


_TEAMS_UP = text("""
WITH RECURSIVE line AS (
    SELECT id, parent_id, region_code, tier FROM teams WHERE programme_id = :programme AND id = :team
    UNION ALL
    SELECT t.id, t.parent_id, t.region_code, t.tier FROM line
    JOIN teams t ON t.programme_id = :programme AND t.id = line.parent_id
)
SELECT id, region_code FROM line ORDER BY tier DESC
""")
_REGIONS_UP = text("""
WITH RECURSIVE line AS (
    SELECT code, parent_code FROM regions WHERE programme_id = :programme AND code = :region
    UNION ALL
    SELECT r.code, r.parent_code FROM line
    JOIN regions r ON r.programme_id = :programme AND r.code = line.parent_code
)
SELECT code FROM line
""")


async def fetch_line(reader: Reader | Tx, programme: ProgrammeId, team: TeamId) -> Line | None:
    """The line of a team; None when there is no such team."""
    found = (await reader.execute(_TEAMS_UP, {"programme": programme, "team": team})).all()
    if not found:
        return None
    regions = await fetch_regions_above(reader, programme, found[0].region_code)
    return Line(tuple(TeamId(row.id) for row in found), regions)


async def fetch_regions_above(reader: Reader | Tx, programme: ProgrammeId, region: str) -> frozenset[str]:
    """All regions that a region lies in, itself included."""
    rows = await reader.execute(_REGIONS_UP, {"programme": programme, "region": region})
    return frozenset(row.code for row in rows)


_REGIONS_DOWN = text("""
WITH RECURSIVE within AS (
    SELECT code FROM regions WHERE programme_id = :programme AND code = :region
    UNION ALL
    SELECT r.code FROM within JOIN regions r ON r.programme_id = :programme AND r.parent_code = within.code
)
SELECT code FROM within
""")


async def fetch_regions_within(reader: Reader | Tx, programme: ProgrammeId, region: str) -> Sequence[str]:
    """All regions that lie in a region, itself included."""
    return list(await reader.scalars(_REGIONS_DOWN, {"programme": programme, "region": region}))


_PART = text("""
WITH RECURSIVE under AS (
    SELECT id FROM teams
    WHERE programme_id = :programme AND (id = :team OR (CAST(:team AS uuid) IS NULL AND parent_id IS NULL))
    UNION ALL
    SELECT t.id FROM under JOIN teams t ON t.programme_id = :programme AND t.parent_id = under.id
), within AS (
    SELECT code FROM regions WHERE programme_id = :programme AND code = :region
    UNION ALL
    SELECT r.code FROM within JOIN regions r ON r.programme_id = :programme AND r.parent_code = within.code
)
SELECT t.id FROM under JOIN teams t ON t.programme_id = :programme AND t.id = under.id
WHERE CAST(:region AS text) IS NULL OR t.region_code IN (SELECT code FROM within)
""")


async def fetch_part(
    reader: Reader | Tx, programme: ProgrammeId, team: TeamId | None, region: str | None
) -> Sequence[TeamId]:
    """The teams under a team, itself included (None: all), that lie in a region (None: in any)."""
    rows = await reader.execute(_PART, {"programme": programme, "team": team, "region": region})
    return [TeamId(row.id) for row in rows]

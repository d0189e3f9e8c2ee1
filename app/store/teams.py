"""Teams in three tiers: 总队, 大队, 小队."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, TeamId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team; one of tier 2 or 3 has a parent of the tier above."""

    id: TeamId
    parent: TeamId | None
    tier: int
    kind: str
    name: str
    region_code: str
    created_at: datetime


_COLUMNS = "id, parent_id AS parent, tier, kind, name, region_code, created_at"
_FETCH = text(f"SELECT {_COLUMNS} FROM teams WHERE programme_id = :programme AND id = :id")


async def fetch_team(reader: Reader | Tx, programme: ProgrammeId, team: TeamId) -> Team | None:
    """One team."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": team})).mappings().one_or_none()
    return Team(**row) if row else None


_LIST = text(f"""
SELECT {_COLUMNS} FROM teams
WHERE programme_id = :programme AND id > :after
  AND (CAST(:parent AS uuid) IS NULL OR parent_id = :parent)
  AND (CAST(:region AS text) IS NULL OR region_code = :region)
ORDER BY id LIMIT :limit
""")


async def fetch_teams(
    reader: Reader,
    programme: ProgrammeId,
    after: TeamId,
    limit: int,
    parent: TeamId | None,
    region: str | None,
) -> Sequence[Team]:
    """The teams after a given one, under a parent or in a region when one is named."""
    values = {"programme": programme, "after": after, "limit": limit, "parent": parent, "region": region}
    return [Team(**row) for row in (await reader.execute(_LIST, values)).mappings()]


_INSERT = text("""
INSERT INTO teams (programme_id, id, parent_id, tier, kind, name, region_code, created_at)
VALUES (:programme, :id, :parent, :tier, :kind, :name, :region_code, :created_at)
ON CONFLICT (programme_id, region_code, name) DO NOTHING RETURNING id
""")


async def insert_team(tx: Tx, programme: ProgrammeId, team: Team) -> bool:
    """Add a team; False when its region has one of that name."""
    values = {
        "programme": programme,
        "id": team.id,
        "parent": team.parent,
        "tier": team.tier,
        "kind": team.kind,
        "name": team.name,
        "region_code": team.region_code,
        "created_at": team.created_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None

"""Volunteers as the control plane keeps them: opaque ids, masked names, ids of other systems."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, TeamId, VolunteerId
from app.core.volunteers import VolunteerStatus
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class ExternalId:
    """The id that another system gave the same person."""

    system: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VolunteerRow:
    """A volunteer as stored. There is no name in clear here, only its mask; the birthday is for ages offers ask for."""

    id: VolunteerId
    status: VolunteerStatus
    masked_name: str
    region_code: str
    team: TeamId | None
    registered_at: datetime
    revision: int
    created_at: datetime
    born_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolunteerFilter:
    """Which volunteers are asked for."""

    team: TeamId | None = None
    region: str | None = None
    status: VolunteerStatus | None = None
    system: str | None = None
    external_id: str | None = None
    part_teams: Sequence[TeamId] | None = None
    part_regions: Sequence[str] | None = None
    """What an organiser may know of: of these teams, in these regions. None: whatever it is."""


_COLUMNS = "id, status, masked_name, region_code, team_id AS team, registered_at, revision, created_at, born_on"
_FETCH = text(f"SELECT {_COLUMNS} FROM volunteers WHERE programme_id = :programme AND id = :id")


async def fetch_volunteer(reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId) -> VolunteerRow | None:
    """One volunteer."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": volunteer})).mappings().one_or_none()
    return VolunteerRow(**{**row, "status": VolunteerStatus(row["status"])}) if row else None


_LOCK = text("SELECT id FROM volunteers WHERE programme_id = :programme AND id = :id FOR UPDATE")


async def lock_volunteer(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId) -> bool:
    """Keep others from adding to this volunteer until the transaction ends; False when there is none."""
    found = await tx.execute(_LOCK, {"programme": programme, "id": volunteer})
    return found.one_or_none() is not None


_LIST = text(f"""
SELECT {_COLUMNS} FROM volunteers v
WHERE programme_id = :programme AND id > :after
  AND (CAST(:team AS uuid) IS NULL OR team_id = :team)
  AND (CAST(:region AS text) IS NULL OR region_code = :region)
  AND (CAST(:status AS text) IS NULL OR status = :status)
  AND (CAST(:part_teams AS uuid[]) IS NULL OR team_id = ANY(:part_teams))
  AND (CAST(:part_regions AS text[]) IS NULL OR region_code = ANY(:part_regions))
  AND (CAST(:external_id AS text) IS NULL OR EXISTS (
       SELECT FROM volunteer_external_ids x WHERE x.programme_id = v.programme_id AND x.volunteer_id = v.id
       AND x.system = :system AND x.external_id = :external_id))
ORDER BY id LIMIT :limit
""")


async def fetch_volunteers(
    reader: Reader, programme: ProgrammeId, after: VolunteerId, limit: int, wanted: VolunteerFilter
) -> Sequence[VolunteerRow]:
    """The volunteers after a given one that match, in the order of their making."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "team": wanted.team,
        "region": wanted.region,
        "status": wanted.status.value if wanted.status else None,
        "system": wanted.system or "",
        "external_id": wanted.external_id,
        "part_teams": wanted.part_teams,
        "part_regions": wanted.part_regions,
    }
    rows = await reader.execute(_LIST, values)
    return [VolunteerRow(**{**row, "status": VolunteerStatus(row["status"])}) for row in rows.mappings()]


_EXTERNAL = text("""
SELECT system, external_id FROM volunteer_external_ids
WHERE programme_id = :programme AND volunteer_id = :id ORDER BY system, external_id
""")


async def fetch_external_ids(reader: Reader, programme: ProgrammeId, volunteer: VolunteerId) -> Sequence[ExternalId]:
    """What other systems call this volunteer."""
    return [ExternalId(*row) for row in await reader.execute(_EXTERNAL, {"programme": programme, "id": volunteer})]


_INSERT = text("""
INSERT INTO volunteers (programme_id, id, status, masked_name, region_code, team_id, registered_at, created_at, born_on)
VALUES (:programme, :id, :status, :masked_name, :region_code, :team, :registered_at, :created_at, :born_on)
""")


async def insert_volunteers(tx: Tx, programme: ProgrammeId, volunteers: Sequence[VolunteerRow]) -> None:
    """Add volunteers."""
    await tx.execute(
        _INSERT,
        [
            {
                "programme": programme,
                "id": volunteer.id,
                "status": volunteer.status.value,
                "masked_name": volunteer.masked_name,
                "region_code": volunteer.region_code,
                "team": volunteer.team,
                "registered_at": volunteer.registered_at,
                "created_at": volunteer.created_at,
                "born_on": volunteer.born_on,
            }
            for volunteer in volunteers
        ],
    )


_INSERT_EXTERNAL = text("""
INSERT INTO volunteer_external_ids (programme_id, system, external_id, volunteer_id)
VALUES (:programme, :system, :external_id, :volunteer)
ON CONFLICT (programme_id, system, external_id) DO NOTHING RETURNING volunteer_id
""")


async def insert_external_id(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, external: ExternalId) -> bool:
    """Note what another system calls a volunteer; False when that id is someone's already."""
    values = {
        "programme": programme,
        "system": external.system,
        "external_id": external.external_id,
        "volunteer": volunteer,
    }
    return (await tx.execute(_INSERT_EXTERNAL, values)).one_or_none() is not None


_SET_STATUS = text("""
UPDATE volunteers SET status = :status, revision = revision + 1
WHERE programme_id = :programme AND id = :id AND status <> :status
""")


async def update_volunteer_status(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, status: VolunteerStatus
) -> None:
    """Freeze, unfreeze, or let go."""
    await tx.execute(_SET_STATUS, {"programme": programme, "id": volunteer, "status": status.value})


_SET_IDENTITY = text("""
UPDATE volunteers SET masked_name = coalesce(CAST(:masked AS text), masked_name),
    born_on = coalesce(CAST(:born_on AS date), born_on), revision = revision + 1
WHERE programme_id = :programme AND id = :id
""")


async def update_identity(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, masked: str | None, born_on: date | None
) -> None:
    """Set the mask of a corrected name, and the birthday that a document tells; None leaves what is there."""
    await tx.execute(_SET_IDENTITY, {"programme": programme, "id": volunteer, "masked": masked, "born_on": born_on})

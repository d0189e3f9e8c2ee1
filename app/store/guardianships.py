"""Guardianships as people read and change them."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, text

from app.core.guardianships import GuardianKinship, Guardianship, GuardianshipState
from app.core.ids import GuardianshipId, ProgrammeId, TeamId, VolunteerId
from app.store.database import Reader, Tx

_COLUMNS = """id, state, guardian_id AS guardian, child_id AS child, kinship, consent_version, proposed_at, ends_on,
       confirmed_by, confirmed_at, evidence, ended_at, ended_by"""


def _guardianship(row: RowMapping) -> Guardianship:
    return Guardianship(**{**row, "state": GuardianshipState(row["state"]), "kinship": GuardianKinship(row["kinship"])})


_INSERT = text("""
INSERT INTO guardianships (programme_id, id, state, guardian_id, child_id, kinship, consent_version, proposed_at,
    ends_on)
VALUES (:programme, :id, :state, :guardian, :child, :kinship, :consent_version, :proposed_at, :ends_on)
ON CONFLICT (programme_id, guardian_id, child_id) WHERE state <> 'ended' DO NOTHING RETURNING id
""")


async def insert_guardianship(tx: Tx, programme: ProgrammeId, made: Guardianship) -> bool:
    """Add a proposed one; False when these two have one that has not ended."""
    values = {
        "programme": programme,
        "id": made.id,
        "state": made.state.value,
        "guardian": made.guardian,
        "child": made.child,
        "kinship": made.kinship.value,
        "consent_version": made.consent_version,
        "proposed_at": made.proposed_at,
        "ends_on": made.ends_on,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


_FETCH = text(f"SELECT {_COLUMNS} FROM guardianships WHERE programme_id = :programme AND id = :id")
_LOCK = text(f"{_FETCH.text} FOR UPDATE")


async def fetch_guardianship(
    reader: Reader, programme: ProgrammeId, guardianship: GuardianshipId
) -> Guardianship | None:
    """One guardianship."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": guardianship})).mappings().one_or_none()
    return _guardianship(row) if row else None


async def lock_guardianship(tx: Tx, programme: ProgrammeId, guardianship: GuardianshipId) -> Guardianship | None:
    """One guardianship, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCK, {"programme": programme, "id": guardianship})).mappings().one_or_none()
    return _guardianship(row) if row else None


_UPDATE = text("""
UPDATE guardianships SET state = :state, confirmed_by = :confirmed_by, confirmed_at = :confirmed_at,
    evidence = :evidence, ended_at = :ended_at, ended_by = :ended_by
WHERE programme_id = :programme AND id = :id
""")


async def update_guardianship(tx: Tx, programme: ProgrammeId, changed: Guardianship) -> None:
    """Write the new state of one that is locked."""
    values = {
        "programme": programme,
        "id": changed.id,
        "state": changed.state.value,
        "confirmed_by": changed.confirmed_by,
        "confirmed_at": changed.confirmed_at,
        "evidence": changed.evidence,
        "ended_at": changed.ended_at,
        "ended_by": changed.ended_by,
    }
    await tx.execute(_UPDATE, values)


_LIST = text(f"""
SELECT {_COLUMNS} FROM guardianships
WHERE programme_id = :programme AND id > :after
  AND (CAST(:person AS uuid) IS NULL OR guardian_id = :person OR child_id = :person)
  AND (CAST(:state AS text) IS NULL OR state = :state)
  AND (CAST(:teams AS uuid[]) IS NULL OR child_id IN (
       SELECT v.id FROM volunteers v WHERE v.programme_id = :programme AND v.team_id = ANY(CAST(:teams AS uuid[]))))
ORDER BY id LIMIT :limit
""")


async def fetch_guardianships(
    reader: Reader,
    programme: ProgrammeId,
    person: VolunteerId | None,
    state: GuardianshipState | None,
    after: GuardianshipId,
    limit: int,
    teams: Sequence[TeamId] | None = None,
) -> Sequence[Guardianship]:
    """Those after a given one: of a person, on either side, or of everybody; in a state, or in any.

    `teams`: of children in these teams only.
    """
    values = {
        "programme": programme,
        "person": person,
        "state": state.value if state else None,
        "after": after,
        "limit": limit,
        "teams": list(teams) if teams is not None else None,
    }
    return [_guardianship(row) for row in (await reader.execute(_LIST, values)).mappings()]

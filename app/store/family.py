"""Family links as people read and change them: each with the masked names of both."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.family_links import FamilyLink, FamilyLinkState, Kinship
from app.core.ids import FamilyLinkId, ProgrammeId, VolunteerId
from app.store.database import Reader, Tx

_SELECT = """
SELECT l.id, l.state, l.owner_id AS owner, l.member_id AS member, l.kinship, l.monthly_points, l.proposed_at,
       l.changed_at, l.ended_by, o.masked_name AS owner_name, m.masked_name AS member_name
FROM family_links l
JOIN volunteers o ON o.programme_id = l.programme_id AND o.id = l.owner_id
JOIN volunteers m ON m.programme_id = l.programme_id AND m.id = l.member_id
WHERE l.programme_id = :programme AND """


def _link(row: RowMapping) -> FamilyLink:
    return FamilyLink(**{**row, "state": FamilyLinkState(row["state"]), "kinship": Kinship(row["kinship"])})


_FETCH = text(f"{_SELECT} l.id = :id")
_LOCK = text(f"{_FETCH.text} FOR UPDATE OF l")


async def fetch_family_link(reader: Reader, programme: ProgrammeId, link: FamilyLinkId) -> FamilyLink | None:
    """One link."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": link})).mappings().one_or_none()
    return _link(row) if row else None


async def lock_family_link(tx: Tx, programme: ProgrammeId, link: FamilyLinkId) -> FamilyLink | None:
    """One link, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCK, {"programme": programme, "id": link})).mappings().one_or_none()
    return _link(row) if row else None


_OPEN_MEMBERS = text("""
SELECT member_id FROM family_links WHERE programme_id = :programme AND owner_id = :owner AND state <> 'ended'
""")


async def fetch_open_members(tx: Tx, programme: ProgrammeId, owner: VolunteerId) -> frozenset[VolunteerId]:
    """Who is, or is asked to be, a member of an owner's family."""
    rows = await tx.execute(_OPEN_MEMBERS, {"programme": programme, "owner": owner})
    return frozenset(VolunteerId(row[0]) for row in rows)


_LIST = text(f"""
{_SELECT} (l.owner_id = :volunteer OR l.member_id = :volunteer) AND l.id > :after
    AND (CAST(:state AS text) IS NULL OR l.state = :state)
ORDER BY l.id LIMIT :limit
""")


async def fetch_family_links(
    reader: Reader,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    after: FamilyLinkId,
    limit: int,
    state: FamilyLinkState | None,
) -> Sequence[FamilyLink]:
    """The links of a volunteer after a given one, on either side; those in a state."""
    values = {
        "programme": programme,
        "volunteer": volunteer,
        "after": after,
        "limit": limit,
        "state": state.value if state else None,
    }
    return [_link(row) for row in (await reader.execute(_LIST, values)).mappings()]


_INSERT = text("""
INSERT INTO family_links (programme_id, id, state, owner_id, member_id, kinship, monthly_points, proposed_at,
    changed_at)
VALUES (:programme, :id, :state, :owner, :member, :kinship, :monthly_points, :proposed_at, :proposed_at)
""")


async def insert_family_link(tx: Tx, programme: ProgrammeId, link: FamilyLink) -> None:
    """Add a proposed link."""
    values = {
        "programme": programme,
        "id": link.id,
        "state": link.state.value,
        "owner": link.owner,
        "member": link.member,
        "kinship": link.kinship.value,
        "monthly_points": link.monthly_points,
        "proposed_at": link.proposed_at,
    }
    await tx.execute(_INSERT, values)


_UPDATE = text("""
UPDATE family_links SET state = :state, monthly_points = :monthly_points, changed_at = :at, ended_by = :ended_by
WHERE programme_id = :programme AND id = :id
""")


async def update_family_link(tx: Tx, programme: ProgrammeId, link: FamilyLink, at: datetime) -> None:
    """Write the new state of a link that is locked."""
    values = {
        "programme": programme,
        "id": link.id,
        "state": link.state.value,
        "monthly_points": link.monthly_points,
        "ended_by": link.ended_by,
        "at": at,
    }
    await tx.execute(_UPDATE, values)

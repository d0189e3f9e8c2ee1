"""Who saw whose personal data in clear, only ever appended to; and leave to see a minor's, given for each access."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, text

from app.core.ids import DataApprovalId, DataReadId, ProgrammeId, VolunteerId
from app.core.personal_data import DataApproval, DataRead, Field, ReadKind
from app.store.database import Reader, Tx

_INSERT_READ = text("""
INSERT INTO data_reads (programme_id, id, volunteer_id, kind, actor, fields, reason, address, approval_id, read_at)
VALUES (:programme, :id, :volunteer, :kind, :actor, :fields, :reason, :address, :approval, :read_at)
""")


async def insert_data_read(tx: Tx, programme: ProgrammeId, read: DataRead) -> None:
    """Note one access."""
    values = {
        "programme": programme,
        "id": read.id,
        "volunteer": read.volunteer,
        "kind": read.kind.value,
        "actor": read.actor,
        "fields": [field.value for field in read.fields],
        "reason": read.reason,
        "address": read.address,
        "approval": read.approval,
        "read_at": read.read_at,
    }
    await tx.execute(_INSERT_READ, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReadFilter:
    """Which accesses are asked for."""

    volunteer: VolunteerId | None = None
    actor: str | None = None


_READS = text("""
SELECT id, volunteer_id AS volunteer, kind, actor, fields, reason, address, approval_id AS approval, read_at
FROM data_reads WHERE programme_id = :programme AND id > :after
  AND (CAST(:volunteer AS uuid) IS NULL OR volunteer_id = :volunteer)
  AND (CAST(:actor AS text) IS NULL OR actor = :actor)
ORDER BY id LIMIT :limit
""")


async def fetch_data_reads(
    reader: Reader, programme: ProgrammeId, after: DataReadId, limit: int, wanted: DataReadFilter
) -> Sequence[DataRead]:
    """The accesses after a given one that match, in their order."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "volunteer": wanted.volunteer,
        "actor": wanted.actor,
    }
    return [
        DataRead(**{**row, "kind": ReadKind(row["kind"]), "fields": tuple(Field(name) for name in row["fields"])})
        for row in (await reader.execute(_READS, values)).mappings()
    ]


_APPROVAL_COLUMNS = """id, volunteer_id AS volunteer, fields, reason, asked_by, asked_at, approved_by, approved_at,
    valid_until, used_at"""


def _approval(row: RowMapping) -> DataApproval:
    return DataApproval(**{**row, "fields": tuple(Field(name) for name in row["fields"])})


_INSERT_APPROVAL = text("""
INSERT INTO data_approvals (programme_id, id, volunteer_id, fields, reason, asked_by, asked_at)
VALUES (:programme, :id, :volunteer, :fields, :reason, :asked_by, :asked_at)
""")


async def insert_data_approval(tx: Tx, programme: ProgrammeId, approval: DataApproval) -> None:
    """Ask for leave."""
    values = {
        "programme": programme,
        "id": approval.id,
        "volunteer": approval.volunteer,
        "fields": [field.value for field in approval.fields],
        "reason": approval.reason,
        "asked_by": approval.asked_by,
        "asked_at": approval.asked_at,
    }
    await tx.execute(_INSERT_APPROVAL, values)


_LOCK_APPROVAL = text(f"""
SELECT {_APPROVAL_COLUMNS} FROM data_approvals WHERE programme_id = :programme AND id = :id FOR UPDATE
""")


async def lock_data_approval(tx: Tx, programme: ProgrammeId, approval: DataApprovalId) -> DataApproval | None:
    """One approval, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCK_APPROVAL, {"programme": programme, "id": approval})).mappings().one_or_none()
    return _approval(row) if row else None


_UPDATE_APPROVAL = text("""
UPDATE data_approvals SET approved_by = :approved_by, approved_at = :approved_at, valid_until = :valid_until,
    used_at = :used_at
WHERE programme_id = :programme AND id = :id
""")


async def update_data_approval(tx: Tx, programme: ProgrammeId, approval: DataApproval) -> None:
    """Write the new state of an approval that is locked."""
    values = {
        "programme": programme,
        "id": approval.id,
        "approved_by": approval.approved_by,
        "approved_at": approval.approved_at,
        "valid_until": approval.valid_until,
        "used_at": approval.used_at,
    }
    await tx.execute(_UPDATE_APPROVAL, values)


_APPROVALS = text(f"""
SELECT {_APPROVAL_COLUMNS} FROM data_approvals WHERE programme_id = :programme AND id > :after ORDER BY id LIMIT :limit
""")


async def fetch_data_approvals(
    reader: Reader, programme: ProgrammeId, after: DataApprovalId, limit: int
) -> Sequence[DataApproval]:
    """The approvals after a given one, in the order in which they were asked for."""
    values = {"programme": programme, "after": after, "limit": limit}
    return [_approval(row) for row in (await reader.execute(_APPROVALS, values)).mappings()]

"""Reading the audit trail, and the signed heads of its tree."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.audit_trail import AuditRow
from app.core.ids import ProgrammeId
from app.store.database import BatchConnection, Reader, Tx

_COLUMNS = """number, id, actor, action, subject, CAST(changes AS text) AS changes, request_id, network, device,
    recorded_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFilter:
    """What to read of the trail; None: everything. An action matches with all that begin with it."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def _row(row: RowMapping) -> AuditRow:
    return AuditRow(**row)


_LIST = text(f"""
SELECT {_COLUMNS} FROM audit_rows
WHERE programme_id = :programme AND number > :after
  AND (CAST(:actor AS text) IS NULL OR actor = :actor)
  AND (CAST(:subject AS text) IS NULL OR subject = :subject)
  AND (CAST(:action AS text) IS NULL OR starts_with(action, :action))
  AND (CAST(:since AS timestamptz) IS NULL OR recorded_at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR recorded_at < :until)
ORDER BY number LIMIT :limit
""")


async def fetch_trail(
    reader: Reader, programme: ProgrammeId, after: int, limit: int, wanted: TrailFilter
) -> Sequence[AuditRow]:
    """The rows after a number that match, in their order."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "actor": wanted.actor,
        "subject": wanted.subject,
        "action": wanted.action,
        "since": wanted.since,
        "until": wanted.until,
    }
    return [_row(row) for row in (await reader.execute(_LIST, values)).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailHead:
    """A signed root over the first `size` rows of the trail, with the peaks that its tree grows from."""

    size: int
    root: bytes
    peaks: tuple[bytes, ...]
    recorded_at: datetime
    kid: str
    signature: bytes


_HEAD = "size, root, peaks, recorded_at, kid, signature"
_HEADS = text(f"""
SELECT {_HEAD} FROM trail_checkpoints WHERE programme_id = :programme AND size > :after ORDER BY size LIMIT :limit
""")
_NEWEST = text(f"SELECT {_HEAD} FROM trail_checkpoints WHERE programme_id = :programme ORDER BY size DESC LIMIT 1")


def _head(row: RowMapping) -> TrailHead:
    return TrailHead(**{**row, "peaks": tuple(row["peaks"])})


async def fetch_trail_heads(reader: Reader, programme: ProgrammeId, after: int, limit: int) -> Sequence[TrailHead]:
    """The signed heads after a size."""
    values = {"programme": programme, "after": after, "limit": limit}
    return [_head(row) for row in (await reader.execute(_HEADS, values)).mappings()]


async def fetch_newest_trail_head(reader: Reader | Tx, programme: ProgrammeId) -> TrailHead | None:
    """The newest signed head."""
    row = (await reader.execute(_NEWEST, {"programme": programme})).mappings().one_or_none()
    return _head(row) if row else None


_LEAVES = text("""
SELECT leaf_hash FROM audit_rows WHERE programme_id = :programme AND number > :after ORDER BY number LIMIT :limit
""")


async def fetch_trail_leaves(reader: Reader | Tx, programme: ProgrammeId, after: int, limit: int) -> list[bytes]:
    """The leaf hashes of the rows after a number."""
    return list(await reader.scalars(_LEAVES, {"programme": programme, "after": after, "limit": limit}))


_INSERT_HEAD = text("""
INSERT INTO trail_checkpoints (programme_id, size, root, peaks, recorded_at, kid, signature)
VALUES (:programme, :size, :root, :peaks, :recorded_at, :kid, :signature)
""")


async def insert_trail_head(tx: Tx, programme: ProgrammeId, head: TrailHead) -> None:
    """Publish a signed head."""
    values = {
        "programme": programme,
        "size": head.size,
        "root": head.root,
        "peaks": list(head.peaks),
        "recorded_at": head.recorded_at,
        "kid": head.kid,
        "signature": head.signature,
    }
    await tx.execute(_INSERT_HEAD, values)


@dataclass(frozen=True, slots=True)
class StoredAuditRow:
    """A row as it is stored, with the hash that was stored with it."""

    row: AuditRow
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredTrailHead:
    """A signed head as it is stored, with the public key that it names, if that is known."""

    size: int
    root: bytes
    recorded_at: datetime
    signature: bytes
    public_key: bytes | None


_STORED = (
    f"SELECT {_COLUMNS}, leaf_hash FROM audit_rows WHERE programme_id = $1 AND number > $2 ORDER BY number LIMIT $3"
)
_STORED_HEADS = """
SELECT c.size, c.root, c.recorded_at, c.signature, k.public_key FROM trail_checkpoints c
LEFT JOIN signing_keys k ON k.programme_id = c.programme_id AND k.kid = c.kid
WHERE c.programme_id = $1 ORDER BY c.size
"""
_NEXT = "SELECT next_number FROM audit_heads WHERE programme_id = $1"
_CHUNK = 5_000


async def stream_audit_rows(connection: BatchConnection, programme: ProgrammeId) -> AsyncIterator[StoredAuditRow]:
    """All rows in the order of their numbers, a chunk at a time."""
    after = -(2**63)
    while rows := await connection.fetch(_STORED, programme, after, _CHUNK):
        for row in rows:
            *values, leaf_hash = row.values()
            yield StoredAuditRow(AuditRow(**dict(zip(row.keys(), values, strict=False))), leaf_hash)
        after = rows[-1]["number"]


async def fetch_stored_trail_heads(connection: BatchConnection, programme: ProgrammeId) -> Sequence[StoredTrailHead]:
    """All signed heads, the smallest first."""
    return [StoredTrailHead(*row) for row in await connection.fetch(_STORED_HEADS, programme)]


async def fetch_next_audit_number(connection: BatchConnection, programme: ProgrammeId) -> int:
    """The number that the next row gets."""
    found: int | None = await connection.fetchval(_NEXT, programme)
    return found or 1

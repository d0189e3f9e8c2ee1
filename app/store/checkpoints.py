"""The Merkle tree over the journal's leaves: hashes of complete subtrees, signed heads, and the parts of proofs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.core.merkle import Range, Subtree, decompose, join_subtrees, root_of
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed head of the tree: its root over the first `size` transactions."""

    size: int
    root: bytes
    recorded_at: datetime
    kid: str
    signature: bytes


_COLUMNS = "size, root, recorded_at, kid, signature"
_LATEST = text(f"SELECT {_COLUMNS} FROM checkpoints WHERE programme_id = :programme ORDER BY size DESC LIMIT 1")
_ONE = text(f"SELECT {_COLUMNS} FROM checkpoints WHERE programme_id = :programme AND size = :size")
_LIST = text(f"""
SELECT {_COLUMNS} FROM checkpoints WHERE programme_id = :programme AND size > :after ORDER BY size LIMIT :limit
""")


async def fetch_latest_checkpoint(reader: Reader | Tx, programme: ProgrammeId) -> Checkpoint | None:
    """The newest checkpoint."""
    row = (await reader.execute(_LATEST, {"programme": programme})).one_or_none()
    return Checkpoint(*row) if row else None


async def fetch_checkpoint(reader: Reader, programme: ProgrammeId, size: int) -> Checkpoint | None:
    """The checkpoint over exactly so many transactions."""
    row = (await reader.execute(_ONE, {"programme": programme, "size": size})).one_or_none()
    return Checkpoint(*row) if row else None


async def fetch_checkpoints(reader: Reader, programme: ProgrammeId, after: int, limit: int) -> Sequence[Checkpoint]:
    """The checkpoints after a size."""
    values = {"programme": programme, "after": after, "limit": limit}
    return [Checkpoint(*row) for row in await reader.execute(_LIST, values)]


_INSERT = text("""
INSERT INTO checkpoints (programme_id, size, root, recorded_at, kid, signature)
VALUES (:programme, :size, :root, :recorded_at, :kid, :signature)
ON CONFLICT (programme_id, size) DO NOTHING
""")


async def insert_checkpoint(tx: Tx, programme: ProgrammeId, checkpoint: Checkpoint) -> None:
    """Publish a checkpoint; the same one twice is one."""
    await tx.execute(
        _INSERT,
        {
            "programme": programme,
            "size": checkpoint.size,
            "root": checkpoint.root,
            "recorded_at": checkpoint.recorded_at,
            "kid": checkpoint.kid,
            "signature": checkpoint.signature,
        },
    )


_LEAVES = text("""
SELECT leaf_hash FROM transactions
WHERE programme_id = :programme AND seq > :begin AND seq <= :end ORDER BY seq
""")


async def fetch_leaves(reader: Reader | Tx, programme: ProgrammeId, begin: int, end: int) -> list[bytes]:
    """The leaf hashes of positions begin (counted from 0) up to, not including, end."""
    rows = await reader.execute(_LEAVES, {"programme": programme, "begin": begin, "end": end})
    return [row[0] for row in rows]


_INSERT_TILES = text("""
INSERT INTO tree_tiles (programme_id, level, position, hash) VALUES (:programme, :level, :position, :hash)
ON CONFLICT (programme_id, level, position) DO NOTHING
""")


async def insert_tiles(tx: Tx, programme: ProgrammeId, tiles: Sequence[tuple[int, int, bytes]]) -> None:
    """Keep the hashes of subtrees that are complete: they never change."""
    if tiles:
        await tx.execute(
            _INSERT_TILES,
            [{"programme": programme, "level": level, "position": at, "hash": hash_} for level, at, hash_ in tiles],
        )


_TILES = text("""
SELECT hash FROM tree_tiles
WHERE programme_id = :programme AND level = :level AND position >= :begin AND position < :end ORDER BY position
""")


async def _fetch_subtree(reader: Reader | Tx, programme: ProgrammeId, subtree: Subtree) -> bytes:
    level, positions = subtree.stored
    if level == 0:
        hashes = await fetch_leaves(reader, programme, positions.start, positions.stop)
    else:
        values = {"programme": programme, "level": level, "begin": positions.start, "end": positions.stop}
        hashes = [row[0] for row in await reader.execute(_TILES, values)]
    if len(hashes) != len(positions):
        raise LookupError(f"the tree of {programme} lacks a hash of level {level}")
    return root_of(hashes)


async def fetch_peaks(reader: Reader | Tx, programme: ProgrammeId, size: int) -> tuple[bytes, ...]:
    """The hashes of the complete subtrees that the first `size` leaves are made of."""
    return tuple([await _fetch_subtree(reader, programme, subtree) for subtree in decompose(0, size)])


async def fetch_range_hashes(reader: Reader, programme: ProgrammeId, ranges: Sequence[Range]) -> list[bytes]:
    """The Merkle hash of each range of leaves: the parts of a proof. Reads some hundred hashes, never the journal."""
    hashes = []
    for begin, end in ranges:
        pieces = [await _fetch_subtree(reader, programme, subtree) for subtree in decompose(begin, end)]
        hashes.append(join_subtrees(pieces))
    return hashes

"""Publishing checkpoints: the tree grows by what was written since the last one, and its head is signed."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text

from app.core.canonical import format_instant
from app.core.ids import ProgrammeId
from app.core.merkle import Frontier, complete_subtrees
from app.security.checkpoints import checkpoint_text
from app.security.tokens import TokenKeys
from app.store.checkpoints import (
    Checkpoint,
    fetch_latest_checkpoint,
    fetch_leaves,
    fetch_peaks,
    insert_checkpoint,
    insert_tiles,
)
from app.store.database import Database, Tx
from app.store.ledger import fetch_head

CHUNK = 65_536
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('liyu checkpoint ' || :programme))")


async def run_checkpoint(
    database: Database, programme: ProgrammeId, keys: TokenKeys, clock: Callable[[], datetime]
) -> Checkpoint | None:
    """Bring the tree up to the end of the journal and sign its head. None when nothing is new.

    Several processes may run it at once: one works, the others then find nothing new.
    """
    newest = None
    while True:
        async with database.begin() as tx:
            await tx.execute(_LOCK, {"programme": programme})
            grown = await _grow(tx, programme, keys, clock())
        if grown is None:
            return newest
        newest = grown


async def _grow(tx: Tx, programme: ProgrammeId, keys: TokenKeys, at: datetime) -> Checkpoint | None:
    latest = await fetch_latest_checkpoint(tx, programme)
    done = latest.size if latest else 0
    size = min((await fetch_head(tx, programme)).seq, done + CHUNK)
    if size == done:
        return None
    frontier = Frontier(size=done, peaks=await fetch_peaks(tx, programme, done))
    leaves = await fetch_leaves(tx, programme, done, size)
    if len(leaves) != size - done:
        raise LookupError(f"the journal of {programme} lacks a transaction after {done}")
    await insert_tiles(tx, programme, list(complete_subtrees(done, leaves, frontier.peak)))
    root = frontier.extend(leaves).root()
    kid, signature = keys.sign_bytes(checkpoint_text(programme, size, root, format_instant(at)))
    checkpoint = Checkpoint(size, root, at, kid, signature)
    await insert_checkpoint(tx, programme, checkpoint)
    return checkpoint

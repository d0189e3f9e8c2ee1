"""Signing the audit trail: its tree grows by what was written since the last head, and the new root is signed."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text

from app.core.canonical import format_instant
from app.core.ids import ProgrammeId
from app.core.merkle import Frontier
from app.security.checkpoints import trail_text
from app.security.tokens import TokenKeys
from app.store.audit_trail import (
    TrailHead,
    fetch_newest_trail_head,
    fetch_trail_leaves,
    insert_trail_head,
)
from app.store.database import Database

CHUNK = 65_536
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('liyu trail ' || :programme))")


async def run_trail_checkpoint(
    database: Database, programme: ProgrammeId, keys: TokenKeys, clock: Callable[[], datetime]
) -> TrailHead | None:
    """Sign the trail up to its end. None when nothing is new. Several processes may run it at once."""
    newest = None
    while True:
        async with database.begin() as tx:
            await tx.execute(_LOCK, {"programme": programme})
            known = await fetch_newest_trail_head(tx, programme)
            done = known.size if known else 0
            leaves = await fetch_trail_leaves(tx, programme, done, CHUNK)
            if not leaves:
                return newest
            tree = Frontier(size=done, peaks=known.peaks if known else ()).extend(leaves)
            at, root = clock(), tree.root()
            kid, signature = keys.sign_bytes(trail_text(programme, tree.size, root, format_instant(at)))
            newest = TrailHead(
                size=tree.size, root=root, peaks=tree.peaks, recorded_at=at, kid=kid, signature=signature
            )
            await insert_trail_head(tx, programme, newest)

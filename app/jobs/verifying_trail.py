"""Verifying the audit trail: numbers, hashes, roots and signatures, recomputed from the rows."""

from collections.abc import Sequence

from app.core.audit_trail import hash_audit_row
from app.core.canonical import format_instant
from app.core.ids import ProgrammeId
from app.core.invariants import FINDINGS_MAX
from app.core.merkle import Frontier
from app.security.checkpoints import is_signed_by, trail_text
from app.store.audit_trail import (
    StoredTrailHead,
    fetch_next_audit_number,
    fetch_stored_trail_heads,
    stream_audit_rows,
)
from app.store.database import BatchConnection


async def check_trail(connection: BatchConnection, programme: ProgrammeId) -> Sequence[str]:
    """What is wrong with the trail, the first wrong row first; nothing when it is as it was written."""
    found: list[str] = []
    heads = {head.size: head for head in await fetch_stored_trail_heads(connection, programme)}
    tree, leaves, number = Frontier(), list[bytes](), 0
    async for stored in stream_audit_rows(connection, programme):
        number += 1
        if stored.row.number != number:
            found.append(f"audit row {number} is missing")
            number = stored.row.number
        if hash_audit_row(programme, stored.row) != stored.leaf_hash:
            found.append(f"audit row {number} is not what was written")
        leaves.append(stored.leaf_hash)
        if head := heads.pop(number, None):
            tree, leaves = tree.extend(leaves), []
            found += _check_head(programme, head, tree)
        if len(found) >= FINDINGS_MAX:
            return found
    if await fetch_next_audit_number(connection, programme) != number + 1:
        found.append(f"audit row {number + 1} is missing, the head says")
    found += [f"audit row {min(size, number + 1)} is missing: a signed head covers {size} rows" for size in heads]
    return found


def _check_head(programme: ProgrammeId, head: StoredTrailHead, tree: Frontier) -> Sequence[str]:
    if head.root != tree.root():
        return [f"the root over {head.size} audit rows does not recompute"]
    said = trail_text(programme, head.size, head.root, format_instant(head.recorded_at))
    if head.public_key is None or not is_signed_by(head.public_key, head.signature, said):
        return [f"the signature over {head.size} audit rows is not ours"]
    return []

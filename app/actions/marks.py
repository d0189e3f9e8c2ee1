"""Clearing a mark (排除疑点): a reviewer who is neither volunteer, nor relative, nor enterer found it harmless."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from app.core.codes import Code, Rejected
from app.core.ids import UserId, VolunteerId
from app.core.marks import Clearing
from app.core.reviews import is_own
from app.core.rows import ServiceRecord
from app.core.suspicions import Suspicion
from app.security.actors import Actor
from app.security.words import Place
from app.store.database import Tx
from app.store.marks_open import lock_mark, update_mark_cleared
from app.store.same_person import fetch_own_accounts
from app.store.words import seal_words


async def clear_mark(
    tx: Tx,
    actor: Actor,
    record: ServiceRecord,
    relatives: Collection[VolunteerId],
    kind: Suspicion,
    reason: str,
    at: datetime,
) -> Clearing | Rejected:
    """Clear an open mark of a record within the actor's part. The mark stays, and is never opened again."""
    clearing = Clearing(UserId(actor.subject), at, reason)
    is_open = await lock_mark(tx, actor.programme, record.id, kind)
    if is_open is None:
        return Rejected(Code.NOT_FOUND)
    accounts = await fetch_own_accounts(tx, actor.programme, clearing.by)
    if record.recorder in accounts or is_own(record, clearing.by, actor.volunteer, relatives):
        return Rejected(Code.SELF_REVIEW)
    if not is_open:
        return Rejected(Code.STATE_CONFLICT, {"state": "cleared"})
    place, row = Place.CLEARING_REASON, record.id.hex
    sealed = await seal_words(tx, actor.programme, record.volunteer, place, row, reason, at)
    await update_mark_cleared(tx, actor.programme, record.id, kind, clearing.by, sealed, at)
    return replace(clearing, reason=sealed)

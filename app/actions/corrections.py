"""Correction orders on their way: drafted, previewed, approved by a second person and carried out, or discarded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from uuid_utils.compat import uuid7

from app.actions.reaches import fetch_reach
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.correction_impacts import Impact
from app.core.correction_orders import (
    OPEN,
    RECORDS_MAX,
    CorrectionOrder,
    CorrectionState,
    Target,
    difference,
    hash_targets,
    refuse_approval,
)
from app.core.ids import CorrectionId, ProgrammeId, UserId, format_id
from app.security.actors import Actor, ActorKind
from app.security.words import Place
from app.store.audit_rows import insert_audit_row
from app.store.correction_records import (
    fetch_kept_targets,
    fetch_progress,
    fetch_targets,
    keep_targets,
)
from app.store.corrections import (
    CorrectionView,
    insert_correction,
    lock_correction,
    update_correction,
)
from app.store.database import Reader, Tx
from app.store.relatives import fetch_relatives
from app.store.same_person import fetch_own_accounts
from app.store.service_records import fetch_record
from app.store.words import seal_words


def is_known_to(actor: Actor, order: CorrectionOrder) -> bool:
    """Whether an actor may know of an order: organisers know their own."""
    return actor.kind is not ActorKind.ORGANISER or order.author == actor.subject


async def draft_correction(tx: Tx, actor: Actor, order: CorrectionOrder) -> CorrectionView | Rejected:
    """Begin an order. An organiser's holds for the records of the teams that they reach now, and no others.

    Why one person's records are wrong is sealed with that person's key.
    """
    teams = await fetch_reach(tx, actor)
    scope = order.scope
    record = await fetch_record(tx, actor.programme, scope.record) if scope.record else None
    if scope.record and (record is None or (teams is not None and record.record.team not in teams)):
        return Rejected(Code.NOT_FOUND)
    if scope.team and teams is not None and scope.team not in teams:
        return Rejected(Code.NOT_FOUND)
    drafted = replace(order, scope=replace(scope, teams=teams))
    about = record.record.volunteer if record else scope.volunteer
    if about:
        place, row = Place.CORRECTION_REASON, order.id.hex
        reason = await seal_words(tx, actor.programme, about, place, row, order.reason, order.created_at)
        drafted = replace(drafted, reason=reason)
    await insert_correction(tx, actor.programme, drafted)
    return CorrectionView(drafted)


async def find_targets(
    reader: Reader | Tx, programme: ProgrammeId, order: CorrectionOrder
) -> Sequence[Target] | Rejected:
    """The records that an order is about now: at least one, and not too many."""
    targets = await fetch_targets(reader, programme, order.scope, RECORDS_MAX + 1)
    if not targets:
        return Rejected(Code.STATE_CONFLICT, {"state": "empty"})
    if len(targets) > RECORDS_MAX:
        return Rejected(Code.STATE_CONFLICT, {"state": "too-many", "records_max": RECORDS_MAX})
    return targets


async def _lock_open(tx: Tx, actor: Actor, correction: CorrectionId) -> CorrectionView | Rejected:
    view = await lock_correction(tx, actor.programme, correction)
    if view is None or not is_known_to(actor, view.order):
        return Rejected(Code.NOT_FOUND)
    if view.order.state not in OPEN:
        return Rejected(Code.STATE_CONFLICT, {"state": view.order.state.value})
    return view


async def keep_preview(
    tx: Tx, actor: Actor, correction: CorrectionId, targets: Sequence[Target], impact: Impact, at: datetime
) -> Edited[CorrectionView] | Rejected:
    """Keep what an order would do, and to which records: that is what will be approved."""
    view = await _lock_open(tx, actor, correction)
    if isinstance(view, Rejected):
        return view
    await keep_targets(tx, actor.programme, correction, targets)
    previewed = replace(
        view.order,
        state=CorrectionState.PREVIEWED,
        revision=view.order.revision + 1,
        changed_at=at,
        set_hash=hash_targets(targets),
    )
    return Edited(view, await _write(tx, actor.programme, CorrectionView(previewed, impact)))


async def approve_correction(
    tx: Tx, actor: Actor, correction: CorrectionId, revision: int, at: datetime
) -> Edited[CorrectionView] | Rejected:
    """Approve an order as it was previewed, by somebody who has no part in it. A job carries it out."""
    view = await _lock_open(tx, actor, correction)
    if isinstance(view, Rejected):
        return view
    order, by = view.order, UserId(actor.subject)
    if order.state is not CorrectionState.PREVIEWED:
        return Rejected(Code.STATE_CONFLICT, {"state": order.state.value})
    if order.revision != revision:
        return Rejected(Code.EDIT_CONFLICT)
    kept = await fetch_kept_targets(tx, actor.programme, correction)
    relatives = await fetch_relatives(tx, actor.programme, by)
    accounts = await fetch_own_accounts(tx, actor.programme, by)
    if refusal := refuse_approval(order, kept, accounts, actor.volunteer, relatives):
        return refusal
    now = await fetch_targets(tx, actor.programme, order.scope, RECORDS_MAX + 1)
    if hash_targets(now) != order.set_hash:
        return Rejected(Code.STATE_CONFLICT, {"state": "records-changed", **difference(kept, now)})
    approved = replace(
        order,
        state=CorrectionState.EXECUTING,
        revision=revision + 1,
        changed_at=at,
        approved_by=by,
        approved_at=at,
    )
    return Edited(view, await _write(tx, actor.programme, replace(view, order=approved)))


async def discard_correction(
    tx: Tx, actor: Actor, correction: CorrectionId, at: datetime
) -> Edited[CorrectionView] | Rejected:
    """Give an order up, before it was approved."""
    view = await _lock_open(tx, actor, correction)
    if isinstance(view, Rejected):
        return view
    order = replace(view.order, state=CorrectionState.DISCARDED, revision=view.order.revision + 1, changed_at=at)
    return Edited(view, await _write(tx, actor.programme, replace(view, order=order)))


async def _write(tx: Tx, programme: ProgrammeId, view: CorrectionView) -> CorrectionView:
    await update_correction(tx, programme, view)
    return view


async def finish_correction(tx: Tx, programme: ProgrammeId, correction: CorrectionId, at: datetime) -> bool:
    """Close an order of which no record waits any more; False when somebody did already."""
    view = await lock_correction(tx, programme, correction)
    progress = await fetch_progress(tx, programme, correction)
    if view is None or view.order.state is not CorrectionState.EXECUTING or progress.pending:
        return False
    order = replace(view.order, state=CorrectionState.DONE, revision=view.order.revision + 1, changed_at=at)
    await _write(tx, programme, replace(view, order=order))
    await insert_audit_row(
        tx,
        programme,
        uuid7(),
        actor="system",
        action="correction.done",
        subject=format_id("cor", correction),
        changes={"done": len(progress.done), "refused": len(progress.refused)},
        at=at,
    )
    return True

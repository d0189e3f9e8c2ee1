"""The steps of a correction order: previewed with its impact, approved by a second person, or given up."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from uuid_utils.compat import uuid7

from app.actions.corrections import approve_correction, discard_correction, find_targets, keep_preview
from app.actions.running import Done
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.correction_fields import CorrectionAnswer, render_correction
from app.api.corrections import Writes, correction_named, find_correction
from app.api.operations import IdempotencyKey, writes
from app.api.programmes import IfMatch
from app.api.services import Serves, Services
from app.core.audit_trail import Edited, changed
from app.core.codes import Code, Rejected
from app.core.correction_impacts import Impact, foresee
from app.core.correction_orders import OPEN, Target, command_of
from app.core.ids import CorrectionId, RecordId, TransactionId, UserId
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.books import fetch_book, merge_needs
from app.store.correction_records import Progress
from app.store.corrections import CorrectionView
from app.store.database import Tx
from app.store.journal import fetch_settings

router = APIRouter(prefix="/v1/corrections", tags=["Service"])

Approves = Annotated[Actor, Depends(Requires(Scope.CORRECTIONS_APPROVE))]


def _note(edited: Edited[CorrectionView], answer: CorrectionAnswer, action: str) -> Done:
    """State and revision only: what an order would do, to thousands perhaps, is kept with the order."""
    before, after = (
        {"state": view.order.state, "revision": view.order.revision} for view in (edited.before, edited.after)
    )
    return note(answer, action, answer.id, changed(before, after))


async def _foresee(
    services: Services, actor: Actor, correction: CorrectionId
) -> tuple[Sequence[Target], Impact] | Rejected:
    """What an order would do now, decided as it will be decided, on a book that nobody writes."""
    async with services.database.explaining() as (reader, connection):
        order = (await find_correction(reader, actor, correction)).order
        if order.state not in OPEN:
            return Rejected(Code.STATE_CONFLICT, {"state": order.state.value})
        targets = await find_targets(reader, actor.programme, order)
        if isinstance(targets, Rejected):
            return targets
        by = UserId(actor.subject)
        commands = [command_of(order, each.record, by, RecordId(uuid7()), TransactionId(uuid7())) for each in targets]
        at = services.clock()
        settings = await fetch_settings(connection, actor.programme)
        needs = merge_needs(command.needs() for command in commands)
        book = (await fetch_book(connection, settings, needs, at)).book
    return targets, foresee(commands, book, at, lambda: TransactionId(uuid7()))


@router.post(
    "/{correction_id}/preview",
    operation_id="previewCorrection",
    summary="Work out what a correction would do (影响预览)",
    response_model=CorrectionAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def preview_correction(services: Serves, actor: Writes, key: IdempotencyKey, correction_id: str) -> Response:
    """Kept with the order, and the records with it: these, as they are now, are what can be approved.

    It takes nothing: points, lots and debts are those that would come of it at this moment.
    """
    correction = correction_named(correction_id)
    ticket = ticket_of(services, actor, key, f"preview {correction_id}".encode())
    foreseen = await _foresee(services, actor, correction)

    async def keep(tx: Tx) -> Edited[CorrectionView] | Rejected:
        if isinstance(foreseen, Rejected):
            return foreseen
        return await keep_preview(tx, actor, correction, *foreseen, ticket.at)

    return await act(
        services,
        ticket,
        keep,
        lambda edited: _note(edited, render_correction(edited.after), "correction.preview"),
        200,
    )


@router.post(
    "/{correction_id}/approve",
    operation_id="approveCorrection",
    summary="Approve a correction as it was previewed (批准)",
    response_model=CorrectionAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.EDIT_CONFLICT, Code.SELF_REVIEW),
)
async def post_approval(
    services: Serves, actor: Approves, key: IdempotencyKey, correction_id: str, if_match: IfMatch
) -> Response:
    """By somebody who neither wrote it nor served, entered or verified any of its records.

    Refused when the records have changed since the preview, with how many. A job then carries it out.
    """
    correction = correction_named(correction_id)
    revision = int(if_match.strip('"'))
    ticket = ticket_of(services, actor, key, f"approve {correction_id} {if_match}".encode())

    async def approve(tx: Tx) -> Edited[CorrectionView] | Rejected:
        return await approve_correction(tx, actor, correction, revision, ticket.at)

    def render(view: CorrectionView) -> CorrectionAnswer:
        return render_correction(view, Progress(view.impact.records if view.impact else 0))

    return await act(
        services,
        ticket,
        approve,
        lambda edited: _note(edited, render(edited.after), "correction.approve"),
        200,
    )


@router.post(
    "/{correction_id}/discard",
    operation_id="discardCorrection",
    summary="Give a correction up (作废)",
    response_model=CorrectionAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_discard(services: Serves, actor: Writes, key: IdempotencyKey, correction_id: str) -> Response:
    """By whoever drafted it or an administrator, until it is approved."""
    correction = correction_named(correction_id)
    ticket = ticket_of(services, actor, key, f"discard {correction_id}".encode())

    async def discard(tx: Tx) -> Edited[CorrectionView] | Rejected:
        return await discard_correction(tx, actor, correction, ticket.at)

    return await act(
        services,
        ticket,
        discard,
        lambda edited: _note(edited, render_correction(edited.after), "correction.discard"),
        200,
    )

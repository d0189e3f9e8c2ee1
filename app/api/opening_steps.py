"""Opening sheets (期初余额单) on their way: what one would do, its approval by a second person, its withdrawal."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from uuid_utils.compat import uuid7

from app.actions.openings import approve_sheet, withdraw_sheet
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.opening_fields import OpeningImpactAnswer, OpeningSheetAnswer, render_impact, render_sheet
from app.api.opening_sheets import Drafts, Reads, find_sheet, sheet_named
from app.api.operations import IdempotencyKey, reads, writes
from app.api.problems import refuse
from app.api.services import Serves
from app.core.audit_trail import changed
from app.core.codes import Code, Rejected
from app.core.ids import NOBODY, OpeningId, TransactionId, UserId
from app.core.opening_impacts import foresee_openings
from app.core.opening_sheets import LINES_MAX, LineState, OpeningSheet, SheetState, command_for
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.books import fetch_book, merge_needs
from app.store.database import Tx
from app.store.journal import fetch_settings
from app.store.opening_lines import fetch_lines

router = APIRouter(prefix="/v1/opening-sheets", tags=["Service"])

Approves = Annotated[Actor, Depends(Requires(Scope.OPENINGS_APPROVE))]

_SOMEBODY = UserId(NOBODY)
"""Stands for whoever approves, before anybody has."""


@router.get(
    "/{sheet_id}/impact",
    operation_id="getOpeningImpact",
    summary="What an opening sheet would do (影响预览)",
    response_model=OpeningImpactAnswer,
    responses=reads(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def get_opening_impact(services: Serves, actor: Reads, sheet_id: str) -> OpeningImpactAnswer:
    """Worked out now, by the decisions that will bring it over; nothing is written. Only of a draft."""
    named = sheet_named(sheet_id)
    async with services.database.explaining() as (reader, connection):
        sheet = await find_sheet(reader, actor, named)
        if sheet.state is not SheetState.DRAFT:
            raise refuse(Rejected(Code.STATE_CONFLICT, {"state": sheet.state.value}))
        decided = replace(sheet, decided_by=_SOMEBODY)
        lines = [view.line for view in await fetch_lines(reader, actor.programme, named, LINES_MAX)]
        commands = [
            (line.line_no, command_for(decided, line, OpeningId(uuid7()), TransactionId(uuid7()))) for line in lines
        ]
        settings, at = await fetch_settings(connection, actor.programme), services.clock()
        needs = merge_needs(command.needs() for _, command in commands)
        book = (await fetch_book(connection, settings, needs, at)).book
    return render_impact(foresee_openings(commands, book, at))


@router.post(
    "/{sheet_id}/approve",
    operation_id="approveOpeningSheet",
    summary="Approve an opening sheet, as a second person (复核期初余额单)",
    response_model=OpeningSheetAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def post_opening_approval(services: Serves, actor: Approves, key: IdempotencyKey, sheet_id: str) -> Response:
    """By somebody who neither drafted it nor gains by it, nor a relative of theirs. A job then brings it over."""
    named = sheet_named(sheet_id)
    ticket = ticket_of(services, actor, key, f"approve {sheet_id}".encode())

    async def approve(tx: Tx) -> OpeningSheet | Rejected:
        return await approve_sheet(tx, actor, named, ticket.at)

    def describe(sheet: OpeningSheet) -> OpeningSheetAnswer:
        return render_sheet(sheet, {**dict.fromkeys(LineState, 0), LineState.PENDING: sheet.lines})

    return await act(
        services,
        ticket,
        approve,
        lambda sheet: note(
            describe(sheet),
            "opening-sheet.approve",
            sheet_id,
            {"lines": sheet.lines, "points": sheet.points, "minutes": sheet.minutes, **_moved(sheet)},
        ),
        200,
    )


@router.post(
    "/{sheet_id}/withdraw",
    operation_id="withdrawOpeningSheet",
    summary="Give an opening sheet up (撤回期初余额单)",
    response_model=OpeningSheetAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_opening_withdrawal(services: Serves, actor: Drafts, key: IdempotencyKey, sheet_id: str) -> Response:
    """By whoever drafted it or another, until it is approved."""
    named = sheet_named(sheet_id)
    ticket = ticket_of(services, actor, key, f"withdraw {sheet_id}".encode())

    async def withdraw(tx: Tx) -> OpeningSheet | Rejected:
        return await withdraw_sheet(tx, actor, named, ticket.at)

    return await act(
        services,
        ticket,
        withdraw,
        lambda sheet: note(render_sheet(sheet), "opening-sheet.withdraw", sheet_id, _moved(sheet)),
        200,
    )


def _moved(sheet: OpeningSheet) -> Mapping[str, object]:
    """From where to where: only a draft is approved or withdrawn."""
    return changed({"state": SheetState.DRAFT.value}, {"state": sheet.state.value})

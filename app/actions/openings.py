"""Opening sheets on their way: drafted by one, approved by another and brought over by a job, or withdrawn."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from uuid_utils.compat import uuid7

from app.core.codes import Code, Rejected
from app.core.ids import OpeningSheetId, ProgrammeId, UserId, format_id
from app.core.opening_sheets import (
    LINES_MAX,
    LineState,
    OpeningSheet,
    SheetLine,
    SheetState,
    refuse_sheet_approval,
)
from app.security.actors import Actor
from app.store.audit_rows import insert_audit_row
from app.store.database import Tx
from app.store.opening_lines import fetch_line_counts, fetch_lines, fetch_unknown_volunteers, insert_lines
from app.store.opening_sheets import insert_sheet, lock_sheet, update_sheet
from app.store.relatives import fetch_relatives
from app.store.same_person import fetch_own_accounts


async def draft_sheet(tx: Tx, actor: Actor, sheet: OpeningSheet, lines: Sequence[SheetLine]) -> OpeningSheet | Rejected:
    """Begin a sheet of volunteers who are all known: the first line with another is named."""
    unknown = await fetch_unknown_volunteers(tx, actor.programme, {line.volunteer for line in lines})
    if unknown:
        missing = next(line for line in lines if line.volunteer in unknown)
        named = format_id("vol", missing.volunteer)
        return Rejected(Code.NOT_FOUND, {"line_no": missing.line_no, "volunteer_id": named})
    await insert_sheet(tx, actor.programme, sheet)
    await insert_lines(tx, actor.programme, sheet.id, lines)
    return sheet


async def approve_sheet(tx: Tx, actor: Actor, sheet: OpeningSheetId, at: datetime) -> OpeningSheet | Rejected:
    """Approve a sheet, by somebody who has no part in it. A job brings its balances over."""
    found, by = await lock_sheet(tx, actor.programme, sheet), UserId(actor.subject)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    lines = await fetch_lines(tx, actor.programme, sheet, LINES_MAX)
    relatives = await fetch_relatives(tx, actor.programme, by)
    volunteers = {view.line.volunteer for view in lines}
    if refusal := refuse_sheet_approval(found, volunteers, by, actor.volunteer, relatives):
        return refusal
    if found.drafted_by in await fetch_own_accounts(tx, actor.programme, by):
        return Rejected(Code.SELF_REVIEW)
    approved = replace(found, state=SheetState.EXECUTING, decided_by=by, decided_at=at)
    await update_sheet(tx, actor.programme, approved)
    return approved


async def withdraw_sheet(tx: Tx, actor: Actor, sheet: OpeningSheetId, at: datetime) -> OpeningSheet | Rejected:
    """Give a sheet up before it was approved, by whoever may draft one."""
    found = await lock_sheet(tx, actor.programme, sheet)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.state is not SheetState.DRAFT:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    withdrawn = replace(found, state=SheetState.WITHDRAWN, decided_by=UserId(actor.subject), decided_at=at)
    await update_sheet(tx, actor.programme, withdrawn)
    return withdrawn


async def finish_sheet(tx: Tx, programme: ProgrammeId, sheet: OpeningSheetId, at: datetime) -> bool:
    """Close a sheet of which no line waits any more; False when somebody did already."""
    found = await lock_sheet(tx, programme, sheet)
    counts = await fetch_line_counts(tx, programme, sheet)
    if found is None or found.state is not SheetState.EXECUTING or counts[LineState.PENDING]:
        return False
    await update_sheet(tx, programme, replace(found, state=SheetState.DONE, finished_at=at))
    await insert_audit_row(
        tx,
        programme,
        uuid7(),
        actor="system",
        action="opening-sheet.done",
        subject=format_id("ops", sheet),
        changes={state.value: count for state, count in counts.items() if state is not LineState.PENDING},
        at=at,
    )
    return True

"""Bringing approved opening sheets over, line by line. Killed half-way, the next run goes on where it was."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from app.actions.openings import finish_sheet
from app.actions.pool_grants import fetch_avoided
from app.core.ids import OpeningSheetId, ProgrammeId
from app.core.opening_sheets import LineState, SheetState
from app.engine.committer import Committers
from app.engine.openings import bring_over
from app.jobs.lots import CHUNK
from app.store.database import Database
from app.store.opening_lines import fetch_lines, note_line_outcomes
from app.store.opening_sheets import fetch_executing_sheets, fetch_sheet


async def run_opening_sheets(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """Bring all sheets over that are approved and not done. Returns how many were brought to their end."""
    async with database.read() as reader:
        executing = await fetch_executing_sheets(reader, programme)
    done = 0
    for sheet in executing:
        await _bring_over(database, committers, programme, sheet)
        async with database.begin() as tx:
            done += await finish_sheet(tx, programme, sheet, clock())
    return done


async def _bring_over(
    database: Database, committers: Committers, programme: ProgrammeId, named: OpeningSheetId
) -> None:
    while True:
        async with database.read() as reader:
            sheet = await fetch_sheet(reader, programme, named)
            if sheet is None or sheet.state is not SheetState.EXECUTING or sheet.decided_by is None:
                return
            pending = await fetch_lines(reader, programme, named, CHUNK, state=LineState.PENDING)
            avoided = await fetch_avoided(reader, programme, sheet.decided_by)
        if not pending:
            return
        outcomes = await asyncio.gather(
            *(bring_over(committers, programme, sheet, view.line, avoided) for view in pending)
        )
        async with database.begin() as tx:
            await note_line_outcomes(tx, programme, named, outcomes)

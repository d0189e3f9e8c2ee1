"""Carrying out approved correction orders, record by record. Killed half-way, the next run goes on where it was."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from app.actions.corrections import finish_correction
from app.core.correction_orders import CorrectionState
from app.core.ids import CorrectionId, ProgrammeId
from app.engine.committer import Committers
from app.engine.corrections import carry_out
from app.jobs.lots import CHUNK
from app.store.correction_records import fetch_executing, fetch_pending, note_outcomes
from app.store.corrections import fetch_correction
from app.store.database import Database


async def run_correction_orders(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """Carry out all orders that are approved and not done. Returns how many were brought to their end."""
    async with database.read() as reader:
        executing = await fetch_executing(reader, programme)
    done = 0
    for correction in executing:
        await _carry_out(database, committers, programme, correction)
        async with database.begin() as tx:
            done += await finish_correction(tx, programme, correction, clock())
    return done


async def _carry_out(
    database: Database, committers: Committers, programme: ProgrammeId, correction: CorrectionId
) -> None:
    while True:
        async with database.read() as reader:
            view = await fetch_correction(reader, programme, correction)
            pending = await fetch_pending(reader, programme, correction, CHUNK)
        if view is None or view.order.state is not CorrectionState.EXECUTING or not pending:
            return
        outcomes = await asyncio.gather(*(carry_out(committers, programme, view.order, record) for record in pending))
        async with database.begin() as tx:
            await note_outcomes(tx, programme, correction, outcomes)

"""The loop that runs the background work of a process. Every process may run it: each piece is safe to run twice."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from app.actions.keys import KeyCabinet
from app.core.ids import ProgrammeId
from app.core.sessions import SESSIONS_KEPT
from app.engine.committer import Committers
from app.jobs.application_files import run_file_deletions
from app.jobs.applications import run_application_grants, run_application_times
from app.jobs.bonuses import run_bonuses
from app.jobs.checkpoints import run_checkpoint
from app.jobs.corrections import run_correction_orders
from app.jobs.credential_statuses import run_credential_statuses
from app.jobs.expiry_notices import run_expiry_notices
from app.jobs.holds import run_closings, run_order_expiries
from app.jobs.lots import run_code_purge, run_expiries, run_maturities
from app.jobs.marks import run_marks
from app.jobs.merchants import run_endings
from app.jobs.objections import run_corrections, run_escalations
from app.jobs.openings import run_opening_sheets
from app.jobs.penalties import run_penalties
from app.jobs.refused_logins import run_refused_logins
from app.jobs.rounds import run_lapsed_places
from app.jobs.sessions import run_login_purge
from app.jobs.trail_checkpoints import run_trail_checkpoint
from app.store.database import Database
from app.store.programmes import fetch_programme_ids

_log = structlog.get_logger(__name__)


async def run_jobs_once(
    database: Database,
    committers: Committers,
    cabinet: KeyCabinet,
    clock: Callable[[], datetime],
    sessions_kept: timedelta = SESSIONS_KEPT,
) -> None:
    """Do all that is due, programme by programme."""
    async with database.read() as reader:
        programmes = await fetch_programme_ids(reader)
    for programme in programmes:
        await _run_for(database, committers, cabinet, programme, clock, sessions_kept)


async def _run_for(
    database: Database,
    committers: Committers,
    cabinet: KeyCabinet,
    programme: ProgrammeId,
    clock: Callable[[], datetime],
    sessions_kept: timedelta,
) -> None:
    await run_maturities(database, committers, programme, clock)
    await run_closings(database, committers, programme, clock)
    await run_order_expiries(database, committers, programme, clock)
    await run_endings(database, committers, programme, clock)
    await run_expiries(database, committers, programme, clock)
    await run_escalations(database, programme, clock)
    await run_corrections(database, committers, programme, clock)
    await run_correction_orders(database, committers, programme, clock)
    await run_opening_sheets(database, committers, programme, clock)
    await run_application_times(database, programme, clock)
    await run_application_grants(database, committers, programme, cabinet.tickets, clock)
    await run_file_deletions(database, programme, clock)
    await run_lapsed_places(database, committers, programme, clock)
    await run_bonuses(database, committers, programme)
    await run_penalties(database, committers, programme, clock)
    await run_expiry_notices(database, programme, clock)
    await run_marks(database, programme, clock)
    await run_credential_statuses(database, programme, clock)
    await run_code_purge(database, programme, clock)
    await run_login_purge(database, programme, clock, sessions_kept)
    await run_refused_logins(database, programme, clock)
    keys = await cabinet.token_keys(programme)
    await run_checkpoint(database, programme, keys, clock)
    await run_trail_checkpoint(database, programme, keys, clock)


async def run_jobs(
    database: Database,
    committers: Committers,
    cabinet: KeyCabinet,
    clock: Callable[[], datetime],
    every_s: float,
    sessions_kept: timedelta = SESSIONS_KEPT,
) -> None:
    """Do all that is due, again and again, until cancelled. What fails is logged and tried again the next time."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await run_jobs_once(database, committers, cabinet, clock, sessions_kept)
        except Exception:  # noqa: BLE001 - the work of the next minute must not depend on it
            _log.exception("background work failed")

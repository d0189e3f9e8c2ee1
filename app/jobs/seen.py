"""Writing down when terminals and clients were last seen, and who was refused: every few seconds, whatever the load."""

import asyncio

import structlog

from app.actions.refused_logins import RefusedLogins
from app.actions.standing import Standing
from app.actions.terminals import TillDirectory
from app.store.clients import update_last_used
from app.store.database import Database
from app.store.refused_logins import add_refusals
from app.store.terminals import update_last_seen

FLUSH_EVERY_S = 5.0

_log = structlog.get_logger(__name__)


async def flush_seen(database: Database, tills: TillDirectory) -> None:
    """Write what this process has seen since the last time. What cannot be written now is seen again soon enough."""
    for programme, seen in tills.take_seen().items():
        async with database.begin() as tx:
            await update_last_seen(tx, programme, seen)


async def flush_used(database: Database, standing: Standing) -> None:
    """Write which clients and keys this process has seen since the last time."""
    for programme, used in standing.take_used().items():
        async with database.begin() as tx:
            await update_last_used(tx, programme, used)


async def flush_refused(database: Database, refused: RefusedLogins) -> None:
    """Write which log-ins this process has refused since the last time. What cannot be written is kept for the next."""
    for window in refused.windows():
        programme, began_at = window
        counted = refused.take(window)
        try:
            async with database.begin() as tx:
                await add_refusals(tx, programme, began_at, counted)
        except BaseException:  # also when the process is told to end: the last flush writes it
            refused.keep(window, counted)
            raise


async def run_flushes(
    database: Database,
    tills: TillDirectory,
    standing: Standing,
    refused: RefusedLogins,
    every_s: float = FLUSH_EVERY_S,
) -> None:
    """Write again and again, until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await flush_seen(database, tills)
            await flush_used(database, standing)
            await flush_refused(database, refused)
        except Exception:  # noqa: BLE001 - the next time must not depend on it
            _log.exception("last seen was not written")

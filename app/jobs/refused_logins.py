"""Telling the audit trail of refused log-ins, once the quarter of an hour is over: one row a name, with the count."""

from collections.abc import Callable
from datetime import datetime, timedelta

from uuid_utils.compat import uuid7

from app.core.canonical import format_instant
from app.core.ids import ProgrammeId
from app.core.refused_logins import WINDOW, window_of
from app.store.audit_rows import insert_audit_row
from app.store.database import Database
from app.store.refused_logins import RefusedRow, take_refusals

CHUNK = 200
SETTLED_AFTER = timedelta(minutes=1)
"""Every process has written down by then what it counted."""


async def run_refused_logins(database: Database, programme: ProgrammeId, clock: Callable[[], datetime]) -> int:
    """Note the windows that are over. How many rows that made. A run that dies has noted a chunk or nothing of it."""
    noted = 0
    while True:
        at = clock()
        before = window_of(at - SETTLED_AFTER) - WINDOW
        async with database.begin() as tx:
            rows = await take_refusals(tx, programme, before, CHUNK)
            for row in rows:
                await insert_audit_row(
                    tx,
                    programme,
                    uuid7(),
                    actor="system",
                    action="login.refused",
                    subject=row.subject,
                    changes=_told(row),
                    at=at,
                )
        noted += len(rows)
        if len(rows) < CHUNK:
            return noted


def _told(row: RefusedRow) -> dict[str, object]:
    return {
        "door": row.door.value,
        "since": format_instant(row.began_at),
        "minutes": WINDOW // timedelta(minutes=1),
        "refused": row.refusals.refused,
        "turned_away": row.refusals.turned_away,
    }

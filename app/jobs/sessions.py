"""Deleting what log-ins leave behind, in small steps: sessions long over, attempts of yesterday, codes that ended.

The audit trail keeps how each session began and ended, and from where (logs are kept for six months and more).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from app.core.ids import ProgrammeId
from app.store.database import Database, Tx
from app.store.login_attempts import ATTEMPTS_KEPT, delete_old_attempts
from app.store.sessions import delete_sessions_over
from app.store.wechat import delete_binding_codes

CHUNK = 500
CODES_KEPT = timedelta(days=1)

Delete = Callable[[Tx, ProgrammeId, datetime, int], Awaitable[int]]


async def run_login_purge(
    database: Database, programme: ProgrammeId, clock: Callable[[], datetime], sessions_kept: timedelta
) -> int:
    """Delete what is older than it is kept, a chunk a transaction. How many rows went."""
    at = clock()
    steps: tuple[tuple[Delete, timedelta], ...] = (
        (delete_sessions_over, sessions_kept),
        (delete_old_attempts, ATTEMPTS_KEPT),
        (delete_binding_codes, CODES_KEPT),
    )
    return sum([await _purge(database, programme, delete, at - kept) for delete, kept in steps])


async def _purge(database: Database, programme: ProgrammeId, delete: Delete, before: datetime) -> int:
    gone = 0
    while True:
        async with database.begin() as tx:
            deleted = await delete(tx, programme, before, CHUNK)
        gone += deleted
        if deleted < CHUNK:
            return gone

"""One moment of the database for several connections, and the lock that lets only one process work on something."""

import re

from app.store.database import BatchConnection

_SNAPSHOT = re.compile(r"[0-9A-Fa-f-]{1,60}")


async def export_snapshot(connection: BatchConnection) -> str:
    """The name under which others can see what this transaction sees, for as long as it is open."""
    return str(await connection.fetchval("SELECT pg_export_snapshot()"))


async def adopt_snapshot(connection: BatchConnection, snapshot: str) -> None:
    """See what another transaction sees: the first statement of a repeatable-read transaction."""
    if not _SNAPSHOT.fullmatch(snapshot):
        raise ValueError(f"not a snapshot: {snapshot!r}")
    await connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")


async def try_lock(connection: BatchConnection, name: str) -> bool:
    """Take a lock that this connection holds until it ends, however it ends; False when another holds it."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name))

"""Imports that are killed without a goodbye."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable

from app.store.database import Database
from tests.support.ledgers import fetch_rows


async def kill_import_after(
    start: Callable[[], subprocess.Popen[bytes]], database: Database, progress: str, rows: int, pause_s: float
) -> int:
    """Start an import, kill it some time after so many rows; how many are done then, by the query `progress`."""
    process = start()
    while process.poll() is None:
        found = await fetch_rows(database, progress)
        if found and found[0][1] >= rows:
            await asyncio.sleep(pause_s)
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.sleep(0.005)
    process.wait()
    [(_, done, *_)] = await fetch_rows(database, progress)
    return int(done)

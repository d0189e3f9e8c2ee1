"""The PostgreSQL server of a test run: an outside one if the environment names it, else one of our own."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from app.store.postgres import EmbeddedPostgres, find_binaries
from tests.support.databases import TestServer, drop_database, make_template

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
FOLDER = "liyu-tests-"
ROOM_BYTES = 2 * 1024**3


def _roomy_memory() -> Path | None:
    """A file system in memory, if there is one with room: each test makes a database, a thousand files."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return MEMORY if roomy else None


def _clear_away(parent: Path) -> None:
    """Remove what runs that were killed have left: a folder is named for its process, and that one is gone."""
    for folder in parent.glob(f"{FOLDER}*-*"):
        owner = folder.name.removeprefix(FOLDER).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _an_address() -> Iterator[str]:
    if outside := os.environ.get("LIYU_DATABASE_URL"):
        yield outside
        return
    parent = _roomy_memory() or Path(tempfile.gettempdir())
    _clear_away(parent)
    with tempfile.TemporaryDirectory(
        prefix=f"{FOLDER}{os.getpid()}-", dir=parent, ignore_cleanup_errors=True
    ) as folder:
        # As root the server runs as nobody, who has to get through; its own data stays its own.
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "data", binaries=find_binaries(None), durable=False) as own:
            yield own


@contextlib.contextmanager
def a_server() -> Iterator[TestServer]:
    """A server with the run's template for the length of the block. Call it from the main thread.

    Should this process be killed, the embedded server goes with it; on an outside one the template stays.
    """
    with _an_address() as url:
        server = TestServer(url=url, template=f"liyu_test_{uuid4().hex[:8]}")
        try:
            asyncio.run(make_template(server))
            yield server
        finally:
            asyncio.run(drop_database(server, server.template))

"""What runs on this machine: the database that is named or one of our own, and the server processes on it."""

import asyncio
import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn

from app.main import refuse_demo
from app.settings import Settings, master_key_of, read_settings
from app.store.database import Database
from app.store.migrating import grant, upgrade
from app.store.postgres import EmbeddedPostgres, find_binaries

_GRACE_S = 20


@contextmanager
def database_of(settings: Settings) -> Iterator[Settings]:
    """The settings with the address of a database that answers, for as long as the block runs."""
    if settings.database_url:
        yield settings
        return
    with EmbeddedPostgres(settings.data_dir, binaries=find_binaries(settings.pg_bindir)) as url:
        yield replace(settings, database_url=url)


@contextmanager
def settings_with_database() -> Iterator[Settings]:
    """The settings of the environment, with a database."""
    with database_of(read_settings(os.environ)) as settings:
        yield settings


async def migrate_database(settings: Settings, role: str | None = None) -> None:
    """Upgrade the schema, and let a role run the service on it."""
    database = Database(str(settings.database_url))
    try:
        await upgrade(database)
        if role:
            await grant(database, role)
    finally:
        await database.close()


async def _prepare(settings: Settings) -> None:
    """Migrate, and find out here, not in each process, what may not be served in production."""
    await migrate_database(settings)
    database = Database(str(settings.database_url))
    try:
        await refuse_demo(settings, database)
    finally:
        await database.close()


def serve_processes(settings: Settings) -> None:
    """Migrate, then serve until told to stop. The processes are told by environment what was found out here."""
    asyncio.run(_prepare(settings))
    os.environ["LIYU_DATABASE_URL"] = str(settings.database_url)
    os.environ["LIYU_MASTER_KEY"] = base64.b64encode(master_key_of(settings)).decode()
    uvicorn.run(
        "app.main:create_app_from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,  # the service sends its own
        timeout_graceful_shutdown=_GRACE_S,
    )

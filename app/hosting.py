"""What runs on this machine: the database that is named or one of our own, and the server processes on it."""

import asyncio
import base64
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn

from app.actions.keys import KeyCabinet
from app.main import refuse_demo
from app.settings import BadSetting, Settings, master_key_of, read_settings, vault_of
from app.store.database import Database
from app.store.migrating import grant, upgrade
from app.store.postgres import EmbeddedPostgres, find_binaries, running_address
from app.store.programmes import fetch_programme_ids
from app.store.vault import count_keys_by_name

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
    """The settings of the environment, with a database: also our own server's while another process serves with it."""
    settings = read_settings(os.environ)
    running = None if settings.database_url else running_address(settings.data_dir)
    with database_of(replace(settings, database_url=running) if running else settings) as found:
        yield found


async def migrate_database(settings: Settings, role: str | None = None) -> None:
    """Upgrade the schema, and let a role run the service on it."""
    database = Database(str(settings.database_url))
    try:
        await upgrade(database)
        if role:
            await grant(database, role)
    finally:
        await database.close()


def refuse_taken_port(settings: Settings) -> None:
    """Raise BadSetting where nobody can listen: before anything is loaded or migrated."""
    where = f"{settings.host}:{settings.port}"
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise BadSetting(
            f"cannot listen on {where}: {error.strerror or error}. Choose another with LIYU_HOST and LIYU_PORT"
        ) from error


async def _refuse_other_keys(settings: Settings, database: Database) -> None:
    """Raise with keys that are not all of this database's, before each till gets an error of its own.

    UnsealRefused: the master key is another. BadSetting: a key of the vault is missing that still seals somebody.
    """
    vault = vault_of(settings)
    cabinet = KeyCabinet(database, master_key_of(settings), vault)
    async with database.read() as reader:
        for programme in await fetch_programme_ids(reader):
            await cabinet.token_keys(programme)
            for name, people in (await count_keys_by_name(reader, programme)).items():
                if not vault.knows(name):
                    raise BadSetting(
                        f"LIYU_VAULT_KEYS lacks the key {name}, which seals {people} people of {programme}"
                    )


async def _prepare(settings: Settings) -> None:
    """Migrate, and find out here, not in each process, what may not be served."""
    vault_of(settings)
    await migrate_database(settings)
    database = Database(str(settings.database_url))
    try:
        await refuse_demo(settings, database)
        await _refuse_other_keys(settings, database)
    finally:
        await database.close()


def serve_processes(settings: Settings, tell: Callable[[], None]) -> None:
    """Migrate, then serve until told to stop. The processes are told by environment what was found out here.

    `tell` is called when nothing stands in the way any more. Raises BadSetting and UnsealRefused.
    """
    refuse_taken_port(settings)
    asyncio.run(_prepare(settings))
    tell()
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

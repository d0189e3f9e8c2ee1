"""Databases of a test run: one template, built by the real migrations, and a copy of it for each test."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url

from app.security.vault import make_person_vault
from app.store.database import Database
from app.store.migrating import upgrade

COPY = "FILE_COPY"
"""Ten times faster than writing a copy to the log first, as long as a checkpoint costs nothing."""

PEOPLE = make_person_vault(bytes(range(32)))
"""The vault of every test: that of the master key which sites use."""

EMPTY = "template0"
"""The template of a database without our schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestServer:
    """A PostgreSQL server, by the address of a database to connect to, and the name of the run's template."""

    __test__ = False

    url: str
    template: str

    def address_of(self, name: str) -> str:
        """The address of another database of this server."""
        return make_url(self.url).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


async def execute_outside(server: TestServer, statement: str) -> None:
    """Run a statement that is about whole databases."""
    connection = await asyncpg.connect(server.address_of(make_url(server.url).database or "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def make_template(server: TestServer) -> None:
    """Build the run's template. Nobody may stay connected to it: PostgreSQL copies only what is at rest."""
    await execute_outside(server, f"CREATE DATABASE {server.template} TEMPLATE {EMPTY}")
    database = Database(server.address_of(server.template))
    try:
        await upgrade(database)
    finally:
        await database.close()


async def drop_database(server: TestServer, name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    await execute_outside(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextlib.asynccontextmanager
async def a_database(server: TestServer, template: str | None = None) -> AsyncIterator[Database]:
    """A database of its own for the length of the block: migrated, or from another template such as EMPTY."""
    name = f"{server.template}_{uuid4().hex[:12]}"
    await execute_outside(server, f"CREATE DATABASE {name} TEMPLATE {template or server.template} STRATEGY {COPY}")
    database = Database(server.address_of(name), PEOPLE)
    try:
        yield database
    finally:
        await database.close()
        await drop_database(server, name)

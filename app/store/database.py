"""Connections: one pool for reads and actions, and a connection of its own for each committer.

`Tx` marks a connection inside a write transaction; only `begin` and the committer's batch make one, so a write
outside of them is a type error. `Reader` is a connection that reads.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NewType

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.security.vault import PersonVault

Reader = NewType("Reader", AsyncConnection)
Tx = NewType("Tx", AsyncConnection)

BatchConnection = asyncpg.Connection
"""The committer's connection: the driver's own, since its array statements gain nothing from a layer above."""

POOL_SIZE = 16
"""Connections of a process for reads and actions. They stay: one made for a rush and closed after it costs more."""

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_MS = 30_000

BATCH_SETTINGS = {
    "application_name": "liyu-committer",
    "jit": "off",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""Every statement of a batch finds its rows by key. A plan made while the tables were empty must never scan them."""


_PEOPLE = "liyu_people"


class Database:
    """One PostgreSQL database, by its `postgresql://` address.

    `people`: what seals the words that are written about a person. A process that writes none does without.
    """

    def __init__(self, url: str, people: PersonVault | None = None) -> None:
        parsed = make_url(url).set(drivername="postgresql")
        self.url = parsed.render_as_string(hide_password=False)
        settings = {"statement_timeout": str(STATEMENT_TIMEOUT_MS), "application_name": "liyu"}
        # The driver reads the address itself: SQLAlchemy would hand it options such as sslmode under names it lacks.
        self.engine: AsyncEngine = create_async_engine(
            parsed.set(drivername="postgresql+asyncpg", query={}),
            pool_size=POOL_SIZE,
            max_overflow=0,
            hide_parameters=True,  # an error's text goes to the log: never with a name, a hash, a secret
            connect_args={"dsn": self.url, "timeout": CONNECT_TIMEOUT_S, "server_settings": settings},
            execution_options={_PEOPLE: people},
        )

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        """A connection for single statements, each seeing what is committed when it runs."""
        async with self.engine.connect() as connection:
            yield Reader(await connection.execution_options(isolation_level="AUTOCOMMIT"))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        """A connection on which every statement sees the same moment, and none can write."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                await connection.execute(text("SET TRANSACTION READ ONLY"))
                yield Reader(connection)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        """A write transaction: committed when the block ends, rolled back when it raises."""
        async with self.engine.begin() as connection:
            yield Tx(connection)

    @asynccontextmanager
    async def explaining(self) -> AsyncIterator[tuple[Reader, BatchConnection]]:
        """A snapshot with the driver's connection beneath it, on which a book can be fetched without a lock."""
        async with self.snapshot() as reader:
            raw = await reader.get_raw_connection()
            if not isinstance(raw.driver_connection, BatchConnection):
                raise TypeError("the pool's driver is not asyncpg")
            yield reader, raw.driver_connection

    async def connect_batch(self) -> BatchConnection:
        """A connection for one committer, outside the pool."""
        return await asyncpg.connect(
            self.url,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=STATEMENT_TIMEOUT_MS / 1000,
            server_settings=BATCH_SETTINGS,
        )

    async def connect_bulk(self) -> BatchConnection:
        """A connection for one import, outside the pool and without a time limit.

        Tables grow from nothing under it, so its few large statements are planned each time.
        """
        settings = {**BATCH_SETTINGS, "application_name": "liyu-import", "plan_cache_mode": "force_custom_plan"}
        return await asyncpg.connect(self.url, timeout=CONNECT_TIMEOUT_S, server_settings=settings)

    async def connect_lookups(self) -> BatchConnection:
        """A connection for coalesced reads, outside the pool: by key, with plans that no statistics change."""
        return await asyncpg.connect(
            self.url,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=STATEMENT_TIMEOUT_MS / 1000,
            server_settings={**BATCH_SETTINGS, "application_name": "liyu-lookups"},
        )

    async def connect_reading(self) -> BatchConnection:
        """A connection for one long read, outside the pool and without its time limit."""
        return await asyncpg.connect(
            self.url, timeout=CONNECT_TIMEOUT_S, server_settings={"application_name": "liyu-audit", "jit": "off"}
        )

    async def close(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


def people_of(connection: Reader | Tx) -> PersonVault:
    """The vault that a connection seals and opens words with. Raises TypeError where its process has none."""
    options = connection.sync_connection.get_execution_options() if connection.sync_connection else {}
    people = options.get(_PEOPLE)
    if not isinstance(people, PersonVault):
        raise TypeError("this process was started without the vault's keys, and cannot seal or open words")
    return people

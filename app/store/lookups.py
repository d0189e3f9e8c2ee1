"""Coalesced reads: whoever asks while a read is under way shares the next one, so a rush costs a few statements.

One connection per process, used by one task at a time. Each statement sees what is committed when it runs.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Any, TypeVar

import asyncpg

from app.core.ids import ProgrammeId
from app.store.database import BatchConnection, Database

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Fetch = Callable[[BatchConnection, ProgrammeId, Collection[Key]], Awaitable[Mapping[Key, Value]]]

ATTEMPTS_MAX = 2


class Lookups:
    """Finds single things by key, many askers with one array statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: BatchConnection | None = None
        self._asked: dict[tuple[Fetch[Any, Any], ProgrammeId], dict[Any, asyncio.Future[Any]]] = defaultdict(dict)
        self._task: asyncio.Task[None] | None = None

    async def find(self, fetch: Fetch[Key, Value], programme: ProgrammeId, key: Key) -> Value | None:
        """What `fetch` gives for a key, None when nothing. Raises ConnectionError when the database is away."""
        waiting = self._asked[fetch, programme]
        future = waiting.get(key)
        if future is None:
            future = waiting[key] = asyncio.get_running_loop().create_future()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="lookups")
        found: Value | None = await asyncio.shield(future)
        return found

    async def _run(self) -> None:
        while self._asked:
            (fetch, programme), waiting = next(iter(self._asked.items()))
            del self._asked[fetch, programme]
            try:
                found = await self._fetch(fetch, programme, waiting)
            except Exception as error:  # noqa: BLE001 - each asker gets it
                for future in waiting.values():
                    future.set_exception(error)
            else:
                for key, future in waiting.items():
                    future.set_result(found.get(key))

    async def _fetch(self, fetch: Fetch[Any, Any], programme: ProgrammeId, keys: Collection[Any]) -> Mapping[Any, Any]:
        for _ in range(ATTEMPTS_MAX):
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._database.connect_lookups()
                return await fetch(self._connection, programme, keys)
            except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, TimeoutError):
                self._drop()
        raise ConnectionError("the database is away")

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def close(self) -> None:
        """Let the connection go."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close(timeout=1)

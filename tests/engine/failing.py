"""Failures put in the committer's way, each for a counted number of times."""

from typing import Any

import asyncpg
import asyncpg.transaction
import pytest

from app.engine import batch
from app.store.database import Database
from app.store.journal import insert_transactions


def fail_before_writing(monkeypatch: pytest.MonkeyPatch, error: Exception, times: int) -> list[int]:
    """Let the next batches fail when they come to write transactions. The list grows with each try."""
    tries: list[int] = []

    async def failing(*args: Any) -> None:  # noqa: ANN401 - handed on as they are
        tries.append(len(tries))
        if len(tries) <= times:
            raise error
        await insert_transactions(*args)

    monkeypatch.setattr(batch, "insert_transactions", failing)
    return tries


def kill_connection_while_writing(monkeypatch: pytest.MonkeyPatch, database: Database) -> list[int]:
    """Let the server end the connection of the next batch in the middle of it."""
    killed: list[int] = []

    async def killing(connection: Any, *args: Any) -> None:  # noqa: ANN401 - handed on as they are
        if not killed:
            killed.append(connection.get_server_pid())
            executioner = await asyncpg.connect(database.url)
            await executioner.execute("SELECT pg_terminate_backend($1)", killed[0])
            await executioner.close()
        await insert_transactions(connection, *args)

    monkeypatch.setattr(batch, "insert_transactions", killing)
    return killed


def lose_connection_after_commit(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the next commit succeed on the server, and the news of it never arrive."""
    lost: list[int] = []
    leave = asyncpg.transaction.Transaction.__aexit__

    async def losing(transaction: Any, kind: Any, error: Any, trace: Any) -> None:  # noqa: ANN401 - as above
        await leave(transaction, kind, error, trace)
        if not lost and kind is None:
            lost.append(1)
            raise ConnectionResetError("the line went dead")

    monkeypatch.setattr(asyncpg.transaction.Transaction, "__aexit__", losing)
    return lost

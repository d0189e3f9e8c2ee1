"""`liyu verify` as the auditor calls it: what it prints, and how it ends."""

import asyncio

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.databases import EMPTY, TestServer, a_database


async def verify(database: Database, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Call the command on a database."""
    monkeypatch.setenv("LIYU_DATABASE_URL", database.url)
    return await asyncio.to_thread(CliRunner().invoke, cli, ["verify"])


async def test_a_sound_ledger_ends_well(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how much was verified, and ends with 0."""
    city = await a_city(database, clock)
    said = await verify(database, monkeypatch)
    assert said.exit_code == 0
    assert f"{city.programme}: " in said.output
    assert "every invariant holds" in said.output


async def test_a_database_without_a_ledger_is_no_sound_one(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong address or an empty folder is told as such, with what to do, and never as sound."""
    async with a_database(server, EMPTY) as empty:
        said = await verify(empty, monkeypatch)
    assert said.exit_code == 2
    assert "there is no ledger here" in said.output

"""Migrations: from nothing to the newest schema, once, whoever else tries at the same time."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.database import Database
from app.store.migrating import fetch_revision, newest_revision, upgrade
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.databases import EMPTY, TestServer, a_database
from tests.support.ledgers import fetch_rows, fetch_tables

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 3
UPGRADE = """
import asyncio, sys
from app.store.database import Database
from app.store.migrating import upgrade
asyncio.run(upgrade(Database(sys.argv[1])))
"""
SCHEMA = """
SELECT table_name::text, column_name::text, data_type::text, is_nullable::text FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY 1, 2
"""


@pytest.fixture
async def empty(server: TestServer) -> AsyncIterator[Database]:
    """A database without our schema."""
    async with a_database(server, EMPTY) as fresh:
        yield fresh


async def test_an_empty_database_comes_to_the_newest_revision(empty: Database) -> None:
    """Nothing of ours is there before, all of it after; the revision tells which."""
    assert await fetch_revision(empty) is None
    await upgrade(empty)
    assert await fetch_revision(empty) == newest_revision()
    tables = {table for table, *_ in await fetch_rows(empty, SCHEMA)}
    assert {"programmes", "transactions", "transfers", "accounts", "answers"} <= tables


async def test_upgrading_again_changes_nothing(database: Database, clock: Clock) -> None:
    """A second upgrade, on a database in use, leaves schema and rows as they are."""
    await a_city(database, clock)
    before = await fetch_rows(database, SCHEMA), await fetch_tables(database)
    await upgrade(database)
    assert (await fetch_rows(database, SCHEMA), await fetch_tables(database)) == before


async def test_processes_that_upgrade_at_once_take_turns(empty: Database, database: Database) -> None:
    """Several processes start on an empty database: all go through, and the schema is the one of the template."""
    upgrades = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, empty.url, cwd=ROOT)
        for _ in range(PROCESSES)
    ]
    assert await asyncio.gather(*(process.wait() for process in upgrades)) == [0] * PROCESSES
    assert await fetch_rows(empty, SCHEMA) == await fetch_rows(database, SCHEMA)


KEYS = """
SELECT c.conname::text, c.contype::text, c.conrelid::regclass::text, a.attname::text,
       c.confrelid::regclass::text, f.attname::text
FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
LEFT JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1]
WHERE c.contype IN ('p', 'u', 'f') AND c.connamespace = 'public'::regnamespace
"""
UNIQUE_INDEXES = """
SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, a.attname::text
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
JOIN pg_class t ON t.oid = i.indrelid
WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace
"""
TABLES = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"


def _leads(table: str, column: str) -> bool:
    """Whether the column is the programme: in the table of programmes that is its own id."""
    return column == ("id" if table == "programmes" else "programme_id")


async def test_the_programme_leads_every_key(database: Database) -> None:
    """Primary keys, foreign keys at both ends, and unique constraints begin with the programme: D12."""
    keys = [key for key in await fetch_rows(database, KEYS) if key[2] != "alembic_version"]
    astray = [
        name
        for name, kind, table, column, target, target_column in keys
        if not _leads(table, column) or (kind == "f" and not _leads(target, target_column))
    ]
    assert not astray
    kinds = {kind for _, kind, *_ in keys}
    assert kinds == {"p", "u", "f"}


async def test_every_table_has_a_primary_key(database: Database) -> None:
    """No table is without one: a row that cannot be named cannot be sent to its programme's node."""
    tables = {table for (table,) in await fetch_rows(database, TABLES)}
    assert {table for _, kind, table, *_ in await fetch_rows(database, KEYS) if kind == "p"} == tables


async def test_no_unique_index_crosses_programmes(database: Database) -> None:
    """A unique index that is no constraint begins with the programme too."""
    indexes = [row for row in await fetch_rows(database, UNIQUE_INDEXES) if row[1] != "alembic_version"]
    assert [index for index, table, column in indexes if not _leads(table, column)] == []

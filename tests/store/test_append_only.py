"""The journal is only ever appended to: triggers refuse the owner, privileges refuse the service."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.store.database import BatchConnection, Database
from app.store.migrating import grant
from tests.support.afterwards import refund
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.commands import a_committer, accepted, pay
from tests.support.ledgers import assert_sound, fetch_rows, fetch_tables
from tests.support.offers import an_offer, place_order, use_voucher

APPEND_ONLY = (
    "transactions",
    "transfers",
    "answers",
    "checkpoints",
    "audit_rows",
    "accrual_policies",
    "accruals",
    "offer_versions",
    "honours",
    "honour_states",
    "certificates",
    "bonuses",
    "evaluations",
    "back_test_reports",
    "expiry_notices",
    "opening_balances",
    "bulk_answers",
    "application_steps",
    "benefits",
    "benefit_withdrawals",
    "data_reads",
    "consents",
    "consent_text_drafts",
    "consent_texts",
    "predicate_answers",
    "trail_checkpoints",
    "erasures",
)
CHANGES = ("UPDATE {} SET programme_id = programme_id", "DELETE FROM {}", "TRUNCATE {} CASCADE")
WAYS_ROUND = (
    "ALTER TABLE transactions DISABLE TRIGGER ALL",
    "DROP TRIGGER transactions_append_only ON transactions",
    "SET LOCAL session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "ALTER TABLE transactions OWNER TO CURRENT_USER",
    "DROP TABLE transfers",
)
TRIGGERED = """
SELECT tgrelid::regclass::text FROM pg_trigger
WHERE tgfoid = 'refuse_change'::regproc AND tgenabled = 'O' ORDER BY 1
"""


@pytest.fixture
async def role(database: Database) -> AsyncIterator[str]:
    """A new role that has been granted what the service needs."""
    name = f"liyu_test_{uuid4().hex[:8]}"
    await _execute(database, f"CREATE ROLE {name}")
    await grant(database, name)
    yield name
    await _execute(database, f"DROP OWNED BY {name}")
    await _execute(database, f"DROP ROLE {name}")


async def _execute(database: Database, *statements: str) -> None:
    async with database.begin() as tx:
        for statement in statements:
            await tx.execute(text(statement))


async def test_each_append_only_table_has_its_trigger(database: Database) -> None:
    """The tables under trigger are exactly those that are tested here."""
    assert [table for (table,) in await fetch_rows(database, TRIGGERED)] == sorted(APPEND_ONLY)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_a_change_is_refused_by_trigger(database: Database, clock: Clock, table: str, change: str) -> None:
    """Even the owner of the tables changes nothing, by no statement."""
    await a_city(database, clock)
    before = await fetch_tables(database)
    with pytest.raises(DBAPIError, match=f"on {table} is refused: the journal is only ever appended to"):
        await _execute(database, change.format(table))
    assert await fetch_tables(database) == before


async def test_the_granted_role_runs_the_service(
    database: Database, clock: Clock, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing but its grants a role writes a redemption, its refund, an order, and the use of its voucher."""
    city = await a_city(database, clock)
    till, volunteer = city.tills[0], city.volunteers[0]
    offer = await an_offer(database, city, till.merchant, stock=1)
    connect = database.connect_batch

    async def connect_as_role() -> BatchConnection:
        connection = await connect()
        await connection.execute(f"SET ROLE {role}")
        return connection

    monkeypatch.setattr(database, "connect_batch", connect_as_role)
    async with a_committer(database, city.programme, clock) as committer:
        accepted(await pay(committer, till, volunteer, 10, "A-1"))
        accepted(await committer.submit(refund(till, "A-1", 5, "R-1")))
        order = await place_order(committer, volunteer, offer)
        accepted(await committer.submit(use_voucher(till, order.code)))
    await assert_sound(database, city.programme)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_the_granted_role_may_not_change_the_journal(
    database: Database, role: str, table: str, change: str
) -> None:
    """The role is refused before any trigger is asked."""
    with pytest.raises(DBAPIError, match=f"permission denied for table {table}"):
        await _execute(database, f"SET LOCAL ROLE {role}", change.format(table))


@pytest.mark.parametrize("way", WAYS_ROUND)
async def test_the_granted_role_finds_no_way_round(database: Database, role: str, way: str) -> None:
    """It can neither switch the triggers off, nor replace what they do, nor take the table over."""
    with pytest.raises(DBAPIError, match=r"must be owner|permission denied"):
        await _execute(database, f"SET LOCAL ROLE {role}", way)


@pytest.mark.parametrize("name", ["", "a b", "x; DROP TABLE transfers", "Ä", '"quoted"'])
async def test_only_a_plain_name_is_granted_anything(database: Database, name: str) -> None:
    """A role's name goes into a statement: what is no plain name is refused."""
    with pytest.raises(ValueError, match="plain role name"):
        await grant(database, name)

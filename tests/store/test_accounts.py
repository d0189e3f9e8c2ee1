"""The database holds the same chart of accounts as the core, floors included."""

import re
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.accounts import CHART, NEVER, AccountKey, AccountKind, lot
from app.core.ids import NOBODY, ProgrammeId, VolunteerId
from app.store.accounts import AccountRow, fetch_owned, write_accounts
from app.store.database import Database
from tests.support.commands import a_connection
from tests.support.ledgers import fetch_rows

CIXI = ProgrammeId("cixi")
NINGBO = ProgrammeId("ningbo")
CHECK = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
OPEN = text("""
INSERT INTO accounts (programme_id, account_no, owner_id, kind, part, balance)
VALUES ('cixi', 1, :owner, :kind, '', :balance)
""")


async def open_account(database: Database, kind: str, balance: int) -> None:
    """Write one account with this balance."""
    async with database.begin() as tx:
        await tx.execute(OPEN, {"owner": NOBODY, "kind": kind, "balance": balance})


async def test_the_kinds_are_those_of_the_chart(database: Database) -> None:
    """No kind is missing in the constraint, and none is in it that the core does not know."""
    [(definition,)] = await fetch_rows(database, CHECK, name="ck_accounts_kind")
    assert set(re.findall(r"'([a-z]+)'", definition)) == {kind.value for kind in CHART}


async def test_an_unknown_kind_is_refused(database: Database) -> None:
    """An account of a kind that is not in the chart cannot be written down."""
    with pytest.raises(IntegrityError, match="ck_accounts_kind"):
        await open_account(database, "petty-cash", 0)


@pytest.mark.parametrize("kind", [kind for kind, rule in CHART.items() if rule.floored])
async def test_a_floored_account_never_falls_below_zero(database: Database, kind: AccountKind) -> None:
    """What the chart floors at zero, the database does too; zero itself is fine."""
    with pytest.raises(IntegrityError, match="ck_accounts_floor"):
        await open_account(database, kind.value, -1)
    await open_account(database, kind.value, 0)


@pytest.mark.parametrize("kind", [kind for kind, rule in CHART.items() if not rule.floored])
async def test_an_unfloored_account_may_fall_below_zero(database: Database, kind: AccountKind) -> None:
    """What the chart leaves open, the database does not close."""
    await open_account(database, kind.value, -1)


async def test_accounts_come_back_as_they_were_written(database: Database) -> None:
    """Opening and updating are one statement; only the owners asked for come back, of one programme."""
    volunteer, other = VolunteerId(uuid4()), VolunteerId(uuid4())
    wallet = AccountKey(AccountKind.WALLET, volunteer, "2028-12-31")
    never = lot(AccountKind.WALLET, volunteer, NEVER)
    others = AccountKey(AccountKind.HOURS, other)
    async with a_connection(database) as connection:
        rows = [AccountRow(1, wallet, 5), AccountRow(2, never, 7), AccountRow(3, others, 11)]
        await write_accounts(connection, CIXI, rows)
        await write_accounts(connection, NINGBO, [AccountRow(1, wallet, 13)])
        await write_accounts(connection, CIXI, [AccountRow(1, wallet, 0)])
        assert sorted(await fetch_owned(connection, CIXI, [volunteer])) == [
            AccountRow(1, wallet, 0),
            AccountRow(2, never, 7),
        ]
        assert await fetch_owned(connection, NINGBO, [volunteer, other]) == [AccountRow(1, wallet, 13)]
        assert await fetch_owned(connection, CIXI, []) == []

"""Accounts: all of an owner's at once for the book, and balances as a batch leaves them."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from app.core.accounts import AccountKey, AccountKind
from app.core.ids import ProgrammeId
from app.store.database import BatchConnection


class AccountRow(NamedTuple):
    """One account with its number in the programme."""

    account_no: int
    key: AccountKey
    balance: int


_KINDS = {kind.value: kind for kind in AccountKind}

_FETCH_OWNED = """
SELECT account_no, owner_id, kind, part, balance FROM accounts WHERE programme_id = $1 AND owner_id = ANY($2::uuid[])
"""


async def fetch_owned(
    connection: BatchConnection, programme: ProgrammeId, owners: Collection[UUID]
) -> list[AccountRow]:
    """All accounts of these owners."""
    rows = await connection.fetch(_FETCH_OWNED, programme, list(owners))
    return [
        AccountRow(number, AccountKey(_KINDS[kind], owner, part), balance)
        for number, owner, kind, part, balance in rows
    ]


_WRITE = """
INSERT INTO accounts (programme_id, account_no, owner_id, kind, part, balance)
SELECT $1, t.* FROM unnest($2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::bigint[]) AS t
ON CONFLICT (programme_id, account_no) DO UPDATE SET balance = excluded.balance
"""


async def write_accounts(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[AccountRow]) -> None:
    """Open new accounts, and write the balances that a batch leaves on the others.

    One upsert, not an update joined to an array: the planner has no order of tables to get wrong.
    """
    await connection.execute(
        _WRITE,
        programme,
        [row.account_no for row in rows],
        [row.key.owner for row in rows],
        [row.key.kind.value for row in rows],
        [row.key.part for row in rows],
        [row.balance for row in rows],
    )

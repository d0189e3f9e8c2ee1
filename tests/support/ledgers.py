"""A look at the ledger from outside: read with plain SQL, recomputed without the engine."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import starmap
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core.accounts import CHART, AccountKey, AccountKind, Asset, Side
from app.core.canonical import encode_transaction, format_instant, hash_leaf
from app.core.ids import NOBODY, ProgrammeId, TransactionId
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from app.store.database import Database, Reader


@dataclass(frozen=True, slots=True)
class Posted:
    """One transaction as the journal holds it."""

    seq: int
    transaction: Transaction
    recorded_at: datetime
    leaf_hash: bytes


async def fetch_rows(database: Database, query: str, **values: object) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    async with database.read() as reader:
        return [tuple(row) for row in await reader.execute(text(query), values)]


async def fetch_table(database: Database, table: str) -> list[str]:
    """All rows of a table as text, sorted: equal lists are equal tables."""
    return [row for (row,) in await fetch_rows(database, f"SELECT t::text FROM {table} t ORDER BY 1")]


async def fetch_tables(database: Database, leaving_out: Collection[str] = ()) -> Mapping[str, list[str]]:
    """All tables of a database, as `fetch_table` gives each."""
    names = await fetch_rows(database, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return {name: await fetch_table(database, name) for (name,) in names if name not in leaving_out}


async def _accounts(reader: Reader, programme: ProgrammeId) -> dict[int, tuple[AccountKey, int]]:
    query = "SELECT account_no, kind, owner_id, part, balance FROM accounts WHERE programme_id = :programme"
    return {
        number: (AccountKey(AccountKind(kind), owner, part), balance)
        for number, kind, owner, part, balance in await reader.execute(text(query), {"programme": programme})
    }


async def fetch_balances(database: Database, programme: ProgrammeId) -> dict[AccountKey, int]:
    """All stored balances."""
    async with database.read() as reader:
        return dict((await _accounts(reader, programme)).values())


async def fetch_total(database: Database, kind: AccountKind, owner: UUID = NOBODY) -> int:
    """What an owner's accounts of one kind hold together."""
    query = "SELECT coalesce(sum(balance), 0)::bigint FROM accounts WHERE kind = :kind AND owner_id = :owner"
    [(total,)] = await fetch_rows(database, query, kind=kind.value, owner=owner)
    return int(total)


async def fetch_journal(database: Database, programme: ProgrammeId) -> list[Posted]:
    """The whole journal, rebuilt as values of the core from its rows alone."""
    async with database.snapshot() as reader:
        return await _journal(reader, programme)


async def _journal(reader: Reader, programme: ProgrammeId) -> list[Posted]:
    accounts = await _accounts(reader, programme)
    transfers: dict[int, list[Transfer]] = defaultdict(list)
    query = """SELECT seq, debit_account_no, credit_account_no, amount FROM transfers
               WHERE programme_id = :programme ORDER BY seq, position"""
    for seq, debit, credit, amount in await reader.execute(text(query), {"programme": programme}):
        transfers[seq].append(Transfer(accounts[debit][0], accounts[credit][0], amount))
    query = "SELECT * FROM transactions WHERE programme_id = :programme ORDER BY seq"
    return [
        Posted(
            row.seq,
            Transaction(
                id=TransactionId(row.id),
                kind=TransactionKind(row.kind),
                actor=row.actor,
                reason=Reason(row.reason),
                occurred_at=row.occurred_at,
                transfers=tuple(transfers.pop(row.seq, ())),
                document=row.document,
                policy=row.policy,
                reverses=row.reverses,
            ),
            row.recorded_at,
            row.leaf_hash,
        )
        for row in await reader.execute(text(query), {"programme": programme})
    ]


def _replayed(journal: Collection[Posted]) -> Counter[AccountKey]:
    balances: Counter[AccountKey] = Counter()
    for posted in journal:
        for transfer in posted.transaction.transfers:
            for key, side in ((transfer.debit, Side.DEBIT), (transfer.credit, Side.CREDIT)):
                balances[key] += transfer.amount if CHART[key.kind].side is side else -transfer.amount
    return balances


async def assert_sound(database: Database, programme: ProgrammeId) -> None:
    """The ledger's invariants hold: no gap, leaves recompute, replay equals stored, floors, zero sums."""
    async with database.snapshot() as reader:
        journal = await _journal(reader, programme)
        stored = dict((await _accounts(reader, programme)).values())
        head = await reader.execute(
            text("SELECT next_seq FROM journal_heads WHERE programme_id = :p"), {"p": programme}
        )
        next_seq = head.scalar_one()
    assert [posted.seq for posted in journal] == list(range(1, next_seq))
    for posted in journal:
        recorded_at = format_instant(posted.recorded_at)
        canonical = encode_transaction(programme, posted.seq, recorded_at, posted.transaction)
        assert hash_leaf(canonical) == posted.leaf_hash, posted
    assert stored == dict(_replayed(journal))
    assert not [key for key, balance in stored.items() if CHART[key.kind].floored and balance < 0]
    for asset in Asset:
        assert sum(starmap(_signed, ((k, b) for k, b in stored.items() if CHART[k.kind].asset is asset))) == 0, asset


def _signed(key: AccountKey, balance: int) -> int:
    return balance if CHART[key.kind].side is Side.CREDIT else -balance

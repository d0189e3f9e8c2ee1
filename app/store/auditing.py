"""Reading a whole journal for its audit: in one snapshot, which several connections can share, span by span."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

from app.core.accounts import AccountKey, AccountKind
from app.core.ids import ProgrammeId
from app.core.invariants import StoredTransaction, StoredTransfer
from app.core.spans import RawTransaction, RawTransfer
from app.core.transactions import Reason, Transaction, TransactionKind
from app.store.database import BatchConnection

_CHUNK = 20_000
_ACCOUNT_KINDS = {kind.value: kind for kind in AccountKind}
_LONG_JOINS = "SET LOCAL work_mem = '64MB'"
"""The business rows of a whole city are compared by hash: with the default most of it would go through files."""


@asynccontextmanager
async def sharing_snapshot(connection: BatchConnection) -> AsyncIterator[str]:
    """One moment for every statement of the block, and its name, by which other connections see the same one."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        yield str(await connection.fetchval("SELECT pg_export_snapshot()"))


@asynccontextmanager
async def in_snapshot(connection: BatchConnection, snapshot: str) -> AsyncIterator[None]:
    """The moment that `sharing_snapshot` named, which has to be open still."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        await connection.execute(_LONG_JOINS)
        yield


_SPANS = """
WITH RECURSIVE spans (number) AS (
    (SELECT (seq - 1) / $2 FROM transactions WHERE programme_id = $1 AND seq > 0 ORDER BY seq LIMIT 1)
    UNION ALL
    SELECT n.number FROM spans s CROSS JOIN LATERAL (
        SELECT (seq - 1) / $2 AS number FROM transactions
        WHERE programme_id = $1 AND seq > (s.number + 1) * $2 ORDER BY seq LIMIT 1
    ) n
)
SELECT number FROM spans
"""


async def fetch_spans(connection: BatchConnection, programme: ProgrammeId, size: int) -> list[range]:
    """The spans in which there are transactions: span n has the sequence numbers n * size + 1 to (n + 1) * size.

    The last one ends with the last transaction. Found by one look into the index for each.
    """
    numbers = [row[0] for row in await connection.fetch(_SPANS, programme, size)]
    last = await connection.fetchval("SELECT max(seq) FROM transactions WHERE programme_id = $1", programme)
    return [range(number * size + 1, min((number + 1) * size, last) + 1) for number in numbers]


_RAW_TRANSACTIONS = """
SELECT seq, encode(uuid_send(id), 'hex'), kind, actor, reason, timestamptz_send(occurred_at),
       timestamptz_send(recorded_at), policy, document, encode(uuid_send(reverses), 'hex'), leaf_hash
FROM transactions WHERE programme_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq
"""
_TRANSFERS = """
SELECT seq, position, debit_account_no, credit_account_no, amount, debit_balance, credit_balance FROM transfers
WHERE programme_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq, position
"""


async def fetch_raw_span(
    connection: BatchConnection, programme: ProgrammeId, seqs: range
) -> tuple[Sequence[RawTransaction], Sequence[RawTransfer]]:
    """The columns of a span, in the journal's order: the driver's rows, of which no values are built."""
    transactions = await connection.fetch(_RAW_TRANSACTIONS, programme, seqs.start, seqs.stop)
    transfers = await connection.fetch(_TRANSFERS, programme, seqs.start, seqs.stop)
    return cast("Sequence[RawTransaction]", transactions), cast("Sequence[RawTransfer]", transfers)


_NAMES = """
SELECT account_no, kind, owner_id, part FROM accounts WHERE programme_id = $1 AND account_no = ANY ($2::bigint[])
"""


async def fetch_account_names(
    connection: BatchConnection, programme: ProgrammeId, numbers: Iterable[int]
) -> dict[int, AccountKey]:
    """The names of accounts by number. Those that are not there, or are of no kind that there is, are left out."""
    rows = await connection.fetch(_NAMES, programme, sorted(numbers))
    return {
        number: AccountKey(_ACCOUNT_KINDS[kind], owner, part)
        for number, kind, owner, part in rows
        if kind in _ACCOUNT_KINDS
    }


_RAW_NAMES = """
SELECT account_no, kind, encode(uuid_send(owner_id), 'hex'), part FROM accounts
WHERE programme_id = $1 AND account_no = ANY ($2::bigint[])
"""


async def fetch_raw_names(
    connection: BatchConnection, programme: ProgrammeId, numbers: Iterable[int]
) -> Sequence[tuple[int, str, str, str]]:
    """Number, kind, owner in 32 hex digits, and part of accounts."""
    rows = await connection.fetch(_RAW_NAMES, programme, sorted(numbers))
    return cast("Sequence[tuple[int, str, str, str]]", rows)


_TRANSACTIONS = """
SELECT seq, id, kind, actor, reason, occurred_at, recorded_at, policy, document, reverses, leaf_hash FROM transactions
WHERE programme_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq
"""


async def fetch_stored_span(
    connection: BatchConnection, programme: ProgrammeId, seqs: range
) -> tuple[Sequence[StoredTransaction], Mapping[int, AccountKey]]:
    """The transactions of a span as values, and the accounts that they name."""
    rows = await connection.fetch(_TRANSACTIONS, programme, seqs.start, seqs.stop)
    legs = await connection.fetch(_TRANSFERS, programme, seqs.start, seqs.stop)
    names = await fetch_account_names(connection, programme, {leg[side] for leg in legs for side in (2, 3)})
    transfers = {
        seq: [StoredTransfer(*row[1:]) for row in group] for seq, group in groupby(map(tuple, legs), key=itemgetter(0))
    }
    return [_stored(row, transfers.get(row["seq"], [])) for row in rows], names


def _stored(row: Any, transfers: Sequence[StoredTransfer]) -> StoredTransaction:  # noqa: ANN401 - a record of the driver
    seq, id_, kind, actor, reason, occurred_at, recorded_at, policy, document, reverses, leaf_hash = row
    transaction = Transaction(
        id=id_,
        kind=cast("TransactionKind", kind),  # what is not one is for the audit to say
        actor=actor,
        reason=cast("Reason", reason),
        occurred_at=occurred_at,
        transfers=(),
        document=document,
        policy=policy,
        reverses=reverses,
    )
    return StoredTransaction(seq, transaction, recorded_at, leaf_hash, transfers)


async def fetch_next_seq(connection: BatchConnection, programme: ProgrammeId) -> int:
    """The sequence number that the next transaction would get, as the head says."""
    return int(await connection.fetchval("SELECT next_seq FROM journal_heads WHERE programme_id = $1", programme) or 0)


_STRAYS = """
(SELECT seq FROM transfers WHERE programme_id = $1 AND seq < 1 ORDER BY seq LIMIT 1)
UNION ALL (SELECT seq FROM transactions WHERE programme_id = $1 AND seq < 1 ORDER BY seq LIMIT 1)
UNION ALL (SELECT seq FROM transfers WHERE programme_id = $1 AND seq > $2 ORDER BY seq LIMIT 1)
"""


async def fetch_strays(connection: BatchConnection, programme: ProgrammeId, last: int) -> Sequence[int]:
    """Sequence numbers before the first transaction, or of transfers behind the last one."""
    return [row[0] for row in await connection.fetch(_STRAYS, programme, last)]


async def stream_balances(
    connection: BatchConnection, programme: ProgrammeId
) -> AsyncIterator[Sequence[tuple[int, int]]]:
    """All accounts' numbers and stored balances, chunk by chunk."""
    cursor = await connection.cursor("SELECT account_no, balance FROM accounts WHERE programme_id = $1", programme)
    while rows := await cursor.fetch(_CHUNK):
        yield cast("Sequence[tuple[int, int]]", rows)


_SUMS = "SELECT kind, sum(balance) FROM accounts WHERE programme_id = $1 GROUP BY kind"


async def fetch_sums(connection: BatchConnection, programme: ProgrammeId) -> Mapping[AccountKind, int]:
    """What all accounts of a kind hold together, as stored."""
    rows = await connection.fetch(_SUMS, programme)
    return {_ACCOUNT_KINDS[kind]: int(total) for kind, total in rows if kind in _ACCOUNT_KINDS}


_LOST_ANSWERS = """
SELECT a.seq FROM answers a
WHERE a.programme_id = $1 AND a.seq IS NOT NULL
  AND NOT EXISTS (SELECT FROM transactions x WHERE x.programme_id = a.programme_id AND x.seq = a.seq)
ORDER BY a.seq LIMIT 100
"""


async def fetch_lost_answers(connection: BatchConnection, programme: ProgrammeId) -> Sequence[int]:
    """Sequence numbers that a kept answer names and the journal does not hold."""
    return [row[0] for row in await connection.fetch(_LOST_ANSWERS, programme)]


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed head of the tree."""

    size: int
    root: bytes
    recorded_at: datetime
    kid: str
    signature: bytes
    public_key: bytes | None


_CHECKPOINTS = """
SELECT c.size, c.root, c.recorded_at, c.kid, c.signature, k.public_key
FROM checkpoints c LEFT JOIN signing_keys k ON k.programme_id = c.programme_id AND k.kid = c.kid
WHERE c.programme_id = $1 AND c.size >= $2 AND c.size < $3 ORDER BY c.size LIMIT $4
"""


async def stream_checkpoints(
    connection: BatchConnection, programme: ProgrammeId, sizes: range
) -> AsyncIterator[StoredCheckpoint]:
    """The checkpoints that cover so many transactions, the smallest first."""
    start = sizes.start
    while rows := await connection.fetch(_CHECKPOINTS, programme, start, sizes.stop, _CHUNK):
        for row in rows:
            yield StoredCheckpoint(*row)
        start = rows[-1]["size"] + 1

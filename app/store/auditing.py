"""Reading a whole journal for its audit: in one snapshot, a chunk of sequence numbers at a time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from app.core.accounts import AccountKey, AccountKind
from app.core.ids import ProgrammeId
from app.core.invariants import StoredTransaction, StoredTransfer
from app.core.transactions import Reason, Transaction, TransactionKind
from app.store.database import BatchConnection

CHUNK = 5_000

_KINDS = {kind.value: kind for kind in TransactionKind}
_REASONS = {reason.value: reason for reason in Reason}
_ACCOUNT_KINDS = {kind.value: kind for kind in AccountKind}

_ACCOUNTS = "SELECT account_no, kind, owner_id, part, balance FROM accounts WHERE programme_id = $1"


async def fetch_all_accounts(
    connection: BatchConnection, programme: ProgrammeId
) -> tuple[dict[int, AccountKey], dict[int, int]]:
    """All accounts by number: their names, and their stored balances."""
    names: dict[int, AccountKey] = {}
    balances: dict[int, int] = {}
    for number, kind, owner, part, balance in await connection.fetch(_ACCOUNTS, programme):
        names[number] = AccountKey(_ACCOUNT_KINDS[kind], owner, part)
        balances[number] = balance
    return names, balances


_TRANSACTIONS = """
SELECT seq, id, kind, actor, reason, occurred_at, recorded_at, policy, document, reverses, leaf_hash FROM transactions
WHERE programme_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
"""
_TRANSFERS = """
SELECT seq, position, debit_account_no, credit_account_no, amount, debit_balance, credit_balance FROM transfers
WHERE programme_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq, position
"""


async def stream_journal(
    connection: BatchConnection, programme: ProgrammeId
) -> AsyncIterator[Sequence[StoredTransaction]]:
    """The whole journal in its order, chunk by chunk. Call it inside a snapshot."""
    after = 0
    while rows := await connection.fetch(_TRANSACTIONS, programme, after, CHUNK):
        last = rows[-1]["seq"]
        legs = await connection.fetch(_TRANSFERS, programme, after, last)
        transfers = {
            seq: [StoredTransfer(*row[1:]) for row in group]
            for seq, group in groupby(map(tuple, legs), key=itemgetter(0))
        }
        yield [_stored(row, transfers.get(row["seq"], [])) for row in rows]
        after = last


def _stored(row: Any, transfers: Sequence[StoredTransfer]) -> StoredTransaction:  # noqa: ANN401 - a record of the driver
    seq, id_, kind, actor, reason, occurred_at, recorded_at, policy, document, reverses, leaf_hash = row
    transaction = Transaction(
        id=id_,
        kind=_KINDS[kind],
        actor=actor,
        reason=_REASONS[reason],
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

    root: bytes
    recorded_at: Any
    kid: str
    signature: bytes
    public_key: bytes | None


_CHECKPOINTS = """
SELECT c.size, c.root, c.recorded_at, c.kid, c.signature, k.public_key
FROM checkpoints c LEFT JOIN signing_keys k ON k.programme_id = c.programme_id AND k.kid = c.kid
WHERE c.programme_id = $1 ORDER BY c.size
"""


async def fetch_checkpoints_by_size(
    connection: BatchConnection, programme: ProgrammeId
) -> Mapping[int, StoredCheckpoint]:
    """All checkpoints by the number of transactions that they cover."""
    rows = await connection.fetch(_CHECKPOINTS, programme)
    return {row[0]: StoredCheckpoint(*row[1:]) for row in rows}

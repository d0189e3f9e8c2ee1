"""Appending to the journal by COPY, its rows packed by hand: the driver would ask of every value what it is.

The form is documented and has not changed since PostgreSQL 7.4 (manual, "COPY", "Binary Format"): a header, for every
row the number of its columns and each value behind its length, and a trailer. Everything is big-endian.
"""

import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from app.core.ids import ProgrammeId
from app.core.quantities import Instant
from app.store.database import BatchConnection
from app.store.journal import TransactionRow, TransferRow

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_length = struct.Struct("!i").pack

_TRANSACTION_COLUMNS = (
    "programme_id",
    "seq",
    "id",
    "kind",
    "actor",
    "reason",
    "occurred_at",
    "recorded_at",
    "policy",
    "document",
    "reverses",
    "leaf_hash",
)
_TRANSFER_COLUMNS = ("programme_id", *TransferRow._fields)


def _text(value: str) -> bytes:
    raw = value.encode()
    return _length(len(raw)) + raw


def pack_transfers(programme: ProgrammeId, rows: Iterable[TransferRow]) -> bytes:
    """The rows of `transfers`: programme, seq, position, accounts, amount, balances."""
    name = programme.encode()
    columns = 1 + len(TransferRow._fields)
    row = struct.Struct(f"!hi{len(name)}siqihiqiqiqiqiq")
    pack = row.pack
    size = len(name)
    return b"".join(
        (
            _HEADER,
            *(
                pack(columns, size, name, 8, seq, 2, position, 8, debit, 8, credit, 8, amount, 8, left, 8, right)
                for seq, position, debit, credit, amount, left, right in rows
            ),
            _TRAILER,
        )
    )


def _instant(at: Instant) -> bytes:
    return struct.pack("!iq", 8, (at - _EPOCH) // _MICROSECOND)


def pack_transactions(programme: ProgrammeId, recorded_at: Instant, rows: Sequence[TransactionRow]) -> bytes:
    """The rows of `transactions`."""
    name = programme.encode()
    start = struct.Struct(f"!hi{len(name)}siqi16s").pack
    end = struct.Struct("!i32s").pack
    size = len(name)
    recorded = _instant(recorded_at)
    packed = [_HEADER]
    add = packed.append
    for seq, it, leaf_hash in rows:
        occurred = recorded if it.occurred_at == recorded_at else _instant(it.occurred_at)
        add(start(12, size, name, 8, seq, 16, it.id.bytes))
        add(_text(it.kind))
        add(_text(it.actor))
        add(_text(it.reason))
        add(occurred)
        add(recorded)
        add(_text(it.policy))
        add(_text(it.document))
        add(_length(16) + it.reverses.bytes if it.reverses else _NULL)
        add(end(32, leaf_hash))
    add(_TRAILER)
    return b"".join(packed)


async def _once(packed: bytes) -> AsyncIterator[bytes]:
    yield packed


async def copy_journal(
    connection: BatchConnection,
    programme: ProgrammeId,
    recorded_at: Instant,
    transactions: Sequence[TransactionRow],
    transfers: Sequence[TransferRow],
) -> None:
    """Append transactions and their transfers."""
    await connection.copy_to_table(
        "transactions",
        source=_once(pack_transactions(programme, recorded_at, transactions)),
        columns=_TRANSACTION_COLUMNS,
        format="binary",
    )
    await connection.copy_to_table(
        "transfers",
        source=_once(pack_transfers(programme, transfers)),
        columns=_TRANSFER_COLUMNS,
        format="binary",
    )

"""The canonical byte form of a transaction, and its leaf hash.

Version 1 is JSON (RFC 8785 for the values that occur here): UTF-8, keys sorted, no spaces, integers only, times
in UTC with microseconds. It holds no derived values and no personal data. A new form gets a new version number;
the old one is kept for ever, since every stored leaf hash was made with it.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256

from app.core.accounts import CHART
from app.core.ids import ProgrammeId, format_id
from app.core.quantities import Instant
from app.core.transactions import Transaction

CANONICAL_VERSION = 1

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def format_instant(at: Instant) -> str:
    """Write a moment as RFC 3339 in UTC with six decimals, always the same length."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> Instant:
    """Read what `format_instant` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def encode_transaction(programme: ProgrammeId, seq: int, recorded_at: str, transaction: Transaction) -> bytes:
    """Write one transaction of the journal in its canonical form. `recorded_at` as `format_instant` gives it."""
    return _encode(
        {
            "v": CANONICAL_VERSION,
            "programme": programme,
            "seq": seq,
            "id": format_id("txn", transaction.id),
            "kind": transaction.kind.value,
            "actor": transaction.actor,
            "reason": transaction.reason.value,
            "occurred_at": format_instant(transaction.occurred_at),
            "recorded_at": recorded_at,
            "policy": transaction.policy,
            "document": transaction.document,
            "reverses": format_id("txn", transaction.reverses) if transaction.reverses else None,
            "transfers": [
                [
                    CHART[transfer.debit.kind].asset.value,
                    transfer.amount,
                    transfer.debit.path,
                    transfer.credit.path,
                ]
                for transfer in transaction.transfers
            ],
        }
    ).encode()


def hash_leaf(canonical: bytes) -> bytes:
    """The leaf hash of RFC 6962 section 2.1: SHA-256 over a zero byte and the canonical form."""
    return sha256(b"\x00" + canonical).digest()

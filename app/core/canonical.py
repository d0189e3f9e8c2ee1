"""The canonical byte form of a transaction, and its leaf hash.

Version 1 is JSON (RFC 8785 for the values that occur here): UTF-8, keys sorted, no spaces, integers only, times
in UTC with microseconds. It holds no derived values and no personal data. A new form gets a new version number;
the old one is kept for ever, since every stored leaf hash was made with it.
"""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring as quote

from app.core.accounts import CHART
from app.core.ids import ProgrammeId, format_id
from app.core.quantities import Instant
from app.core.transactions import Transaction, Transfer

CANONICAL_VERSION = 1


@lru_cache(maxsize=256)
def format_instant(at: Instant) -> str:
    """Write a moment as RFC 3339 in UTC with six decimals, always the same length. A batch has one, asked for often."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def parse_instant(text: str) -> Instant:
    """Read what `format_instant` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def encode_transaction(programme: ProgrammeId, seq: int, recorded_at: str, transaction: Transaction) -> bytes:
    """Write one transaction of the journal in its canonical form. `recorded_at` as `format_instant` gives it.

    Put together by hand, the keys in their order: it is made for every transaction while the journal is locked.
    """
    reverses = quote(format_id("txn", transaction.reverses)) if transaction.reverses else "null"
    return (
        f'{{"actor":{quote(transaction.actor)},"document":{quote(transaction.document)}'
        f',"id":{quote(format_id("txn", transaction.id))},"kind":{quote(transaction.kind)}'
        f',"occurred_at":{quote(format_instant(transaction.occurred_at))},"policy":{quote(transaction.policy)}'
        f',"programme":{quote(programme)},"reason":{quote(transaction.reason)},"recorded_at":{quote(recorded_at)}'
        f',"reverses":{reverses},"seq":{seq},"transfers":[{",".join(map(_encode_transfer, transaction.transfers))}]'
        f',"v":{CANONICAL_VERSION}}}'
    ).encode()


def _encode_transfer(transfer: Transfer) -> str:
    debit, credit, amount = transfer
    return f"[{quote(CHART[debit.kind].asset)},{amount},{quote(debit.path)},{quote(credit.path)}]"


def hash_leaf(canonical: bytes) -> bytes:
    """The leaf hash of RFC 6962 section 2.1: SHA-256 over a zero byte and the canonical form."""
    return sha256(b"\x00" + canonical).digest()

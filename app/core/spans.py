"""The quick audit of a span, which is a run of the journal: whether all is right there, and what it makes of balances.

It looks at what `JournalAudit` looks at, but at columns as they are stored, and it says nothing of what is wrong:
a span that is not sound is audited again, slowly. That both agree is a property test.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring as quote
from typing import NamedTuple

from app.core.accounts import CHART, AccountKey, AccountKind, Side
from app.core.canonical import CANONICAL_VERSION
from app.core.ids import NOBODY, ProgrammeId
from app.core.transactions import Reason, TransactionKind

_KINDS = {str(kind): quote(kind) for kind in TransactionKind}
_REASONS = {str(reason): quote(reason) for reason in Reason}

_SECOND = 1_000_000
_DAY_SECONDS = 86_400
_DAY_ZERO = date(2000, 1, 1)


class RawTransaction(NamedTuple):
    """The columns of `transactions`: ids as 32 hex digits, moments as PostgreSQL keeps them, in eight bytes."""

    seq: int
    id: str
    kind: str
    actor: str
    reason: str
    occurred_at: bytes
    recorded_at: bytes
    policy: str
    document: str
    reverses: str | None
    leaf_hash: bytes


class RawTransfer(NamedTuple):
    """The columns of `transfers`."""

    seq: int
    position: int
    debit: int
    credit: int
    amount: int
    debit_balance: int
    credit_balance: int


Line = tuple[str, str, int, bool]
"""An account: its path and its asset as the canonical form writes them, what a debit of one does to its balance, and
whether it is floored. A plain tuple, since one is made and taken apart for every transfer of the journal."""


def _shape(kind: AccountKind) -> tuple[str, bool, str, int, bool]:
    rule, owned = CHART[kind], "." in AccountKey(kind).path
    start = AccountKey(kind).path.removesuffix(NOBODY.hex)
    return f'"{start}', owned, quote(rule.asset), 1 if rule.side is Side.DEBIT else -1, rule.floored


_SHAPES = {str(kind): _shape(kind) for kind in AccountKind}


def lines_of(accounts: Iterable[tuple[int, str, str, str]]) -> dict[int, Line]:
    """By number, what the audit has to know of accounts: from number, kind, owner in 32 hex digits, and part.

    One of a kind that there is not is left out.
    """
    lines: dict[int, Line] = {}
    for number, kind, owner, part in accounts:
        if kind in _SHAPES:
            start, owned, asset, debited, floored = _SHAPES[kind]
            rest = _end_path(part)
            lines[number] = (f"{start}{owner}{rest}" if owned else start + rest, asset, debited, floored)
    return lines


@lru_cache(maxsize=4096)
def _end_path(part: str) -> str:
    return quote(f".{part}" if part else "")[1:]


@dataclass(frozen=True, slots=True)
class SoundSpan:
    """A span in which all is right if its accounts held `before` when it began; it leaves them at `after`."""

    seqs: range
    accounts: "array[int]"
    before: "array[int]"
    after: "array[int]"


def audit_span(
    programme: ProgrammeId,
    seqs: range,
    transactions: Sequence[RawTransaction],
    transfers: Sequence[RawTransfer],
    lines: Mapping[int, Line],
) -> SoundSpan | None:
    """Check the transactions of a span and their transfers, both in the journal's order. None: something is wrong."""
    if [row[0] for row in transactions] != list(seqs):
        return None
    before: dict[int, int] = {}
    after: dict[int, int] = {}
    written = _post(transfers, lines, before, after)
    if written is None or len(written) != len(transactions):
        return None
    try:
        if _hash_all(programme, transactions, written) != [row[10] for row in transactions]:
            return None
        return SoundSpan(seqs, array("q", before), array("q", before.values()), array("q", after.values()))
    except (KeyError, OverflowError):  # a kind or reason that there is not, a moment or balance that cannot be
        return None


def _post(
    transfers: Sequence[RawTransfer], lines: Mapping[int, Line], before: dict[int, int], after: dict[int, int]
) -> dict[int, str] | None:
    """Follow every account from balance to balance. Gives the transfers of each transaction as they are hashed."""
    written: dict[int, str] = {}
    last_seq = last_position = 0
    for seq, position, debit, credit, amount, debit_balance, credit_balance in transfers:
        try:
            path, asset, debited, floored = lines[debit]
            other_path, other_asset, other_debited, other_floored = lines[credit]
        except KeyError:
            return None
        was, other_was = debit_balance - debited * amount, credit_balance + other_debited * amount
        if after.get(debit, was) != was or after.get(credit, other_was) != other_was or debit == credit:
            return None
        if (floored and debit_balance < 0) or (other_floored and credit_balance < 0):
            return None
        if amount <= 0 or asset != other_asset or position != (last_position + 1 if seq == last_seq else 0):
            return None
        if debit not in after:
            before[debit] = was
        if credit not in after:
            before[credit] = other_was
        after[debit], after[credit] = debit_balance, credit_balance
        text = f"[{asset},{amount},{path},{other_path}]"
        written[seq] = f"{written[seq]},{text}" if position else text
        last_seq, last_position = seq, position
    return written


def _hash_all(
    programme: ProgrammeId, transactions: Sequence[RawTransaction], written: Mapping[int, str]
) -> list[bytes]:
    """The leaf hashes: `encode_transaction` and `hash_leaf`, over raw columns."""
    told, end = quote(programme), f'],"v":{CANONICAL_VERSION}}}'
    return [
        sha256(
            (
                f'\0{{"actor":{quote(actor)},"document":{quote(document)},"id":"txn_{id_}","kind":{_KINDS[kind]}'
                f',"occurred_at":"{format_moment(occurred_at)}","policy":{quote(policy)},"programme":{told}'
                f',"reason":{_REASONS[reason]},"recorded_at":"{_format_shared(recorded_at)}"'
                f',"reverses":{_format_reverses(reverses)},"seq":{seq},"transfers":[{written[seq]}{end}'
            ).encode()
        ).digest()
        for seq, id_, kind, actor, reason, occurred_at, recorded_at, policy, document, reverses, _ in transactions
    ]


def _format_reverses(reverses: str | None) -> str:
    return f'"txn_{reverses}"' if reverses else "null"


def format_moment(moment: bytes) -> str:
    """What `format_instant` writes, from the microseconds since 2000 began in UTC. OverflowError: no such day."""
    seconds, rest = divmod(int.from_bytes(moment, "big", signed=True), _SECOND)
    days, second = divmod(seconds, _DAY_SECONDS)
    return f"{_format_day(days)}{_format_second(second)}.{rest:06d}Z"


_format_shared = lru_cache(maxsize=16)(format_moment)
"""For moments that whole batches share."""


@lru_cache(maxsize=4096)
def _format_day(days: int) -> str:
    return (_DAY_ZERO + timedelta(days)).isoformat()


@lru_cache(maxsize=_DAY_SECONDS)
def _format_second(second: int) -> str:
    return f"T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"

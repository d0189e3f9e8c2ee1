"""The canonical form: bytes and hashes that were once written are written the same for ever."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.accounts import AccountKey, AccountKind
from app.core.canonical import encode_transaction, format_instant, hash_leaf, parse_instant
from app.core.ids import ProgrammeId, TransactionId
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from tests.core.canonical_vectors import ACCRUAL, EVERYTHING, RECORDED_AT, REVERSAL

VECTORS = json.loads((Path(__file__).parent / "vectors" / "canonical_v1.json").read_text("utf-8"))
CIXI = ProgrammeId("cixi")


def encode(transaction: Transaction, seq: int = 1, programme: ProgrammeId = CIXI, at: datetime = RECORDED_AT) -> bytes:
    """The canonical form of a transaction as the journal's first."""
    return encode_transaction(programme, seq, format_instant(at), transaction)


@pytest.mark.parametrize("place", range(len(EVERYTHING)), ids=[each.kind.value for each in EVERYTHING])
def test_the_golden_vectors_hold(place: int) -> None:
    """Byte for byte what version 1 was when its first leaf was hashed. A change here needs a version 2."""
    canonical = encode(EVERYTHING[place], seq=place + 1)
    assert canonical.decode() == VECTORS[place]["canonical"]
    assert hash_leaf(canonical).hex() == VECTORS[place]["leaf_hash"]


def test_every_vector_is_tried() -> None:
    """The file holds as many vectors as there are transactions here."""
    assert len(VECTORS) == len(EVERYTHING) == 3


def test_a_leaf_hash_is_that_of_rfc_6962() -> None:
    """SHA-256 over a zero byte and the leaf; the hash of the empty leaf is the published one."""
    assert hash_leaf(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert hash_leaf(b"leaf") == sha256(b"\x00leaf").digest()


def test_the_form_is_sorted_compact_json_of_text_and_whole_numbers() -> None:
    """RFC 8785 for the values that occur: sorted keys, no space, UTF-8 unescaped, no fraction anywhere."""
    canonical = encode(REVERSAL)
    document = json.loads(canonical, parse_float=pytest.fail)
    assert list(document) == sorted(document)
    assert "开发者" in canonical.decode()
    assert json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() == canonical
    assert document["v"] == 1


@given(words=st.lists(st.text(), min_size=4, max_size=4), seq=st.integers(1, 2**62), amount=st.integers(1, 2**53))
def test_whatever_is_in_it_is_written_as_json_writes_it(words: list[str], seq: int, amount: int) -> None:
    """Put together by hand, the form is what a JSON encoder with sorted keys makes of the same document."""
    actor, document, policy, part = words
    moved = Transfer(AccountKey(AccountKind.PENDING, UUID(int=7), part), AccountKey(AccountKind.BREAKAGE), amount)
    odd = replace(ACCRUAL, actor=actor, document=document, policy=policy, transfers=(moved, moved), reverses=None)
    canonical = encode(odd, seq).decode("utf-8", "surrogatepass")
    written = json.loads(canonical)
    assert (written["actor"], written["document"], written["policy"], written["seq"]) == (actor, document, policy, seq)
    assert written["transfers"][0][1:3] == [amount, moved.debit.path]
    assert json.dumps(written, ensure_ascii=False, separators=(",", ":"), sort_keys=True) == canonical


OTHER = {
    "id": TransactionId(UUID(int=99)),
    "kind": TransactionKind.MATURE,
    "actor": "usr_00000000000000000000000000000006",
    "reason": Reason.NOTICE_ENDED,
    "occurred_at": ACCRUAL.occurred_at + timedelta(microseconds=1),
    "document": "rec_00000000000000000000000000000001",
    "policy": "v2",
    "reverses": TransactionId(UUID(int=98)),
    "transfers": ACCRUAL.transfers[::-1],
}


@pytest.mark.parametrize("field", [field.name for field in fields(Transaction)])
def test_each_field_is_under_the_hash(field: str) -> None:
    """Changing any one field of a transaction changes its leaf."""
    changed = replace(ACCRUAL, **{field: OTHER[field]})  # type: ignore[arg-type]  # OTHER is keyed by field
    assert hash_leaf(encode(changed)) != hash_leaf(encode(ACCRUAL))


@pytest.mark.parametrize(
    "transfer",
    [
        Transfer(AccountKey(AccountKind.SERVICE), AccountKey(AccountKind.HOURS, UUID(int=0xA11CE)), 91),
        Transfer(AccountKey(AccountKind.SERVICE), AccountKey(AccountKind.HOURS, UUID(int=0xA11CF)), 90),
        Transfer(AccountKey(AccountKind.SERVICE), AccountKey(AccountKind.CONSUMED, UUID(int=0xA11CE)), 90),
        Transfer(AccountKey(AccountKind.SERVICE), AccountKey(AccountKind.HOURS, UUID(int=0xA11CE), "x"), 90),
        Transfer(AccountKey(AccountKind.HOURS, UUID(int=0xA11CE)), AccountKey(AccountKind.SERVICE), 90),
    ],
    ids=["amount", "owner", "kind", "part", "direction"],
)
def test_each_part_of_a_transfer_is_under_the_hash(transfer: Transfer) -> None:
    """Changing the amount, an account or the direction of one transfer changes the leaf."""
    changed = replace(ACCRUAL, transfers=(transfer, *ACCRUAL.transfers[1:]))
    assert hash_leaf(encode(changed)) != hash_leaf(encode(ACCRUAL))


def test_place_programme_and_time_of_writing_are_under_the_hash() -> None:
    """The same transaction elsewhere, later or in another programme is another leaf."""
    leaves = {
        encode(ACCRUAL),
        encode(ACCRUAL, seq=2),
        encode(ACCRUAL, programme=ProgrammeId("ningbo")),
        encode(ACCRUAL, at=RECORDED_AT + timedelta(microseconds=1)),
    }
    assert len(leaves) == 4


def test_one_moment_has_one_form() -> None:
    """The same moment told in Shanghai's time and in UTC gives the same bytes."""
    shanghai = replace(ACCRUAL, occurred_at=ACCRUAL.occurred_at.astimezone(timezone(timedelta(hours=8))))
    assert encode(shanghai) == encode(ACCRUAL)


@given(at=st.datetimes(datetime(2000, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
def test_moments_are_written_at_one_length_and_read_back(at: datetime) -> None:
    """Six decimals always: text sorts as time does, and nothing is lost."""
    text = format_instant(at)
    assert len(text) == len("2026-03-02T01:00:06.000000Z")
    assert parse_instant(text) == at

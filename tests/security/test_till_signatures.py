"""The till's signature: golden vectors a vendor can use, and every way to get it wrong."""

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.till_signatures import (
    SKEW_S,
    SignatureRefusal,
    TillAuthorization,
    parse_authorization,
    sign,
    string_to_sign,
    verify,
)

VECTORS: list[dict[str, Any]] = json.loads((files("app.till") / "vectors.json").read_text("utf-8"))["signatures"]
GOOD_VECTORS = [vector for vector in VECTORS if vector["refusal"] is None]
TERMINAL = "ter_cixi_" + "0" * 32


def _signed(secret: bytes = b"secret", **changed: Any) -> str:  # noqa: ANN401 - arguments of sign
    given_values: dict[str, Any] = {
        "terminal": TERMINAL,
        "secret": secret,
        "method": "POST",
        "target": "/v1/pos/redemptions",
        "body": b"{}",
        "timestamp": 1_690_000_000,
        "nonce": "n-1",
        **changed,
    }
    return sign(**given_values)


def _check(header: str, now: int = 1_690_000_000, body: bytes = b"{}", *secrets: bytes) -> SignatureRefusal | None:
    read = parse_authorization(header)
    assert isinstance(read, TillAuthorization)
    return verify(read, "POST", "/v1/pos/redemptions", body, secrets or (b"secret",), now)


@pytest.mark.parametrize("vector", GOOD_VECTORS, ids=[vector["name"] for vector in GOOD_VECTORS])
def test_golden_vectors(vector: dict[str, Any]) -> None:
    """The string to sign and the header are these bytes, for ever."""
    body = vector["body"].encode()
    made = string_to_sign(vector["method"], vector["target"], str(vector["timestamp"]), vector["nonce"], body)
    assert made.decode() == vector["string_to_sign"]
    header = sign(
        terminal=vector["terminal"],
        secret=vector["secret"].encode(),
        method=vector["method"],
        target=vector["target"],
        body=body,
        timestamp=vector["timestamp"],
        nonce=vector["nonce"],
    )
    assert header == vector["authorization"]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_golden_vectors_are_judged_as_they_say(vector: dict[str, Any]) -> None:
    """What was signed is accepted up to 300 s off; what was changed after it was signed, or is stale, is refused."""
    read = parse_authorization(vector["authorization"])
    assert isinstance(read, TillAuthorization)
    secrets, body = (vector["secret"].encode(),), vector["body"].encode()
    refusal = verify(read, vector["method"], vector["target"], body, secrets, vector["now"])
    assert refusal == vector["refusal"]


def test_what_was_signed_is_accepted_under_either_secret() -> None:
    """While a secret is being rotated, the old one and the new one are good."""
    assert _check(_signed(), 1_690_000_000, b"{}", b"new", b"secret") is None
    assert _check(_signed(b"new"), 1_690_000_000, b"{}", b"new", b"secret") is None


@pytest.mark.parametrize("skew", [SKEW_S, -SKEW_S, 0])
def test_the_clock_may_be_five_minutes_off(skew: int) -> None:
    """Up to 300 s either way."""
    assert _check(_signed(), 1_690_000_000 + skew) is None


@pytest.mark.parametrize("skew", [SKEW_S + 1, -SKEW_S - 1, 10**9])
def test_beyond_that_it_is_stale(skew: int) -> None:
    """One second more is too much."""
    assert _check(_signed(), 1_690_000_000 + skew) is SignatureRefusal.STALE


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"target": "/v1/pos/redemptions?x=1"},
        {"body": b"{ }"},
        {"timestamp": 1_690_000_001},
        {"secret": b"other"},
    ],
)
def test_anything_changed_is_wrong(changed: dict[str, Any]) -> None:
    """Method, path and query, body, time and secret are all under the signature."""
    signature = _signed(**changed).split('signature="')[1]
    header = _signed().split('signature="')[0] + 'signature="' + signature
    assert _check(header) is SignatureRefusal.WRONG


@given(st.integers(0, 31), st.integers(0, 7))
def test_a_flipped_bit_is_wrong(byte: int, bit: int) -> None:
    """Of 256 bits not one may differ."""
    read = parse_authorization(_signed())
    assert isinstance(read, TillAuthorization)
    flipped = bytearray(read.signature)
    flipped[byte] ^= 1 << bit
    changed = TillAuthorization(read.terminal, read.timestamp, read.nonce, bytes(flipped))
    refusal = verify(changed, "POST", "/v1/pos/redemptions", b"{}", (b"secret",), 1_690_000_000)
    assert refusal is SignatureRefusal.WRONG


def test_the_order_of_the_parameters_does_not_matter() -> None:
    """A vendor's library may write them as it likes, with a space after the comma or none."""
    scheme, _, rest = _signed().partition(" ")
    items = rest.split(",")
    assert _check(f"{scheme} {', '.join(reversed(items))}") is None


GOOD = _signed()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "LIYU-HMAC-SHA256",
        GOOD.replace("LIYU", "liyu"),
        GOOD + ',signature="x"',
        GOOD.replace('nonce="n-1",', ""),
        GOOD.replace('nonce="n-1"', 'nonce="n-1",nonce="n-1"'),
        GOOD.replace('nonce="n-1"', 'other="n-1"'),
        GOOD.replace('nonce="n-1"', 'nonce=""'),
        GOOD.replace('nonce="n-1"', f'nonce="{"n" * 65}"'),
        GOOD.replace("1690000000", "169000000"),
        GOOD.replace("1690000000", "-690000000"),
        GOOD.replace("1690000000", "1６90000000"),
        GOOD[:-3] + '"',
        GOOD.replace('signature="', 'signature="!'),
        GOOD + " " * 600,
        GOOD + "\n",
    ],
)
def test_a_malformed_header_is_refused(header: str) -> None:
    """Missing, doubled, unknown, empty or overlong parameters, other digits, broken base64."""
    assert parse_authorization(header) is SignatureRefusal.MALFORMED

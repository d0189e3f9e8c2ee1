"""Credentials checked offline: only what is signed, in time and not revoked is valid."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from app.security.credentials import (
    STATUS_LIFETIME,
    Checked,
    PublicKeys,
    Verdict,
    check_credential,
    sign_grant,
    sign_status_list,
    status_claim,
)
from app.security.tokens import SigningKey, TokenKeys, jwks

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
URI = "https://liyu.example/.well-known/liyu/cixi/status-lists/1"
PLACE = 4711
# The key pair of RFC 8037, appendix A.1: never one of ours.
PRIVATE = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KEYS = TokenKeys([SigningKey("cixi.1", PRIVATE, PUBLIC, retired=False)])
GOLDEN = "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiY2l4aS4xIiwidHlwIjoibGl5dS1ncmFudCtqd3MifQ."
"""How every grant of that key begins."""


def _claims(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    at = int(AT.timestamp())
    return {"programme": "cixi", "jti": "bgr_1", "iat": at, "nbf": at, "exp": at + 86_400 * 90} | more


def _grant(**more: Any) -> str:  # noqa: ANN401 - JSON
    return sign_grant(KEYS, _claims(**more) | status_claim(URI, PLACE))


def _list(*revoked: int, at: datetime = AT, uri: str = URI) -> str:
    return sign_status_list(KEYS, uri, list(revoked), at)


def _check(credential: str, listed: str | None, at: datetime = AT) -> Checked:
    return check_credential(credential, PublicKeys(jwks(KEYS)), listed, at)


def test_a_grant_is_valid_until_its_bit_turns() -> None:
    """Another's bit says nothing of it; what it says is told either way."""
    standing = _check(_grant(), _list(PLACE - 1, PLACE + 1))
    assert (standing.verdict, standing.claims["jti"]) == (Verdict.VALID, "bgr_1")
    revoked = _check(_grant(), _list(PLACE))
    assert (revoked.verdict, revoked.claims["jti"]) == (Verdict.REVOKED, "bgr_1")


def test_the_same_words_are_the_same_credential() -> None:
    """Ed25519 signs alike each time: a golden beginning, and no two forms of one grant."""
    assert _grant() == _grant()
    assert _grant().startswith(GOLDEN)


@pytest.mark.parametrize(
    "later, verdict",
    [
        (timedelta(minutes=-2), Verdict.NOT_YET_VALID),
        (timedelta(seconds=-30), Verdict.VALID),
        (timedelta(days=90), Verdict.EXPIRED),
        (timedelta(days=90, seconds=-1), Verdict.VALID),
    ],
)
def test_time(later: timedelta, verdict: Verdict) -> None:
    """Clocks may differ by a minute at the beginning; the end is the end."""
    assert _check(_grant(), _list(at=AT + later), AT + later).verdict is verdict


@pytest.mark.parametrize(
    "listed",
    [
        None,
        "",
        _list(at=AT - STATUS_LIFETIME),
        _list(at=AT + timedelta(minutes=2)),
        _list(uri=URI + "0"),
        _grant(),
        _list()[:-4] + "AAAA",
    ],
)
def test_without_a_fresh_list_of_ours_nobody_knows(listed: str | None) -> None:
    """No list, one of yesterday, of tomorrow, of another address, something else, a forged one."""
    assert _check(_grant(), listed).verdict is Verdict.STATUS_UNKNOWN


def _signed(header: dict[str, Any], payload: bytes) -> str:
    key = KEYS.signer()[1]
    return jws.serialize_compact({"alg": "Ed25519", "kid": "cixi.1"} | header, payload, key, algorithms=["Ed25519"])


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "a.b",
        "a.b.c",
        "\u793c.\u9047.!",
        "x" * 300_000,
        _list(),
        _signed({"typ": "JWT"}, b"{}"),
        _signed({"typ": "liyu-grant+jws"}, b"[]"),
        _signed({"typ": "liyu-grant+jws"}, json.dumps(_claims(iss="liyu")).encode()),
        _signed({"typ": "liyu-grant+jws"}, json.dumps(_claims(iss="liyu-credential")).encode()),
        _grant(exp="soon"),
        sign_grant(KEYS, _claims() | status_claim(URI, 1 << 17)),
    ],
)
def test_what_is_no_credential(credential: str) -> None:
    """Anything else that we signed, and anything that nobody signed, is malformed, never an exception."""
    assert _check(credential, _list()).verdict is Verdict.MALFORMED


def test_another_key_and_another_word() -> None:
    """A key that is not in the file, and words that were changed after signing."""
    head, payload, signature = _grant().split(".")
    assert _check(f"{head}.{payload[:-8]}AAAAAAAA.{signature}", _list()).verdict is Verdict.WRONG_SIGNATURE
    others = TokenKeys([SigningKey("cixi.2", PRIVATE, PUBLIC, retired=False)])
    assert _check(sign_grant(others, _claims()), _list()).verdict is Verdict.UNKNOWN_KEY


def test_an_unsigned_credential_is_refused() -> None:
    """`alg: none` and a symmetric algorithm with the public key as its secret (RFC 8725, section 2.1)."""
    head, payload, _ = _grant().split(".")
    assert (
        _check(f"eyJhbGciOiJub25lIiwidHlwIjoibGl5dS1ncmFudCtqd3MifQ.{payload}.", _list()).verdict is Verdict.MALFORMED
    )
    assert _check(f"{head}.{payload}.", _list()).verdict is Verdict.WRONG_SIGNATURE


def test_a_retired_key_still_checks() -> None:
    """What it signed before the rotation stands: it is in the key set without its private half."""
    rotated = TokenKeys(
        [SigningKey("cixi.1", None, PUBLIC, retired=True), SigningKey("cixi.2", PRIVATE, PUBLIC, retired=False)]
    )
    listed = sign_status_list(rotated, URI, [], AT)
    assert check_credential(_grant(), PublicKeys(jwks(rotated)), listed, AT).verdict is Verdict.VALID


@pytest.mark.parametrize("given", [None, [], {}, {"keys": 1}, {"keys": [1]}, {"keys": [{"kid": "a", "kty": "nine"}]}])
def test_what_is_no_key_set(given: object) -> None:
    """Refused when it is read, not when it is used."""
    with pytest.raises(ValueError, match="JWK set"):
        PublicKeys(given)


def test_a_private_key_is_not_published() -> None:
    """The key set that offices save has public halves only."""
    assert all("d" not in key for key in jwks(KEYS)["keys"])
    assert OKPKey.import_key(dict(jwks(KEYS)["keys"][0])).is_private is False

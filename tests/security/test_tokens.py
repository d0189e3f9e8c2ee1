"""Tokens: what they carry, and everything that is not one of ours."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core.ids import MerchantId, ProgrammeId
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.scopes import Scope
from app.security.tokens import (
    SigningKey,
    TokenKeys,
    TokenRefusal,
    generate_signing_key,
    issue_token,
    jwks,
    programme_of,
    read_token,
)

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
PRIVATE, PUBLIC = generate_signing_key()
KEYS = TokenKeys([SigningKey("cixi.1", PRIVATE, PUBLIC, retired=False)])


def _actor(kind: ActorKind = ActorKind.AUDITOR, **changed: Any) -> Actor:  # noqa: ANN401 - fields of an actor
    values: dict[str, Any] = {
        "kind": kind,
        "programme": ProgrammeId("cixi"),
        "subject": UUID(int=5),
        "scopes": DEFAULT_SCOPES[kind],
        **changed,
    }
    return Actor(**values)


def _issue(actor: Actor, keys: TokenKeys = KEYS) -> str:
    return issue_token(keys, actor, issued_at=NOW, lifetime=timedelta(minutes=15), token_id="t")


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", list(ActorKind))
def test_a_token_gives_back_its_actor(kind: ActorKind) -> None:
    """For every kind of actor, with what it belongs to."""
    actor = _actor(kind, merchant=MerchantId(UUID(int=9)))
    token = _issue(actor)
    assert programme_of(token) == "cixi"
    assert read_token(KEYS, token, NOW) == actor


def test_a_token_ends_at_its_second() -> None:
    """Valid until the second before, refused from then on; one from the future is refused too."""
    token = _issue(_actor())
    assert isinstance(read_token(KEYS, token, NOW + timedelta(minutes=15, seconds=-1)), Actor)
    assert read_token(KEYS, token, NOW + timedelta(minutes=15)) is TokenRefusal.EXPIRED
    assert read_token(KEYS, token, NOW - timedelta(minutes=2)) is TokenRefusal.WRONG_CLAIMS


def test_a_token_never_holds_more_than_its_kind_may() -> None:
    """Scopes beyond the kind's are dropped, whoever signed them."""
    token = _issue(_actor(ActorKind.VOLUNTEER, scopes=frozenset((Scope.ME_READ, Scope.USERS_WRITE))))
    read = read_token(KEYS, token, NOW)
    assert isinstance(read, Actor)
    assert read.scopes == {Scope.ME_READ}


def test_other_algorithms_are_refused() -> None:
    """`none`, and an HMAC under the public key, are the classic forgeries."""
    _head, body, signature = _issue(_actor()).split(".")
    for algorithm in ("none", "HS256", "EdDSA", "ed25519"):
        forged = f"{_part({'alg': algorithm, 'kid': 'cixi.1'})}.{body}.{signature}"
        assert isinstance(read_token(KEYS, forged, NOW), TokenRefusal)
    assert read_token(KEYS, f"{_part({'alg': 'none', 'kid': 'cixi.1'})}.{body}.", NOW) is TokenRefusal.MALFORMED


def test_another_programmes_key_opens_nothing_here() -> None:
    """The claim must name the programme of the key that signed it."""
    token = _issue(_actor(programme=ProgrammeId("yuyao")))
    assert read_token(KEYS, token, NOW) is TokenRefusal.WRONG_CLAIMS


def test_a_changed_token_is_refused() -> None:
    """A changed claim, an unknown key, a truncated or an endless token."""
    head, body, signature = _issue(_actor()).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    assert read_token(KEYS, f"{head}.{_part({**claims, 'kind': 'admin'})}.{signature}", NOW) is (
        TokenRefusal.WRONG_SIGNATURE
    )
    unknown = f"{_part({'alg': 'Ed25519', 'kid': 'cixi.2'})}.{body}.{signature}"
    assert read_token(KEYS, unknown, NOW) is TokenRefusal.UNKNOWN_KEY
    for token in ("", "a.b", "a.b.c", "é.b.c", f"{head}.{body}.{signature}" + "A" * 5000, f"{_part({})}.x.y"):
        assert isinstance(read_token(KEYS, token, NOW), TokenRefusal)
        assert programme_of(token) in {None, "cixi"}


def test_the_newest_key_signs_and_retired_ones_verify() -> None:
    """After a rotation old tokens live on; only the new key signs."""
    private, public = generate_signing_key()
    rotated = TokenKeys(
        [SigningKey("cixi.1", None, PUBLIC, retired=True), SigningKey("cixi.2", private, public, retired=False)]
    )
    assert isinstance(read_token(rotated, _issue(_actor()), NOW), Actor)
    assert isinstance(read_token(rotated, _issue(_actor(), rotated), NOW), Actor)
    assert read_token(KEYS, _issue(_actor(), rotated), NOW) is TokenRefusal.UNKNOWN_KEY
    assert [key["kid"] for key in jwks(rotated)["keys"]] == ["cixi.1", "cixi.2"]
    assert not any("d" in key for key in jwks(rotated)["keys"])


def test_without_a_signing_key_nothing_is_signed() -> None:
    """A programme whose keys are all retired issues no token."""
    with pytest.raises(LookupError):
        _issue(_actor(), TokenKeys([SigningKey("cixi.1", None, PUBLIC, retired=True)]))

"""Access tokens: short-lived JWTs signed with Ed25519 (RFC 8037), one set of signing keys per programme.

The key's name carries the programme (`<programme>.<number>`), so that its keys can be found before anything is
believed; the signed claim must then name the same programme. Time is an argument.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from app.core.ids import MerchantId, ProgrammeId, SessionId, TeamId, VolunteerId, is_programme_id
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.scopes import Scope

ISSUER = "liyu"
ALGORITHM = "Ed25519"
_TOKEN_MAX = 4096
_PARTS = 3


class TokenRefusal(StrEnum):
    """Why a token was not accepted. Only our log learns which."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown key"
    WRONG_SIGNATURE = "wrong signature"
    WRONG_CLAIMS = "wrong claims"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One Ed25519 key: raw 32 bytes each. Only a key that may still sign has its private half here."""

    kid: str
    private: bytes | None
    public: bytes
    retired: bool


class TokenKeys:
    """The signing keys of one programme: the newest that is not retired signs, all of them verify."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self.keys = tuple(keys)
        self._verifying = {key.kid: _import_key(key.public, None, key.kid) for key in keys}
        signing = [key for key in keys if key.private and not key.retired]
        self._signing = signing[-1] if signing else None
        self._signer = (
            _import_key(self._signing.public, self._signing.private, self._signing.kid) if self._signing else None
        )

    def signer(self) -> tuple[str, OKPKey]:
        """The key that signs. Raises LookupError when there is none."""
        if self._signing is None or self._signer is None:
            raise LookupError("no signing key")
        return self._signing.kid, self._signer

    def verifier(self, kid: str) -> OKPKey | None:
        """The key of that name."""
        return self._verifying.get(kid)

    def sign_bytes(self, message: bytes) -> tuple[str, bytes]:
        """Sign bytes that are not a token, as a checkpoint is. Gives the key's name and the signature."""
        if self._signing is None or self._signing.private is None:
            raise LookupError("no signing key")
        return self._signing.kid, Ed25519PrivateKey.from_private_bytes(self._signing.private).sign(message)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _import_key(public: bytes, private: bytes | None, kid: str) -> OKPKey:
    fields: dict[str, str | list[str]] = {"kty": "OKP", "crv": "Ed25519", "x": _encode(public), "kid": kid}
    if private:
        fields["d"] = _encode(private)
    return OKPKey.import_key(fields)


def generate_signing_key() -> tuple[bytes, bytes]:
    """A new key: its private and its public half, raw."""
    private = Ed25519PrivateKey.generate()
    return (
        private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()),
        private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
    )


def issue_token(keys: TokenKeys, actor: Actor, *, issued_at: datetime, lifetime: timedelta, token_id: str) -> str:
    """Sign a token for an actor. Raises LookupError for a programme without a signing key."""
    kid, key = keys.signer()
    claims: dict[str, object] = {
        "iss": ISSUER,
        "sub": actor.subject.hex,
        "programme": actor.programme,
        "kind": actor.kind.value,
        "scope": " ".join(sorted(actor.scopes)),
        "iat": int(issued_at.timestamp()),
        "exp": int((issued_at + lifetime).timestamp()),
        "jti": token_id,
    }
    owned = {"merchant": actor.merchant, "team": actor.team, "volunteer": actor.volunteer}
    claims.update({name: value.hex for name, value in owned.items() if value})
    if actor.region:
        claims["region"] = actor.region
    if actor.session:
        claims["sid"] = actor.session.hex
    return _encode_claims(kid, key, claims, actor.acting)


def _encode_claims(kid: str, key: OKPKey, claims: dict[str, object], acting: VolunteerId | None) -> str:
    """Sign the claims; who acts for somebody else stands in `act` (RFC 8693, section 4.1)."""
    if acting:
        claims["act"] = {"sub": acting.hex}
    return jwt.encode({"alg": ALGORITHM, "kid": kid}, claims, key, algorithms=[ALGORITHM])


def sign_statement(keys: TokenKeys, kind: str, claims: Mapping[str, object]) -> str:
    """Sign words that grant nothing, as a compact JWS (RFC 7515) of a type of their own: never taken for a token.

    Raises LookupError for a programme without a signing key.
    """
    kid, key = keys.signer()
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
    return jws.serialize_compact({"alg": ALGORITHM, "kid": kid, "typ": kind}, payload, key, algorithms=[ALGORITHM])


def _header_of(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(token) > _TOKEN_MAX or len(parts) != _PARTS or not token.isascii():
        return None
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (ValueError, binascii.Error):
        return None
    return header if isinstance(header, dict) else None


def programme_of(token: str) -> ProgrammeId | None:
    """Which programme's key a token claims to be signed with. Not to be believed yet."""
    header = _header_of(token)
    kid = header.get("kid") if header else None
    if not isinstance(kid, str):
        return None
    programme = kid.rpartition(".")[0]
    return ProgrammeId(programme) if is_programme_id(programme) else None


def read_token(keys: TokenKeys, token: str, now: datetime) -> Actor | TokenRefusal:
    """Check a token and give the actor it stands for."""
    header = _header_of(token)
    if header is None or header.get("alg") != ALGORITHM or not isinstance(header.get("kid"), str):
        return TokenRefusal.MALFORMED
    key = keys.verifier(header["kid"])
    if key is None:
        return TokenRefusal.UNKNOWN_KEY
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError):
        return TokenRefusal.WRONG_SIGNATURE
    try:
        return _read_claims(claims, header["kid"].rpartition(".")[0], now)
    except (KeyError, ValueError, TypeError, AttributeError):
        return TokenRefusal.WRONG_CLAIMS


def _read_claims(claims: dict[str, Any], programme: str, now: datetime) -> Actor | TokenRefusal:
    at = now.timestamp()
    if claims["iss"] != ISSUER or claims["programme"] != programme or claims["iat"] > at + 60:
        return TokenRefusal.WRONG_CLAIMS
    if at >= claims["exp"]:
        return TokenRefusal.EXPIRED
    kind = ActorKind(claims["kind"])
    scopes = frozenset(Scope(scope) for scope in claims["scope"].split())
    return Actor(
        kind=kind,
        programme=ProgrammeId(programme),
        subject=UUID(hex=claims["sub"]),
        scopes=scopes & DEFAULT_SCOPES[kind],
        merchant=MerchantId(UUID(hex=claims["merchant"])) if "merchant" in claims else None,
        team=TeamId(UUID(hex=claims["team"])) if "team" in claims else None,
        volunteer=VolunteerId(UUID(hex=claims["volunteer"])) if "volunteer" in claims else None,
        region=str(claims["region"]) if "region" in claims else None,
        session=SessionId(UUID(hex=claims["sid"])) if "sid" in claims else None,
        acting=VolunteerId(UUID(hex=claims["act"]["sub"])) if "act" in claims else None,
    )


def jwks(keys: TokenKeys) -> dict[str, list[dict[str, str]]]:
    """The public keys as a JWK set (RFC 7517), for other systems that check our tokens and checkpoints."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": _encode(key.public),
                "kid": key.kid,
                "alg": ALGORITHM,
                "use": "sig",
            }
            for key in keys.keys
        ]
    }

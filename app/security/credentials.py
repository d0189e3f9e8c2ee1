"""Credentials (可验证凭证): grants and certificates as signed words that an office checks offline.

A credential is a compact JWS (RFC 7515, Ed25519 of RFC 8037) with its own type, so that no access token is ever taken
for one or the other way round. Whether it still stands says the status list that it names. Time is an argument.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from app.core.status_lists import encode_list, is_revoked
from app.security.certificates import ISSUER as CERTIFICATE_ISSUER
from app.security.certificates import TYPE as CERTIFICATE_TYPE
from app.security.tokens import ALGORITHM, TokenKeys, sign_statement

ISSUER = "liyu-credential"
GRANT_TYPE = "liyu-grant+jws"
STATUS_TYPE = "statuslist+jwt"
STATUS_TTL_S = 300
"""How long a status list may be kept before it is asked for again."""
STATUS_LIFETIME = timedelta(days=1)
"""How long a status list can be trusted at all."""
_CREDENTIAL_MAX = 256 * 1024
_LEEWAY_S = 60


def status_claim(uri: str, place: int) -> dict[str, object]:
    """Where a credential says that its status stands."""
    return {"status": {"status_list": {"idx": place, "uri": uri}}}


def sign_grant(keys: TokenKeys, claims: Mapping[str, object]) -> str:
    """A grant as a credential. Raises LookupError for a programme without a signing key."""
    return sign_statement(keys, GRANT_TYPE, {"iss": ISSUER, **claims})


def sign_status_list(keys: TokenKeys, uri: str, revoked: list[int], at: datetime) -> str:
    """A status list as a token of its own, good for a day. Raises LookupError as `sign_grant`."""
    claims = {
        "sub": uri,
        "iat": int(at.timestamp()),
        "exp": int((at + STATUS_LIFETIME).timestamp()),
        "ttl": STATUS_TTL_S,
        "status_list": {"bits": 1, "lst": encode_list(revoked)},
    }
    return sign_statement(keys, STATUS_TYPE, claims)


class Verdict(StrEnum):
    """What a check finds. Only `valid` may be believed."""

    VALID = "valid"
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    WRONG_SIGNATURE = "wrong_signature"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    STATUS_UNKNOWN = "status_unknown"
    """No status list, one of somebody else, or one that is too old: it may have been revoked."""
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Checked:
    """A verdict, and what the credential says once its signature was found right."""

    verdict: Verdict
    claims: Mapping[str, Any]


class PublicKeys:
    """The public keys of a JWK set, to check with and nothing else. Raises ValueError for what is none."""

    def __init__(self, jwks: object) -> None:
        keys = jwks.get("keys") if isinstance(jwks, dict) else None
        if not isinstance(keys, list):
            raise ValueError("not a JWK set")  # noqa: TRY004 - its content, not its type
        try:
            self._keys = {str(key["kid"]): OKPKey.import_key(key) for key in keys}
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise ValueError("not a JWK set of Ed25519 keys") from error

    def read(self, token: str, kinds: frozenset[str]) -> tuple[Verdict, Mapping[str, Any]]:
        """The claims of a token of one of these types. Only `valid` comes with claims."""
        if len(token) > _CREDENTIAL_MAX or not token.isascii():
            return Verdict.MALFORMED, {}
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError, TypeError):
            return Verdict.MALFORMED, {}
        if header.get("alg") != ALGORITHM or header.get("typ") not in kinds:
            return Verdict.MALFORMED, {}
        key = self._keys.get(str(header.get("kid")))
        if key is None:
            return Verdict.UNKNOWN_KEY, {}
        try:
            claims = json.loads(jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload)
        except (JoseError, ValueError):
            return Verdict.WRONG_SIGNATURE, {}
        return (Verdict.VALID, claims) if isinstance(claims, dict) else (Verdict.MALFORMED, {})


_CREDENTIALS = {GRANT_TYPE: ISSUER, CERTIFICATE_TYPE: CERTIFICATE_ISSUER}


def check_credential(credential: str, keys: PublicKeys, status_list: str | None, at: datetime) -> Checked:
    """Check a credential without asking anybody: signature, time, and the list that says whether it still stands."""
    verdict, claims = keys.read(credential.strip(), frozenset(_CREDENTIALS))
    if verdict is not Verdict.VALID:
        return Checked(verdict, {})
    if claims.get("iss") not in _CREDENTIALS.values():
        return Checked(Verdict.MALFORMED, {})
    try:
        return Checked(_judge(claims, keys, status_list, int(at.timestamp())), claims)
    except (KeyError, TypeError, ValueError, IndexError):
        return Checked(Verdict.MALFORMED, claims)


def _judge(claims: Mapping[str, Any], keys: PublicKeys, status_list: str | None, at: int) -> Verdict:
    if at < int(claims.get("nbf", 0)) - _LEEWAY_S:
        return Verdict.NOT_YET_VALID
    if "exp" in claims and at >= int(claims["exp"]):
        return Verdict.EXPIRED
    said = claims["status"]["status_list"]
    verdict, listed = keys.read((status_list or "").strip(), frozenset((STATUS_TYPE,)))
    if verdict is not Verdict.VALID or listed["sub"] != said["uri"]:
        return Verdict.STATUS_UNKNOWN
    if not listed["iat"] - _LEEWAY_S <= at < listed["exp"] or listed["status_list"]["bits"] != 1:
        return Verdict.STATUS_UNKNOWN
    return Verdict.REVOKED if is_revoked(listed["status_list"]["lst"], int(said["idx"])) else Verdict.VALID

r"""The signature of a till's call (POS.md, "Who is calling").

`Authorization: LIYU-HMAC-SHA256 terminal="…",timestamp="…",nonce="…",signature="<base64>"`, over
`METHOD \n path?query \n timestamp \n nonce \n body \n` with HMAC-SHA256 under the terminal's secret.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

SCHEME = "LIYU-HMAC-SHA256"
SKEW_S = 300
_HEADER_MAX = 512

_HEADER = re.compile(
    r'LIYU-HMAC-SHA256 terminal="([0-9a-z_-]{1,64})", ?timestamp="([0-9]{10})", ?'
    r'nonce="([0-9A-Za-z_.~+/=-]{1,64})", ?signature="([0-9A-Za-z+/]{43}=)"'
)
_PARAMETER = re.compile(r' ?([a-z]+)="([^"\\]*)"')
_ORDER = ("terminal", "timestamp", "nonce", "signature")


class SignatureRefusal(StrEnum):
    """Why a signature was not accepted. Only our log learns which."""

    MALFORMED = "malformed"
    STALE = "stale"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class TillAuthorization:
    """What the header says."""

    terminal: str
    timestamp: str
    nonce: str
    signature: bytes


def parse_authorization(header: str) -> TillAuthorization | SignatureRefusal:
    """Read the header strictly: each of the four parameters once, nothing else; in any order."""
    if len(header) > _HEADER_MAX or not header.isascii():
        return SignatureRefusal.MALFORMED
    match = _HEADER.fullmatch(header) or _HEADER.fullmatch(_in_order(header))
    if match is None:
        return SignatureRefusal.MALFORMED
    terminal, timestamp, nonce, signature = match.groups()
    try:
        return TillAuthorization(terminal, timestamp, nonce, base64.b64decode(signature, validate=True))
    except binascii.Error:
        return SignatureRefusal.MALFORMED


def _in_order(header: str) -> str:
    """The same header with its parameters in the order of the contract; empty when one is missing or doubled."""
    scheme, _, rest = header.partition(" ")
    items = [_PARAMETER.fullmatch(item) for item in rest.split(",")]
    named = {item[1]: item[2] for item in items if item}
    if scheme != SCHEME or len(items) != len(_ORDER) or set(named) != set(_ORDER):
        return ""
    return f"{SCHEME} " + ",".join(f'{name}="{named[name]}"' for name in _ORDER)


def string_to_sign(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """The bytes that are signed. `target` is path and query as sent, `body` the body as sent."""
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode("latin-1", "replace") + body + b"\n"


def verify(
    authorization: TillAuthorization,
    method: str,
    target: str,
    body: bytes,
    secrets: Sequence[bytes],
    now: int,
) -> SignatureRefusal | None:
    """Check a signature under any of the secrets that are valid now; None when it is good.

    `now` is in seconds since 1970. No nonce is remembered: every verb is idempotent under its number.
    """
    if abs(now - int(authorization.timestamp)) > SKEW_S:
        return SignatureRefusal.STALE
    message = string_to_sign(method, target, authorization.timestamp, authorization.nonce, body)
    matched = False
    for secret in secrets:
        matched |= hmac.compare_digest(hmac.digest(secret, message, sha256), authorization.signature)
    return None if matched else SignatureRefusal.WRONG


def sign(*, terminal: str, secret: bytes, method: str, target: str, body: bytes, timestamp: int, nonce: str) -> str:
    """The header that a till sends."""
    message = string_to_sign(method, target, str(timestamp), nonce, body)
    signature = base64.b64encode(hmac.digest(secret, message, sha256)).decode()
    return f'{SCHEME} terminal="{terminal}",timestamp="{timestamp}",nonce="{nonce}",signature="{signature}"'

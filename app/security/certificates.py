"""The number of a certificate, which nobody can guess, and its signature with the programme's key.

A certificate is signed like a token and can never be one: its issuer and its type are its own, and it grants nothing.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

from app.core.ids import ProgrammeId, is_programme_id
from app.security.tokens import TokenKeys, sign_statement

ISSUER = "liyu-certificate"
TYPE = "liyu-certificate+jws"
_NUMBER_BYTES = 15
_SECRET_PART = re.compile(r"[a-z2-7]{24}")
_PREFIX = "crt_"


def derive_number(key: bytes, programme: ProgrammeId, said: bytes) -> str:
    """The number under which a programme says something: 120 bits that only the key's holder can compute.

    The same words have the same number, so asking twice makes one certificate.
    """
    digest = hmac.new(key, programme.encode() + b"\n" + said, hashlib.sha256).digest()
    secret = base64.b32encode(digest[:_NUMBER_BYTES]).decode().lower()
    return f"{_PREFIX}{programme}_{secret}"


def programme_of_number(number: str) -> ProgrammeId | None:
    """Which programme's certificate a number names; None for what is no number. It carries it, as a terminal's does."""
    head, _, secret = number.rpartition("_")
    programme = head.removeprefix(_PREFIX)
    if not head.startswith(_PREFIX) or not is_programme_id(programme) or not _SECRET_PART.fullmatch(secret):
        return None
    return ProgrammeId(programme)


def sign_certificate(keys: TokenKeys, claims: Mapping[str, object]) -> str:
    """A compact JWS (RFC 7515, RFC 8037) over the claims. Raises LookupError for a programme without a signing key."""
    return sign_statement(keys, TYPE, {"iss": ISSUER, **claims})

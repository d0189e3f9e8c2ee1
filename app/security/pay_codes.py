"""Pay codes: how the eighteen digits are made, and the keyed hash that is all we keep of them."""

import hmac
from hashlib import sha256

from app.core.ids import ProgrammeId, VolunteerId
from app.core.rows import PayCodeHash

_PREFIX = "96"
_DIGITS = 16


def derive_pay_code(key: bytes, programme: ProgrammeId, volunteer: VolunteerId, number: str) -> str:
    """The code for one request of one volunteer: unguessable without the key, the same when it is asked again.

    `96` is clear of WeChat (10-15), Alipay (25-30) and UnionPay (62). 256 bits reduced to 16 digits: no bias to see.
    """
    message = f"liyu pay code v1|{programme}|{volunteer.hex}|{number}".encode()
    drawn = int.from_bytes(hmac.digest(key, message, sha256), "big") % 10**_DIGITS
    return f"{_PREFIX}{drawn:0{_DIGITS}d}"


def hash_pay_code(key: bytes, programme: ProgrammeId, code: str) -> PayCodeHash:
    """All that is stored of a code. Keyed, since so few digits could otherwise be tried against a stolen table."""
    return PayCodeHash(hmac.digest(key, f"liyu pay code hash v1|{programme}|{code}".encode(), sha256))

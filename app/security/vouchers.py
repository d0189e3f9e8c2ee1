"""Voucher codes: how the twenty digits are made, and the keyed hash that is all we keep of them."""

import hmac
from hashlib import sha256

from app.core.ids import OrderId, ProgrammeId
from app.core.rows import VoucherHash

_PREFIX = "97"
_DIGITS = 18


def derive_voucher_code(key: bytes, programme: ProgrammeId, order: OrderId) -> str:
    """The code of an order: unguessable without the key, the same whenever its volunteer looks at it.

    `97` tells a till that it is a voucher and not a pay code (`96`). 256 bits reduced to 18 digits: no bias to see.
    """
    message = f"liyu voucher code v1|{programme}|{order.hex}".encode()
    drawn = int.from_bytes(hmac.digest(key, message, sha256), "big") % 10**_DIGITS
    return f"{_PREFIX}{drawn:0{_DIGITS}d}"


def hash_voucher_code(key: bytes, programme: ProgrammeId, code: str) -> VoucherHash:
    """All that is stored of a code. Keyed, since digits could otherwise be tried against a stolen table."""
    return VoucherHash(hmac.digest(key, f"liyu voucher hash v1|{programme}|{code}".encode(), sha256))

"""Status lists (状态列表): whether something that we signed still stands, for who checks it without asking us.

The form is the IETF's Token Status List (draft-ietf-oauth-status-list, section 4): one bit each, the lowest
bit of a byte first, compressed by zlib, in base64url. A list is as long as it is from the first day on and its places
are given out at random, so that neither its length nor a place says how much was given out, to whom, or when.
"""

import base64
import zlib
from collections.abc import Iterable

LIST_BITS = 1 << 17
"""How many things one list speaks of."""
LIST_FULL = LIST_BITS // 2
"""From here on a new list is begun: a free place is then still found at the second try."""
_BYTE = 8


def encode_list(revoked: Iterable[int]) -> str:
    """A list with these bits set. Raises IndexError for a place that no list has."""
    bits = bytearray(LIST_BITS // _BYTE)
    for place in revoked:
        if not 0 <= place < LIST_BITS:
            raise IndexError(place)
        bits[place // _BYTE] |= 1 << place % _BYTE
    return base64.urlsafe_b64encode(zlib.compress(bytes(bits), 9)).rstrip(b"=").decode()


def is_revoked(encoded: str, place: int) -> bool:
    """What a list says of a place. Raises ValueError for what is no list, IndexError for a place beyond it."""
    try:
        packed = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        unpacking = zlib.decompressobj()
        bits = unpacking.decompress(packed, LIST_BITS // _BYTE)
    except (ValueError, zlib.error) as error:
        raise ValueError("not a status list") from error
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ValueError("longer than a status list of ours")
    if not 0 <= place < len(bits) * _BYTE:
        raise IndexError(place)
    return bool(bits[place // _BYTE] >> place % _BYTE & 1)

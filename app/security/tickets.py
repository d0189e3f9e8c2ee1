"""Ticket codes and the seeds of lotteries: made from the service's key, so that neither has to be kept anywhere."""

import hmac
from hashlib import sha256

from app.core.ids import PlaceId, ProgrammeId, RoundId
from app.core.rounds import TicketHash

_PREFIX = "98"
_DIGITS = 18


def derive_ticket_code(key: bytes, programme: ProgrammeId, place: PlaceId) -> str:
    """The code of a place: unguessable without the key, the same whenever its volunteer looks at it.

    `98` tells a scanner that it is a ticket, not a pay code (`96`) or a voucher (`97`). 256 bits reduced to 18 digits.
    """
    message = f"liyu ticket code v1|{programme}|{place.hex}".encode()
    drawn = int.from_bytes(hmac.digest(key, message, sha256), "big") % 10**_DIGITS
    return f"{_PREFIX}{drawn:0{_DIGITS}d}"


def hash_ticket_code(key: bytes, programme: ProgrammeId, code: str) -> TicketHash:
    """All that is stored of a code. Keyed, since digits could otherwise be tried against a stolen table."""
    return TicketHash(hmac.digest(key, f"liyu ticket hash v1|{programme}|{code}".encode(), sha256))


def hash_ticket_of(key: bytes, programme: ProgrammeId, place: PlaceId) -> TicketHash:
    """What is stored of the code of a place."""
    return hash_ticket_code(key, programme, derive_ticket_code(key, programme, place))


def derive_seed(key: bytes, programme: ProgrammeId, round_id: RoundId) -> bytes:
    """The seed of a lottery. Its hash is published with the round, the seed itself with the draw."""
    return hmac.digest(key, f"liyu lottery seed v1|{programme}|{round_id.hex}".encode(), sha256)

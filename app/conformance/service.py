"""The kit's own calls to the service, past the proxy: pay codes to hand out, and what the ledger says in the end."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.conformance.proxy import ServiceUnreachable
from app.conformance.records import Booked
from app.till.client import Answered, Refused, Till, Unknown, open_till

_TIMEOUT_S = 30.0
_PAY_CODES = "/v1/pos/sandbox/pay-codes"


class NotASandbox(Exception):
    """The terminal's programme hands out no pay codes: it is no sandbox, or nobody there has points."""


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A pay code for one scenario."""

    code: str
    points_available: int


class Service:
    """A terminal of the sandbox, for the kit itself. Every call raises ServiceUnreachable when there is no answer."""

    def __init__(self, till: Till) -> None:
        self._till = till

    def hand_out_code(self, points: int) -> HandedOut:
        """A code of a volunteer who can pay so many points. Raises NotASandbox."""
        match self._till.call("POST", _PAY_CODES, {"points": points}):
            case Answered(body=issued):
                return HandedOut(str(issued["auth_code"]), int(issued["points_available"]))
            case Refused(code=code, detail=detail):
                raise NotASandbox(f"POST {_PAY_CODES}: {code} {detail}")
            case Unknown(why=why):
                raise ServiceUnreachable(f"POST {_PAY_CODES}: {why}")

    def look_up(self, number: str) -> Booked | None:
        """What the ledger holds under a number; None when it holds nothing."""
        match self._till.query(number):
            case Answered(body=found):
                return Booked(str(found["state"]), int(found["points"]), int(found["refunded_points"]))
            case Refused():
                return None
            case Unknown(why=why):
                raise ServiceUnreachable(f"query {number}: {why}")

    def give_back(self, number: str, booked: Booked) -> None:
        """Undo a sale, so that the sandbox's volunteers can pay again. It does not matter when it fails."""
        rest = booked.points - booked.refunded_points
        if booked.refunded_points == 0:
            self._till.reverse(number)
        elif rest:
            self._till.refund(number, f"kit-{secrets.token_hex(8)}", rest, "conformance")


@contextmanager
def open_service(base_url: str, terminal: str, secret: str) -> Iterator[Service]:
    """The service as the kit sees it, with a connection of its own."""
    with open_till(base_url, terminal, secret, read_s=_TIMEOUT_S) as till:
        yield Service(till)

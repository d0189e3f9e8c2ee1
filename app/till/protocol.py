"""What a till does when it does not know (POS.md, "Unknown outcome"): never order again; query, then reverse.

`pay` is the whole of it. No terminal here: progress goes to `report`, time is the desk's.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.till.client import Answered, Outcome, Refused, Till, Unknown
from app.till.journal import Journal, Kind, OpenCall


class Step(StrEnum):
    """What is going on, for the cashier's eyes."""

    SENDING = "sending"
    BUSY = "busy"
    LOST = "lost"
    ASKING = "asking"
    CONFIRMING = "confirming"
    REVERSING = "reversing"
    REPEATING = "repeating"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient the till is, in seconds. The figures are those of barcode payment in China."""

    query_every_s: float = 5
    query_for_s: float = 60
    reverse_after_s: float = 15
    """Not before: the sale may still be on its way."""
    confirm_every_s: float = 3
    confirm_for_s: float = 75
    """A sale that waits for the volunteer closes by itself after 60 s."""
    repeat_after_s: tuple[float, ...] = (1, 2, 4, 8)
    """Between the tries at the counter; after the last the call stays in the journal and the cashier goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A till at work: its connection, its memory, its patience, its clock."""

    till: Till
    journal: Journal
    report: Callable[[Step, str], None]
    pace: Pace = field(default_factory=Pace)
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What is asked of the volunteer whose code was scanned: points, or a quantity of an offer."""

    number: str
    code: str
    points: int | None = None
    offer_id: str | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """The points are the merchant's: hand the goods over."""

    redemption: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing was paid: the volunteer declined or did not confirm in time, or it was reversed elsewhere."""

    redemption: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reversed:
    """Taken back, the service has said so. `redemption` is None when it had never arrived."""

    number: str
    redemption: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class NotReversed:
    """It can no longer be reversed, only refunded: somebody must look at it."""

    number: str
    refused: Refused


@dataclass(frozen=True, slots=True)
class Queued:
    """Nobody has answered yet. It is in the journal, and repeated until somebody does."""

    number: str


_PAID = {"SUCCESS", "PARTIALLY_REFUNDED", "REFUNDED"}
_UNPAID = {"CLOSED", "REVERSED"}
_WAITS = "AWAITING_CONFIRMATION"
_NEVER_REVERSED = {"ORDER_CLOSED", "REVERSE_EXPIRED"}


def pay(desk: Desk, sale: Sale) -> Paid | Closed | Refused | Reversed | NotReversed | Queued:
    """Sell once, under one number, whatever the network does.

    Sent; while the service is busy sent again under the same number. An answer that never came is asked for: every
    5 s, up to 60 s. A sale that waits for its volunteer is asked for until it has ended. What is still not certain
    then is reversed, 15 s after it was sent at the earliest, until the service has said that it is.
    """
    desk.journal.open(OpenCall(kind=Kind.REVERSE, number=sale.number, opened_at=desk.till.now()))
    sent_at, outcome = _send(desk, sale)
    if isinstance(outcome, Refused):
        desk.journal.close(sale.number)
        return outcome
    found: Answered | None
    if isinstance(outcome, Unknown):
        desk.report(Step.LOST, outcome.why)
        found = _find_out(desk, sale.number, sent_at)
    else:
        found = outcome
    if found and found.body.get("state") == _WAITS:
        found = _await_confirmation(desk, sale.number)
    if found and found.body.get("state") in _PAID | _UNPAID:
        desk.journal.close(sale.number)
        return Paid(found.body) if found.body["state"] in _PAID else Closed(found.body)
    early_s = sent_at + desk.pace.reverse_after_s - desk.now()
    if early_s > 0:
        desk.sleep(early_s)
    return _reverse(desk, sale.number)


def _send(desk: Desk, sale: Sale) -> tuple[float, Outcome]:
    """Send the sale, again with the same number while the service is busy. When it was last sent, and how it ended."""
    begun = desk.now()
    doubtful = False
    while True:
        desk.report(Step.BUSY if doubtful else Step.SENDING, sale.number)
        sent_at = desk.now()
        outcome = desk.till.redeem(sale.number, sale.code, sale.points, offer_id=sale.offer_id, quantity=sale.quantity)
        if not (isinstance(outcome, Unknown) and outcome.busy):
            return sent_at, _doubt(outcome) if doubtful else outcome
        doubtful = True
        wait_s = max(outcome.retry_after_s, 1)
        if desk.now() + wait_s > begun + desk.pace.query_for_s:
            return sent_at, outcome
        desk.sleep(wait_s)


def _doubt(outcome: Outcome) -> Outcome:
    """After a try of unknown outcome, a signature that is refused says nothing about that try."""
    if isinstance(outcome, Refused) and outcome.code == "SIGN_ERROR":
        return Unknown(outcome.code)
    return outcome


def _find_out(desk: Desk, number: str, sent_at: float) -> Answered | None:
    """Query until the service knows the sale. None: it does not know it, or still cannot be reached."""
    while True:
        desk.report(Step.ASKING, number)
        outcome = desk.till.query(number)
        if isinstance(outcome, Answered):
            return outcome
        missing = isinstance(outcome, Refused) and outcome.code == "ORDER_NOT_EXIST"
        patience_s = desk.pace.reverse_after_s if missing else desk.pace.query_for_s
        left_s = sent_at + patience_s - desk.now()
        if left_s <= 0:
            return None
        desk.sleep(min(left_s, desk.pace.query_every_s))


def _await_confirmation(desk: Desk, number: str) -> Answered | None:
    """Query until the volunteer has confirmed or declined, or the sale has closed by itself. None: it still waits."""
    until = desk.now() + desk.pace.confirm_for_s
    while desk.now() < until:
        desk.report(Step.CONFIRMING, number)
        desk.sleep(desk.pace.confirm_every_s)
        outcome = desk.till.query(number)
        if isinstance(outcome, Answered) and outcome.body.get("state") != _WAITS:
            return outcome
    return None


def cancel(desk: Desk, number: str) -> Reversed | NotReversed | Queued:
    """Take a whole sale back because the cashier says so."""
    desk.journal.open(OpenCall(kind=Kind.REVERSE, number=number, opened_at=desk.till.now()))
    return _reverse(desk, number)


def _reverse(desk: Desk, number: str) -> Reversed | NotReversed | Queued:
    desk.report(Step.REVERSING, number)
    return _read_reversal(desk, number, until_answered(desk, lambda: _send_reversal(desk, number)))


def _send_reversal(desk: Desk, number: str) -> Outcome:
    """Only two refusals end a reversal; after any other it is still open."""
    outcome = desk.till.reverse(number)
    if isinstance(outcome, Refused) and outcome.code not in _NEVER_REVERSED:
        return Unknown(outcome.code)
    return outcome


def _read_reversal(desk: Desk, number: str, outcome: Outcome) -> Reversed | NotReversed | Queued:
    if isinstance(outcome, Unknown):
        return Queued(number)
    desk.journal.close(number)
    if isinstance(outcome, Refused):
        return NotReversed(number, outcome)
    return Reversed(number, outcome.body.get("redemption"))


def give_back(desk: Desk, call: OpenCall) -> Answered | Refused | Queued:
    """Refund, repeated under the same refund number until somebody answers: never given back twice."""
    desk.journal.open(call)
    return _read_refund(desk, call, until_answered(desk, lambda: _send_refund(desk, call)))


def _send_refund(desk: Desk, call: OpenCall) -> Outcome:
    return desk.till.refund(call.trade_no, call.number, call.points, call.reason)


def _read_refund(desk: Desk, call: OpenCall, outcome: Outcome) -> Answered | Refused | Queued:
    if isinstance(outcome, Unknown):
        return Queued(call.number)
    desk.journal.close(call.number)
    return outcome


def until_answered(desk: Desk, send: Callable[[], Outcome]) -> Outcome:
    """Repeat one call under its number, a few times while the cashier waits. Unknown: nobody has answered."""
    outcome = send()
    for wait_s in desk.pace.repeat_after_s:
        if not isinstance(outcome, Unknown):
            break
        desk.report(Step.REPEATING, outcome.why)
        desk.sleep(wait_s)
        outcome = _doubt(send())
    return outcome


def repeat_open(desk: Desk, call: OpenCall) -> Reversed | NotReversed | Answered | Refused | Queued:
    """Try once more what the journal holds open."""
    match call.kind:
        case Kind.REVERSE:
            return _read_reversal(desk, call.number, _send_reversal(desk, call.number))
        case Kind.REFUND:
            return _read_refund(desk, call, _doubt(_send_refund(desk, call)))

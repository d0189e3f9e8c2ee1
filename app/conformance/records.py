"""What is recorded of a till's calls, and what each call told the till. Pure: recordings in files are as good as live.

Only the wire is looked at: which calls, when, with which bytes, and what was answered.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from app.conformance.scenarios import Scenario, Verb

_NUMBERED = re.compile(
    r"/v1/pos/redemptions/(?P<number>[^/]+)(?P<reverse>/reverse)?(?P<refunds>/refunds(/(?P<refund>[^/]+))?)?"
)
_PARAMETER = re.compile(r'(timestamp|nonce)="([^"]*)"')

UNKNOWN_FROM = 500
"""An answer from here on says nothing about the outcome."""
_NOT_SERVED = {401, 408}
_PAID = {"SUCCESS", "PARTIALLY_REFUNDED", "REFUNDED"}
_OVER = {"REVERSED", "CLOSED"}


class Said(StrEnum):
    """What the till tells its cashier in the end. Done: paid, and refunded where that was asked for."""

    DONE = "done"
    NOT_DONE = "not done"
    NOTHING = "nothing"


class Learnt(StrEnum):
    """What a call taught the till about an order's outcome."""

    PAID = "paid"
    NOT_PAID = "not paid"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One call and its answer. Times are seconds since the scenario began; no status: the till hung up before."""

    method: str
    target: str
    sent_s: float
    authorization: str = ""
    body: str = ""
    fault: str = ""
    ended_s: float | None = None
    status: int | None = None
    answer: str = ""
    date: str = ""
    replayed: bool = False

    @cached_property
    def _path(self) -> re.Match[str] | None:
        return _NUMBERED.fullmatch(self.target.partition("?")[0])

    @cached_property
    def verb(self) -> Verb:
        """Which of the contract's calls it is."""
        return verb_of(self.method, self.target)

    @cached_property
    def sent(self) -> Any:  # noqa: ANN401 - whatever JSON a till sends
        """The body's meaning; None when it is not JSON."""
        return _parse(self.body)

    @cached_property
    def answered(self) -> Mapping[str, Any]:
        """The answer's meaning; empty when it is not a JSON object."""
        meant = _parse(self.answer)
        return meant if isinstance(meant, dict) else {}

    def _field(self, name: str) -> str:
        return str(self.sent.get(name, "")) if isinstance(self.sent, dict) else ""

    @cached_property
    def number(self) -> str:
        """The order's number (out_trade_no); empty when none was given."""
        return unquote(self._path["number"]) if self._path else self._field("out_trade_no")

    @cached_property
    def refund_number(self) -> str:
        """The refund's number (out_refund_no); empty when none was given."""
        named = unquote(self._path["refund"] or "") if self._path else ""
        return named or self._field("out_refund_no")

    @cached_property
    def _signed(self) -> Mapping[str, str]:
        return dict(_PARAMETER.findall(self.authorization))

    @property
    def nonce(self) -> str:
        """The nonce that was signed with."""
        return self._signed.get("nonce", "")

    @property
    def skew_s(self) -> float | None:
        """How far the till's clock was ahead of the answer's `Date`; None when either is missing."""
        try:
            return int(self._signed["timestamp"]) - parsedate_to_datetime(self.date).timestamp()
        except (KeyError, ValueError):
            return None

    @property
    def unknown(self) -> bool:
        """Whether the till cannot know what came of it."""
        return self.status is None or self.status >= UNKNOWN_FROM

    @property
    def served(self) -> bool:
        """Whether the service has looked at the request and answered it for good."""
        return not self.unknown and self.status not in _NOT_SERVED

    @property
    def refused(self) -> bool:
        """Whether it is a final refusal: kept under its number for ever."""
        return self.served and (self.status or 0) >= 400  # noqa: PLR2004 - client errors begin there

    @property
    def learnt(self) -> Learnt | None:
        """What the till knows about the order from this answer; None when nothing final."""
        if not self.served:
            return None
        state = str(self.answered.get("state", ""))
        if self.verb is Verb.PAY and self.refused:
            return None if self.answered.get("code") == "OUT_TRADE_NO_USED" else Learnt.NOT_PAID
        if self.verb not in {Verb.PAY, Verb.QUERY, Verb.REVERSE} or self.refused:
            return None
        if state in _OVER:
            return Learnt.NOT_PAID
        return Learnt.PAID if state in _PAID else None


def verb_of(method: str, target: str) -> Verb:
    """Which of the contract's calls a request is."""
    path = target.partition("?")[0]
    if (method, path) == ("POST", "/v1/pos/redemptions"):
        return Verb.PAY
    match = _NUMBERED.fullmatch(path)
    if match is None:
        return Verb.OTHER
    kinds = {
        ("GET", False, False): Verb.QUERY,
        ("POST", True, False): Verb.REVERSE,
        ("POST", False, True): Verb.REFUND,
        ("GET", False, True): Verb.QUERY_REFUND,
    }
    return kinds.get((method, bool(match["reverse"]), bool(match["refunds"])), Verb.OTHER)


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger holds under a number, by the kit's own query."""

    state: str
    points: int = 0
    refunded_points: int = 0

    @property
    def paid(self) -> bool:
        """Whether points were taken and not all given back by a reversal."""
        return self.state in _PAID


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One scenario from beginning to end."""

    scenario: Scenario
    code: str
    points: int
    refund_points: int = 0
    exchanges: tuple[Exchange, ...] = ()
    said: Said = Said.NOTHING
    ledger: Mapping[str, Booked] = field(default_factory=dict)

    def calls(self, *verbs: Verb) -> list[Exchange]:
        """The calls of these kinds, in order."""
        return [exchange for exchange in self.exchanges if exchange.verb in verbs]

    def about(self, number: str) -> list[Exchange]:
        """All calls about one order, in order."""
        return [exchange for exchange in self.exchanges if exchange.number == number]

    @property
    def paid(self) -> list[str]:
        """The numbers under which points were taken and kept."""
        return [number for number, booked in self.ledger.items() if booked.paid]


def _parse(text: str) -> Any:  # noqa: ANN401 - whatever JSON there is
    try:
        return json.loads(text)
    except ValueError:
        return None

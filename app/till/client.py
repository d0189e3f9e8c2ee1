"""The till contract in one file: a signed call, the three ways it can end, and the verbs. Copy it.

It needs httpx and nothing else of this project. Every call ends as one of three values; no verb raises:

    Answered   the service did it (or had done it: `replayed`); `body` is the answer's JSON
    Refused    the service will not do it, for good under this number; `code` says why
    Unknown    no definite answer: it may or may not have happened. `app/till/protocol.py` says what to do then
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import httpx

CONNECT_S = 5.0
READ_S = 12.0
_SKEW_S = 30
"""The service allows 300 s. A clock that is off by less than this is not why a signature was refused."""


@dataclass(frozen=True, slots=True)
class Answered:
    """It is done. `body` is the JSON of the answer."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not done, and never will be under this number; only `SIGN_ERROR` says nothing about the number.

    `detail` and `remedy` are for the cashier in the language asked for, `title` in English; `figures` explain it.
    """

    status: int
    code: str
    detail: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    remedy: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say. `busy`: the service asks to send the same number again, after `retry_after_s`."""

    why: str
    busy: bool = False
    retry_after_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Bill:
    """The merchant's day as CSV, its SHA-256 checked. `state`: `open`, or `closed` when it cannot change any more."""

    content: bytes
    sha256: str
    state: str


Outcome = Answered | Refused | Unknown


def sign(*, terminal: str, secret: bytes, method: str, target: str, body: bytes, timestamp: int, nonce: str) -> str:
    """The Authorization header. `target` is path and query, `body` the bytes, both exactly as they are sent."""
    signed = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
    mac = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    return f'LIYU-HMAC-SHA256 terminal="{terminal}",timestamp="{timestamp}",nonce="{nonce}",signature="{mac}"'


class Till:
    """A terminal with its secret, over any httpx client whose base URL is the service."""

    def __init__(
        self, http: httpx.Client, terminal: str, secret: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        """`clock` is the till's own, in seconds since 1970; how far it is off is learnt from the service."""
        self.terminal = terminal
        self.offset_s = 0.0
        self._http = http
        self._secret = secret.encode()
        self._clock = clock

    def now(self) -> float:
        """The service's time as far as the till knows it, in seconds since 1970."""
        return self._clock() + self.offset_s

    # Sales: `out_trade_no` is the till's own number, unique per merchant. It names the sale for ever.

    def redeem(
        self,
        out_trade_no: str,
        auth_code: str,
        points: int | None = None,
        *,
        offer_id: str | None = None,
        quantity: int | None = None,
        **optional: Any,  # noqa: ANN401 - order, operator_id, device_id as the contract has them
    ) -> Outcome:
        """Take points, or a quantity of an offer. 201: taken. 202: held until the volunteer confirms; query."""
        form = {"points": points, "offer_id": offer_id, "quantity": quantity}
        chosen = {name: value for name, value in form.items() if value is not None}
        body = {"out_trade_no": out_trade_no, "auth_code": auth_code, **chosen, **optional}
        return self.call("POST", "/v1/pos/redemptions", body)

    def query(self, out_trade_no: str) -> Outcome:
        """What became of a sale. `ORDER_NOT_EXIST`: nothing was taken under this number, so far."""
        return self.call("GET", f"/v1/pos/redemptions/{_segment(out_trade_no)}")

    def reverse(self, out_trade_no: str) -> Outcome:
        """Take the whole sale back, whether it was paid or not, or has not even arrived. Repeat until answered."""
        return self.call("POST", f"/v1/pos/redemptions/{_segment(out_trade_no)}/reverse")

    def refund(self, out_trade_no: str, out_refund_no: str, points: int, reason: str = "") -> Outcome:
        """Give points back, in part or in whole. Repeat with the same refund number until answered."""
        body = {"out_refund_no": out_refund_no, "points": points, "reason": reason}
        return self.call("POST", f"/v1/pos/redemptions/{_segment(out_trade_no)}/refunds", body)

    def get_refund(self, out_trade_no: str, out_refund_no: str) -> Outcome:
        """What became of a refund."""
        return self.call("GET", f"/v1/pos/redemptions/{_segment(out_trade_no)}/refunds/{_segment(out_refund_no)}")

    # Vouchers: ordered in the mini-program, written off at the till.

    def voucher(self, code: str) -> Outcome:
        """What a voucher is for, and whether it is good."""
        return self.call("GET", f"/v1/pos/vouchers/{_segment(code)}")

    def use_voucher(self, code: str, use_request_no: str, operator_id: str | None = None) -> Outcome:
        """Write a voucher off. Of many tills at once one is answered, the others are refused `ALREADY_USED`."""
        operator = {} if operator_id is None else {"operator_id": operator_id}
        return self.call(
            "POST", f"/v1/pos/vouchers/{_segment(code)}/use", {"use_request_no": use_request_no, **operator}
        )

    def return_voucher(self, code: str, return_request_no: str, reason: str = "") -> Outcome:
        """Take a write-off back: the voucher is good again."""
        body = {"return_request_no": return_request_no, "reason": reason}
        return self.call("POST", f"/v1/pos/vouchers/{_segment(code)}/return", body)

    # Closing the day. `day` is like 2026-11-24; today when left out.

    def totals(self, day: str | None = None, terminal: str | None = None) -> Outcome:
        """Count, points and fen by type and terminal."""
        asked = {name: value for name, value in (("date", day), ("terminal", terminal)) if value}
        return self.call("GET", "/v1/pos/totals" + (f"?{urlencode(asked)}" if asked else ""))

    def bill(self, day: str) -> Bill | Refused | Unknown:
        """Every line of the merchant's day."""
        try:
            answer = self.send("GET", f"/v1/pos/bills/{_segment(day)}")
        except httpx.HTTPError as error:
            return Unknown(_describe(error))
        if answer.status_code != httpx.codes.OK:
            outcome = read_outcome(answer)
            return outcome if not isinstance(outcome, Answered) else Unknown("not a bill")
        told = answer.headers.get("Bill-SHA256", "")
        if sha256(answer.content).hexdigest() != told:
            return Unknown("the bill is not what its SHA-256 says")
        return Bill(answer.content, told, answer.headers.get("Bill-State", ""))

    # What every verb is made of.

    def call(self, method: str, target: str, body: dict[str, Any] | None = None) -> Outcome:
        """Send one signed request and read how it ended. Never raises for what the network or the service does."""
        try:
            return read_outcome(self.send(method, target, body))
        except httpx.HTTPError as error:
            return Unknown(_describe(error))

    def send(self, method: str, target: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """One signed request and its raw answer. Raises httpx.HTTPError when there is none.

        Should the service refuse the signature because our clock is off, its `Date` tells by how much: the very
        same request goes out once more under a corrected time.
        """
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = self._send_once(method, target, content)
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._learn_offset(answer):
            answer = self._send_once(method, target, content)
        return answer

    def _send_once(self, method: str, target: str, content: bytes) -> httpx.Response:
        request = self._http.build_request(method, target, content=content)
        request.headers["Content-Type"] = "application/json"
        request.headers["Authorization"] = sign(
            terminal=self.terminal,
            secret=self._secret,
            method=method,
            target=request.url.raw_path.decode("ascii"),  # as it goes over the wire
            body=content,
            timestamp=int(self.now()),
            nonce=secrets.token_hex(8),
        )
        return self._http.send(request)

    def _learn_offset(self, answer: httpx.Response) -> bool:
        """Whether the service's clock differs so much from ours that another try is worth it."""
        try:
            told = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
        except ValueError:
            return False
        if abs(told - self.now()) < _SKEW_S:
            return False
        self.offset_s = told - self._clock()
        return True


@contextmanager
def open_till(
    base_url: str, terminal: str, secret: str, *, connect_s: float = CONNECT_S, read_s: float = READ_S
) -> Iterator[Till]:
    """A till with a connection of its own, closed when the block ends."""
    timeout = httpx.Timeout(read_s, connect=connect_s)
    with httpx.Client(base_url=base_url, timeout=timeout, headers={"Accept-Language": "zh-CN"}) as http:
        yield Till(http, terminal, secret)


def read_outcome(answer: httpx.Response) -> Outcome:
    """How a call ended. Definite is only a success, or a refusal that names a code: the rest may come from a proxy."""
    document = _json_object(answer)
    code = document.get("code", "")
    if answer.is_success and document and not code:
        replayed = answer.headers.get("Idempotency-Replayed") == "true"
        return Answered(answer.status_code, document, replayed)
    if answer.is_client_error and code:
        return Refused(
            answer.status_code,
            str(code),
            str(document.get("detail", "")),
            document.get("figures") or {},
            str(document.get("title", "")),
            str(document.get("remedy", "")),
            str(document.get("request_id", "")),
        )
    busy = answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    return Unknown(f"{answer.status_code} {code}".strip(), busy=busy, retry_after_s=_retry_after_s(answer))


def _json_object(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _retry_after_s(answer: httpx.Response) -> float:
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isascii() and told.isdigit() else 1.0


def _describe(error: httpx.HTTPError) -> str:
    return type(error).__name__ + (f": {error}" if str(error) else "")


def _segment(text: str) -> str:
    return quote(text, safe="")

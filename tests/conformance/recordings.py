"""Recordings as the kit makes them, written by hand: what a till did, call by call."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Self

from app.conformance.records import Booked, Exchange, Recording, Said
from app.conformance.scenarios import BY_NAME

CODE = "961234567890123456"
POINTS = 5
AT = 1_690_000_000
PATH = "/v1/pos/redemptions"


@dataclass(slots=True)
class Tape:
    """Adds one call after the other; `after` is how long the till waited since the call before."""

    scenario: str
    now_s: float = 0.0
    exchanges: list[Exchange] = field(default_factory=list)

    def call(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        status: int | None = 200,
        answer: dict[str, Any] | None = None,
        after: float = 1.0,
        **changed: Any,  # noqa: ANN401 - fields of Exchange
    ) -> Self:
        """One call of the till."""
        self.now_s += after
        nonce = changed.pop("nonce", f"n{len(self.exchanges)}")
        timestamp = AT + int(self.now_s) + changed.pop("skew_s", 0)
        told = {"date": format_datetime(datetime.fromtimestamp(AT + int(self.now_s), UTC), usegmt=True)}
        self.exchanges.append(
            Exchange(
                **{
                    "method": method,
                    "target": target,
                    "sent_s": self.now_s,
                    "authorization": f'LIYU-HMAC-SHA256 terminal="t",timestamp="{timestamp}",nonce="{nonce}"',
                    "body": "" if body is None else json.dumps(body),
                    "ended_s": self.now_s + 0.5,
                    "status": status,
                    "answer": json.dumps(answer or {}),
                    **(told if status else {}),
                    **changed,
                }
            )
        )
        return self

    def pay(self, number: str = "A", *, points: int = POINTS, code: str = CODE, **rest: Any) -> Self:  # noqa: ANN401 - as `call`
        """A pay call; paid unless something else is said."""
        body = {"out_trade_no": number, "auth_code": code, "points": points}
        return self.call("POST", PATH, body, **{"status": 201, "answer": {"state": "SUCCESS"}, **rest})

    def lost(self, number: str = "A", **rest: Any) -> Self:  # noqa: ANN401 - as `call`
        """A pay call that is never answered."""
        return self.pay(number, **{"status": None, "answer": None, **rest})

    def query(self, number: str = "A", state: str = "SUCCESS", **rest: Any) -> Self:  # noqa: ANN401 - as `call`
        """A query; no state: there is no such order."""
        told = {"status": 200, "answer": {"state": state}} if state else {"status": 404}
        return self.call("GET", f"{PATH}/{number}", **{**told, **rest})

    def reverse(self, number: str = "A", **rest: Any) -> Self:  # noqa: ANN401 - as `call`
        """A reversal that is acknowledged."""
        return self.call("POST", f"{PATH}/{number}/reverse", **{"answer": {"state": "REVERSED"}, **rest})

    def refund(self, refund_number: str = "R", **rest: Any) -> Self:  # noqa: ANN401 - as `call`
        """A refund that is acknowledged."""
        body = {"out_refund_no": refund_number, "points": 2, "reason": ""}
        return self.call("POST", f"{PATH}/A/refunds", body, **{"status": 201, **rest})

    def end(self, said: Said, *paid: str, refunded: int = 0, refund_points: int = 0, points: int = POINTS) -> Recording:
        """The recording, with what the till said and the numbers that the ledger holds as paid."""
        return Recording(
            scenario=BY_NAME[self.scenario],
            code=CODE,
            points=POINTS,
            refund_points=refund_points,
            exchanges=tuple(self.exchanges),
            said=said,
            ledger={number: Booked("SUCCESS", points, refunded) for number in paid},
        )

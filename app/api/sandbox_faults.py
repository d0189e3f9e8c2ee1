"""Faults on demand: what can go wrong between a till and the service, for the tills of a sandbox programme.

A layer around the whole application, entered only by requests that carry the header. It delivers a till's request
late, twice, after a reversal or under another clock; the application within is the one of production and knows nothing
of it. The ledger's time is never moved.
"""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.actions.terminals import KnownTill
from app.api.pos_answers import TRADE_NO
from app.api.problems import FieldProblem, Problem, render_problem
from app.api.services import services_of
from app.api.tills import target_of
from app.core.codes import Code
from app.core.ids import parse_terminal
from app.security.till_signatures import TillAuthorization, parse_authorization, sign, verify

FAULT_HEADER = "Liyu-Sandbox-Fault"
FAULT_KEY = FAULT_HEADER.lower().encode()
CLOCK = "liyu.clock"
"""In a request's scope: the clock that its answer's `Date` shows, where that is not the application's."""

_TILLS = "/v1/pos/"
_REDEMPTIONS = "/v1/pos/redemptions"


class Fault(StrEnum):
    """What goes wrong with one request."""

    TIMEOUT_AFTER_COMMIT = "timeout_after_commit"
    DUPLICATE_DELIVERY = "duplicate_delivery"
    SLOW = "slow"
    CLOCK_SKEW = "clock_skew"
    REVERSED_BEFORE_ARRIVAL = "reversed_before_arrival"


FAULT_TEXT = """\
Only in a sandbox programme, elsewhere ignored: what is to go wrong with this call.
`timeout_after_commit`: everything is done, the answer never comes (500 `SYSTEM_ERROR` after 20 s).
`duplicate_delivery`: the request arrives twice, the second answer is given.
`slow`: the request takes 8 s to arrive.
`clock_skew`: the server's clock is 10 minutes ahead, as the answer's `Date` shows.
`reversed_before_arrival`: a redemption is overtaken by its own reversal.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTimes:
    """How long faults last: an answer that never comes, one that is slow, and how far a clock is off."""

    lost: timedelta = timedelta(seconds=20)
    slow: timedelta = timedelta(seconds=8)
    ahead: timedelta = timedelta(minutes=10)


FAULT_TIMES = FaultTimes()


@dataclass(frozen=True, slots=True)
class _Call:
    """A request of a sandbox's till, read to its end."""

    scope: Scope
    receive: Receive
    send: Send
    body: bytes
    terminal: str
    till: KnownTill

    def receive_again(self) -> Receive:
        """What an application reads: the body, then whatever follows it on the connection."""
        return _replay(self.body, self.receive)

    def authorize(self, target: str, body: bytes, now: datetime) -> tuple[bytes, bytes]:
        """The header with which this till would send a request now."""
        authorization = sign(
            terminal=self.terminal,
            secret=self.till.secret,
            method=self.scope["method"],
            target=target,
            body=body,
            timestamp=int(now.timestamp()),
            nonce=uuid7().hex,
        )
        return b"authorization", authorization.encode()


class SandboxFaults:
    """Serves requests that ask for a fault: with it in a sandbox, as if they had not asked anywhere else."""

    def __init__(self, app: ASGIApp, times: FaultTimes) -> None:
        self._app = app
        self._times = times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request that carries the header."""
        if not scope["path"].startswith(_TILLS):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await request.body()
            call = await self._identify(request, body, receive, send)
            if call is None:
                await self._app(scope, _replay(body, receive), send)
            else:
                await self._deliver(call, _read_fault(request))
        except Problem as problem:
            await render_problem(request, problem)(scope, receive, send)

    async def _identify(self, request: Request, body: bytes, receive: Receive, send: Send) -> _Call | None:
        """The call, if a sandbox's till has signed it, at whatever time by its clock; None for everyone else's."""
        services = services_of(request)
        authorization = parse_authorization(request.headers.get("authorization", ""))
        if not isinstance(authorization, TillAuthorization):
            return None
        named = parse_terminal(authorization.terminal)
        till = await services.tills.find(*named) if named else None
        if till is None or till.disabled or not till.sandbox:
            return None
        secrets, signed_at = till.secrets_at(services.clock()), int(authorization.timestamp)
        if verify(authorization, request.method, target_of(request), body, secrets, signed_at):
            return None
        return _Call(request.scope, receive, send, body, authorization.terminal, till)

    async def _deliver(self, call: _Call, fault: Fault) -> None:
        match fault:
            case Fault.TIMEOUT_AFTER_COMMIT:
                await self._app(dict(call.scope), call.receive_again(), _drop)
                await _wait_for_hang_up(call.receive, self._times.lost)
                raise Problem(Code.SYSTEM_ERROR)
            case Fault.DUPLICATE_DELIVERY:
                await self._app(dict(call.scope), call.receive_again(), _drop)
            case Fault.SLOW:
                await asyncio.sleep(self._times.slow.total_seconds())
            case Fault.CLOCK_SKEW:
                self._move_clock(call)
            case Fault.REVERSED_BEFORE_ARRIVAL:
                await self._reverse(call)
            case _:
                assert_never(fault)
        await self._app(call.scope, call.receive_again(), call.send)

    def _move_clock(self, call: _Call) -> None:
        """Judge the signature under the moved clock; what is good then is signed anew for the application's own."""
        request = Request(call.scope)
        clock = services_of(request).clock

        def moved() -> datetime:
            return clock() + self._times.ahead

        call.scope[CLOCK] = moved
        authorization = parse_authorization(request.headers.get("authorization", ""))
        if not isinstance(authorization, TillAuthorization):
            raise Problem(Code.SIGN_ERROR)
        target, now = target_of(request), moved()
        if verify(authorization, request.method, target, call.body, call.till.secrets_at(now), int(now.timestamp())):
            raise Problem(Code.SIGN_ERROR)
        others = [item for item in call.scope["headers"] if item[0] != b"authorization"]
        call.scope["headers"] = [*others, call.authorize(target, call.body, clock())]

    async def _reverse(self, call: _Call) -> None:
        """Reverse a redemption's number before the redemption itself arrives. Other calls are left alone."""
        number = _trade_no(call.body)
        if call.scope["method"] != "POST" or call.scope["path"] != _REDEMPTIONS or number is None:
            return
        target = f"{_REDEMPTIONS}/{number}/reverse"
        now = services_of(Request(call.scope)).clock()
        headers = [call.authorize(target, b"", now)]
        moved = {"path": target, "raw_path": target.encode(), "query_string": b"", "headers": headers}
        await self._app({**call.scope, **moved}, _replay(b"", call.receive), _drop)


def _read_fault(request: Request) -> Fault:
    try:
        return Fault(request.headers[FAULT_HEADER])
    except ValueError as error:
        expected = f"one of {', '.join(Fault)}"
        raise Problem(
            Code.PARAM_ERROR, errors=[FieldProblem(pointer=f"/header/{FAULT_HEADER}", detail=expected)]
        ) from error


def _trade_no(body: bytes) -> str | None:
    try:
        number = json.loads(body)["out_trade_no"]
    except (ValueError, TypeError, KeyError):
        return None
    return number if isinstance(number, str) and re.fullmatch(TRADE_NO, number) else None


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


async def _drop(_message: Message) -> None:
    """The answer goes nowhere."""


async def _wait_for_hang_up(receive: Receive, longest: timedelta) -> None:
    """Keep the caller waiting, for no longer than it waits itself."""
    with suppress(TimeoutError):
        async with asyncio.timeout(longest.total_seconds()):
            while (await receive())["type"] != "http.disconnect":
                pass

"""What every request goes through: an id and a date of its own, a limit on its body, a last answer when all failed."""

import re
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.api.limits import Limits, limit_problem
from app.api.problems import Problem, render_problem
from app.api.sandbox_faults import CLOCK, FAULT_KEY, FaultTimes, SandboxFaults
from app.core.codes import Code
from app.security.origins import CALL, Call, household_of
from app.telemetry import REQUESTS

_log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(rb"[0-9A-Za-z._-]{1,64}")
_TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_DEFAULTS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)
"""What an answer has that does not say otherwise: a page brings a policy of its own, a public key may be kept."""
_LIMITED = ("/v1/", "/.well-known/")
_TILLS = "/v1/pos/"


@lru_cache(maxsize=4)
def _format_date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


class RequestMiddleware:
    """The outermost layer. Written against ASGI itself: it runs for every call of every till."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_bytes_max: int,
        body_bytes_max_at: Callable[[str], int | None],
        clock: Callable[[], datetime],
        fault_times: FaultTimes,
        addresses: Limits,
        hsts: bool,
    ) -> None:
        self._app = app
        self._addresses = addresses
        self._always = [*_SECURITY_HEADERS, _HSTS] if hsts else _SECURITY_HEADERS
        self._body_bytes_max = body_bytes_max
        self._body_bytes_max_at = body_bytes_max_at
        self._clock = clock
        self._faults = SandboxFaults(app, fault_times)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"request-id", b"")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid7().hex.encode()
        scope["request_id"] = request_id.decode()
        CALL.set(
            Call(
                scope["request_id"],
                scope["client"][0] if scope.get("client") else "",
                headers.get(b"user-agent", b"").decode("latin-1"),
            )
        )
        sent = [(b"request-id", request_id), *self._always]
        trace = headers.get(b"traceparent", b"")
        if _TRACE_PARENT.fullmatch(trace):
            sent.append((b"traceparent", trace))
        structlog.contextvars.bind_contextvars(request_id=scope["request_id"])
        await self._serve(scope, receive, send, headers, sent)

    def _wait(self, scope: Scope) -> int:
        """The seconds that an address has to wait. Tills are counted each by itself, once their signature is good."""
        path: str = scope["path"]
        if not path.startswith(_LIMITED) or path.startswith(_TILLS):
            return 0
        client = scope.get("client")
        return self._addresses.wait_of_address(household_of(client[0])) if client else 0

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        sent: list[tuple[bytes, bytes]],
    ) -> None:
        status = 0
        received = 0
        began = time.perf_counter()
        bytes_max = self._body_bytes_max_at(scope["path"]) or self._body_bytes_max

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > bytes_max:
                raise Problem(Code.BODY_TOO_LARGE)
            return message

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                now: datetime = scope.get(CLOCK, self._clock)()
                given = message["headers"]
                names = {name.lower() for name, _ in given}
                usual = [header for header in _DEFAULTS if header[0] not in names]
                message["headers"] = [*given, *sent, *usual, (b"date", _format_date(int(now.timestamp())))]
            await send(message)

        async def answer(problem: Problem) -> None:
            if status == 0:
                await render_problem(Request(scope), problem)(scope, receive, marked)

        try:
            length = headers.get(b"content-length", b"0")
            if wait_s := self._wait(scope):
                await answer(limit_problem(wait_s))
            elif length.isdigit() and int(length[:20]) > bytes_max:
                await answer(Problem(Code.BODY_TOO_LARGE))
            else:
                app = self._faults if FAULT_KEY in headers else self._app
                await app(scope, counted, marked)
        except ClientDisconnect:
            _log.info("caller hung up before its request was read")
        except Exception:  # noqa: BLE001 - the last answer when all else failed
            _log.exception("request broken")
            await answer(Problem(Code.SYSTEM_ERROR))
        route = getattr(scope.get("route"), "path", "")
        REQUESTS.labels(scope["method"], route, status).inc()
        _log.debug("request", route=route, status=status, ms=round((time.perf_counter() - began) * 1000, 1))

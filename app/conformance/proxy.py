"""The recording proxy: the till under test talks to it, it talks to the service, and writes down what was said.

Everything goes through as it was sent: the signature covers method, path, query and body, not the host. Only the fault
header is added. When the till hangs up, so does the proxy.
"""

import asyncio
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import httpx
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.conformance.records import Exchange, verb_of
from app.conformance.scenarios import Scenario, Verb

FAULT_HEADER = "Liyu-Sandbox-Fault"
_HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te", b"trailer", b"host"}
_READY_S = 10.0
_HANGING_UP_S = 2.0
_PAUSE_S = 0.02


class ServiceUnreachable(Exception):
    """The service could not be reached, or did not answer as itself."""


@dataclass(slots=True)
class _Scene:
    """What is going on in one scenario."""

    scenario: Scenario
    began: float = field(default_factory=time.monotonic)
    verbs: list[Verb] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def now(self) -> float:
        return round(time.monotonic() - self.began, 3)

    def note(self, method: str, target: str, authorization: str, body: bytes) -> int:
        """Write a call down before it is forwarded; gives its place."""
        verb = verb_of(method, target)
        exchange = Exchange(
            method=method,
            target=target,
            sent_s=self.now(),
            authorization=authorization,
            body=body.decode("utf-8", "replace"),
            fault=self.scenario.fault_for(verb, self.verbs),
        )
        self.verbs.append(verb)
        self.exchanges.append(exchange)
        return len(self.exchanges) - 1

    def close(self, place: int, response: Response | None) -> None:
        """Write down how a call ended; None: the till hung up."""
        exchange = replace(self.exchanges[place], ended_s=self.now())
        if response is not None:
            exchange = replace(
                exchange,
                status=response.status_code,
                answer=bytes(response.body).decode("utf-8", "replace"),
                date=response.headers.get("date", ""),
                replayed=response.headers.get("idempotency-replayed") == "true",
            )
        self.exchanges[place] = exchange


class RecordingProxy:
    """A proxy in a thread of its own, for the length of a `with` block."""

    def __init__(self, upstream: str, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._upstream = httpx.URL(upstream)
        self._transport = httpx.AsyncHTTPTransport()
        self._socket = socket.create_server((host, port))
        self.base_url = f"http://{host}:{self._socket.getsockname()[1]}"
        self.unreachable = ""
        self._scene: _Scene | None = None
        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            access_log=False,
            log_level="critical",
            server_header=False,
            date_header=False,
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="recording-proxy", daemon=True
        )

    def __enter__(self) -> Self:
        """Start listening."""
        self._thread.start()
        deadline = time.monotonic() + _READY_S
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                self._socket.close()
                raise ServiceUnreachable("the proxy did not start")
            time.sleep(_PAUSE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.should_exit = True
        self._thread.join(_READY_S)
        self._socket.close()

    def begin(self, scenario: Scenario) -> None:
        """What is called from now on belongs to this scenario."""
        self._scene = _Scene(scenario)

    def elapsed_s(self) -> float:
        """How long the scenario has lasted."""
        return self._scene.now() if self._scene else 0.0

    def end(self) -> tuple[Exchange, ...]:
        """The calls of the scenario. One that is still open is given a moment to be hung up."""
        scene, deadline = self._scene, time.monotonic() + _HANGING_UP_S
        if scene is None:
            return ()
        while any(call.ended_s is None for call in scene.exchanges) and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
        self._scene = None
        if self.unreachable:
            raise ServiceUnreachable(self.unreachable)
        return tuple(scene.exchanges)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        with suppress(ClientDisconnect):
            body = await request.body()
            target = _target_of(scope)
            scene = self._scene
            fault, place = "", 0
            if scene is not None:
                place = scene.note(request.method, target, request.headers.get("authorization", ""), body)
                fault = scene.exchanges[place].fault
            response = await self._forward_unless_hung_up(request, target, body, fault)
            if scene is not None:
                scene.close(place, response)
            if response is not None:
                await response(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Open until the server stops: connections are closed in the loop that opened them."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._transport.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _forward_unless_hung_up(self, request: Request, target: str, body: bytes, fault: str) -> Response | None:
        forwarding = asyncio.create_task(self._forward(request, target, body, fault))
        hanging_up = asyncio.create_task(_hang_up(request))
        try:
            await asyncio.wait((forwarding, hanging_up), return_when=asyncio.FIRST_COMPLETED)
            return forwarding.result() if forwarding.done() else None
        finally:
            for task in (forwarding, hanging_up):
                task.cancel()
            await asyncio.gather(forwarding, hanging_up, return_exceptions=True)

    async def _forward(self, request: Request, target: str, body: bytes, fault: str) -> Response:
        headers = [(name, value) for name, value in request.headers.raw if name.lower() not in _HOP_BY_HOP]
        if fault:
            headers.append((FAULT_HEADER.lower().encode(), fault.encode()))
        # The target as it came: a client that writes it anew could write it otherwise than it was signed.
        sent = httpx.Request(
            request.method, self._upstream, headers=headers, content=body, extensions={"target": target.encode()}
        )
        try:
            answer = await self._transport.handle_async_request(sent)
            content = b"".join([chunk async for chunk in answer.aiter_raw()])
        except httpx.TransportError as error:
            self.unreachable = f"{self._upstream}: {error!r}"
            return Response(status_code=502)
        response = Response(content, answer.status_code)
        kept = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _HOP_BY_HOP]
        response.raw_headers = [item for item in kept if item[0] != b"content-length"]
        response.raw_headers.append((b"content-length", str(len(content)).encode()))
        return response


def _target_of(scope: Scope) -> str:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


async def _hang_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

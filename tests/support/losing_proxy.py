"""A wire between till and service that loses what it is told to lose: the next sale, or the answer to it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_SALE = b"POST /v1/pos/redemptions HTTP/1.1"


class Loss(StrEnum):
    """What the wire loses: the request, before the service has it, or the answer, after the service has done it."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass(slots=True)
class LosingProxy:
    """Passes everything on, but for the losses that are still to come; each is for one sale."""

    upstream: str
    base_url: str = ""
    losses: list[Loss] = field(default_factory=list)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once something was lost: an answer then is the service's, and nobody else's."""
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, request by request."""
        host, port = self.upstream.removeprefix("http://").split(":")
        to_reader, to_writer = await asyncio.open_connection(host, int(port))
        self._writers |= {writer, to_writer}
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    request = await _read_message(reader)
                    loss = self.losses.pop(0) if self.losses and request.startswith(_SALE) else None
                    if loss is Loss.REQUEST:
                        self.lost.set()
                        continue
                    to_writer.write(request)
                    answer = await _read_message(to_reader)
                    if loss is Loss.ANSWER:
                        self.lost.set()
                        continue
                    writer.write(answer)
                    await writer.drain()
        finally:
            to_writer.close()
            writer.close()

    def hang_up(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.close()


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + await reader.readexactly(int(length[1]) if length else 0)


@contextlib.asynccontextmanager
async def a_losing_proxy(upstream: str) -> AsyncIterator[LosingProxy]:
    """A proxy in front of a service, for the length of the block."""
    proxy = LosingProxy(upstream)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    proxy.base_url = f"http://{host}:{port}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.hang_up()
        await server.wait_closed()

"""The recording proxy: everything goes through as it was sent, is written down, and ends when the till hangs up."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.conformance.proxy import RecordingProxy, ServiceUnreachable
from app.conformance.records import Exchange
from app.conformance.scenarios import BY_NAME

PAY = "/v1/pos/redemptions"
ANSWER = (
    b"HTTP/1.1 201 Created\r\nDate: Sun, 23 Jul 2023 01:46:40 GMT\r\nIdempotency-Replayed: true\r\n"
    b'Content-Type: application/json\r\nContent-Length: 19\r\n\r\n{"state":"SUCCESS"}'
)


class _Upstream:
    """A service that keeps what it was sent, and answers or keeps silent."""

    def __init__(self) -> None:
        self.base_url = ""
        self.requests: list[bytes] = []
        self.silent = False
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the caller leaves."""
        while head := await self._head(reader):
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self.requests.append(head + await reader.readexactly(int(length or 0)))
            if not self.silent:
                writer.write(ANSWER)
                await writer.drain()
        self.left.set()
        writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""


@pytest.fixture
async def upstream() -> AsyncIterator[_Upstream]:
    """A service on a free port."""
    service = _Upstream()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield service


async def _send(
    proxy: RecordingProxy, method: str, target: bytes, body: bytes = b"", timeout_s: float = 5
) -> httpx.Response:
    async with httpx.AsyncClient(base_url=proxy.base_url, timeout=timeout_s) as till:
        headers = {"Authorization": 'LIYU timestamp="1690076800",nonce="n1"'}
        return await till.request(method, "/", content=body, headers=headers, extensions={"target": target})


async def test_everything_goes_through_as_it_was_sent(upstream: _Upstream) -> None:
    """Path, query, body and signature byte for byte; the fault is added to the first pay call only."""
    with RecordingProxy(upstream.base_url) as proxy:
        proxy.begin(BY_NAME["slow"])
        body = b'{ "out_trade_no":"A|1", "x": "\xe7\xa4\xbc\xff" }'
        answer = await _send(proxy, "POST", PAY.encode(), body)
        for target in (b"/v1/pos/redemptions/A|1", b"/v1/pos/redemptions/A%7c1?b=2&a=%20"):
            await _send(proxy, "GET", target)
        await _send(proxy, "POST", PAY.encode(), body)
        seen = await asyncio.to_thread(proxy.end)
    assert [request.partition(b" HTTP/1.1\r\n")[0] for request in upstream.requests] == [
        b"POST /v1/pos/redemptions",
        b"GET /v1/pos/redemptions/A|1",
        b"GET /v1/pos/redemptions/A%7c1?b=2&a=%20",
        b"POST /v1/pos/redemptions",
    ]
    assert upstream.requests[0].endswith(b"\r\n\r\n" + body)
    assert all(b'LIYU timestamp="1690076800",nonce="n1"\r\n' in request for request in upstream.requests)
    assert [b"liyu-sandbox-fault: slow\r\n" in request for request in upstream.requests] == [True, False, False, False]
    assert (answer.status_code, answer.headers.get_list("Date")) == (201, ["Sun, 23 Jul 2023 01:46:40 GMT"])
    assert answer.json() == {"state": "SUCCESS"}
    assert {exchange.number for exchange in seen} == {"A|1"}
    assert [exchange.fault for exchange in seen] == ["slow", "", "", ""]
    assert _facts(seen[0]) == (201, '{"state":"SUCCESS"}', True, 0)


def _facts(exchange: Exchange) -> tuple[int | None, str, bool, float | None]:
    return exchange.status, exchange.answer, exchange.replayed, exchange.skew_s


async def test_the_proxy_hangs_up_when_the_till_does(upstream: _Upstream) -> None:
    """The service sees the connection end, and the call stands without an answer."""
    upstream.silent = True
    with RecordingProxy(upstream.base_url) as proxy:
        proxy.begin(BY_NAME["plain"])
        with pytest.raises(httpx.ReadTimeout):
            await _send(proxy, "POST", PAY.encode(), b"{}", timeout_s=0.3)
        await asyncio.wait_for(upstream.left.wait(), 5)
        [exchange] = await asyncio.to_thread(proxy.end)
    assert (exchange.status, exchange.unknown) == (None, True)
    assert exchange.ended_s is not None
    assert 0.2 < exchange.ended_s - exchange.sent_s < 3


async def test_a_service_that_is_not_there_is_no_fault_of_the_till(upstream: _Upstream) -> None:
    """The till gets 502, the kit is told and judges nothing."""
    with RecordingProxy("http://127.0.0.1:9") as proxy:
        proxy.begin(BY_NAME["plain"])
        assert (await _send(proxy, "POST", PAY.encode(), b"{}")).status_code == 502
        with pytest.raises(ServiceUnreachable, match=r"127\.0\.0\.1:9"):
            await asyncio.to_thread(proxy.end)
    assert upstream.requests == []


async def test_what_is_called_between_scenarios_goes_through_unrecorded(upstream: _Upstream) -> None:
    """A till may look around before it sells."""
    with RecordingProxy(upstream.base_url) as proxy:
        assert (await _send(proxy, "GET", b"/v1/pos/totals")).status_code == 201
        assert proxy.end() == ()

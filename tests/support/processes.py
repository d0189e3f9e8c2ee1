"""Real server processes on a database, and tills that call them over real connections."""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from uuid_utils.compat import uuid7

from app.core.ids import VolunteerId, format_terminal
from app.core.pay_codes import IssuePayCode
from app.engine.committer import Committer
from app.security.pay_codes import derive_pay_code, hash_pay_code
from app.security.sealing import derive_key
from app.security.till_signatures import sign
from app.store.database import Database
from tests.support.city_rows import City, Till
from tests.support.clocks import Clock
from tests.support.commands import a_submission, accepted
from tests.support.sites import MASTER_KEY, POS, SECRET

PRODUCTION = "app.main:create_app_from_environment"


def now() -> datetime:
    """The clock of the processes."""
    return datetime.now(UTC)


def a_clock_of_today() -> Clock:
    """A clock that stands at the processes' time."""
    return Clock(now())


@dataclass(slots=True)
class ServerProcess:
    """One server process."""

    base_url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Kill it as the kernel would: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


def start_server(
    database: Database, app: str = PRODUCTION, port: int = 0, *, log: str = "", **environment: str
) -> ServerProcess:
    """Start a server process and wait until it is ready. What it says goes to the file `log`, if named."""
    if port == 0:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    settings = {
        **os.environ,
        "LIYU_DATABASE_URL": database.url,
        "LIYU_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        "LIYU_LOG_LEVEL": "ERROR",
        **environment,
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", app, "--port", str(port), "--log-level", "critical"]
    command += ["--no-date-header"]
    with contextlib.ExitStack() as opened:
        said = opened.enter_context(Path(log).open("ab")) if log else None
        process = subprocess.Popen(command, env=settings, stdout=said, stderr=said)
    base_url = f"http://127.0.0.1:{port}"
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{base_url}/readyz").is_success:
                return ServerProcess(base_url, process)
        assert process.poll() is None, "the server ended"
        time.sleep(0.05)


@contextlib.contextmanager
def server_processes(
    database: Database, count: int = 1, app: str = PRODUCTION, **environment: str
) -> Iterator[list[ServerProcess]]:
    """Server processes on one database, all gone when the block ends."""
    running: list[ServerProcess] = []
    try:
        running.extend(start_server(database, app, 0, **environment) for _ in range(count))
        yield running
    finally:
        for server in running:
            server.process.kill()
            server.process.wait(30)


@contextlib.asynccontextmanager
async def a_client() -> AsyncIterator[httpx.AsyncClient]:
    """A client with many connections that waits as a till does."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        yield client


def _headers(city: City, till: Till, method: str, target: str, body: bytes) -> dict[str, str]:
    authorization = sign(
        terminal=format_terminal(city.programme, till.terminal),
        secret=SECRET,
        method=method,
        target=target,
        body=body,
        timestamp=int(time.time()),
        nonce=uuid7().hex,
    )
    return {"Authorization": authorization, "Content-Type": "application/json"}


async def send_redemption(
    client: httpx.AsyncClient, server: ServerProcess, city: City, till: Till, number: str, code: str, points: int
) -> httpx.Response:
    """Take points over HTTP."""
    body = json.dumps({"out_trade_no": number, "auth_code": code, "points": points}).encode()
    return await client.post(server.base_url + POS, content=body, headers=_headers(city, till, "POST", POS, body))


async def send_query(
    client: httpx.AsyncClient, server: ServerProcess, city: City, till: Till, number: str
) -> httpx.Response:
    """Ask what became of an order over HTTP."""
    target = f"{POS}/{number}"
    return await client.get(server.base_url + target, headers=_headers(city, till, "GET", target, b""))


async def issue_code(committer: Committer, city: City, volunteer: VolunteerId) -> str:
    """A pay code that any process of the deployment accepts."""
    key = derive_key(MASTER_KEY, "pay-codes.v1")
    code = derive_pay_code(key, city.programme, volunteer, uuid7().hex)
    command = IssuePayCode(code=hash_pay_code(key, city.programme, code), volunteer=volunteer)
    accepted(await committer.submit(a_submission(command)))
    return code

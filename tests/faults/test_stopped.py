"""A service manager stops the service under load (SIGTERM): what was begun is answered, and nothing else is done."""

import asyncio
import base64
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app.jobs.verifying import run_verify
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.commands import a_committer, a_connection
from tests.support.ledgers import fetch_rows
from tests.support.processes import ServerProcess, a_client, a_clock_of_today, issue_code, now, send_redemption
from tests.support.sites import MASTER_KEY, seal_secret

CLIENTS = 24
CODES = 12
SALES_BEFORE_THE_STOP = 60
STOP_S = 25
HELD_S = 1


def _served(database: Database, folder: Path, workers: int) -> ServerProcess:
    """`liyu serve` with so many processes, ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = {
        "DATABASE_URL": database.url,
        "DATA_DIR": str(folder),
        "MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        "LOG_LEVEL": "ERROR",
    }
    environment = {**os.environ, **{f"LIYU_{name}": value for name, value in told.items()}}
    command = [sys.executable, "-m", "app", "serve", "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while True:
        assert process.poll() is None, "the service ended"
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/readyz").is_success:
                return ServerProcess(f"http://127.0.0.1:{port}", process)
        time.sleep(0.1)


async def _sell_until_refused(city: City, codes: list[str], server: ServerProcess, name: str, told: set[str]) -> None:
    """Sale after sale, noting each that was acknowledged, until nobody listens any more."""
    till = city.tills[0]
    async with a_client() as client:
        for number, code in enumerate(codes):
            try:
                answer = await send_redemption(client, server, city, till, f"{name}-{number}", code, 1)
            except httpx.TransportError:
                return
            assert answer.status_code == 201, answer.text
            told.add(f"{name}-{number}")


async def _codes(database: Database, city: City) -> list[list[str]]:
    """Pay codes of each volunteer, all at once: they are good for a minute."""
    async with a_committer(database, city.programme, now) as committer:
        issued = await asyncio.gather(
            *(issue_code(committer, city, volunteer) for volunteer in city.volunteers for _ in range(CODES))
        )
    return [issued[begin : begin + CODES] for begin in range(0, len(issued), CODES)]


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_stop_under_load_loses_nothing(database: Database, tmp_path: Path, workers: int) -> None:
    """What is in the ledger is what the tills were told, sale by sale; the processes end well and in time."""
    city = await a_city(database, a_clock_of_today(), volunteers=CLIENTS, sealed_secret=seal_secret)
    acknowledged: set[str] = set()
    server = await asyncio.to_thread(_served, database, tmp_path, workers)
    try:
        codes = await _codes(database, city)
        async with asyncio.timeout(60), asyncio.TaskGroup() as tills:
            for number, own in enumerate(codes):
                tills.create_task(_sell_until_refused(city, own, server, f"S{number}", acknowledged))
            while len(acknowledged) < SALES_BEFORE_THE_STOP:  # noqa: ASYNC110 - what it waits for is the number
                await asyncio.sleep(0.01)
            # Every till waits for its answer while the journal is held: a stop that cuts off loses these.
            async with a_connection(database) as holder, holder.transaction():
                await holder.fetch("SELECT 1 FROM journal_heads FOR UPDATE")
                await asyncio.sleep(HELD_S)
                server.process.send_signal(signal.SIGTERM)
                stopped_at = time.monotonic()
                await asyncio.sleep(HELD_S)
        assert await asyncio.to_thread(server.process.wait, STOP_S) in {0, -signal.SIGTERM}
        assert time.monotonic() - stopped_at < STOP_S
    finally:
        server.process.kill()
        server.process.wait(30)
    written = {str(number) for (number,) in await fetch_rows(database, "SELECT trade_no FROM redemptions")}
    assert SALES_BEFORE_THE_STOP <= len(acknowledged) < CLIENTS * CODES
    assert written == acknowledged
    assert not (await run_verify(database, city.programme, lambda _done, _total: None)).findings

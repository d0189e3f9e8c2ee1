"""Servers to measure, and the load generator."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_READY_S = 60
_LUA = Path(__file__).with_name("load.lua")


@contextmanager
def serving(app: str, workers: int, environment: Mapping[str, str]) -> Iterator[str]:
    """`workers` processes of an application, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        app,
        "--port",
        str(port),
        "--workers",
        str(workers),
    ]
    command += ["--no-access-log", "--log-level", "warning", "--no-server-header", "--no-date-header"]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    base_url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _READY_S
        while not _is_ready(base_url):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server is not ready: {httpx.get(f'{base_url}/readyz', timeout=2).text}")
            time.sleep(0.1)
        time.sleep(0.5)
        yield base_url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _is_ready(base_url: str) -> bool:
    try:
        return httpx.get(f"{base_url}/readyz", timeout=2).is_success
    except httpx.TransportError:
        return False


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the load generator saw."""

    per_second: float
    p50_ms: float
    p99_ms: float


def run_wrk(base_url: str, connections: int, seconds: int, requests: Path) -> Load:
    """Send the prepared requests for some seconds. Raises ValueError if any was refused, lost or sent twice."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "20s",
        "-s",
        str(_LUA),
        base_url,
    ]
    environment = {**os.environ, "LIYU_REQUESTS": str(requests), "LIYU_CONNECTIONS": str(connections)}
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    seen = json.loads(shown.splitlines()[-1])
    if seen["refused"] or seen["broken"] or seen["twice"]:
        raise ValueError(f"the run does not count: {seen}")
    return Load(seen["requests"] / seen["seconds"], seen["p50_us"] / 1000, seen["p99_us"] / 1000)


def run_pgbench(program: str, url: str, clients: int, seconds: int) -> float:
    """TPC-B transactions per second on the database that was prepared for it."""
    command = [
        program,
        "-M",
        "prepared",
        "-c",
        str(clients),
        "-j",
        str(min(2, clients)),
        "-T",
        str(seconds),
        url,
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(line for line in shown.splitlines() if line.startswith("tps"))
    return float(line.split()[2])

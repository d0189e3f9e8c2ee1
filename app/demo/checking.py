"""`make demo CHECK=1`: the main job and all that stands around it, end to end over HTTP, on a server of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx

from app.demo.benefits_job import run_benefits_job
from app.demo.care_job import run_care_job
from app.demo.contract_job import run_contract_job
from app.demo.lottery_job import run_lottery_job
from app.demo.main_job import run_main_job
from app.demo.moved_clock import OFFSET_VARIABLE
from app.demo.moved_job import plan_moved_job
from app.demo.rules_job import run_rules_job
from app.demo.steps import CheckFailed, Steps, tell_end
from app.settings import Settings, master_key_of

READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
_NEVER_S = 86_400
_JOBS_EVERY_S = 2
"""What the check waits for is done soon."""


@contextmanager
def _server(settings: Settings, ahead: timedelta = timedelta(0)) -> Iterator[httpx.Client]:
    """A client of a server process of our own, gone when the block ends. `ahead`: its clock is so far in the future.

    A server with a moved clock does no background work: it must not touch the other programmes.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "LIYU_DATABASE_URL": str(settings.database_url),
        "LIYU_DATA_DIR": str(settings.data_dir),
        "LIYU_LOG_LEVEL": os.environ.get("LIYU_LOG_LEVEL", "WARNING"),
        "LIYU_JOBS_EVERY_S": str(_JOBS_EVERY_S),
    }
    program = ["-m", "app", "serve"]
    if ahead:
        environment[OFFSET_VARIABLE] = str(int(ahead.total_seconds()))
        environment["LIYU_JOBS_EVERY_S"] = str(_NEVER_S)
        program = ["-m", "uvicorn", "--factory", "app.demo.moved_clock:create_moved_app", "--log-level", "warning"]
        program += ["--no-date-header"]
    master_key_of(settings)
    process = subprocess.Popen(
        [sys.executable, *program, "--port", str(port)], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        base_url = f"http://127.0.0.1:{port}"
        _await_ready(process, base_url)
        with httpx.Client(base_url=base_url, timeout=30) as client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(process: subprocess.Popen[bytes], base_url: str) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CheckFailed(f"the server ended with {process.returncode}")
        try:
            if httpx.get(f"{base_url}/readyz", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise CheckFailed("the server did not become ready")


def check_main_job(settings: Settings) -> int:
    """Run everything and print each step. Returns 0 when all went as it must, else 1."""
    described = json.loads((settings.data_dir / "demo.json").read_text(encoding="utf-8"))
    steps = Steps()
    try:
        with _server(settings) as client:
            run_main_job(client, described, steps)
            run_contract_job(client, described, steps)
            run_rules_job(client, described, steps)
            run_benefits_job(client, described, steps)
            run_lottery_job(client, described, steps)
            run_care_job(client, described, settings, steps)
            moved = plan_moved_job(client, described["sandbox"])
        with _server(settings, moved.until_last_day) as client:
            moved.pay(client, steps)
        with _server(settings, moved.until_day_after) as client:
            moved.refund(client, steps)
    except CheckFailed as failed:
        return tell_end(failed)
    return tell_end(None)

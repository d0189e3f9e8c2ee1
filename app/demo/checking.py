"""The main job, once, end to end over HTTP: hours in, points out, a till redeems, the ledger proves it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
from rich.console import Console

from app.demo.client import Person, Till
from app.settings import Settings, master_key_of

READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
_console = Console(highlight=False, width=160)


class CheckFailed(Exception):
    """A step did not turn out as it must; the message says what came instead."""


def _expect(answer: httpx.Response, status: int) -> Any:  # noqa: ANN401 - JSON from the wire
    if answer.status_code != status:
        raise CheckFailed(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:400]}"
        )
    return answer.json()


def _equal(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise CheckFailed(f"{what}: {found!r} instead of {wanted!r}")


def _step(number: int, told: str) -> None:
    _console.print(f"[green]✓[/green] {number:2}. {told}")


@contextmanager
def _server(settings: Settings) -> Iterator[str]:
    """A server process of our own, gone when the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "LIYU_DATABASE_URL": str(settings.database_url),
        "LIYU_DATA_DIR": str(settings.data_dir),
        "LIYU_LOG_LEVEL": "WARNING",
    }
    master_key_of(settings)
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        base_url = f"http://127.0.0.1:{port}"
        _await_ready(process, base_url)
        yield base_url
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
    """Run the main job and print each step. Returns 0 when all went as it must, else 1."""
    described = json.loads((settings.data_dir / "demo.json").read_text(encoding="utf-8"))
    try:
        with _server(settings) as base_url, httpx.Client(base_url=base_url, timeout=30) as client:
            _run_steps(client, described)
    except CheckFailed as failed:
        _console.print(f"[red]✗[/red] {failed}")
        return 1
    _console.print("[bold green]The main job works.[/bold green]")
    return 0


def _log_in(client: httpx.Client, described: dict[str, Any], name: str) -> Person:
    who = described[name]
    body = {"programme": described["programme"], "username": who["username"], "password": who["password"]}
    return Person(client, _expect(client.post("/v1/auth/tokens", json=body), 200)["access_token"])


def _earn(organiser: Person, admin: Person, volunteer_id: str) -> dict[str, Any]:
    """Hours in: entered by one person, verified by another."""
    team = _expect(admin.get("/v1/teams?limit=200"), 200)["teams"][-1]["id"]
    ended = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    body = {
        "volunteer_id": volunteer_id,
        "team_id": team,
        "evidence": "checked-in",
        "activity": "文明劝导",
        "started_at": (ended - timedelta(minutes=200)).isoformat(),
        "ended_at": ended.isoformat(),
        "minutes": 200,
        "level": 2,
    }
    record = _expect(organiser.post("/v1/service-records", body), 201)
    refused = organiser.post(f"/v1/service-records/{record['id']}/verify")
    _equal(_expect(refused, 409)["code"], "SELF_REVIEW", "verifying one's own entry")
    verified: dict[str, Any] = _expect(admin.post(f"/v1/service-records/{record['id']}/verify"), 200)
    _equal(verified["points"], 40, "3 h 20 min x 10 points an hour x 1.2")
    return verified


def _run_steps(client: httpx.Client, described: dict[str, Any]) -> None:
    admin = _log_in(client, described, "admin")
    organiser = _log_in(client, described, "organiser")
    auditor = _log_in(client, described, "auditor")
    _step(1, "administrator, organiser and auditor have logged in")
    made = _expect(organiser.post("/v1/volunteers", {"name": "张三丰", "region_code": "330282004"}), 201)
    _step(2, f"volunteer registered: {made['masked_name']} is known as {made['id']}")
    verified = _earn(organiser, admin, made["id"])
    points, policy = verified["points"], verified["policy_version"]
    _step(3, f"200 minutes entered by one, verified by another: {points} points by policy {policy}")
    issued = _expect(admin.post(f"/v1/volunteers/{made['id']}/access-tokens"), 201)
    volunteer = Person(client, issued["access_token"])
    wallet = _expect(volunteer.get("/v1/me/wallet"), 200)
    _equal((wallet["available"], wallet["minutes"]), (40, 200), "the wallet")
    _step(4, f"the volunteer sees {wallet['available']} points, valid until {wallet['lots'][0]['expires_on']}")
    given = described["terminals"][0]
    till = Till(client, given["terminal"], given["secret"])
    redeemed = _redeem(till, volunteer)
    who, fen = redeemed["volunteer"]["masked_name"], redeemed["settlement_fen"]
    _step(6, f"the till took {redeemed['points']} points from {who}, worth {fen} fen")
    _refusals(client, till, volunteer, given)
    _prove(auditor, redeemed, given["merchant_id"])
    wallet = _expect(volunteer.get("/v1/me/wallet"), 200)
    _equal((wallet["available"], wallet["minutes"]), (10, 200), "the wallet afterwards")
    lines = _expect(volunteer.get("/v1/me/statement"), 200)["lines"]
    _equal([line["points"] for line in lines], [-30, 40], "the statement")
    _step(11, "10 points left, 200 minutes untouched; the statement tells both events")


def _redeem(till: Till, volunteer: Person) -> dict[str, Any]:
    """Points out: a pay code, a redemption, its repetition, its query."""
    code = _expect(volunteer.post("/v1/me/pay-code"), 200)["code"]
    _step(5, f"pay code {code[:4]} **** **** **** shown, for 60 seconds")
    first = till.redeem("CHECK-1", code, 30)
    redeemed: dict[str, Any] = _expect(first, 201)
    again = till.redeem("CHECK-1", code, 30)
    _equal(_expect(again, 201), redeemed, "the same order again")
    _equal(again.headers.get("idempotency-replayed"), "true", "Idempotency-Replayed")
    _equal(_expect(till.query("CHECK-1"), 200), redeemed, "the query")
    _equal((redeemed["state"], redeemed["settlement_fen"]), ("SUCCESS", 90), "the redemption")
    return redeemed


def _refusals(client: httpx.Client, till: Till, volunteer: Person, given: dict[str, Any]) -> None:
    code = _expect(volunteer.post("/v1/me/pay-code"), 200)["code"]
    _equal(
        _expect(till.redeem("CHECK-1", code, 31), 409)["code"],
        "OUT_TRADE_NO_USED",
        "the number with another body",
    )
    refused = _expect(till.redeem("CHECK-2", code, 11), 409)
    _equal(refused["code"], "NOT_ENOUGH", "more than there is")
    _step(7, f"a used number and too many points are refused: {refused['detail']}")
    _equal(_expect(till.query("CHECK-9"), 404)["code"], "ORDER_NOT_EXIST", "an unknown number")
    wrong = Till(client, given["terminal"], "not the secret")
    _equal(_expect(wrong.redeem("CHECK-3", code, 1), 401)["code"], "SIGN_ERROR", "a wrong signature")
    _step(8, "an unknown number is told as such, a wrong signature is refused")


def _prove(auditor: Person, redeemed: dict[str, Any], merchant: str) -> None:
    transaction = _expect(auditor.get(f"/v1/ledger/transactions/{redeemed['transaction_id']}"), 200)
    leaf = sha256(b"\x00" + transaction["canonical"].encode()).hexdigest()
    _equal(leaf, redeemed["receipt"]["leaf_hash"], "the leaf hash on the receipt")
    _step(9, f"the auditor recomputes the receipt of transaction {transaction['seq']}: {leaf[:16]}…")
    path = f"payable.{merchant}"
    now = _expect(auditor.get(f"/v1/ledger/accounts/{path}"), 200)["balance"]
    before = _expect(auditor.get(f"/v1/ledger/accounts/{path}?as_of_seq={transaction['seq'] - 1}"), 200)["balance"]
    _equal(now - before, redeemed["settlement_fen"], "what the merchant is owed")
    _step(10, f"the merchant is owed {now} fen, {before} fen before this redemption")

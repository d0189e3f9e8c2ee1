"""Faults on demand: each does what it says in a sandbox, and nothing at all anywhere else."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.api.sandbox_faults import FAULT_HEADER, Fault, FaultTimes
from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.sites import POS, SECRET, Site, a_site

SHORT = FaultTimes(lost=timedelta(seconds=0.2), slow=timedelta(seconds=0.2))


@pytest.fixture
async def sandbox(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose programme is a sandbox, with faults that do not last long."""
    async with a_site(database, clock, tmp_path, sandbox=True, fault_times=SHORT) as running:
        yield running


async def _pay(site: Site, number: str, fault: str, points: int = 5, **signing: Any) -> httpx.Response:  # noqa: ANN401 - as `Site.send` takes them
    body = {"out_trade_no": number, "auth_code": await site.pay_code(), "points": points}
    return await site.send(json.dumps(body).encode(), headers={FAULT_HEADER: fault}, **signing)


async def _redemptions(site: Site) -> int:
    async with site.database.read() as reader:
        return int((await reader.execute(text("SELECT count(*) FROM redemptions"))).scalar_one())


async def test_an_answer_can_get_lost_after_everything_was_done(sandbox: Site) -> None:
    """500 SYSTEM_ERROR after the wait; the query then shows what was booked."""
    began = asyncio.get_running_loop().time()
    answer = await _pay(sandbox, "A-1", Fault.TIMEOUT_AFTER_COMMIT)
    assert (answer.status_code, answer.json()["code"]) == (500, "SYSTEM_ERROR")
    assert asyncio.get_running_loop().time() - began >= 0.2
    assert (await sandbox.query("A-1")).json()["state"] == "SUCCESS"


async def test_a_request_can_arrive_twice(sandbox: Site) -> None:
    """The second answer is the kept one of the first, and there is one redemption."""
    answer = await _pay(sandbox, "A-1", Fault.DUPLICATE_DELIVERY)
    assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (201, "true")
    assert await _redemptions(sandbox) == 1


async def test_a_request_can_be_slow(sandbox: Site) -> None:
    """It is answered as it should be, later."""
    began = asyncio.get_running_loop().time()
    assert (await _pay(sandbox, "A-1", Fault.SLOW)).status_code == 201
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_a_redemption_can_be_overtaken_by_its_reversal(sandbox: Site) -> None:
    """409 ORDER_REVERSED, and nothing was taken; other calls are not touched by it."""
    answer = await _pay(sandbox, "A-1", Fault.REVERSED_BEFORE_ARRIVAL)
    assert (answer.status_code, answer.json()["code"]) == (409, "ORDER_REVERSED")
    assert await _redemptions(sandbox) == 0
    target = f"{POS}/A-2"
    headers = {**sandbox.signed("GET", target), FAULT_HEADER: Fault.REVERSED_BEFORE_ARRIVAL}
    assert (await sandbox.client.get(target, headers=headers)).json()["code"] == "ORDER_NOT_EXIST"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"out_trade_no": 1}', b'{"out_trade_no": "/"}'])
async def test_a_body_without_a_number_is_refused_as_ever(sandbox: Site, body: bytes) -> None:
    """There is nothing to reverse: the redemption itself says what is wrong."""
    answer = await sandbox.send(body, headers={FAULT_HEADER: Fault.REVERSED_BEFORE_ARRIVAL})
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


async def test_a_clock_can_be_ahead(sandbox: Site) -> None:
    """A true time is refused, `Date` shows the other clock, and signed by it the same number goes through."""
    refused = await _pay(sandbox, "A-1", Fault.CLOCK_SKEW)
    assert (refused.status_code, refused.json()["code"]) == (401, "SIGN_ERROR")
    ahead = parsedate_to_datetime(refused.headers["Date"]) - sandbox.clock.now
    assert ahead == timedelta(minutes=10)
    paid = await _pay(sandbox, "A-1", Fault.CLOCK_SKEW, skew_s=int(ahead.total_seconds()))
    assert paid.status_code == 201
    assert datetime.fromisoformat(paid.json()["occurred_at"]) == sandbox.clock.now
    assert parsedate_to_datetime(paid.headers["Date"]) - sandbox.clock.now == timedelta(minutes=10)


async def test_an_unknown_fault_is_refused(sandbox: Site) -> None:
    """400 PARAM_ERROR names the header and what can stand in it; nothing was done."""
    answer = await _pay(sandbox, "A-1", "earthquake")
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    assert answer.json()["errors"][0]["pointer"] == "/header/Liyu-Sandbox-Fault"
    assert "slow" in answer.json()["errors"][0]["detail"]
    assert await _redemptions(sandbox) == 0


@pytest.mark.parametrize("fault", [*Fault, "earthquake"])
async def test_a_real_programme_ignores_the_header(site: Site, fault: str) -> None:
    """201 at once, as if it had not been sent; also for a clock that is right."""
    answer = await asyncio.wait_for(_pay(site, "A-1", fault), 5)
    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer.headers


@pytest.mark.parametrize("fault", [*Fault, "earthquake"])
async def test_nobody_without_a_good_signature_gets_a_fault(sandbox: Site, fault: str) -> None:
    """A wrong secret, no signature, a person's token, another path: what they always get."""
    wrong = await _pay(sandbox, "A-1", fault, secret=SECRET + b"!")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "SIGN_ERROR")
    bare = await sandbox.client.post(POS, content=b"{}", headers={FAULT_HEADER: fault})
    assert (bare.status_code, bare.json()["code"]) == (401, "SIGN_ERROR")
    own = {**await sandbox.volunteer_headers(), FAULT_HEADER: fault}
    assert (await sandbox.client.get("/v1/me/wallet", headers=own)).status_code == 200
    assert parsedate_to_datetime(bare.headers["Date"]) == sandbox.clock.now


async def test_a_body_that_is_too_large_is_refused_in_a_sandbox_too(sandbox: Site) -> None:
    """413, also when its length was not said before."""

    async def much() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 8192

    headers = {**sandbox.signed("POST", POS), FAULT_HEADER: Fault.SLOW}
    answer = await sandbox.client.post(POS, content=much(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_every_answer_has_one_date(sandbox: Site) -> None:
    """The service's own clock, once, whoever answers: a route, a refusal, a path that is not there."""
    for path in ("/livez", "/v1/me/wallet", "/nowhere"):
        answer = await sandbox.client.get(path)
        [shown] = answer.headers.get_list("Date")
        assert parsedate_to_datetime(shown).astimezone(UTC) == sandbox.clock.now

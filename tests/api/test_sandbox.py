"""What a vendor's till gets in a sandbox: other people's pay codes and vouchers, and only there."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.offers import Terms, an_offer
from tests.support.sites import Site, a_site

CODES = "/v1/pos/sandbox/pay-codes"
VOUCHERS = "/v1/pos/sandbox/vouchers"


@pytest.fixture
async def sandbox(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose programme is a sandbox."""
    async with a_site(database, clock, tmp_path, sandbox=True) as running:
        yield running


async def _post(site: Site, target: str, body: bytes = b"") -> httpx.Response:
    return await site.client.post(target, content=body, headers=site.signed("POST", target, body))


async def _ask_code(site: Site, points: int) -> httpx.Response:
    return await _post(site, CODES, json.dumps({"points": points}).encode())


async def test_a_pay_code_pays(sandbox: Site) -> None:
    """The code is one of a volunteer with enough points, and takes them."""
    issued = (await _ask_code(sandbox, 120)).json()
    assert (issued["points_available"], issued["volunteer"]["masked_name"]) == (500, "王*")
    assert (await sandbox.redeem("A-1", issued["auth_code"], 120)).status_code == 201


async def test_the_volunteers_take_turns(sandbox: Site) -> None:
    """Of three volunteers each is asked once before one is asked again; frozen ones are left out."""
    for number in range(3):
        code = (await _ask_code(sandbox, 1)).json()["auth_code"]
        assert (await sandbox.redeem(f"A-{number}", code, 1)).status_code == 201
        sandbox.clock.move(sandbox.clock.now.resolution)
    async with sandbox.database.begin() as tx:
        payers = (await tx.execute(text("SELECT count(DISTINCT volunteer_id) FROM redemptions"))).scalar_one()
        await tx.execute(text("UPDATE volunteers SET status = 'frozen'"))
    assert payers == 3
    assert (await _ask_code(sandbox, 1)).json()["code"] == "NOT_ENOUGH"


async def test_points_that_nobody_has_are_refused(sandbox: Site) -> None:
    """409 NOT_ENOUGH; and a body that is not one is told so."""
    refused = await _ask_code(sandbox, 501)
    assert (refused.status_code, refused.json()["figures"]) == (409, {"points": 501})
    assert (await _ask_code(sandbox, 0)).json()["code"] == "PARAM_ERROR"


async def test_a_voucher_can_be_used(sandbox: Site) -> None:
    """The cheapest published offer of the till's own merchant, ordered and good."""
    merchant, other = sandbox.city.tills[0].merchant, sandbox.city.tills[1].merchant
    assert (await _post(sandbox, VOUCHERS)).json()["code"] == "OFFER_NOT_EXIST"
    await an_offer(sandbox.database, sandbox.city, other, Terms(points=1), name="another's")
    await an_offer(sandbox.database, sandbox.city, merchant, Terms(points=30), name="dear")
    await an_offer(sandbox.database, sandbox.city, merchant, Terms(points=20), name="cheap")
    ordered = await _post(sandbox, VOUCHERS)
    assert (ordered.status_code, ordered.json()["points"]) == (201, 20)
    target = f"/v1/pos/vouchers/{ordered.json()['voucher_code']}/use"
    assert (await _post(sandbox, target, b'{"use_request_no": "U-1"}')).json()["state"] == "USED"


@pytest.mark.parametrize("target", [CODES, VOUCHERS])
async def test_a_real_programme_has_no_such_thing(site: Site, target: str) -> None:
    """404 NOT_FOUND for a till whose signature is good."""
    answer = await _post(site, target, b'{"points": 1}')
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")

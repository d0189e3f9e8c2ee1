"""Limits hold callers up, tills least of all; and every answer carries what keeps browsers from harm."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from app.actions.keys import rotate_signing_key
from app.main import create_app
from app.security.actors import ActorKind
from app.settings import Settings
from app.store.database import Database
from tests.support.calls import an_admin
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.log_ins import ask_in
from tests.support.sites import Site, seal_secret, settings_for


@pytest.fixture
async def site(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site where each may do little: 20 calls at once from an address, 10 by an actor or a till, 3 guesses."""
    limits = {"rate_address": 2, "rate_actor": 1, "rate_till": 1, "guesses_a_minute": 3}
    settings: Settings = replace(settings_for(database, tmp_path), hsts=True, **limits)  # type: ignore[arg-type]  # numbers
    city = await a_city(database, clock, sealed_secret=seal_secret)
    app = create_app(settings, clock)
    async with app.router.lifespan_context(app):
        services = app.state.services
        async with database.begin() as tx:
            await rotate_signing_key(tx, services.cabinet, city.programme, clock)
        services.cabinet.forget(city.programme)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            yield Site(app, client, city, clock, database)


async def test_an_actor_is_held_up(site: Site) -> None:
    """The eleventh call at once gets 429 and how long to wait; another actor goes on."""
    admin = an_admin(site)
    for _ in range(10):
        await admin.get("/v1/programme")
    held_up = await site.client.get("/v1/programme", headers=await admin.headers())
    assert (held_up.status_code, held_up.json()["code"]) == (429, "FREQUENCY_LIMITED")
    assert held_up.headers["Retry-After"] == "1"
    await an_admin(site).get("/v1/programme")


async def test_an_address_of_ipv6_is_counted_with_all_that_its_customer_has(site: Site) -> None:
    """Another of the 2^64 addresses of a customer gets no calls of its own; another customer does."""

    async def call(address: str) -> int:
        transport = httpx.ASGITransport(site.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.get("/v1/auth/keys/cixi")).status_code

    answers = [await call(f"2001:db8:1:2::{number}") for number in range(1, 25)]
    assert answers.count(429) >= 3
    assert await call("2001:db8:1:3::1") == 200


async def test_an_address_is_held_up_before_anything_is_looked_at(site: Site) -> None:
    """The twenty-first call at once, with or without a token; probes and tills go on."""
    for _ in range(20):
        await site.client.get("/v1/auth/keys/cixi")
    held_up = await ask_in(site)
    assert (held_up.status_code, held_up.json()["code"]) == (429, "FREQUENCY_LIMITED")
    assert int(held_up.headers["Retry-After"]) >= 1
    assert (await site.client.get("/livez")).status_code == 200
    assert (await site.query("A-1")).json()["code"] == "ORDER_NOT_EXIST"


async def test_what_is_signed_anew_for_everybody_is_counted_too(site: Site) -> None:
    """A status list costs a signature each time: nobody asks for one endlessly."""
    target = "/.well-known/liyu/cixi/status-lists/1"
    answers = [(await site.client.get(target)).status_code for _ in range(24)]
    assert answers.count(429) >= 3


async def test_a_till_is_asked_to_come_again_never_refused(site: Site) -> None:
    """The eleventh call of one till at once gets SYSTEM_BUSY, after which it asks again with the same number."""
    for _ in range(10):
        assert (await site.query("A-1")).status_code == 404
    busy = await site.query("A-1")
    assert (busy.status_code, busy.json()["code"]) == (503, "SYSTEM_BUSY")
    assert busy.headers["Retry-After"] == "1"
    assert (await site.query("A-1", till=site.city.tills[1])).status_code == 404


async def test_somebody_elses_calls_do_not_use_a_till_up(site: Site) -> None:
    """Calls in a till's name with a wrong signature are not counted as the till's."""
    for _ in range(15):
        assert (await site.query("A-1", secret=b"not the till's")).status_code == 401
    assert (await site.query("A-1")).status_code == 404


async def test_codes_cannot_be_guessed_at_a_till(site: Site) -> None:
    """After three that are none the till takes no codes for a while; it still queries, and others still sell."""
    for number in range(3):
        answer = await site.redeem(f"G-{number}", f"96{number:016d}", 10)
        assert answer.json()["code"] == "CODE_INVALID"
    code = await site.pay_code()
    stopped = await site.redeem("G-9", code, 10)
    assert (stopped.status_code, stopped.json()["code"]) == (503, "SYSTEM_BUSY")
    assert int(stopped.headers["Retry-After"]) >= 1
    assert (await site.query("G-9")).json()["code"] == "ORDER_NOT_EXIST"
    target = "/v1/pos/vouchers/97123456789012345678"
    assert (await site.client.get(target, headers=site.signed("GET", target))).json()["code"] == "SYSTEM_BUSY"
    assert (await site.redeem("G-9", code, 10, till=site.city.tills[1])).status_code == 201


async def test_vouchers_cannot_be_guessed_at_a_till(site: Site) -> None:
    """Three that nobody has, then a pause."""
    codes = []
    for number in range(4):
        target = f"/v1/pos/vouchers/97{number:018d}"
        codes.append((await site.client.get(target, headers=site.signed("GET", target))).json()["code"])
    assert codes == ["VOUCHER_NOT_EXIST"] * 3 + ["SYSTEM_BUSY"]


async def test_every_answer_keeps_browsers_from_harm(site: Site) -> None:
    """Answers, refusals and probes: nothing is framed, guessed, kept or told to other sites; TLS from now on."""
    headers = await site.headers(ActorKind.AUDITOR)
    for answer in (
        await site.client.get("/v1/volunteers", headers=headers),
        await site.client.get("/v1/nothing"),
        await site.client.get("/livez"),
    ):
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    kept = await site.client.get("/v1/auth/keys/cixi")
    assert kept.headers.get_list("Cache-Control") == ["public, max-age=60"]


async def test_a_page_has_a_policy_of_its_own(site: Site) -> None:
    """One policy, with styles and without frames."""
    page = await site.client.get("/v1/certificates/crt_cixi_mfrggzdfmztwq2lknnwg23tp", headers={"Accept": "text/html"})
    [policy] = page.headers.get_list("Content-Security-Policy")
    assert "frame-ancestors 'none'" in policy

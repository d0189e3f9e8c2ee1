"""What a volunteer sees and does."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.security.actors import ActorKind
from tests.support.sites import Site


async def test_a_pay_code_is_eighteen_digits_for_a_minute(site: Site) -> None:
    """It begins with 96, tells when it ends, and is different each time."""
    headers = await site.volunteer_headers()
    first = await site.client.post("/v1/me/pay-code", headers=headers)
    body = first.json()
    assert body["code"].startswith("96")
    assert len(body["code"]) == 18
    assert body["code"].isdigit()
    assert body["refresh_after_s"] < 60
    again = await site.client.post("/v1/me/pay-code", headers=headers)
    assert again.json() == body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await site.pay_code() != body["code"]


async def test_the_code_itself_is_nowhere_in_the_database(site: Site) -> None:
    """Only its keyed hash is stored."""
    code = await site.pay_code()
    async with site.database.read() as reader:
        stored = await reader.execute(text("SELECT encode(hash, 'escape'), p::text FROM pay_codes p"))
        answers = await reader.execute(text("SELECT a::text FROM answers a"))
        assert not any(code in str(row) for row in [*stored, *answers])


async def test_a_frozen_volunteer_gets_no_code(site: Site) -> None:
    """403 with the words that tell whom to ask."""
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE volunteers SET status = 'frozen'"))
    answer = await site.client.post("/v1/me/pay-code", headers=await site.volunteer_headers())
    assert (answer.status_code, answer.json()["code"]) == (403, "ACCOUNT_FROZEN")
    assert "志愿服务站" in answer.json()["detail"]


async def test_the_wallet_counts_lots_until_24_00_of_their_day(site: Site) -> None:
    """Points earned in 2026 are there on the last day of 2028 in Shanghai and gone a second after it."""
    wallet = (await site.client.get("/v1/me/wallet", headers=await site.volunteer_headers())).json()
    assert (wallet["available"], wallet["minutes"]) == (500, 500)
    assert wallet["lots"] == [{"expires_on": "2028-12-31", "points": 500}]
    site.clock.now = site.clock.now.replace(year=2028, month=12, day=31, hour=15, minute=59, second=59)
    wallet = (await site.client.get("/v1/me/wallet", headers=await site.volunteer_headers())).json()
    assert wallet["available"] == 500
    site.clock.move(timedelta(seconds=1))
    wallet = (await site.client.get("/v1/me/wallet", headers=await site.volunteer_headers())).json()
    assert (wallet["available"], wallet["lots"], wallet["minutes"]) == (0, [], 500)


async def test_the_statement_tells_every_event_and_pages(site: Site) -> None:
    """The newest first, with the merchant's name; the cursor leads through all of it without a gap."""
    for number in range(5):
        await site.redeem(f"A-{number}", await site.pay_code(), 10 + number)
    headers = await site.volunteer_headers()
    whole = (await site.client.get("/v1/me/statement", headers=headers)).json()
    assert [line["points"] for line in whole["lines"]][:5] == [-14, -13, -12, -11, -10]
    assert all(line["merchant"] for line in whole["lines"][:5])
    assert sum(line["points"] for line in whole["lines"]) == 500 - 60
    paged: list[int] = []
    target: str | None = "/v1/me/statement?limit=2"
    while target:
        page = await site.client.get(target, headers=headers)
        paged += [line["seq"] for line in page.json()["lines"]]
        target = page.links.get("next", {}).get("url")
    assert paged == [line["seq"] for line in whole["lines"]]


@pytest.mark.parametrize("target", ["/v1/me/wallet", "/v1/me/statement"])
async def test_nobody_sees_another_ones_points(site: Site, target: str) -> None:
    """The token decides whose: an administrator has no wallet, and no parameter names another."""
    answer = await site.client.get(target, headers=await site.headers(ActorKind.ADMIN))
    assert (answer.status_code, answer.json()["code"]) == (403, "NO_AUTH")

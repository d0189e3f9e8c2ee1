"""A catalogue made over HTTP: what offers say, publishing them, and volunteers who look at them and order."""

from typing import Any

import httpx
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.ids import format_id
from app.security.actors import ActorKind
from tests.support.calls import Json, an_admin
from tests.support.sites import Site

NEXT_DOOR = "330281"


def says(**changed: Any) -> Json:  # noqa: ANN401 - JSON
    """What an offer says: a gift of its merchant for 100 points, unless changed."""
    return {
        "kind": "goods",
        "name_zh": "手冲咖啡一杯",
        "name_en": "A cup of coffee",
        "points": 100,
        "funding": "MERCHANT_DONATED",
        **changed,
    }


def reimbursed(site: Site, fen: int = 500, **changed: Any) -> Json:  # noqa: ANN401 - JSON
    """What an offer says that the city's fund pays for."""
    fund = format_id("fun", site.city.fund)
    return says(funding="FUND_REIMBURSED", face_value_fen=fen, fund_ids=[fund], **changed)


def offers_of(site: Site, merchant: int = 0) -> str:
    """Where a merchant's offers are."""
    return f"/v1/merchants/{format_id('mer', site.city.tills[merchant].merchant)}/offers"


async def a_draft(site: Site, body: Json | None = None, *, merchant: int = 0) -> Json:
    """An offer that an administrator has drafted."""
    return await an_admin(site).post(offers_of(site, merchant), body or says(), 201)


async def a_published(site: Site, body: Json | None = None, *, merchant: int = 0) -> Json:
    """An offer that volunteers see."""
    draft = await a_draft(site, body, merchant=merchant)
    return await an_admin(site).post(f"/v1/offers/{draft['id']}/publish")


async def revise(site: Site, offer: str, body: Json) -> Json:
    """Edit an offer as it is now."""
    revision = (await an_admin(site).get(f"/v1/offers/{offer}"))["revision"]
    return await an_admin(site).send("PUT", f"/v1/offers/{offer}", body, If_Match=f'"{revision}"')


async def ask(
    site: Site,
    number: int,
    method: str,
    target: str,
    body: Json | None = None,
    *,
    key: str | None = None,
    language: str = "zh-CN",
) -> httpx.Response:
    """One of the city's volunteers asks for something; without a key it is a new request."""
    volunteer = site.city.volunteers[number]
    headers = await site.headers(ActorKind.VOLUNTEER, subject=volunteer, volunteer=volunteer)
    headers |= {"Idempotency-Key": key or uuid7().hex, "Accept-Language": language}
    return await site.client.request(method, target, json=body, headers=headers)


async def see(site: Site, target: str, number: int = 0, *, language: str = "zh-CN") -> Json:
    """What one of the volunteers is shown."""
    answer = await ask(site, number, "GET", target, language=language)
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    return shown


async def try_order(
    site: Site, offer: str, number: int = 0, *, quantity: int = 1, key: str | None = None
) -> httpx.Response:
    """One of the volunteers orders, whatever comes of it."""
    return await ask(site, number, "POST", "/v1/me/orders", {"offer_id": offer, "quantity": quantity}, key=key)


async def order(site: Site, offer: str, number: int = 0, *, quantity: int = 1, key: str | None = None) -> Json:
    """One of the volunteers orders, and has a voucher."""
    answer = await try_order(site, offer, number, quantity=quantity, key=key)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def add_next_door(site: Site) -> None:
    """A second region, beside the one that all are of."""
    await run_sql(
        site,
        f"""INSERT INTO regions (programme_id, code, name, level, kind)
                            VALUES ('{site.city.programme}', '{NEXT_DOOR}', '余姚市', 'county', 'official')""",
    )


async def run_sql(site: Site, sql: str) -> None:
    """Make something the case that no call makes."""
    async with site.database.begin() as tx:
        await tx.execute(text(sql))

"""The catalogue for a volunteer: what is listed, told without side effects, and true: an order decides the same."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event

from app.core.ids import format_id
from app.core.offers import Funding, Gates, Limit, LimitPeriod
from app.store.database import BatchConnection, Database
from tests.support.calls import an_admin
from tests.support.catalogue import (
    NEXT_DOOR,
    a_draft,
    a_published,
    add_next_door,
    ask,
    order,
    reimbursed,
    run_sql,
    says,
    see,
    try_order,
)
from tests.support.city_rows import REGION
from tests.support.clocks import START, Clock
from tests.support.ledgers import fetch_tables
from tests.support.offers import Terms, agree, an_offer
from tests.support.sites import Site, a_site
from tests.support.soundness import assert_all_sound


async def test_what_can_be_had_is_told_without_obstacles(site: Site) -> None:
    """With its price, its merchant and what is left; nothing of its funding, which is not the volunteer's business."""
    offer = (await a_published(site, reimbursed(site, stock=7, ends_at="2026-04-01T00:00:00Z")))["id"]
    shown = await see(site, f"/v1/me/offers/{offer}")
    assert (shown["available"], shown["obstacles"], shown["points"], shown["stock_left"]) == (True, [], 100, 7)
    assert (shown["merchant"], shown["ends_at"]) == ("商户 0", "2026-04-01T00:00:00Z")
    assert not shown.keys() & {"funding", "face_value_fen", "fund_ids", "revision"}


async def test_only_what_is_published_is_listed(site: Site) -> None:
    """A draft is nobody's to know; one that is paused or has ended can be looked up, and says so."""
    await a_published(site)
    draft, paused, ended = (await a_draft(site))["id"], (await a_published(site))["id"], (await a_published(site))["id"]
    await an_admin(site).post(f"/v1/offers/{paused}/pause")
    await an_admin(site).post(f"/v1/offers/{ended}/end")
    assert len((await see(site, "/v1/me/offers"))["offers"]) == 1
    for offer, state in ((paused, "paused"), (ended, "ended")):
        [obstacle] = (await see(site, f"/v1/me/offers/{offer}"))["obstacles"]
        assert (obstacle["code"], obstacle["figures"]) == ("OFFER_NOT_OPEN", {"state": state})
        assert obstacle["detail"] == "该礼品目前不可兑换"
    headers = await site.volunteer_headers()
    for number in (draft, "off_" + "0" * 32, "off_1"):
        answer = await site.client.get(f"/v1/me/offers/{number}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "OFFER_NOT_EXIST")


async def test_the_list_is_paged_and_can_be_of_a_region(site: Site) -> None:
    """Each offer once, by its cursor; of merchants in a region and in those below it."""
    await add_next_door(site)
    await run_sql(site, f"UPDATE merchants SET region_code = '{NEXT_DOOR}' WHERE name = '商户 1'")
    made = [(await a_published(site, merchant=number % 2))["id"] for number in range(5)]
    found: list[str] = []
    target: str | None = "/v1/me/offers?limit=2"
    while target:
        page = await site.client.get(target, headers=await site.volunteer_headers())
        found += [offer["id"] for offer in page.json()["offers"]]
        target = page.links.get("next", {}).get("url")
    assert found == made
    for region, expected in ((NEXT_DOOR, made[1::2]), ("3302", made), ("44", [])):
        shown = (await see(site, f"/v1/me/offers?region={region}"))["offers"]
        assert [offer["id"] for offer in shown] == expected


async def test_looking_changes_nothing(site: Site) -> None:
    """Not even where a hold is over and not booked so: every table is as it was."""
    offer = (await a_published(site, says(stock=1, voucher_days=0)))["id"]
    await order(site, offer)
    site.clock.move(timedelta(days=1))
    before = await fetch_tables(site.database)
    for number in range(3):
        assert (await see(site, "/v1/me/offers", number))["offers"][0]["available"]
        assert (await see(site, f"/v1/me/offers/{offer}", number))["stock_left"] == 1
    assert await fetch_tables(site.database) == before


async def test_a_hold_that_is_over_frees_what_an_order_would_find_free(site: Site) -> None:
    """Each offer is told as if it were ordered now: its own holds that are over are ended, whoever's they are."""
    body = reimbursed(site, 1_000_000, points=1)
    own, other = (await a_published(site, body | {"voucher_days": 0}))["id"], (await a_published(site, body))["id"]
    await order(site, own)
    site.clock.move(timedelta(days=1))
    shown = {row["id"]: row["available"] for row in (await see(site, "/v1/me/offers", 1))["offers"]}
    assert shown[own]
    for offer in (other, own):
        assert (await see(site, f"/v1/me/offers/{offer}", 1))["available"] == shown[offer]
        assert ((await try_order(site, offer, 1)).status_code == 201) == shown[offer]


def _hear_statements(site: Site) -> list[str]:
    """Every statement that the application's pool sends from now on."""
    sent: list[str] = []
    heard: set[BatchConnection] = set()

    def on_checkout(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - the pool's own
        if connection.driver_connection not in heard:
            heard.add(connection.driver_connection)
            connection.driver_connection.add_query_logger(lambda record: sent.append(record.query))

    def on_execute(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    engine = site.services.database.engine.sync_engine
    event.listen(engine, "checkout", on_checkout)
    event.listen(engine, "before_cursor_execute", on_execute)
    return sent


async def test_a_long_list_takes_as_many_statements_as_a_short_one(site: Site) -> None:
    """No statement for each offer, with limits, funds, stock and merchants to look at."""
    for number in range(30):
        limits = [{"period": "month", "count": 1}]
        await a_published(site, reimbursed(site, stock=number, limits=limits), merchant=number % 2)
    await see(site, "/v1/me/offers")
    sent = _hear_statements(site)
    await see(site, "/v1/me/offers?limit=1")
    short = sent.copy()
    sent.clear()
    await see(site, "/v1/me/offers?limit=30")
    assert len(sent) == len(short)
    assert sum("FROM volunteers" in statement for statement in sent) == 1


@dataclass(slots=True, kw_only=True)
class _Town:
    """Volunteers of all kinds before offers of all kinds, and chance."""

    site: Site
    chance: Random
    offers: list[str]
    open_orders: list[tuple[int, str]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    async def look_and_order(self) -> None:
        """What a volunteer is shown of an offer is what becomes of an order of it."""
        number = self.chance.randrange(len(self.site.city.volunteers))
        shown = (await see(self.site, "/v1/me/offers", number))["offers"]
        can_be_had = [row for row in shown if row["available"]]
        offer = self.chance.choice(can_be_had if can_be_had and self.chance.random() < 0.5 else shown)
        answer = await try_order(self.site, offer["id"], number)
        if offer["available"]:
            assert (answer.status_code, offer["obstacles"]) == (201, []), answer.text
            self.open_orders.append((number, answer.json()["id"]))
            self.seen["available"] += 1
        else:
            refused, first = answer.json(), offer["obstacles"][0]
            assert (refused["code"], refused["figures"]) == (first["code"], first["figures"]), offer
            self.seen.update(obstacle["code"] for obstacle in offer["obstacles"])

    async def go_on(self) -> None:
        """Time passes, somebody changes their mind, a merchant is suspended or comes back."""
        if self.chance.random() < 0.1:
            self.site.clock.move(timedelta(hours=self.chance.randrange(1, 16)))
        if self.open_orders and self.chance.random() < 0.1:
            number, order_id = self.open_orders.pop(self.chance.randrange(len(self.open_orders)))
            await ask(self.site, number, "POST", f"/v1/me/orders/{order_id}/cancel")
        if self.chance.random() < 0.1:
            status = self.chance.choice(["active", "active", "suspended"])
            await run_sql(self.site, f"UPDATE merchants SET status = '{status}' WHERE name = '商户 1'")


def _some_terms(chance: Random, site: Site) -> Terms:
    """An offer of any kind; most gates are open."""
    hours = [None, None, None, None, *(timedelta(hours=chance.randrange(-20, 90)) for _ in range(2))]
    starts, ends = chance.choice(hours), chance.choice(hours)
    reimbursed = chance.random() < 0.4
    periods = chance.sample(list(LimitPeriod), chance.choice([0, 1, 2]))
    return Terms(
        points=chance.choice([20, 60, 90, 150, 301]),
        funding=Funding.FUND_REIMBURSED if reimbursed else Funding.MERCHANT_DONATED,
        face_value_fen=chance.choice([100, 3_000]) if reimbursed else 0,
        funds=(site.city.fund,) if reimbursed else (),
        limits=tuple(Limit(period, chance.choice([1, 2])) for period in periods),
        gates=Gates(
            stars_min=chance.choice([0, 0, 0, 0, 0, 1]),
            minutes_min=chance.choice([0, 0, 0, 300, 301]),
            region_codes=chance.choice([(), (), (), (NEXT_DOOR,), (REGION, NEXT_DOOR)]),
            age_min=chance.choice([None, None, None, 18]),
            age_max=chance.choice([None, None, None, 60]),
        ),
        starts_at=START + starts if starts else None,
        ends_at=START + ends if ends else None,
        voucher_days=chance.choice([0, 1, 30]),
        voucher_until=chance.choice([None, None, None, None, START.date(), (START + timedelta(days=2)).date()]),
    )


async def _a_town(site: Site, chance: Random) -> _Town:
    await add_next_door(site)
    people = zip(
        site.city.volunteers, (None, "1950-01-01", "1990-01-01", "2015-01-01", None, "1990-01-01"), strict=True
    )
    for volunteer, born_on in people:
        born = f"'{born_on}'" if born_on else "NULL"
        region = chance.choice([REGION, REGION, NEXT_DOOR])
        await run_sql(
            site, f"UPDATE volunteers SET born_on = {born}, region_code = '{region}' WHERE id = '{volunteer}'"
        )
    await run_sql(site, f"UPDATE volunteers SET status = 'frozen' WHERE id = '{site.city.volunteers[5]}'")
    await agree(site.database, site.city, site.city.tills[0].merchant, monthly_points=500)
    offers = [
        await an_offer(
            site.database,
            site.city,
            site.city.tills[number % 2].merchant,
            _some_terms(chance, site),
            name=f"offer {number}",
            stock=chance.choice([None, 0, 1, 2, 5]),
        )
        for number in range(25)
    ]
    return _Town(site=site, chance=chance, offers=[format_id("off", offer) for offer in offers])


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_shown_is_what_an_order_decides(
    database: Database, clock: Clock, tmp_path: Path, seed: int
) -> None:
    """For any volunteer and offer, as time passes: `available` is the outcome, the first obstacle the refusal."""
    chance = Random(seed)
    async with a_site(database, clock, tmp_path, volunteers=6, points=300, fund_fen=12_000) as site:
        town = await _a_town(site, chance)
        for _ in range(200):
            await town.look_and_order()
            await town.go_on()
        assert town.seen["available"] > 20, town.seen
        codes = {"NOT_ELIGIBLE", "NOT_ENOUGH", "OFFER_NOT_OPEN", "OUT_OF_STOCK", "QUOTA_EXCEEDED"}
        assert codes <= town.seen.keys(), town.seen
        await assert_all_sound(database, site.city)

"""Balances as of any day: the past as it was, also as it was known; the future as it will be if nothing happens."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.jobs.lots import run_expiries, run_maturities
from app.store.database import Database
from tests.support.calls import Json
from tests.support.clocks import START, Clock
from tests.support.commands import a_committer
from tests.support.earnings import Service, earn
from tests.support.offers import Terms, an_offer
from tests.support.service_calls import a_volunteer, person
from tests.support.sites import Site, a_site

WALLET = "/v1/me/wallet"


async def wallet(site: Site, query: str = "", status: int = 200) -> Json:
    """The first volunteer's wallet."""
    return await a_volunteer(site).get(WALLET + query, status)


async def test_the_past_is_as_it_was(site: Site) -> None:
    """Before the spending of today there were 500; at the end of today and now there are 440."""
    site.clock.move(timedelta(days=1))
    await site.redeem("A-1", await site.pay_code(), 60)
    before = await wallet(site, "?as_of=2026-03-02")
    assert (before["available"], before["as_of"], before["known_at"]) == (500, "2026-03-02", None)
    assert before["lots"] == [{"expires_on": "2028-12-31", "points": 500}]
    site.clock.move(timedelta(days=1))
    assert (await wallet(site, "?as_of=2026-03-03"))["available"] == 440
    assert (await wallet(site))["available"] == 440
    assert (await wallet(site, "?as_of=2026-03-01"))["minutes"] == 0


async def test_what_was_recorded_late_is_left_out_of_what_was_known_then(site: Site) -> None:
    """Case 9: hours of March recorded in April belong to March as known now, and not as known at its end."""
    city = site.city
    late = Service(city.volunteers[0], 120, START + timedelta(days=5))
    site.clock.now = START + timedelta(days=40)
    async with a_committer(site.database, city.programme, site.clock) as committer:
        await earn(site.database, committer, city, [late])
    then = "known_at=2026-03-31T23:59:59%2B08:00"
    assert (await wallet(site, f"?as_of=2026-03-31&{then}"))["minutes"] == 500
    assert (await wallet(site, f"?as_of=2026-03-31&{then}"))["available"] == 500
    now = await wallet(site, "?as_of=2026-03-31")
    assert now["minutes"] == 620
    assert (await wallet(site))["minutes"] == 620


async def test_the_future_loses_what_expires(site: Site) -> None:
    """On the last day all is there, on the next nothing; hours stay. What is foreseen then comes true."""
    assert (await wallet(site, "?as_of=2028-12-31"))["available"] == 500
    gone = await wallet(site, "?as_of=2029-01-01")
    assert (gone["available"], gone["lots"], gone["minutes"]) == (0, [], 500)
    site.clock.now = START.replace(year=2028, month=12, day=31, hour=16)
    await run_expiries(site.database, site.services.committers, site.city.programme, site.clock)
    true = await wallet(site)
    assert {**true, "as_of": "2029-01-01"} == gone
    site.clock.move(timedelta(days=3))
    assert (await wallet(site, "?as_of=2028-12-31"))["available"] == 500, "the past, booked or not"
    assert (await wallet(site, "?as_of=2029-01-01"))["available"] == 0


async def test_pending_points_are_foreseen_on_the_day_their_notice_ends(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """Three days of notice: pending at the end of the second day, spendable at the end of the third, as it then is."""
    async with a_site(database, clock, tmp_path, notice_days=3) as site:
        figures = {}
        for day in ("2026-03-02", "2026-03-04", "2026-03-05"):
            foreseen = await wallet(site, f"?as_of={day}")
            figures[day] = (foreseen["available"], foreseen["pending"])
        assert figures == {"2026-03-02": (0, 500), "2026-03-04": (0, 500), "2026-03-05": (500, 0)}
        clock.move(timedelta(days=4))
        await run_maturities(database, site.services.committers, site.city.programme, clock)
        assert (await wallet(site))["available"] == 500
        assert (await wallet(site, "?as_of=2026-03-04"))["pending"] == 500


async def test_an_order_that_nobody_uses_gives_its_points_back_in_time(site: Site) -> None:
    """Held while the voucher is good, spendable from the day on which it is not; the past knows the open order."""
    offer = await an_offer(site.database, site.city, site.city.tills[0].merchant, Terms(points=40))
    order = await a_volunteer(site).post("/v1/me/orders", {"offer_id": f"off_{offer.hex}", "quantity": 1}, 201)
    last = order["voucher"]["valid_until"][:10]
    open_now = await wallet(site, "?as_of=2026-03-02")
    assert (open_now["held"], open_now["open_orders"], open_now["open_order_points"]) == (40, 1, 40)
    over = await wallet(site, f"?as_of={last}")
    assert (over["available"], over["held"], over["open_orders"]) == (500, 0, 0)
    site.clock.move(timedelta(days=1))
    past = await wallet(site, "?as_of=2026-03-02")
    assert (past["available"], past["held"], past["open_orders"], past["open_order_points"]) == (460, 40, 1, 40)
    await a_volunteer(site).post(f"/v1/me/orders/{order['id']}/cancel")
    site.clock.move(timedelta(days=1))
    assert (await wallet(site, "?as_of=2026-03-02"))["open_orders"] == 1
    assert (await wallet(site, "?as_of=2026-03-03"))["open_orders"] == 0


async def test_those_who_look_after_volunteers_may_ask_too(site: Site) -> None:
    """An organiser sees what the volunteer sees, for the same day."""
    target = f"/v1/volunteers/vol_{site.city.volunteers[0].hex}/wallet?as_of=2029-01-01"
    assert await person(site, "organiser").get(target) == await wallet(site, "?as_of=2029-01-01")


@pytest.mark.parametrize(
    "query, pointer",
    [
        ("?as_of=1999-12-31", "/as_of"),
        ("?as_of=9999-12-31", "/as_of"),
        ("?as_of=2026-02-30", "/as_of"),
        ("?known_at=2026-03-01T00:00:00%2B08:00", "/known_at"),
        ("?as_of=2026-03-01&known_at=2026-03-01", "/known_at"),
        ("?as_of=2026-03-02&known_at=2026-03-01T00:00:00%2B08:00", "/known_at"),
    ],
)
async def test_a_day_that_is_none_is_refused(site: Site, query: str, pointer: str) -> None:
    """Outside the calendar, not a day, or knowledge without a day: 400 at the parameter."""
    refused = await wallet(site, query, 400)
    assert [error["pointer"].removeprefix("/query") for error in refused["errors"]] == [pointer]

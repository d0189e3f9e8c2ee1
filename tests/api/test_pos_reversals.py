"""The till contract over HTTP, "Unknown outcome": query, then reverse; a number reversed is dead."""

from datetime import timedelta

import pytest

from app.core.ids import format_id
from tests.support.calls import an_admin
from tests.support.catalogue import a_published, reimbursed, run_sql
from tests.support.ledgers import fetch_rows, fetch_tables
from tests.support.sites import POS, Site
from tests.support.soundness import assert_all_sound
from tests.support.till_calls import (
    a_second_till,
    available,
    call,
    paid,
    refund,
    refused,
    reverse,
    state_of,
    told,
    wait_for,
    wallet_of,
)

A_DAY = timedelta(hours=24)


async def test_a_number_never_seen_is_buried(site: Site) -> None:
    """A tombstone: REVERSED without a redemption, said again as a replay; query finds no order."""
    first = told(await reverse(site, "A-1"), 200)
    assert first == {"out_trade_no": "A-1", "state": "REVERSED", "redemption": None}
    assert told(await reverse(site, "A-1"), 200, replayed=True) == first
    refused(await site.query("A-1"), 404, "ORDER_NOT_EXIST")
    refused(await refund(site, "A-1", "R-1", 1), 409, "ORDER_REVERSED")


async def test_the_late_original_is_refused(site: Site) -> None:
    """Whatever its body, however late, from whichever till of the merchant: ORDER_REVERSED; the code stays usable."""
    told(await reverse(site, "A-1"), 200)
    code = await site.pay_code()
    other = await a_second_till(site)
    for points, till in ((10, None), (10, None), (11, None), (10, other)):
        answer = await site.redeem("A-1", code, points, till=till)
        assert (answer.status_code, answer.json()["code"]) == (409, "ORDER_REVERSED")
    told(await site.redeem("A-2", code, 10), 201)
    site.clock.move(timedelta(days=400))
    late = await site.redeem("A-1", await site.pay_code(), 10)
    assert (late.status_code, late.json()["code"]) == (409, "ORDER_REVERSED")
    assert await available(site) == 490
    assert await fetch_rows(site.database, "SELECT trade_no FROM redemptions") == [("A-2",)]
    await assert_all_sound(site.database, site.city)


async def test_what_was_paid_comes_back_whole(site: Site) -> None:
    """Points to their lots, money to the fund, the offer's unit to its stock; the redemption says REVERSED."""
    offer = (await a_published(site, reimbursed(site, 500, stock=1)))["id"]
    before, stored = await wallet_of(site), await fetch_rows(site.database, "SELECT balance FROM accounts ORDER BY 1")
    body = {"out_trade_no": "A-1", "auth_code": await site.pay_code(), "offer_id": offer}
    sold = told(await call(site, "POST", POS, body), 201)
    reversed_ = told(await reverse(site, "A-1"), 200)
    assert reversed_["redemption"] == sold | {"state": "REVERSED", "refunded_points": 100}
    assert reversed_["state"] == "REVERSED"
    assert told(await site.query("A-1"), 200) == reversed_["redemption"]
    assert await wallet_of(site) == before
    after = await fetch_rows(site.database, "SELECT balance FROM accounts WHERE balance <> 0 ORDER BY 1")
    assert after == [row for row in stored if row != (0,)]
    assert (await an_admin(site).get(f"/v1/offers/{offer}"))["stock"] == {"total": 1, "taken": 0}
    fund = await an_admin(site).get(f"/v1/funds/{format_id('fun', site.city.fund)}")
    assert (fund["free_fen"], fund["committed_fen"]) == (1_000_000, 0)
    await assert_all_sound(site.database, site.city)


async def test_a_reversal_is_idempotent(site: Site) -> None:
    """From any till of the merchant, with a body of nothing or {}, for years: the first answer, nothing moves."""
    await paid(site, "A-1", 120)
    other = await a_second_till(site)
    first = told(await reverse(site, "A-1"), 200)
    before = await fetch_tables(site.database, {"terminals"})
    for later, till in ((timedelta(), None), (A_DAY, other), (timedelta(days=1000), None)):
        site.clock.move(later)
        assert told(await reverse(site, "A-1", till=till), 200, replayed=True) == first
        assert told(await call(site, "POST", f"{POS}/A-1/reverse", {}), 200, replayed=True) == first
    assert await fetch_tables(site.database, {"terminals"}) == before


async def test_what_waits_is_closed(site: Site) -> None:
    """Unpaid yet: what is held is free at once, the state is REVERSED, and stays so when its minute is over."""
    await run_sql(site, "UPDATE programmes SET confirm_points = 100")
    asked = await wait_for(site, "A-1", 300)
    reversed_ = told(await reverse(site, "A-1"), 200)
    assert reversed_["redemption"] == asked | {"state": "REVERSED", "closes_at": None}
    site.clock.move(timedelta(seconds=60))
    assert await state_of(site, "A-1") == "REVERSED"
    assert told(await reverse(site, "A-1"), 200, replayed=True) == reversed_
    wallet = await wallet_of(site)
    assert (wallet["available"], wallet["held"]) == (500, 0)
    await assert_all_sound(site.database, site.city)


async def test_a_refused_number_is_closed(site: Site) -> None:
    """Nothing was taken under it: CLOSED, no redemption, and its refusal stays what it was."""
    code = await site.pay_code()
    refused(await site.redeem("A-1", code, 501), 409, "NOT_ENOUGH")
    closed = told(await reverse(site, "A-1"), 200)
    assert closed == {"out_trade_no": "A-1", "state": "CLOSED", "redemption": None}
    refused(await site.redeem("A-1", code, 501), 409, "NOT_ENOUGH", replayed=True)


async def test_a_reversal_has_a_day(site: Site) -> None:
    """At 24 h to the second it is given back; a moment later REVERSE_EXPIRED, kept under its number, nothing moved."""
    await paid(site, "A-1", 50)
    await paid(site, "A-2", 50)
    site.clock.move(A_DAY)
    assert told(await reverse(site, "A-1"), 200)["state"] == "REVERSED"
    site.clock.move(timedelta(microseconds=1))
    refused(await reverse(site, "A-2"), 409, "REVERSE_EXPIRED")
    refused(await reverse(site, "A-2"), 409, "REVERSE_EXPIRED", replayed=True)
    assert await state_of(site, "A-2") == "SUCCESS"
    assert await available(site) == 450
    told(await refund(site, "A-2", "R-1", 50), 201)
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("points, state", [(20, "PARTIALLY_REFUNDED"), (50, "REFUNDED")])
async def test_what_was_refunded_is_not_reversed(site: Site, points: int, state: str) -> None:
    """ORDER_CLOSED, with the state; only further refunds give back."""
    await paid(site, "A-1", 50)
    told(await refund(site, "A-1", "R-1", points), 201)
    assert refused(await reverse(site, "A-1"), 409, "ORDER_CLOSED")["figures"] == {"state": state}
    refused(await reverse(site, "A-1"), 409, "ORDER_CLOSED", replayed=True)
    assert await state_of(site, "A-1") == state
    assert await available(site) == 450 + points
    await assert_all_sound(site.database, site.city)


async def test_numbers_are_each_merchants_own(site: Site) -> None:
    """Another merchant's reversal of the same number buries its own and touches nobody's sale."""
    sold = await paid(site, "A-1", 50)
    [_, elsewhere] = site.city.tills
    buried = told(await reverse(site, "A-1", till=elsewhere), 200)
    assert buried == {"out_trade_no": "A-1", "state": "REVERSED", "redemption": None}
    assert told(await site.query("A-1"), 200) == sold
    late = await site.redeem("A-1", await site.pay_code(), 1, till=elsewhere)
    assert (late.status_code, late.json()["code"]) == (409, "ORDER_REVERSED")


async def test_a_merchant_that_is_suspended_gives_back(site: Site) -> None:
    """Suspended it takes nothing any more; what it took it may still reverse and refund, frozen volunteers too."""
    for trade_no in ("A-1", "A-2"):
        await paid(site, trade_no, 50)
    await run_sql(site, "UPDATE merchants SET status = 'suspended'")
    await run_sql(site, "UPDATE volunteers SET status = 'frozen'")
    told(await reverse(site, "A-1"), 200)
    told(await refund(site, "A-2", "R-1", 50), 201)
    assert await available(site) == 500
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("number", ["A.1", "A" * 33, "A%201", "%E4%B8%80"])
async def test_a_number_that_cannot_be_is_no_order(site: Site, number: str) -> None:
    """Not 1-32 of the contract's characters: nothing to find, nothing to bury."""
    refused(await call(site, "GET", f"{POS}/{number}"), 404, "ORDER_NOT_EXIST")
    refused(await call(site, "POST", f"{POS}/{number}/reverse"), 400, "PARAM_ERROR")
    assert await fetch_rows(site.database, "SELECT 1 FROM answers WHERE scope LIKE 'reverse%'") == []


async def test_a_reversal_takes_no_body(site: Site) -> None:
    """A body that says something is a mistake of the caller, and does nothing."""
    await paid(site, "A-1", 50)
    refused(await call(site, "POST", f"{POS}/A-1/reverse", {"points": 20}), 400, "PARAM_ERROR")
    assert await state_of(site, "A-1") == "SUCCESS"


async def test_odd_numbers_of_the_contract_are_numbers(site: Site) -> None:
    """All of [0-9A-Za-z_*|-] in a path, 32 long: paid, found, refunded and reversed, raw or percent-encoded."""
    number = "az_AZ*09|-" + "z" * 22
    await paid(site, number, 50)
    encoded = number.replace("|", "%7C").replace("*", "%2A")
    assert told(await call(site, "GET", f"{POS}/{encoded}"), 200)["out_trade_no"] == number
    assert told(await call(site, "POST", f"{POS}/{encoded}/reverse"), 200)["state"] == "REVERSED"

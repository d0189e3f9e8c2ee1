"""The till contract over HTTP: what is large, frequent or looks like a second scan waits for its volunteer (202)."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.ids import format_id
from tests.support.calls import an_admin
from tests.support.catalogue import a_published, reimbursed, run_sql, see
from tests.support.ledgers import fetch_rows
from tests.support.sites import POS, Site
from tests.support.soundness import assert_all_sound
from tests.support.till_calls import (
    available,
    call,
    confirm,
    decline,
    paid,
    refund,
    refused,
    reverse,
    state_of,
    told,
    wait_for,
    wallet_of,
)

A_MINUTE = timedelta(seconds=60)
A_MOMENT = timedelta(microseconds=1)
WAITING = "/v1/me/redemptions?state=AWAITING_CONFIRMATION"


async def _ask_above(site: Site, points: int) -> None:
    await run_sql(site, f"UPDATE programmes SET confirm_points = {points}")


async def _fund(site: Site) -> tuple[int, int]:
    fund = await an_admin(site).get(f"/v1/funds/{format_id('fun', site.city.fund)}")
    return fund["free_fen"], fund["committed_fen"]


async def test_an_amount_above_the_limit_waits(site: Site) -> None:
    """At the limit it is paid at once (201); one point more is held (202), the money promised, nothing taken yet."""
    await _ask_above(site, 200)
    assert (await paid(site, "A-1", 200))["closes_at"] is None
    asked = await wait_for(site, "A-2", 201)
    assert (asked["state"], asked["points"], asked["settlement_fen"]) == ("AWAITING_CONFIRMATION", 201, 603)
    assert asked["closes_at"] == "2026-03-02T01:01:00Z"
    wallet = await wallet_of(site)
    assert (wallet["available"], wallet["held"]) == (99, 201)
    assert await _fund(site) == (1_000_000 - 600 - 603, 603)
    assert told(await site.query("A-2"), 200) == asked
    [shown] = (await see(site, WAITING))["redemptions"]
    assert (shown["id"], shown["points"], shown["merchant"]) == (asked["id"], 201, "商户 0")
    assert shown["confirm_until"] == asked["closes_at"]
    await assert_all_sound(site.database, site.city)


async def test_one_too_many_a_day_waits(site: Site) -> None:
    """The third of a day when two go unasked, over all merchants; what was taken back is not counted."""
    await run_sql(site, "UPDATE programmes SET confirm_count = 2")
    [_, elsewhere] = site.city.tills
    await paid(site, "A-1", 1)
    await paid(site, "B-1", 2, till=elsewhere)
    await paid(site, "A-9", 3, 1)
    await wait_for(site, "A-2", 4)
    told(await reverse(site, "A-1"), 200)
    told(await reverse(site, "A-2"), 200)
    await paid(site, "A-3", 5)
    await wait_for(site, "A-4", 6)


async def test_a_day_is_counted_in_shanghai(site: Site) -> None:
    """At 23:59:59 the second of the day waits; at 24:00 a new day begins, although in London it is still yesterday."""
    await run_sql(site, "UPDATE programmes SET confirm_count = 1")
    await paid(site, "A-1", 1)
    site.clock.now = datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC)
    await wait_for(site, "A-2", 2)
    site.clock.move(timedelta(seconds=1))
    await paid(site, "A-3", 3)
    await wait_for(site, "A-4", 4)


async def test_the_same_amount_within_a_minute_waits(site: Site) -> None:
    """A second scan of the same sale is asked about; another amount, merchant or person is not, nor a minute on."""
    await run_sql(site, "UPDATE programmes SET same_amount_s = 60")
    await paid(site, "A-1", 50)
    site.clock.move(A_MINUTE - A_MOMENT)
    await paid(site, "A-2", 51)
    await paid(site, "B-1", 50, till=site.city.tills[1])
    await paid(site, "A-3", 50, 1)
    await wait_for(site, "A-4", 50)
    told(await reverse(site, "A-4"), 200)
    site.clock.move(A_MOMENT)
    await paid(site, "A-5", 50)


async def test_midnight_hides_no_second_scan(site: Site) -> None:
    """The minute of the same amount runs on over 24:00; a count per day beside it changes nothing."""
    await run_sql(site, "UPDATE programmes SET same_amount_s = 60, confirm_count = 9")
    site.clock.now = datetime(2026, 3, 2, 15, 59, 45, tzinfo=UTC)
    await paid(site, "A-1", 50)
    site.clock.move(timedelta(seconds=30))
    await wait_for(site, "A-2", 50)


async def test_yes_pays_once(site: Site) -> None:
    """Confirmed a moment before its minute is over: paid, with the receipt of the capture; yes again is the same."""
    await _ask_above(site, 100)
    asked = await wait_for(site, "A-1", 300)
    site.clock.move(A_MINUTE - A_MOMENT)
    yes = told(await confirm(site, asked), 200)
    assert (yes["state"], yes["confirm_until"]) == ("SUCCESS", None)
    assert yes["receipt"]["seq"] == asked["receipt"]["seq"] + 1
    query = told(await site.query("A-1"), 200)
    assert (query["state"], query["closes_at"], query["receipt"]) == ("SUCCESS", None, yes["receipt"])
    assert query["transaction_id"] == yes["transaction_id"] != asked["transaction_id"]
    site.clock.move(timedelta(hours=1))
    assert told(await confirm(site, asked), 200) == yes
    refused(await decline(site, asked), 409, "STATE_CONFLICT")
    wallet = await wallet_of(site)
    assert (wallet["available"], wallet["held"]) == (200, 0)
    assert await _fund(site) == (1_000_000 - 900, 0)
    await assert_all_sound(site.database, site.city)


async def test_no_gives_back_at_once(site: Site) -> None:
    """Declined: CLOSED for the till, points and money are free; no again is the same, yes comes too late."""
    await _ask_above(site, 100)
    asked = await wait_for(site, "A-1", 300)
    no = told(await decline(site, asked), 200)
    assert no["state"] == await state_of(site, "A-1") == "CLOSED"
    assert told(await decline(site, asked), 200) == no
    refused(await confirm(site, asked), 409, "ORDER_CLOSED")
    wallet = await wallet_of(site)
    assert (wallet["available"], wallet["held"]) == (500, 0)
    assert await _fund(site) == (1_000_000, 0)
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("late", [timedelta(), timedelta(days=9)])
async def test_it_closes_by_itself(site: Site, late: timedelta) -> None:
    """After 60 s to the moment, with no job running: CLOSED for both, the points spendable, yes too late."""
    await _ask_above(site, 100)
    asked = await wait_for(site, "A-1", 450)
    site.clock.move(A_MINUTE - A_MOMENT)
    assert await state_of(site, "A-1") == "AWAITING_CONFIRMATION"
    assert await available(site) == 50
    site.clock.move(A_MOMENT + late)
    closed = told(await site.query("A-1"), 200)
    assert (closed["state"], closed["closes_at"]) == ("CLOSED", None)
    wallet = await wallet_of(site)
    assert (wallet["available"], wallet["held"]) == (500, 0)
    assert (await see(site, WAITING))["redemptions"] == []
    assert (await see(site, f"/v1/me/redemptions/{asked['id']}"))["state"] == "CLOSED"
    assert await fetch_rows(site.database, "SELECT state FROM redemptions") == [("AWAITING_CONFIRMATION",)]
    refused(await confirm(site, asked), 409, "ORDER_CLOSED")
    refused(await refund(site, "A-1", "R-1", 1), 409, "ORDER_CLOSED")
    assert told(await reverse(site, "A-1"), 200)["state"] == "CLOSED"
    await _ask_above(site, 500)
    await paid(site, "A-2", 500)
    await assert_all_sound(site.database, site.city)


async def test_held_points_are_spent_nowhere_else(site: Site) -> None:
    """Case 4: what waits cannot be spent, held or ordered again; what was refused meanwhile is never captured."""
    await _ask_above(site, 100)
    asked = await wait_for(site, "A-1", 450)
    other = await site.redeem("A-2", await site.pay_code(), 101)
    assert refused(other, 409, "NOT_ENOUGH")["figures"] == {"available": 50, "missing": 51}
    refused(await refund(site, "A-1", "R-1", 1), 409, "ORDER_CLOSED")
    told(await decline(site, asked), 200)
    refused(await site.query("A-2"), 404, "ORDER_NOT_EXIST")
    assert await available(site) == 500
    await assert_all_sound(site.database, site.city)


async def test_a_code_that_asked_is_used(site: Site) -> None:
    """Single use: the code of what waits, or has closed, pays nothing else."""
    await _ask_above(site, 100)
    code = await site.pay_code()
    told(await site.redeem("A-1", code, 101), 202)
    refused(await site.redeem("A-2", code, 1), 409, "CODE_USED")
    told(await reverse(site, "A-1"), 200)
    refused(await site.redeem("A-3", code, 1), 409, "CODE_USED")


async def test_an_offer_waits_with_its_unit(site: Site) -> None:
    """Large in the form of an offer: unit and money are set aside, and free again when nobody says yes."""
    offer = (await a_published(site, reimbursed(site, 500, stock=2)))["id"]
    await _ask_above(site, 150)
    body = {"out_trade_no": "A-1", "auth_code": await site.pay_code(), "offer_id": offer, "quantity": 2}
    asked = told(await call(site, "POST", POS, body), 202)
    assert (asked["points"], asked["offer"]) == (200, {"id": offer, "version": 1, "quantity": 2})
    assert await _fund(site) == (999_000, 1_000)
    one = {"out_trade_no": "A-2", "auth_code": await site.pay_code(1), "offer_id": offer}
    refused(await call(site, "POST", POS, one), 409, "OUT_OF_STOCK")
    site.clock.move(A_MINUTE)
    one = {"out_trade_no": "A-3", "auth_code": await site.pay_code(1), "offer_id": offer}
    assert told(await call(site, "POST", POS, one), 201)["settlement_fen"] == 500
    assert (await an_admin(site).get(f"/v1/offers/{offer}"))["stock"] == {"total": 2, "taken": 1}
    assert await _fund(site) == (999_500, 0)
    await assert_all_sound(site.database, site.city)


async def test_only_its_volunteer_answers(site: Site) -> None:
    """For any other volunteer there is nothing to say yes or no to, and nothing to see."""
    await _ask_above(site, 100)
    asked = await wait_for(site, "A-1", 300)
    for say in (confirm, decline):
        refused(await say(site, asked, 1), 404, "ORDER_NOT_EXIST")
        refused(await say(site, {"id": "red_" + "0" * 32}), 404, "ORDER_NOT_EXIST")
        refused(await say(site, {"id": "A-1"}), 404, "ORDER_NOT_EXIST")
    assert (await see(site, WAITING, 1))["redemptions"] == []
    assert await state_of(site, "A-1") == "AWAITING_CONFIRMATION"


async def test_what_was_reversed_cannot_be_confirmed(site: Site) -> None:
    """The till gave up first: REVERSED, all is back, and yes is told so."""
    await _ask_above(site, 100)
    asked = await wait_for(site, "A-1", 300)
    assert told(await reverse(site, "A-1"), 200)["state"] == "REVERSED"
    refused(await confirm(site, asked), 409, "ORDER_REVERSED")
    assert told(await decline(site, asked), 200)["state"] == "REVERSED"
    assert (await wallet_of(site))["available"] == 500
    await assert_all_sound(site.database, site.city)

"""The till contract over HTTP, "Giving back": in parts, each once, never above what was paid (cases 7 and 8)."""

import itertools
from datetime import timedelta

import pytest

from app.core.accounts import AccountKind
from app.core.ids import format_id
from tests.support.calls import an_admin
from tests.support.catalogue import a_published, reimbursed, run_sql
from tests.support.ledgers import fetch_rows, fetch_total
from tests.support.sites import POS, Site
from tests.support.soundness import assert_all_sound
from tests.support.till_calls import (
    a_second_till,
    available,
    call,
    paid,
    query_refund,
    refund,
    refused,
    reverse,
    state_of,
    told,
    wait_for,
)

A_YEAR = timedelta(days=365)


async def test_a_refund_in_parts(site: Site) -> None:
    """SUCCESS, PARTIALLY_REFUNDED, REFUNDED; each refund with points, fen, reason and a receipt; GET tells the same."""
    sold = await paid(site, "A-1", 100)
    other = await a_second_till(site)
    first = told(await refund(site, "A-1", "R-1", 30, reason="退货"), 201)
    assert (first["out_refund_no"], first["out_trade_no"], first["redemption_id"]) == ("R-1", "A-1", sold["id"])
    assert (first["points"], first["settlement_fen"], first["reason"]) == (30, 90, "退货")
    assert first["receipt"]["seq"] == sold["receipt"]["seq"] + 1
    partly = told(await site.query("A-1"), 200)
    assert partly == sold | {"state": "PARTIALLY_REFUNDED", "refunded_points": 30}
    last = told(await refund(site, "A-1", "R-2", 70, till=other), 201)
    assert last["reason"] == ""
    assert told(await site.query("A-1"), 200) == sold | {"state": "REFUNDED", "refunded_points": 100}
    assert told(await query_refund(site, "A-1", "R-1", till=other), 200) == first
    assert told(await query_refund(site, "A-1", "R-2"), 200) == last
    assert await available(site) == 500
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_three_parts_out_of_order_with_retries(site: Site, order: tuple[int, int, int]) -> None:
    """Case 7: 33, 33 and 34 of 100 in any order, each sent thrice, a fourth part between: 100 and not a point more."""
    await paid(site, "A-1", 100)
    parts = (33, 33, 34)
    given = 0
    for turn in order:
        for repeated in (False, True, True):
            answer = await refund(site, "A-1", f"R-{turn}", parts[turn])
            assert told(answer, 201, replayed=repeated)["points"] == parts[turn]
        given += parts[turn]
        over = refused(await refund(site, "A-1", f"X-{turn}", 101 - given), 409, "REFUND_TOO_MUCH")
        assert over["figures"]["refundable"] == 100 - given
    for turn in range(3):
        told(await refund(site, "A-1", f"R-{turn}", parts[turn]), 201, replayed=True)
    assert await available(site) == 500
    assert await fetch_rows(site.database, "SELECT count(*)::int, sum(points)::int FROM refunds") == [(3, 100)]
    assert await fetch_total(site.database, AccountKind.PAYABLE, site.city.tills[0].merchant) == 0
    await assert_all_sound(site.database, site.city)


async def test_buy_refund_buy_with_the_same_points(site: Site) -> None:
    """Case 8: all of a wallet spent and given back again and again: points are neither multiplied nor lost."""
    for turn in range(4):
        await paid(site, f"A-{turn}", 500)
        refused(await site.redeem(f"X-{turn}", await site.pay_code(), 1), 409, "NOT_ENOUGH")
        if turn % 2:
            told(await reverse(site, f"A-{turn}"), 200)
        else:
            told(await refund(site, f"A-{turn}", f"R-{turn}a", 200), 201)
            await paid(site, f"B-{turn}", 200, till=site.city.tills[1])
            told(await refund(site, f"B-{turn}", f"R-{turn}b", 200, till=site.city.tills[1]), 201)
            told(await refund(site, f"A-{turn}", f"R-{turn}c", 300), 201)
        assert await available(site) == 500
    issued = await fetch_total(site.database, AccountKind.ISSUANCE)
    assert issued == 1500
    await assert_all_sound(site.database, site.city)


async def test_fen_of_the_parts_add_up_to_the_price(site: Site) -> None:
    """133 points at 2.5 fen are 332 fen; given back point by point in odd parts it is 332 fen again (case 11)."""
    await run_sql(site, "UPDATE programmes SET fen_per_hundred_points = 250")
    sold = await paid(site, "A-1", 133)
    assert sold["settlement_fen"] == 332
    parts = (1, 1, 7, 50, 3, 71)
    fen = [told(await refund(site, "A-1", f"R-{n}", points), 201)["settlement_fen"] for n, points in enumerate(parts)]
    assert sum(fen) == 332
    assert all(abs(given - points * 2.5) < 1 for given, points in zip(fen, parts, strict=True))
    assert await fetch_total(site.database, AccountKind.FUND, site.city.fund) == 1_000_000
    await assert_all_sound(site.database, site.city)


async def test_fifty_times_and_no_more(site: Site) -> None:
    """The fiftieth part goes through, the fifty-first is REFUND_TOO_MUCH although there are points left."""
    await paid(site, "A-1", 100)
    for number in range(50):
        told(await refund(site, "A-1", f"R-{number}", 1), 201)
    over = refused(await refund(site, "A-1", "R-50", 1), 409, "REFUND_TOO_MUCH")
    assert over["figures"] == {"refundable": 50, "refunds_max": 50}
    told(await refund(site, "A-1", "R-49", 1), 201, replayed=True)
    assert await available(site) == 450


async def test_a_year_and_no_longer(site: Site) -> None:
    """At a year to the second it is given back; a moment later REFUND_EXPIRED, also for the rest of a part."""
    await paid(site, "A-1", 100)
    site.clock.move(A_YEAR)
    told(await refund(site, "A-1", "R-1", 40), 201)
    site.clock.move(timedelta(microseconds=1))
    refused(await refund(site, "A-1", "R-2", 60), 409, "REFUND_EXPIRED")
    told(await refund(site, "A-1", "R-1", 40), 201, replayed=True)
    assert await state_of(site, "A-1") == "PARTIALLY_REFUNDED"
    await assert_all_sound(site.database, site.city)


async def test_too_much_is_refused_whole(site: Site) -> None:
    """One point above what is left, also after parts: nothing is given, and the figure says what would be."""
    await paid(site, "A-1", 100)
    assert refused(await refund(site, "A-1", "R-1", 101), 409, "REFUND_TOO_MUCH")["figures"]["refundable"] == 100
    told(await refund(site, "A-1", "R-2", 99), 201)
    assert refused(await refund(site, "A-1", "R-3", 2), 409, "REFUND_TOO_MUCH")["figures"]["refundable"] == 1
    told(await refund(site, "A-1", "R-4", 1), 201)
    assert refused(await refund(site, "A-1", "R-5", 1), 409, "REFUND_TOO_MUCH")["figures"]["refundable"] == 0
    assert await available(site) == 500


async def test_what_has_nothing_to_refund(site: Site) -> None:
    """Unknown or refused: ORDER_NOT_EXIST; reversed: ORDER_REVERSED; waiting or closed: ORDER_CLOSED."""
    await run_sql(site, "UPDATE programmes SET confirm_points = 100")
    refused(await site.redeem("REFUSED", await site.pay_code(), 501), 409, "NOT_ENOUGH")
    await paid(site, "REVERSED", 10)
    told(await reverse(site, "REVERSED"), 200)
    await wait_for(site, "WAITING", 300)
    expected = (
        ("NEVER", 404, "ORDER_NOT_EXIST"),
        ("REFUSED", 404, "ORDER_NOT_EXIST"),
        ("REVERSED", 409, "ORDER_REVERSED"),
        ("WAITING", 409, "ORDER_CLOSED"),
    )
    for number, (trade_no, status, code) in enumerate(expected):
        refused(await refund(site, trade_no, f"R-{number}", 1), status, code)
    site.clock.move(timedelta(seconds=60))
    refused(await refund(site, "WAITING", "R-9", 1), 409, "ORDER_CLOSED")
    await assert_all_sound(site.database, site.city)


async def test_a_refund_is_found_where_it_was_made(site: Site) -> None:
    """REFUND_NOT_EXIST for an unknown number, a refused one, that of another order, and another merchant's."""
    await paid(site, "A-1", 100)
    await paid(site, "A-2", 100)
    await paid(site, "A-1", 100, till=site.city.tills[1])
    told(await refund(site, "A-1", "R-1", 10), 201)
    refused(await refund(site, "A-1", "R-2", 100), 409, "REFUND_TOO_MUCH")
    for trade_no, refund_no in (("A-1", "R-9"), ("A-1", "R-2"), ("A-2", "R-1"), ("A-9", "R-1"), ("A-1", "R.1")):
        refused(await query_refund(site, trade_no, refund_no), 404, "REFUND_NOT_EXIST")
    refused(await query_refund(site, "A-1", "R-1", till=site.city.tills[1]), 404, "REFUND_NOT_EXIST")
    elsewhere = told(await refund(site, "A-1", "R-1", 10, till=site.city.tills[1]), 201)
    assert elsewhere["id"] != told(await query_refund(site, "A-1", "R-1"), 200)["id"]


async def test_anothers_order_cannot_be_refunded(site: Site) -> None:
    """A merchant gives back what it took, never what another took."""
    await paid(site, "A-1", 100)
    refused(await refund(site, "A-1", "R-1", 10, till=site.city.tills[1]), 404, "ORDER_NOT_EXIST")
    assert await available(site) == 400


async def test_an_offer_comes_back_with_its_last_point(site: Site) -> None:
    """In parts the money of the offer returns with the points; its unit is in stock again once all is back."""
    offer = (await a_published(site, reimbursed(site, 501, stock=1)))["id"]
    body = {"out_trade_no": "A-1", "auth_code": await site.pay_code(), "offer_id": offer, "quantity": 1}
    assert told(await call(site, "POST", POS, body), 201)["settlement_fen"] == 501
    first = told(await refund(site, "A-1", "R-1", 99), 201)
    assert (await an_admin(site).get(f"/v1/offers/{offer}"))["stock"] == {"total": 1, "taken": 1}
    last = told(await refund(site, "A-1", "R-2", 1), 201)
    assert first["settlement_fen"] + last["settlement_fen"] == 501
    assert (await an_admin(site).get(f"/v1/offers/{offer}"))["stock"] == {"total": 1, "taken": 0}
    fund = await an_admin(site).get(f"/v1/funds/{format_id('fun', site.city.fund)}")
    assert (fund["free_fen"], fund["committed_fen"]) == (1_000_000, 0)
    await assert_all_sound(site.database, site.city)

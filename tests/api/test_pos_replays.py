"""The till contract over HTTP: an answer is kept under its number, whatever becomes of the order (case 6)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from tests.support.calls import Json
from tests.support.catalogue import a_published, order, run_sql
from tests.support.ledgers import fetch_tables
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound
from tests.support.till_calls import (
    a_second_till,
    available,
    confirm,
    decline,
    lasting,
    paid,
    refund,
    refused,
    return_voucher,
    reverse,
    told,
    use_voucher,
)

A_YEAR = timedelta(days=365)
Step = Callable[[Site, Json], Awaitable[object]]


async def _nothing(_site: Site, _redemption: Json) -> None:
    pass


async def _refund_part(site: Site, redemption: Json) -> None:
    told(await refund(site, redemption["out_trade_no"], "R-1", 40), 201)


async def _refund_all(site: Site, redemption: Json) -> None:
    await _refund_part(site, redemption)
    told(await refund(site, redemption["out_trade_no"], "R-2", 80), 201)


async def _reverse(site: Site, redemption: Json) -> None:
    told(await reverse(site, redemption["out_trade_no"]), 200)


async def _confirm(site: Site, redemption: Json) -> None:
    told(await confirm(site, redemption), 200)


async def _confirm_and_refund(site: Site, redemption: Json) -> None:
    await _confirm(site, redemption)
    await _refund_all(site, redemption)


async def _decline(site: Site, redemption: Json) -> None:
    told(await decline(site, redemption), 200)


async def _wait_too_long(site: Site, _redemption: Json) -> None:
    site.clock.move(timedelta(seconds=60))


async def _forget_who_paid(site: Site, _redemption: Json) -> None:
    await run_sql(site, "UPDATE volunteers SET status = 'frozen'")
    await run_sql(site, "UPDATE merchants SET status = 'suspended'")


_AFTER_PAID = (_nothing, _refund_part, _refund_all, _reverse, _forget_who_paid)
_AFTER_ASKED = (_nothing, _confirm, _confirm_and_refund, _decline, _reverse, _wait_too_long)


async def _again_for_years(
    site: Site, again: Callable[[], Awaitable[httpx.Response]], first: Json, status: int
) -> None:
    """Asked at once, a year later, and when all the lots it used have expired: the first answer, and nothing moves."""
    for later in (timedelta(), A_YEAR, 3 * A_YEAR):
        site.clock.move(later)
        before = await fetch_tables(site.database, {"terminals"})
        assert told(await again(), status, replayed=True) == first
        assert await fetch_tables(site.database, {"terminals"}) == before


@pytest.mark.parametrize("then", _AFTER_PAID, ids=lambda step: step.__name__)
async def test_a_payment_stays_what_it_was(site: Site, then: Step) -> None:
    """Same number, same body: the 201 of the first day, `SUCCESS` and all, also after refund, reversal and years."""
    code = await site.pay_code()
    first = told(await site.redeem("A-1", code, 120), 201)
    assert (first["state"], first["refunded_points"]) == ("SUCCESS", 0)
    await then(site, first)
    await _again_for_years(site, lambda: site.redeem("A-1", code, 120), first, 201)
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("then", _AFTER_ASKED, ids=lambda step: step.__name__)
async def test_a_question_stays_a_question(site: Site, then: Step) -> None:
    """Same number, same body: 202 `AWAITING_CONFIRMATION` as at first, whatever the volunteer has said since."""
    await run_sql(site, "UPDATE programmes SET confirm_points = 100")
    code = await site.pay_code()
    first = told(await site.redeem("A-1", code, 120), 202)
    assert (first["state"], first["closes_at"]) == ("AWAITING_CONFIRMATION", "2026-03-02T01:01:00Z")
    await then(site, first)
    await _again_for_years(site, lambda: site.redeem("A-1", code, 120), first, 202)


@pytest.mark.parametrize("then", _AFTER_PAID, ids=lambda step: step.__name__)
async def test_another_body_is_a_conflict_whatever_has_happened(site: Site, then: Step) -> None:
    """Same number, other body: 409 OUT_TRADE_NO_USED before and after any change, no replay, and nothing moves."""
    code = await site.pay_code()
    first = told(await site.redeem("A-1", code, 120), 201)
    await then(site, first)
    before = await fetch_tables(site.database, {"terminals"})
    for points, shown in ((121, code), (120, "960000000000000000")):
        refused(await site.redeem("A-1", shown, points), 409, "OUT_TRADE_NO_USED")
    noted = b'{"out_trade_no":"A-1","auth_code":"%s","points":120,"order":{"description":"water"}}' % code.encode()
    refused(await site.send(noted), 409, "OUT_TRADE_NO_USED")
    assert await fetch_tables(site.database, {"terminals"}) == before


async def test_a_number_is_the_merchants_whichever_till_asks(site: Site) -> None:
    """Sent again by the till next to it, in another store: the same order, told as of the till that took it."""
    other = await a_second_till(site)
    code = await site.pay_code()
    first = told(await site.redeem("A-1", code, 10), 201)
    again = told(await site.redeem("A-1", code, 10, till=other), 201, replayed=True)
    assert again == first
    assert told(await site.query("A-1", till=other), 200) == first
    refused(await site.redeem("A-1", code, 11, till=other), 409, "OUT_TRADE_NO_USED")
    assert await available(site) == 490


_REPAIRS = {
    "MERCHANT_SUSPENDED": ("UPDATE merchants SET status = 'suspended'", "UPDATE merchants SET status = 'active'"),
    "ACCOUNT_FROZEN": ("UPDATE volunteers SET status = 'frozen'", "UPDATE volunteers SET status = 'active'"),
    "QUOTA_EXCEEDED": ("UPDATE programmes SET points_max = 9", "UPDATE programmes SET points_max = 1000"),
    "FREQUENCY_LIMITED": (
        "UPDATE programmes SET redemptions_a_day = 1",
        "UPDATE programmes SET redemptions_a_day = NULL",
    ),
    "FUND_EXHAUSTED": (
        "UPDATE programmes SET fen_per_hundred_points = 1000000",
        "UPDATE programmes SET fen_per_hundred_points = 300",
    ),
}


@pytest.mark.parametrize("code", _REPAIRS)
async def test_a_refusal_is_kept_after_its_cause_is_gone(site: Site, code: str) -> None:
    """The number keeps its refusal, with status and figures; a new number with the same pay code goes through."""
    breaks, mends = _REPAIRS[code]
    await paid(site, "A-0", 1)
    shown = await site.pay_code()
    await run_sql(site, breaks)
    first = await site.redeem("A-1", shown, 400)
    assert first.json()["code"] == code
    await run_sql(site, mends)
    again = refused(await site.redeem("A-1", shown, 400), first.status_code, code, replayed=True)
    assert lasting(again) == lasting(first.json())
    refused(await site.redeem("A-1", shown, 401), 409, "OUT_TRADE_NO_USED")
    told(await site.redeem("A-2", shown, 400), 201)


async def test_what_was_no_order_yet_leaves_its_number_free(site: Site) -> None:
    """A bad signature or a bad body says nothing of the order: the same number then goes through."""
    code = await site.pay_code()
    refused(await site.redeem("A-1", code, 10, secret=b"wrong"), 401, "SIGN_ERROR")
    refused(await site.redeem("A-1", code, 0), 400, "PARAM_ERROR")
    told(await site.redeem("A-1", code, 10), 201)


async def test_a_refund_stays_what_it_was(site: Site) -> None:
    """Its number gives the first answer after other refunds and for years; another body is OUT_REFUND_NO_USED."""
    await paid(site, "A-1", 120)
    await paid(site, "A-2", 120)
    first = told(await refund(site, "A-1", "R-1", 50, reason="退货"), 201)
    told(await refund(site, "A-1", "R-2", 70), 201)
    for trade_no, points, reason in (("A-1", 51, "退货"), ("A-1", 50, "换货"), ("A-1", 50, None), ("A-2", 50, "退货")):
        refused(await refund(site, trade_no, "R-1", points, reason=reason), 409, "OUT_REFUND_NO_USED")
    await _again_for_years(site, lambda: refund(site, "A-1", "R-1", 50, reason="退货"), first, 201)


async def test_a_refused_refund_is_kept(site: Site) -> None:
    """REFUND_TOO_MUCH and ORDER_NOT_EXIST stay the answers to their numbers, although now there is an order."""
    refused(await refund(site, "A-1", "R-1", 10), 404, "ORDER_NOT_EXIST")
    await paid(site, "A-1", 30)
    first = refused(await refund(site, "A-1", "R-2", 31), 409, "REFUND_TOO_MUCH")
    refused(await refund(site, "A-1", "R-1", 10), 404, "ORDER_NOT_EXIST", replayed=True)
    again = refused(await refund(site, "A-1", "R-2", 31), 409, "REFUND_TOO_MUCH", replayed=True)
    assert lasting(again) == lasting(first)
    assert await available(site) == 470


async def test_a_confirmation_stays_what_it_was(site: Site) -> None:
    """The volunteer's yes under its key is answered as at first, also after what was paid has been refunded."""
    await run_sql(site, "UPDATE programmes SET confirm_points = 100")
    asked = told(await site.redeem("A-1", await site.pay_code(), 120), 202)
    first = told(await confirm(site, asked, key="yes"), 200)
    assert (first["state"], first["refunded_points"], first["confirm_until"]) == ("SUCCESS", 0, None)
    await _refund_part(site, asked)
    assert told(await confirm(site, asked, key="yes"), 200, replayed=True) == first
    refused(await decline(site, asked, key="yes"), 409, "IDEMPOTENCY_KEY_USED")


async def test_use_and_return_stay_what_they_were(site: Site) -> None:
    """Used, returned, used again, and its days over: each number still tells what it did, with its own receipt."""
    code = (await order(site, (await a_published(site))["id"]))["voucher"]["code"]
    used = told(await use_voucher(site, code, "U-1"), 200)
    site.clock.move(timedelta(hours=1))
    returned = told(await return_voucher(site, code, "U-2"), 200)
    assert (used["state"], returned["state"]) == ("USED", "EFFECTIVE")
    told(await use_voucher(site, code, "U-3"), 200)
    for later in (timedelta(), A_YEAR):
        site.clock.move(later)
        assert told(await use_voucher(site, code, "U-1"), 200, replayed=True) == used
        assert told(await return_voucher(site, code, "U-2"), 200, replayed=True) == returned


async def test_a_return_is_told_the_same_when_the_voucher_has_expired(site: Site) -> None:
    """What was returned in time was EFFECTIVE then; a repetition after its last day says no other thing."""
    code = (await order(site, (await a_published(site))["id"]))["voucher"]["code"]
    told(await use_voucher(site, code, "U-1"), 200)
    returned = told(await return_voucher(site, code, "U-2"), 200)
    site.clock.move(A_YEAR)
    assert told(await return_voucher(site, code, "U-2"), 200, replayed=True) == returned


async def test_numbers_of_vouchers_are_kept_too(site: Site) -> None:
    """One number for one call: on another voucher, or for a return, it is OUT_TRADE_NO_USED; refusals are kept."""
    offer = (await a_published(site))["id"]
    first, second = [(await order(site, offer))["voucher"]["code"] for _ in range(2)]
    refusal = refused(await return_voucher(site, first, "U-0"), 409, "STATE_CONFLICT")
    told(await use_voucher(site, first, "U-1"), 200)
    again = refused(await return_voucher(site, first, "U-0"), 409, "STATE_CONFLICT", replayed=True)
    assert lasting(again) == lasting(refusal)
    refused(await use_voucher(site, second, "U-1"), 409, "OUT_TRADE_NO_USED")
    refused(await return_voucher(site, first, "U-1"), 409, "OUT_TRADE_NO_USED")
    told(await return_voucher(site, first, "U-2"), 200)

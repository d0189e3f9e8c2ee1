"""The till contract over HTTP, "Vouchers": ordered in the mini-program, written off at the till, perhaps returned."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.core.accounts import AccountKind
from app.core.ids import format_id, format_terminal
from tests.support.calls import Json
from tests.support.catalogue import a_published, ask, order, reimbursed, revise, run_sql, says
from tests.support.ledgers import fetch_tables, fetch_total
from tests.support.more_tills import more_tills
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound
from tests.support.till_calls import (
    VOUCHERS,
    a_second_till,
    available,
    call,
    refused,
    return_voucher,
    see_voucher,
    told,
    use_voucher,
    wallet_of,
)

LAST_MOMENT = datetime(2026, 4, 1, 16, tzinfo=UTC)
"""24:00 in Shanghai of the thirtieth day after the order."""
NOBODYS = "97" + "0" * 18


async def _a_voucher(site: Site, body: Json | None = None) -> str:
    offer = await a_published(site, body or reimbursed(site, 500))
    code: str = (await order(site, offer["id"]))["voucher"]["code"]
    return code


async def _money(site: Site) -> tuple[int, int, int, int]:
    """What the fund has free and has promised, and what the merchant has got in points and fen."""
    merchant = site.city.tills[0].merchant
    return (
        await fetch_total(site.database, AccountKind.FUND, site.city.fund),
        await fetch_total(site.database, AccountKind.COMMITTED, site.city.fund),
        await fetch_total(site.database, AccountKind.REDEEMED, merchant),
        await fetch_total(site.database, AccountKind.PAYABLE, merchant),
    )


async def test_a_till_sees_what_a_voucher_is_for(site: Site) -> None:
    """Offer in the version ordered, quantity, price, validity, masked name, state; not who it is; nothing changes."""
    offer = await a_published(site, reimbursed(site, 500))
    made = await order(site, offer["id"], quantity=2)
    await revise(site, offer["id"], reimbursed(site, 900, name_zh="别的", points=150))
    before = await fetch_tables(site.database, {"terminals"})
    shown = told(await see_voucher(site, made["voucher"]["code"]), 200)
    assert shown == {
        "order_id": made["id"],
        "state": "EFFECTIVE",
        "offer": {"id": offer["id"], "version": 1, "name_zh": "手冲咖啡一杯", "name_en": "A cup of coffee"},
        "quantity": 2,
        "fulfilment": made["fulfilment"],
        "final_sale": False,
        "points": 200,
        "settlement_fen": 1_000,
        "volunteer": {"masked_name": "王*"},
        "merchant_id": format_id("mer", site.city.tills[0].merchant),
        "valid_until": "2026-04-01T16:00:00Z",
        "used_at": None,
        "used_store_id": None,
        "used_store_name": None,
        "used_terminal_id": None,
    }
    assert await fetch_tables(site.database, {"terminals"}) == before


async def test_used_it_is_the_merchants(site: Site) -> None:
    """EFFECTIVE to USED with time, store and terminal; points and promised money are the merchant's."""
    code = await _a_voucher(site)
    till = await a_second_till(site)
    site.clock.move(timedelta(hours=3))
    used = told(await use_voucher(site, code, "U-1", till=till), 200)
    assert (used["state"], used["used_at"], used["used_store_name"]) == ("USED", "2026-03-02T04:00:00Z", "分店 0")
    assert used["used_store_id"] == format_id("sto", till.store)
    assert used["used_terminal_id"] == format_terminal(site.city.programme, till.terminal)
    seen = told(await see_voucher(site, code), 200)
    assert {name: used[name] for name in seen} == seen
    assert await _money(site) == (999_500, 0, 100, 500)
    wallet = await wallet_of(site)
    assert (wallet["available"], wallet["held"]) == (400, 0)
    await assert_all_sound(site.database, site.city)


async def test_the_others_learn_when_and_where(site: Site) -> None:
    """Case 5: twenty tills of one merchant at once, one 200; each loser ALREADY_USED with its time and store."""
    code = await _a_voucher(site)
    tills = await more_tills(site.database, site.city, site.city.tills[0], 20, site.clock.now)
    calls = (use_voucher(site, code, f"U-{number}", till=till) for number, till in enumerate(tills))
    answers = await asyncio.gather(*calls)
    [winner] = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    figures = {
        "used_at": "2026-03-02T01:00:00.000000Z",
        "store_id": format_id("sto", tills[winner].store),
        "store_name": f"分店 {winner}",
    }
    for number in {*range(20)} - {winner}:
        assert refused(answers[number], 409, "ALREADY_USED")["figures"] == figures
        again = await use_voucher(site, code, f"U-{number}", till=tills[number])
        assert refused(again, 409, "ALREADY_USED", replayed=True)["figures"] == figures
    assert await _money(site) == (999_500, 0, 100, 500)
    await assert_all_sound(site.database, site.city)


async def test_returned_it_is_good_again(site: Site) -> None:
    """USED to EFFECTIVE, points held and money promised again; then used by another till, in another store."""
    code = await _a_voucher(site)
    told(await use_voucher(site, code, "U-1"), 200)
    returned = told(await return_voucher(site, code, "B-1"), 200)
    assert (returned["state"], returned["used_at"], returned["used_store_id"]) == ("EFFECTIVE", None, None)
    assert (returned["used_store_name"], returned["used_terminal_id"]) == (None, None)
    assert await _money(site) == (999_500, 500, 0, 0)
    assert (await wallet_of(site))["held"] == 100
    refused(await return_voucher(site, code, "B-2"), 409, "STATE_CONFLICT")
    till = await a_second_till(site)
    told(await use_voucher(site, code, "U-2", till=till), 200)
    assert await _money(site) == (999_500, 0, 100, 500)
    await assert_all_sound(site.database, site.city)


async def test_a_return_has_until_the_voucher_ends(site: Site) -> None:
    """A moment before its end a use is taken back, at its end not any more: it stays used, and nothing moves."""
    first, second = await _a_voucher(site), await _a_voucher(site)
    for number, code in enumerate((first, second)):
        told(await use_voucher(site, code, f"U-{number}"), 200)
    site.clock.now = LAST_MOMENT - timedelta(microseconds=1)
    told(await return_voucher(site, first, "B-1"), 200)
    site.clock.now = LAST_MOMENT
    refused(await return_voucher(site, second, "B-2"), 409, "CODE_EXPIRED")
    assert told(await see_voucher(site, second), 200)["state"] == "USED"
    assert told(await see_voucher(site, first), 200)["state"] == "EXPIRED"
    assert await available(site) == 400
    await assert_all_sound(site.database, site.city)


async def test_a_final_sale_is_not_returned(site: Site) -> None:
    """FINAL_SALE, told on the voucher beforehand; it stays used."""
    code = await _a_voucher(site, says(final_sale=True))
    assert told(await see_voucher(site, code), 200)["final_sale"]
    told(await use_voucher(site, code, "U-1"), 200)
    refused(await return_voucher(site, code, "B-1"), 409, "FINAL_SALE")
    assert told(await see_voucher(site, code), 200)["state"] == "USED"
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("used", [True, False])
async def test_another_merchants_till_learns_nothing(site: Site, *, used: bool) -> None:
    """VOUCHER_NOT_EXIST to see, use and return, in the very words for a code that nobody has; nothing changes."""
    code = await _a_voucher(site)
    if used:
        told(await use_voucher(site, code, "U-1"), 200)
    [_, stranger] = site.city.tills
    for shown in (code, NOBODYS):
        problems = [
            refused(await see_voucher(site, shown, till=stranger), 404, "VOUCHER_NOT_EXIST"),
            refused(await use_voucher(site, shown, f"U-{shown}", till=stranger), 404, "VOUCHER_NOT_EXIST"),
            refused(await return_voucher(site, shown, f"B-{shown}", till=stranger), 404, "VOUCHER_NOT_EXIST"),
        ]
        assert len({tuple(sorted((k, str(v)) for k, v in p.items() if k != "request_id")) for p in problems}) == 1
        assert problems[0]["figures"] == {}
    assert told(await see_voucher(site, code), 200)["state"] == ("USED" if used else "EFFECTIVE")


@pytest.mark.parametrize("code", [NOBODYS, "1", "961234567890123456", "x" * 65, "%E5%88%B8", "97-1"])
async def test_a_code_that_nobody_has(site: Site, code: str) -> None:
    """Of whatever form: VOUCHER_NOT_EXIST."""
    refused(await see_voucher(site, code), 404, "VOUCHER_NOT_EXIST")
    refused(await use_voucher(site, code, "U-1"), 404, "VOUCHER_NOT_EXIST")
    refused(await return_voucher(site, code, "B-1"), 404, "VOUCHER_NOT_EXIST")


async def test_it_expires_by_itself(site: Site) -> None:
    """At 24:00 of its last day, with no job: EXPIRED, CODE_EXPIRED for the till, points and money free again."""
    code = await _a_voucher(site)
    site.clock.now = LAST_MOMENT - timedelta(microseconds=1)
    assert told(await see_voucher(site, code), 200)["state"] == "EFFECTIVE"
    site.clock.now = LAST_MOMENT
    assert told(await see_voucher(site, code), 200)["state"] == "EXPIRED"
    expired = refused(await use_voucher(site, code, "U-1"), 409, "CODE_EXPIRED")
    assert expired["figures"] == {"valid_until": "2026-04-01T16:00:00.000000Z"}
    refused(await return_voucher(site, code, "B-1"), 409, "STATE_CONFLICT")
    assert await available(site) == 500
    assert await _money(site) == (1_000_000, 0, 0, 0)
    await assert_all_sound(site.database, site.city)


async def test_cancelled_by_its_volunteer(site: Site) -> None:
    """CANCELLED: the till is told ORDER_CLOSED, and can neither use nor return it."""
    made = await order(site, (await a_published(site, reimbursed(site, 500)))["id"])
    code = made["voucher"]["code"]
    told(await ask(site, 0, "POST", f"/v1/me/orders/{made['id']}/cancel"), 200)
    assert told(await see_voucher(site, code), 200)["state"] == "CANCELLED"
    assert refused(await use_voucher(site, code, "U-1"), 409, "ORDER_CLOSED")["figures"] == {"state": "CANCELLED"}
    refused(await return_voucher(site, code, "B-1"), 409, "STATE_CONFLICT")
    assert await _money(site) == (1_000_000, 0, 0, 0)
    await assert_all_sound(site.database, site.city)


async def test_used_and_cancelled_at_once(site: Site) -> None:
    """The till and the volunteer at the same moment: one of them, and the other is told which."""
    for turn in range(6):
        made = await order(site, (await a_published(site, says(points=10)))["id"])
        calls = [
            use_voucher(site, made["voucher"]["code"], f"U-{turn}"),
            ask(site, 0, "POST", f"/v1/me/orders/{made['id']}/cancel"),
        ]
        answers = await asyncio.gather(*(calls if turn % 2 else calls[::-1]))
        used, cancelled = answers if turn % 2 else answers[::-1]
        told_codes = (used.json().get("code", 200), cancelled.json().get("code", 200))
        assert told_codes in ((200, "ALREADY_USED"), ("ORDER_CLOSED", 200))
    await assert_all_sound(site.database, site.city)


async def test_a_suspended_merchant_hands_nothing_out(site: Site) -> None:
    """MERCHANT_SUSPENDED, before anything is said of the code; what it handed out it may take back."""
    first, second = await _a_voucher(site), await _a_voucher(site)
    told(await use_voucher(site, first, "U-1"), 200)
    await run_sql(site, "UPDATE merchants SET status = 'suspended'")
    for number, code in enumerate((second, NOBODYS)):
        refused(await use_voucher(site, code, f"U-S{number}"), 403, "MERCHANT_SUSPENDED")
    told(await return_voucher(site, first, "B-1"), 200)


async def test_a_call_without_its_number_is_no_call(site: Site) -> None:
    """`use_request_no` and `return_request_no` are what makes it safe to repeat: 400 without, or with the other."""
    code = await _a_voucher(site)
    for verb, body in (("use", {}), ("use", {"return_request_no": "U-1"}), ("return", {"use_request_no": "U-1"})):
        problem = refused(await call(site, "POST", f"{VOUCHERS}/{code}/{verb}", body), 400, "PARAM_ERROR")
        assert problem["errors"]
    assert told(await see_voucher(site, code), 200)["state"] == "EFFECTIVE"

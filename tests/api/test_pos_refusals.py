"""The till contract over HTTP, "Codes": each with its status, and checked in the order that is part of the contract."""

import pytest

from app.api.problem_texts import TEXTS
from app.core.codes import Code
from tests.support.calls import Json
from tests.support.catalogue import a_published, order, reimbursed, run_sql
from tests.support.ledgers import fetch_tables
from tests.support.sites import POS, Site
from tests.support.till_calls import available, call, paid, refused, reverse, told, use_voucher

STATUSES = {
    400: ("PARAM_ERROR",),
    401: ("SIGN_ERROR",),
    403: ("NO_AUTH", "ACCOUNT_FROZEN", "MERCHANT_SUSPENDED"),
    404: ("ORDER_NOT_EXIST", "VOUCHER_NOT_EXIST", "REFUND_NOT_EXIST"),
    409: (
        *("OUT_TRADE_NO_USED", "OUT_REFUND_NO_USED", "NOT_ENOUGH", "OUT_OF_STOCK", "QUOTA_EXCEEDED", "CODE_INVALID"),
        *("CODE_EXPIRED", "CODE_USED", "ALREADY_USED", "ORDER_REVERSED", "ORDER_CLOSED", "REVERSE_EXPIRED"),
        *("REFUND_TOO_MUCH", "FUND_EXHAUSTED"),
    ),
    429: ("FREQUENCY_LIMITED",),
    500: ("SYSTEM_ERROR",),
    503: ("SYSTEM_BUSY",),
}

FAULTS: tuple[tuple[str, str, str], ...] = (
    ("MERCHANT_SUSPENDED", "UPDATE merchants SET status = 'suspended'", "UPDATE merchants SET status = 'active'"),
    ("CODE_INVALID", "", ""),
    ("ACCOUNT_FROZEN", "UPDATE volunteers SET status = 'frozen'", "UPDATE volunteers SET status = 'active'"),
    ("OFFER_NOT_OPEN", "UPDATE offers SET state = 'paused'", "UPDATE offers SET state = 'published'"),
    ("NOT_ELIGIBLE", "UPDATE offer_versions SET minutes_min = 999", "UPDATE offer_versions SET minutes_min = 0"),
    ("OUT_OF_STOCK", "UPDATE offer_stocks SET total = 0", "UPDATE offer_stocks SET total = NULL"),
    (
        "FREQUENCY_LIMITED",
        "UPDATE programmes SET redemptions_a_day = 1",
        "UPDATE programmes SET redemptions_a_day = NULL",
    ),
    (
        "QUOTA_EXCEEDED",
        "UPDATE agreements SET monthly_points = 1",
        "UPDATE agreements SET monthly_points = NULL",
    ),
    ("NOT_ENOUGH", "UPDATE offer_versions SET points = 501", "UPDATE offer_versions SET points = 100"),
    ("FUND_EXHAUSTED", "UPDATE offer_versions SET face_value_fen = 1000001", ""),
)
"""Each fault of a sale with its code, how it is made and mended; in the order of the contract."""


def test_every_code_has_the_status_of_the_contract() -> None:
    """As POS.md lists them, each with a text and a remedy in Chinese and in English."""
    for status, codes in STATUSES.items():
        for code in codes:
            text = TEXTS[Code(code)]
            assert text.status == status, code
            assert all((text.zh, text.en, text.zh_remedy, text.en_remedy)), code


async def _sell(site: Site, trade_no: str, code: str, offer: str) -> Json:
    body = {"out_trade_no": trade_no, "auth_code": code, "offer_id": offer, "quantity": 1}
    answer = await call(site, "POST", POS, body)
    told_: Json = answer.json()
    return told_


async def test_the_first_fault_of_the_contract_is_the_answer(site: Site) -> None:
    """With all faults at once the first is told; mended one after the other, each next one, and then it is sold."""
    offer = (await a_published(site, reimbursed(site, 500, stock=9)))["id"]
    await paid(site, "A-0", 1)
    code = await site.pay_code()
    await run_sql(site, "ALTER TABLE offer_versions DISABLE TRIGGER USER")
    for _, breaks, _ in FAULTS:
        if breaks:
            await run_sql(site, breaks)
    told_codes = []
    for number, (_, _, mends) in enumerate(FAULTS):
        shown = "960000000000000000" if number < 2 else code
        told_codes.append((await _sell(site, f"N-{number}", shown, offer))["code"])
        if mends:
            await run_sql(site, mends)
    assert told_codes == [name for name, _, _ in FAULTS]
    assert await available(site) == 499
    await run_sql(site, "UPDATE offer_versions SET face_value_fen = 500")
    assert (await _sell(site, "N-SOLD", code, offer))["state"] == "SUCCESS"
    told(await reverse(site, "N-SOLD"), 200)


async def test_a_known_number_is_answered_before_anything_is_looked_at(site: Site) -> None:
    """Signature, shape, known number, then terminal and merchant state: a replay and a conflict come first."""
    code = await site.pay_code()
    first = told(await site.redeem("A-1", code, 10), 201)
    await run_sql(site, "UPDATE merchants SET status = 'suspended'")
    await run_sql(site, "UPDATE volunteers SET status = 'frozen'")
    assert told(await site.redeem("A-1", code, 10), 201, replayed=True) == first
    refused(await site.redeem("A-1", code, 11), 409, "OUT_TRADE_NO_USED")
    refused(await site.redeem("A-1", code, 0), 400, "PARAM_ERROR")
    refused(await site.redeem("A-1", code, 0, secret=b"wrong"), 401, "SIGN_ERROR")
    refused(await site.redeem("A-2", code, 10), 403, "MERCHANT_SUSPENDED")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"points": 10, "offer_id": "off_" + "0" * 32},
        {"points": 10, "quantity": 1},
        {"quantity": 1},
        {"offer_id": "off_" + "0" * 32, "quantity": 0},
        {"offer_id": "off_1"},
    ],
    ids=str,
)
async def test_exactly_one_of_the_two_forms(site: Site, form: Json) -> None:
    """Points, or an offer with its quantity; neither, both or half: PARAM_ERROR, and the number is free."""
    body = {"out_trade_no": "A-1", "auth_code": await site.pay_code()}
    refused(await call(site, "POST", POS, body | form), 400, "PARAM_ERROR")
    told(await call(site, "POST", POS, body | {"points": 10}), 201)


async def test_another_merchants_offer_is_none(site: Site) -> None:
    """An offer is sold at the tills of its own merchant: elsewhere it does not exist."""
    offer = (await a_published(site, merchant=1))["id"]
    code = await site.pay_code()
    assert (await _sell(site, "A-1", code, offer))["code"] == "OFFER_NOT_EXIST"
    assert (await _sell(site, "A-2", code, "off_" + "0" * 32))["code"] == "OFFER_NOT_EXIST"


async def test_a_refusal_changes_nothing_but_its_answer(site: Site) -> None:
    """No table moves for a sale or a write-off that is refused, apart from the answer that is kept."""
    code = (await order(site, (await a_published(site))["id"]))["voucher"]["code"]
    told(await use_voucher(site, code, "U-1"), 200)
    shown = await site.pay_code()
    before = await fetch_tables(site.database, {"answers", "terminals"})
    refused(await site.redeem("A-1", shown, 501), 409, "NOT_ENOUGH")
    refused(await site.redeem("A-2", "1", 1), 409, "CODE_INVALID")
    refused(await use_voucher(site, code, "U-2"), 409, "ALREADY_USED")
    assert await fetch_tables(site.database, {"answers", "terminals"}) == before

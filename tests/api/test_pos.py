"""The till contract over HTTP (POS.md)."""

import json
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import text

from app.core.ids import format_id
from app.security.actors import ActorKind
from tests.support.sites import POS, Site


async def test_a_redemption_is_captured_and_priced_in_one_step(site: Site) -> None:
    """201 with the whole redemption: state, price rounded down, masked name, receipt."""
    answer = await site.redeem("A-1", await site.pay_code(), 133)
    body = answer.json()
    assert answer.status_code == 201
    assert (body["state"], body["points"], body["settlement_fen"]) == ("SUCCESS", 133, 399)
    assert set(body["volunteer"]) == {"masked_name"}
    assert "*" in body["volunteer"]["masked_name"]
    assert body["merchant_id"] == format_id("mer", site.city.tills[0].merchant)
    assert "Idempotency-Replayed" not in answer.headers
    assert answer.headers["Request-Id"]


async def test_the_receipt_is_the_hash_of_the_canonical_transaction(site: Site) -> None:
    """An auditor recomputes the leaf hash on the receipt from the transaction's canonical form."""
    redeemed = (await site.redeem("A-1", await site.pay_code(), 10)).json()
    headers = await site.headers(ActorKind.AUDITOR)
    told = (await site.client.get(f"/v1/ledger/transactions/{redeemed['transaction_id']}", headers=headers)).json()
    assert sha256(b"\x00" + told["canonical"].encode()).hexdigest() == redeemed["receipt"]["leaf_hash"]
    assert told["seq"] == redeemed["receipt"]["seq"]


async def test_same_number_and_body_is_the_same_answer(site: Site) -> None:
    """A retry, also with its fields in another order, gets the first answer, marked as a replay."""
    code = await site.pay_code()
    first = await site.redeem("A-1", code, 10)
    reordered = json.dumps({"points": 10, "auth_code": code, "out_trade_no": "A-1"}).encode()
    again = await site.send(reordered)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_same_number_from_another_till_of_the_merchant_is_the_same_order(site: Site) -> None:
    """Numbers are unique per merchant; another merchant's same number is another order."""
    await site.redeem("A-1", await site.pay_code(), 10)
    other = await site.redeem("A-1", await site.pay_code(), 10, till=site.city.tills[1])
    assert other.status_code == 201
    assert other.json()["merchant_id"] == format_id("mer", site.city.tills[1].merchant)


async def test_same_number_with_another_body_is_refused(site: Site) -> None:
    """409 OUT_TRADE_NO_USED, and the first order stands."""
    code = await site.pay_code()
    first = await site.redeem("A-1", code, 10)
    conflict = await site.redeem("A-1", code, 11)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "OUT_TRADE_NO_USED")
    assert (await site.query("A-1")).json() == first.json()


async def test_a_refusal_is_kept_under_its_number(site: Site) -> None:
    """NOT_ENOUGH stays the answer to its number, although a smaller body or a richer wallet would do."""
    code = await site.pay_code()
    first = await site.redeem("A-1", code, 501)
    again = await site.redeem("A-1", code, 501)
    assert first.json()["code"] == again.json()["code"] == "NOT_ENOUGH"
    assert first.json()["figures"] == {"available": 500, "missing": 1}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await site.redeem("A-2", code, 500)).status_code == 201


async def test_a_code_pays_once(site: Site) -> None:
    """The second order with the same code gets CODE_USED, and no points."""
    code = await site.pay_code()
    await site.redeem("A-1", code, 10)
    second = await site.redeem("A-2", code, 10)
    assert (second.status_code, second.json()["code"]) == (409, "CODE_USED")


async def test_a_code_lives_a_minute(site: Site) -> None:
    """At 60 seconds it has expired."""
    code = await site.pay_code()
    site.clock.move(timedelta(seconds=60))
    assert (await site.redeem("A-1", code, 10)).json()["code"] == "CODE_EXPIRED"


async def test_query_knows_only_what_took_points(site: Site) -> None:
    """404 ORDER_NOT_EXIST for an unknown number, a refused one, and another merchant's."""
    await site.redeem("REFUSED", await site.pay_code(), 501)
    await site.redeem("MINE", await site.pay_code(), 5)
    for number, till in (("NEVER", 0), ("REFUSED", 0), ("MINE", 1)):
        answer = await site.query(number, till=site.city.tills[till])
        assert (answer.status_code, answer.json()["code"]) == (404, "ORDER_NOT_EXIST"), number


async def test_refusals_come_in_the_order_of_the_contract(site: Site) -> None:
    """With everything wrong at once, repairing one thing after the other shows the contract's order."""
    code = await site.pay_code()
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE merchants SET status = 'suspended'"))
        await tx.execute(text("UPDATE volunteers SET status = 'frozen'"))
    wrong = json.dumps({"out_trade_no": "N 0", "auth_code": code, "points": 999_999}).encode()
    assert (await site.send(wrong, secret=b"wrong")).json()["code"] == "SIGN_ERROR"
    assert (await site.send(wrong)).json()["code"] == "PARAM_ERROR"
    assert (await site.redeem("N-1", "960000000000000000", 999_999)).json()["code"] == "MERCHANT_SUSPENDED"
    assert (await site.redeem("N-1", code, 1)).json()["code"] == "OUT_TRADE_NO_USED"
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE merchants SET status = 'active'"))
    assert (await site.redeem("N-2", "960000000000000000", 999_999)).json()["code"] == "CODE_INVALID"
    assert (await site.redeem("N-3", code, 999_999)).json()["code"] == "ACCOUNT_FROZEN"
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE volunteers SET status = 'active'"))
        await tx.execute(text("UPDATE programmes SET fen_per_hundred_points = 1000000"))
    assert (await site.redeem("N-4", code, 999_999)).json()["code"] == "QUOTA_EXCEEDED"
    assert (await site.redeem("N-5", code, 501)).json()["code"] == "NOT_ENOUGH"
    assert (await site.redeem("N-6", code, 500)).json()["code"] == "FUND_EXHAUSTED"


async def test_a_signature_must_fit_everything_that_was_sent(site: Site) -> None:
    """Another body, path, query, secret, terminal, or a clock off by more than 300 s: 401 SIGN_ERROR."""
    body = json.dumps({"out_trade_no": "A-1", "auth_code": await site.pay_code(), "points": 10}).encode()
    good = site.signed("POST", POS, body)
    for changed in (
        {"content": body + b" ", "headers": good},
        {"content": body, "headers": site.signed("PUT", POS, body)},
        {"content": body, "headers": site.signed("POST", POS + "/x", body)},
        {"content": body, "headers": site.signed("POST", POS, body, secret=b"other")},
        {"content": body, "headers": site.signed("POST", POS, body, skew_s=301)},
        {"content": body, "headers": site.signed("POST", POS, body, skew_s=-301)},
        {"content": body, "headers": {"Content-Type": "application/json"}},
        {"content": body, "headers": {**good, "Authorization": "Bearer " + good["Authorization"]}},
        {"content": body, "headers": good, "params": {"x": "1"}},
    ):
        answer = await site.client.post(POS, **changed)  # type: ignore[arg-type]  # keyword arguments of httpx
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    assert (await site.client.post(POS, content=body, headers=good)).status_code == 201


async def test_a_clock_off_by_300_seconds_is_good_enough(site: Site) -> None:
    """The clock of a till may be five minutes wrong."""
    for number, skew in (("A-1", 300), ("A-2", -300)):
        assert (await site.redeem(number, await site.pay_code(), 1, skew_s=skew)).status_code == 201


async def test_a_disabled_terminal_is_refused(site: Site) -> None:
    """Also when its secret is still in a cache: the command looks again."""
    code = await site.pay_code()
    assert (await site.redeem("A-1", code, 1)).status_code == 201
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE terminals SET disabled_at = now()"))
    refused = await site.redeem("A-2", await site.pay_code(), 1)
    assert (refused.status_code, refused.json()["code"]) == (401, "SIGN_ERROR")


async def test_a_rotated_secret_is_valid_beside_the_new_one_for_the_time_chosen(site: Site) -> None:
    """Old and new sign during the overlap, only the new one afterwards."""
    terminal = site.signed("GET", "/")["Authorization"].split('"')[1]
    headers = await site.headers(ActorKind.ADMIN)
    rotated = await site.client.post(f"/v1/terminals/{terminal}/rotate", json={"overlap_s": 60}, headers=headers)
    new = rotated.json()["secret"].encode()
    assert (await site.redeem("A-1", await site.pay_code(), 1, secret=new)).status_code == 201
    assert (await site.redeem("A-2", await site.pay_code(), 1)).status_code == 201
    site.clock.move(timedelta(seconds=60))
    assert (await site.redeem("A-3", await site.pay_code(), 1)).status_code == 401
    assert (await site.redeem("A-4", await site.pay_code(), 1, secret=new)).status_code == 201
    again = await site.client.post(f"/v1/terminals/{terminal}/rotate", json={"overlap_s": 60}, headers=headers)
    assert again.json()["secret"] is None
    assert again.headers["Idempotency-Replayed"] == "true"

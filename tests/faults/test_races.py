"""Many at once over real HTTP, on two processes: what may happen once happens once, and everybody is told the same."""

import asyncio
import random
from collections import Counter

import httpx
import pytest

from app.core.accounts import AccountKind
from app.core.ids import format_id
from app.store.database import Database
from tests.support.calls import Json
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.crowds import a_crowd
from tests.support.ledgers import fetch_rows, fetch_total
from tests.support.more_tills import more_tills
from tests.support.offers import an_offer
from tests.support.processes import a_clock_of_today, now
from tests.support.sites import seal_secret
from tests.support.soundness import assert_all_sound

KINDS = "SELECT kind, count(*)::int FROM transactions GROUP BY 1"
TOO_LATE = """
SELECT r.trade_no FROM transactions x
JOIN redemptions r ON x.document = 'red_' || replace(r.id::text, '-', '')
WHERE x.kind = 'capture.v1' AND x.occurred_at >= r.closes_at
"""


async def _a_city(database: Database, *, volunteers: int = 1, confirm_points: int | None = None) -> City:
    return await a_city(
        database,
        a_clock_of_today(),
        volunteers=volunteers,
        confirm_points=confirm_points,
        sealed_secret=seal_secret,
    )


async def _kinds(database: Database) -> Counter[str]:
    return Counter(dict(await fetch_rows(database, KINDS)))


def _one_answer(answers: list[httpx.Response], status: int) -> Json:
    """What all answers say: they must have one status and one body."""
    assert {answer.status_code for answer in answers} == {status}, {answer.text for answer in answers}
    [body] = {answer.text for answer in answers}
    told: Json = answers[0].json()
    assert httpx.Response(status, text=body).json() == told
    return told


def _fresh(answers: list[httpx.Response]) -> int:
    return sum("Idempotency-Replayed" not in answer.headers for answer in answers)


async def test_fifty_confirmations_capture_once(database: Database) -> None:
    """Case 3: fifty calls, half of them under one key: one capture in the journal, fifty times the same answer."""
    city = await _a_city(database, confirm_points=100)
    async with a_crowd(database, city) as crowd:
        asked = await crowd.redeem(0, "A-1", await crowd.show_code(city.volunteers[0]), 300)
        assert asked.status_code == 202, asked.text
        answers = await asyncio.gather(
            *(crowd.confirm(number, asked.json(), key="yes" if number % 4 < 2 else None) for number in range(50))
        )
    told = _one_answer(answers, 200)
    assert (told["state"], told["points"], told["refunded_points"]) == ("SUCCESS", 300, 0)
    assert (await _kinds(database))["capture.v1"] == 1
    assert await fetch_total(database, AccountKind.REDEEMED, city.tills[0].merchant) == 300
    assert await fetch_total(database, AccountKind.PAYABLE, city.tills[0].merchant) == 900
    await assert_all_sound(database, city)


async def test_a_hundred_tills_use_a_voucher_once(database: Database) -> None:
    """Case 5: one of a hundred tills hands out; each of the others learns when and in which store that was."""
    city = await _a_city(database)
    offer = await an_offer(database, city, city.tills[0].merchant)
    tills = await more_tills(database, city, city.tills[0], 100, now())
    async with a_crowd(database, city) as crowd:
        ordered = await crowd.volunteer(0, 0, "/v1/me/orders", {"offer_id": format_id("off", offer)})
        target = f"/v1/pos/vouchers/{ordered.json()['voucher']['code']}/use"
        answers = await asyncio.gather(
            *(
                crowd.till(number, "POST", target, {"use_request_no": f"U-{number}"}, till=till)
                for number, till in enumerate(tills)
            )
        )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 99}
    [winner] = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    used = answers[winner].json()
    assert (used["state"], used["used_store_id"]) == ("USED", format_id("sto", tills[winner].store))
    for answer in answers[:winner] + answers[winner + 1 :]:
        problem = answer.json()
        assert problem["code"] == "ALREADY_USED"
        figures = problem["figures"]
        assert (figures["store_id"], figures["store_name"]) == (used["used_store_id"], f"分店 {winner}")
        assert figures["used_at"].rstrip("Z").ljust(26, "0")[:26] == used["used_at"].rstrip("Z").ljust(26, "0")[:26]
    assert (await _kinds(database))["capture.v1"] == 1
    assert await fetch_total(database, AccountKind.REDEEMED, city.tills[0].merchant) == 100
    await assert_all_sound(database, city)


async def test_one_order_sent_forty_times_takes_points_once(database: Database) -> None:
    """A till that sends its order again and again, to both processes: one redemption, forty times the same 201."""
    city = await _a_city(database)
    async with a_crowd(database, city) as crowd:
        code = await crowd.show_code(city.volunteers[0])
        answers = await asyncio.gather(*(crowd.redeem(number, "A-1", code, 120) for number in range(40)))
    assert _one_answer(answers, 201)["state"] == "SUCCESS"
    assert _fresh(answers) == 1
    assert (await _kinds(database))["redeem.v1"] == 1
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 380
    await assert_all_sound(database, city)


async def test_one_code_at_forty_orders_pays_once(database: Database) -> None:
    """A code is single use: of forty orders that show it at once one is paid, the others get CODE_USED."""
    city = await _a_city(database)
    async with a_crowd(database, city) as crowd:
        code = await crowd.show_code(city.volunteers[0])
        answers = await asyncio.gather(*(crowd.redeem(number, f"A-{number}", code, 10) for number in range(40)))
    assert Counter(answer.json().get("code", answer.status_code) for answer in answers) == {201: 1, "CODE_USED": 39}
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 490
    await assert_all_sound(database, city)


async def test_twenty_identical_refunds_are_one(database: Database) -> None:
    """The same refund number at once from everywhere: credited once, twenty times the same 201, one of them fresh."""
    city = await _a_city(database)
    async with a_crowd(database, city) as crowd:
        await crowd.redeem(0, "A-1", await crowd.show_code(city.volunteers[0]), 100)
        answers = await asyncio.gather(*(crowd.refund(number, "A-1", "R-1", 40) for number in range(20)))
        query = await crowd.till(0, "GET", "/v1/pos/redemptions/A-1")
    assert _one_answer(answers, 201)["points"] == 40
    assert _fresh(answers) == 1
    assert (query.json()["state"], query.json()["refunded_points"]) == ("PARTIALLY_REFUNDED", 40)
    assert (await _kinds(database))["refund.v1"] == 1
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 440
    await assert_all_sound(database, city)


async def test_thirty_refunds_together_never_exceed_the_original(database: Database) -> None:
    """150 points are asked back of 100 under thirty numbers: in sum never more, who is refused learns what was left."""
    city = await _a_city(database)
    amounts = [number % 9 + 1 for number in range(30)]
    async with a_crowd(database, city) as crowd:
        await crowd.redeem(0, "A-1", await crowd.show_code(city.volunteers[0]), 100)
        calls = [crowd.refund(number, "A-1", f"R-{number}", points) for number, points in enumerate(amounts)]
        answers = await asyncio.gather(*calls)
        again = await asyncio.gather(
            *(crowd.refund(number + 1, "A-1", f"R-{number}", points) for number, points in enumerate(amounts))
        )
        query = (await crowd.till(1, "GET", "/v1/pos/redemptions/A-1")).json()
    given = sum(answer.json()["points"] for answer in answers if answer.status_code == 201)
    assert 100 - 8 <= given <= 100
    for points, answer, repeated in zip(amounts, answers, again, strict=True):
        assert repeated.headers["Idempotency-Replayed"] == "true"
        assert answer.status_code == repeated.status_code
        if answer.status_code == 201:
            assert answer.json() == repeated.json()
        else:
            assert answer.json()["code"] == repeated.json()["code"] == "REFUND_TOO_MUCH"
            assert answer.json()["figures"]["refundable"] < points
    assert query["refunded_points"] == given
    assert query["state"] == ("REFUNDED" if given == 100 else "PARTIALLY_REFUNDED")
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 400 + given
    assert await fetch_total(database, AccountKind.PAYABLE, city.tills[0].merchant) == 3 * (100 - given)
    await assert_all_sound(database, city)


@pytest.mark.parametrize("original_first", [True, False])
async def test_a_reversal_and_its_late_original(database: Database, *, original_first: bool) -> None:
    """Twenty sales meet their reversals, whichever is sent first: REVERSED each, never both paid and reversed."""
    city = await _a_city(database, volunteers=20)
    async with a_crowd(database, city) as crowd:
        codes = [await crowd.show_code(volunteer) for volunteer in city.volunteers]
        sales = [crowd.redeem(number, f"A-{number}", code, 30) for number, code in enumerate(codes)]
        reversals = [crowd.reverse(number + 1, f"A-{number}") for number in range(20)]
        pairs = zip(sales, reversals, strict=True)
        ordered = [call for pair in pairs for call in (pair if original_first else pair[::-1])]
        answers = await asyncio.gather(*ordered)
        first, second = answers[::2], answers[1::2]
        sold, reversed_ = (first, second) if original_first else (second, first)
        queries = [await crowd.till(number, "GET", f"/v1/pos/redemptions/A-{number}") for number in range(20)]
        late = [await crowd.redeem(number, f"A-{number}", code, 30) for number, code in enumerate(codes)]
    assert {(answer.status_code, answer.json()["state"]) for answer in reversed_} == {(200, "REVERSED")}
    for sale, query, again in zip(sold, queries, late, strict=True):
        assert again.status_code == sale.status_code
        if sale.status_code == 201:
            assert again.json() == sale.json()
            assert (query.json()["state"], query.json()["refunded_points"]) == ("REVERSED", 30)
        else:
            assert sale.json()["code"] == again.json()["code"] == "ORDER_REVERSED"
            assert query.status_code == 404
    for kind, owner in ((AccountKind.REDEEMED, city.tills[0].merchant), (AccountKind.PAYABLE, city.tills[0].merchant)):
        assert await fetch_total(database, kind, owner) == 0
    wallets = [await fetch_total(database, AccountKind.WALLET, volunteer) for volunteer in city.volunteers]
    assert wallets == [500] * 20
    await assert_all_sound(database, city)


_FATES = {
    (200, 200, "REVERSED"): (["capture.v1", "hold.v1", "reverse.v1"], "REVERSED"),
    (409, 200, "REVERSED"): (["hold.v1", "void.v1"], "REVERSED"),
    (409, 200, "CLOSED"): (["hold.v1", "void.v1"], "CLOSED"),
}
"""What a confirmation and a reversal are answered, and what then the journal holds of it and its state is."""


async def test_yes_reversal_and_the_end_of_the_minute_meet(database: Database) -> None:
    """Confirmed, reversed and over at the same moment, its points asked for elsewhere: each hold ends exactly once."""
    count = 24
    city = await _a_city(database, volunteers=count, confirm_points=100)
    elsewhere = city.tills[1]
    chance = random.Random(3)
    async with a_crowd(database, city, "tests.faults.hurried:soon", LIYU_JOBS_EVERY_S="1") as crowd:
        codes = [await crowd.show_code(volunteer) for volunteer in city.volunteers for _ in range(2)]
        asked = await asyncio.gather(
            *(crowd.redeem(number, f"A-{number}", codes[2 * number], 450) for number in range(count))
        )
        holds = [answer.json() for answer in asked]

        async def meet(number: int) -> tuple[httpx.Response, httpx.Response, httpx.Response]:
            [(closes_at,)] = await fetch_rows(
                database, "SELECT closes_at FROM redemptions WHERE trade_no = :no", no=f"A-{number}"
            )
            await asyncio.sleep((closes_at - now()).total_seconds() + chance.uniform(-0.6, 0))
            return await asyncio.gather(
                crowd.confirm(number, holds[number], number),
                crowd.reverse(number + 1, f"A-{number}"),
                crowd.redeem(number, f"B-{number}", codes[2 * number + 1], 100, till=elsewhere),
            )

        met = await asyncio.gather(*(meet(number) for number in range(count)))
        queries = [await crowd.till(0, "GET", f"/v1/pos/redemptions/A-{number}") for number in range(count)]
    assert {answer.status_code for answer in asked} == {202}
    bought = 0
    for hold, (yes, reversal, other), query in zip(holds, met, queries, strict=True):
        fate = (yes.status_code, reversal.status_code, reversal.json()["state"])
        kinds, state = _FATES[fate]
        found = "SELECT kind FROM transactions WHERE document = :id ORDER BY kind"
        assert [kind for (kind,) in await fetch_rows(database, found, id=hold["id"])] == kinds
        assert query.json()["state"] == state
        if yes.status_code == 409:
            assert yes.json()["code"] == f"ORDER_{state}"
        assert other.json().get("code", "paid") in {"paid", "NOT_ENOUGH"}
        bought += other.status_code == 201
    assert await fetch_total(database, AccountKind.REDEEMED, city.tills[0].merchant) == 0
    assert await fetch_total(database, AccountKind.REDEEMED, elsewhere.merchant) == 100 * bought
    wallets = sum([await fetch_total(database, AccountKind.WALLET, volunteer) for volunteer in city.volunteers])
    assert wallets == 500 * count - 100 * bought
    assert await fetch_rows(database, TOO_LATE) == []
    await assert_all_sound(database, city)


async def test_yes_meets_the_end_of_the_minute(database: Database) -> None:
    """Who was told yes has paid, who was told that it is over has not: the answer and the ledger agree."""
    count = 24
    city = await _a_city(database, volunteers=count, confirm_points=100)
    chance = random.Random(5)
    async with a_crowd(database, city, "tests.faults.hurried:soon", LIYU_JOBS_EVERY_S="1") as crowd:
        codes = [await crowd.show_code(volunteer) for volunteer in city.volunteers]
        asked = await asyncio.gather(
            *(crowd.redeem(number, f"A-{number}", code, 300) for number, code in enumerate(codes))
        )

        async def say_yes(number: int) -> list[httpx.Response]:
            await asyncio.sleep(chance.uniform(0.9, 1.5))
            return await asyncio.gather(*(crowd.confirm(at, asked[number].json(), number) for at in range(2)))

        said = await asyncio.gather(*(say_yes(number) for number in range(count)))
        queries = [await crowd.till(0, "GET", f"/v1/pos/redemptions/A-{number}") for number in range(count)]
    confirmed = 0
    for answers, query in zip(said, queries, strict=True):
        yes = Counter(answer.status_code for answer in answers)
        assert yes in ({200: 2}, {409: 2})
        paid = 200 in yes
        assert query.json()["state"] == ("SUCCESS" if paid else "CLOSED")
        confirmed += paid
    assert (await _kinds(database))["capture.v1"] == confirmed
    assert await fetch_total(database, AccountKind.REDEEMED, city.tills[0].merchant) == 300 * confirmed
    assert await fetch_rows(database, TOO_LATE) == []
    await assert_all_sound(database, city)

"""Orders in the mini-program: the voucher and its code, cancelling, expiry without a job, and whose they are."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import segno
from sqlalchemy import text

from app.core.ids import format_id
from app.security.actors import ActorKind
from tests.support.calls import Json, an_admin
from tests.support.catalogue import a_published, ask, offers_of, order, reimbursed, run_sql, says, see, try_order
from tests.support.ledgers import fetch_tables
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

QUIET = 4


async def _use(site: Site, code: str, number: int = 0) -> Json:
    """Write a voucher off at one of the tills."""
    target = f"/v1/pos/vouchers/{code}/use"
    body = b'{"use_request_no":"U-1"}'
    headers = site.signed("POST", target, body, till=site.city.tills[number])
    answer = await site.client.post(target, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    used: Json = answer.json()
    return used


async def _cancel(site: Site, made: Json, number: int = 0, key: str | None = None) -> tuple[int, Json]:
    answer = await ask(site, number, "POST", f"/v1/me/orders/{made['id']}/cancel", key=key)
    return answer.status_code, answer.json()


async def _stored_state(site: Site) -> str:
    async with site.database.read() as reader:
        return str(await reader.scalar(text("SELECT state FROM orders")))


async def test_an_order_sets_points_stock_and_money_aside(site: Site) -> None:
    """In one step: the voucher can be shown at once, nothing is spent, and the fund has promised the face value."""
    offer = await a_published(site, reimbursed(site, 500, stock=5, final_sale=True, fulfilment="delivery"))
    made = await order(site, offer["id"], quantity=2)
    assert (made["state"], made["quantity"], made["points"]) == ("EFFECTIVE", 2, 200)
    names = {"name_zh": "手冲咖啡一杯", "name_en": "A cup of coffee"}
    assert made["offer"] == {"id": offer["id"], "version": 1, **names}
    assert (made["merchant"], made["merchant_id"]) == ("商户 0", offer["merchant_id"])
    assert (made["ordered_at"], made["final_sale"]) == ("2026-03-02T01:00:00Z", True)
    assert (made["fulfilment"], made["used_at"], made["used_store"]) == ("delivery", None, None)
    assert re.fullmatch("97[0-9]{18}", made["voucher"]["code"])
    assert made["voucher"]["valid_until"] == "2026-04-01T16:00:00Z"
    assert await see(site, f"/v1/me/orders/{made['id']}") == made
    wallet = await see(site, "/v1/me/wallet")
    assert [wallet[name] for name in ("available", "held", "open_orders", "open_order_points")] == [300, 200, 1, 200]
    admin = an_admin(site)
    assert (await admin.get(f"/v1/offers/{offer['id']}"))["stock"] == {"total": 5, "taken": 2}
    fund = await admin.get(f"/v1/funds/{offer['fund_ids'][0]}")
    assert (fund["free_fen"], fund["committed_fen"]) == (999_000, 1_000)
    await assert_all_sound(site.database, site.city)


async def test_a_code_is_its_orders_own_and_nowhere_in_the_database(site: Site) -> None:
    """Another for each order; only keyed hashes are kept, so it is shown again by being made again."""
    offer = (await a_published(site))["id"]
    codes = {(await order(site, offer, number))["voucher"]["code"] for number in (0, 0, 1)}
    assert len(codes) == 3
    for name, rows in (await fetch_tables(site.database)).items():
        assert not any(code in row for code in codes for row in rows), name


async def test_a_repeated_order_is_one_order(site: Site) -> None:
    """The same key and body: the first answer, also when the voucher was used since. Another body: a conflict."""
    offer = (await a_published(site))["id"]
    first = await try_order(site, offer, key="k-1")
    again = await try_order(site, offer, key="k-1")
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    await _use(site, first.json()["voucher"]["code"])
    assert (await try_order(site, offer, key="k-1")).json() == first.json()
    site.clock.move(timedelta(days=60))
    assert (await try_order(site, offer, key="k-1")).json() == first.json()
    other = await try_order(site, offer, quantity=2, key="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_USED")
    assert len((await see(site, "/v1/me/orders"))["orders"]) == 1


async def test_keys_are_each_volunteers_own(site: Site) -> None:
    """The same key of another volunteer is another order."""
    offer = (await a_published(site))["id"]
    first, second = await order(site, offer, 0, key="k-1"), await order(site, offer, 1, key="k-1")
    assert first["id"] != second["id"]


async def test_a_refusal_stays_the_answer_to_its_key(site: Site) -> None:
    """Although the stock has come meanwhile; a new key gets it."""
    offer = (await a_published(site, says(stock=0)))["id"]
    assert (await try_order(site, offer, key="k-1")).json()["code"] == "OUT_OF_STOCK"
    await an_admin(site).send("PUT", f"/v1/offers/{offer}/stock", {"total": 1})
    again = await try_order(site, offer, key="k-1")
    assert (again.json()["code"], again.headers["Idempotency-Replayed"]) == ("OUT_OF_STOCK", "true")
    await order(site, offer)


async def test_what_cannot_be_ordered_is_refused(site: Site) -> None:
    """An offer that nobody knows, a draft, no or too many units, somebody who is no volunteer."""
    draft = await an_admin(site).post(offers_of(site), says(), 201)
    for offer, code in (("off_" + "0" * 32, "OFFER_NOT_EXIST"), (draft["id"], "OFFER_NOT_OPEN")):
        assert (await try_order(site, offer)).json()["code"] == code
    offer = (await a_published(site))["id"]
    for quantity in (0, -1, 1001):
        refused = await try_order(site, offer, quantity=quantity)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/quantity")
    assert (await try_order(site, "off_1")).json()["errors"][0]["pointer"] == "/offer_id"
    body = {"offer_id": offer}
    admin = await site.client.post("/v1/me/orders", json=body, headers=await site.headers(ActorKind.ADMIN))
    assert (admin.status_code, admin.json()["code"]) == (403, "NO_AUTH")
    assert await _count(site) == 0


async def _count(site: Site) -> int:
    async with site.database.read() as reader:
        return int(await reader.scalar(text("SELECT count(*) FROM orders")) or 0)


async def test_cancelling_gives_everything_back(site: Site) -> None:
    """Points to their lots, units to the stock, money to the fund, the person's limit too; asked again, the same."""
    limits = [{"period": "month", "count": 1}]
    offer = (await a_published(site, reimbursed(site, 500, stock=1, limits=limits)))["id"]
    before = await see(site, "/v1/me/wallet")
    made = await order(site, offer)
    status, cancelled = await _cancel(site, made, key="c-1")
    assert (status, cancelled) == (200, made | {"state": "CANCELLED"})
    assert await _cancel(site, made, key="c-1") == (200, cancelled)
    assert await _cancel(site, made) == (200, cancelled)
    assert await see(site, "/v1/me/wallet") == before
    assert (await an_admin(site).get(f"/v1/offers/{offer}"))["stock"] == {"total": 1, "taken": 0}
    fund = await an_admin(site).get(f"/v1/funds/{format_id('fun', site.city.fund)}")
    assert (fund["free_fen"], fund["committed_fen"]) == (1_000_000, 0)
    await order(site, offer)
    await assert_all_sound(site.database, site.city)


async def test_what_was_used_or_is_final_is_not_cancelled(site: Site) -> None:
    """ALREADY_USED tells when and where; a final sale is told as such."""
    used = await order(site, (await a_published(site))["id"])
    await _use(site, used["voucher"]["code"])
    status, refused = await _cancel(site, used)
    assert (status, refused["code"], refused["figures"]["store_name"]) == (409, "ALREADY_USED", "总店")
    final = await order(site, (await a_published(site, says(final_sale=True)))["id"])
    assert (await _cancel(site, final))[1]["code"] == "FINAL_SALE"
    assert (await see(site, "/v1/me/wallet"))["held"] == 100


async def test_a_used_voucher_tells_when_and_where(site: Site) -> None:
    """In the volunteer's list, after the till has written it off."""
    made = await order(site, (await a_published(site))["id"])
    site.clock.move(timedelta(hours=2))
    await _use(site, made["voucher"]["code"])
    shown = await see(site, f"/v1/me/orders/{made['id']}")
    assert (shown["state"], shown["used_at"], shown["used_store"]) == ("USED", "2026-03-02T03:00:00Z", "总店")
    assert shown["used_store_id"] == format_id("sto", site.city.tills[0].store)
    wallet = await see(site, "/v1/me/wallet")
    assert (wallet["available"], wallet["held"], wallet["open_orders"]) == (400, 0, 0)


async def test_a_voucher_expires_at_24_00_without_a_job(site: Site) -> None:
    """The order is told as expired, its points can be spent, its unit ordered by another; nothing was booked yet."""
    offer = (await a_published(site, says(stock=1, voucher_days=1)))["id"]
    made = await order(site, offer)
    site.clock.now = site.clock.now.replace(day=3, hour=15, minute=59, second=59)
    assert (await see(site, f"/v1/me/orders/{made['id']}"))["state"] == "EFFECTIVE"
    assert (await try_order(site, offer, 1)).json()["code"] == "OUT_OF_STOCK"
    site.clock.move(timedelta(seconds=1))
    assert (await see(site, f"/v1/me/orders/{made['id']}"))["state"] == "EXPIRED"
    assert len((await see(site, "/v1/me/orders?state=EXPIRED"))["orders"]) == 1
    assert (await see(site, "/v1/me/orders?state=EFFECTIVE"))["orders"] == []
    wallet = await see(site, "/v1/me/wallet")
    assert (wallet["available"], wallet["held"], wallet["open_orders"]) == (500, 0, 0)
    assert await _stored_state(site) == "EFFECTIVE"
    await order(site, offer, 1)
    assert (await _cancel(site, made))[1]["code"] == "CODE_EXPIRED"
    paid = await site.redeem("A-1", await site.pay_code(), 500)
    assert paid.status_code == 201, paid.text
    await assert_all_sound(site.database, site.city)


async def test_an_order_is_its_volunteers_alone(site: Site) -> None:
    """For any other it does not exist: not to see, not to show, not to cancel, not in a list."""
    made = await order(site, (await a_published(site))["id"])
    for method, path in (("GET", ""), ("GET", "/qr.svg"), ("POST", "/cancel")):
        for number in (made["id"], "ord_" + "0" * 32, "ord_1"):
            answer = await ask(site, 1, method, f"/v1/me/orders/{number}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "ORDER_NOT_EXIST")
    assert (await see(site, "/v1/me/orders", 1))["orders"] == []
    assert (await see(site, f"/v1/me/orders/{made['id']}"))["state"] == "EFFECTIVE"


async def test_orders_are_listed_the_newest_first(site: Site) -> None:
    """In pages without loss, and those of a state."""
    offer = (await a_published(site, says(points=10)))["id"]
    made = [await order(site, offer) for _ in range(5)]
    await _cancel(site, made[1])
    await _use(site, made[3]["voucher"]["code"])
    found: list[str] = []
    target: str | None = "/v1/me/orders?limit=2"
    while target:
        page = await site.client.get(target, headers=await site.volunteer_headers())
        found += [row["id"] for row in page.json()["orders"]]
        target = page.links.get("next", {}).get("url")
    assert found == [row["id"] for row in reversed(made)]
    for state, expected in (("EFFECTIVE", [4, 2, 0]), ("CANCELLED", [1]), ("USED", [3]), ("EXPIRED", [])):
        listed = (await see(site, f"/v1/me/orders?state={state}"))["orders"]
        assert [row["id"] for row in listed] == [made[number]["id"] for number in expected]


def _modules(svg: str) -> list[list[int]]:
    """The dark modules of a QR code, read from the strokes of its picture, quiet zone included."""
    [size] = re.findall(r'<svg [^>]*width="(\d+)"', svg)
    [scale] = re.findall(r"scale\((\d+)\)", svg)
    width = int(size) // int(scale)
    drawn = [[0] * width for _ in range(width)]
    x = y = 0
    [path] = re.findall(r' d="([^"]+)"', svg)
    for verb, arguments in re.findall(r"([Mmh])([^Mmh]*)", path):
        numbers = [float(number) for number in arguments.split()]
        if verb == "h":
            length = int(numbers[0])
            drawn[y][x : x + length] = [1] * length
            x += length
        elif verb == "m":
            x, y = x + int(numbers[0]), y + int(numbers[1])
        else:
            x, y = int(numbers[0]), int(numbers[1])
    return drawn


async def test_the_qr_code_is_of_the_code(site: Site) -> None:
    """Every module is where a reader of the twenty digits expects it, in a quiet zone of four; nobody keeps a copy."""
    made = await order(site, (await a_published(site))["id"])
    answer = await ask(site, 0, "GET", made["voucher"]["qr_svg"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert answer.headers["Cache-Control"] == "no-store"
    drawn = _modules(answer.text)
    expected = segno.make_qr(made["voucher"]["code"], error="m")
    inner = [row[QUIET:-QUIET] for row in drawn[QUIET:-QUIET]]
    assert inner == [list(row) for row in expected.matrix]
    assert sum(map(sum, drawn)) == sum(map(sum, inner))
    assert str(expected.error) in "MQH"
    other = await ask(site, 0, "GET", (await order(site, made["offer"]["id"]))["voucher"]["qr_svg"])
    assert _modules(other.text) != drawn


async def test_the_last_unit_is_had_once(site: Site) -> None:
    """Of many who order it at the same time one gets it, the others are told; the ledger is sound."""
    offer = (await a_published(site, says(stock=1, points=1)))["id"]
    answers: list[Any] = await asyncio.gather(*(try_order(site, offer, number % 3) for number in range(12)))
    outcomes = sorted(answer.json().get("code", "ordered") for answer in answers)
    assert outcomes == ["OUT_OF_STOCK"] * 11 + ["ordered"]
    await assert_all_sound(site.database, site.city)


async def test_what_was_ordered_outlives_its_offer(site: Site) -> None:
    """Paused or ended, the offer takes no further order; the voucher is used all the same."""
    offer = (await a_published(site))["id"]
    made = await order(site, offer)
    await an_admin(site).post(f"/v1/offers/{offer}/end")
    assert (await try_order(site, offer)).json()["code"] == "OFFER_NOT_OPEN"
    assert (await _use(site, made["voucher"]["code"]))["state"] == "USED"


async def test_a_frozen_volunteer_orders_nothing_and_keeps_what_they_have(site: Site) -> None:
    """403 with the words that tell whom to ask; earlier vouchers are shown and may be cancelled."""
    offer = (await a_published(site))["id"]
    made = await order(site, offer)
    await run_sql(site, "UPDATE volunteers SET status = 'frozen'")
    refused = await try_order(site, offer)
    assert (refused.status_code, refused.json()["code"]) == (403, "ACCOUNT_FROZEN")
    assert (await see(site, f"/v1/me/orders/{made['id']}"))["state"] == "EFFECTIVE"
    assert (await _cancel(site, made))[0] == 200

"""The catalogue's control plane: drafting, publishing, pausing, ending, stock, and who may do what."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from app.security.actors import ActorKind, StaffRole
from tests.support.calls import Caller, an_admin, staff_of
from tests.support.catalogue import a_draft, a_published, offers_of, order, says, see, try_order
from tests.support.sites import Site

STEPS = """
            publish    pause    resume     end
draft       published  -        -          ended
published   -          paused   -          ended
paused      -          -        published  ended
ended       -          -        -          -
"""


def _rows() -> dict[str, dict[str, str]]:
    """The table above: from a state, by each step, to a state."""
    steps, *rows = (line.split() for line in STEPS.strip().splitlines())
    return {state: dict(zip(steps, targets, strict=True)) for state, *targets in rows}


async def _in_state(site: Site, state: str) -> str:
    """A new offer, led to a state by the steps that lead there."""
    offer: str = (await a_draft(site))["id"]
    for step in {"draft": (), "published": ("publish",), "paused": ("publish", "pause"), "ended": ("end",)}[state]:
        await an_admin(site).post(f"/v1/offers/{offer}/{step}")
    return offer


async def _audited(site: Site, subject: str) -> list[tuple[str, str]]:
    async with site.database.read() as reader:
        statement = text("SELECT actor, action FROM audit_rows WHERE subject = :id ORDER BY id")
        return [tuple(row) for row in await reader.execute(statement, {"id": subject})]


def _manager(site: Site, merchant: int = 0) -> Caller:
    return staff_of(site, site.city.tills[merchant].merchant, StaffRole.MANAGER)


async def test_an_offer_is_drafted_once_per_key(site: Site) -> None:
    """A repetition gets the same offer, another body under its key a conflict."""
    headers = await an_admin(site).headers()
    first = await site.client.post(offers_of(site), json=says(), headers=headers)
    again = await site.client.post(offers_of(site), json=says(), headers=headers)
    assert (first.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (201, first.json(), "true")
    other = await site.client.post(offers_of(site), json=says(points=1), headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_USED")
    elsewhere = await site.client.post(offers_of(site, 1), json=says(), headers=headers)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "IDEMPOTENCY_KEY_USED")
    assert len((await an_admin(site).get("/v1/offers"))["offers"]) == 1


@pytest.mark.parametrize("state", _rows())
async def test_an_offer_takes_the_steps_of_the_table_and_no_other(site: Site, state: str) -> None:
    """A step that is there leads where the table says and is audited; any other is a conflict that names the state."""
    admin = an_admin(site)
    for step, target in _rows()[state].items():
        offer = await _in_state(site, state)
        before = await _audited(site, offer)
        answer = await admin.post(f"/v1/offers/{offer}/{step}", None, 409 if target == "-" else 200)
        now = (await admin.get(f"/v1/offers/{offer}"))["state"]
        added = (await _audited(site, offer))[len(before) :]
        if target == "-":
            assert (answer["code"], answer["figures"], now) == ("STATE_CONFLICT", {"state": state}, state), step
            assert added == []
        else:
            assert (answer["state"], now) == (target, target)
            assert added == [(format_id("usr", admin.subject), f"offer.{step}")]


@pytest.mark.parametrize("status", ["suspended", "ended"])
async def test_only_an_active_merchants_offers_are_published(site: Site, status: str) -> None:
    """Nor resumed; pausing and ending stay possible."""
    admin = an_admin(site)
    drafted, paused, published = [await _in_state(site, state) for state in ("draft", "paused", "published")]
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE merchants SET status = :status"), {"status": status})
    for offer, step in ((drafted, "publish"), (paused, "resume")):
        refused = await admin.post(f"/v1/offers/{offer}/{step}", None, 403)
        assert refused["code"] == "MERCHANT_SUSPENDED"
    await admin.post(f"/v1/offers/{published}/pause")
    await admin.post(f"/v1/offers/{published}/end")


async def test_an_ended_merchant_drafts_nothing(site: Site) -> None:
    """409 with its state; a suspended one may prepare what it will offer."""
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE merchants SET status = 'ended' WHERE name = '商户 0'"))
        await tx.execute(text("UPDATE merchants SET status = 'suspended' WHERE name = '商户 1'"))
    refused = await an_admin(site).post(offers_of(site, 0), says(), 409)
    assert (refused["code"], refused["figures"]) == ("STATE_CONFLICT", {"state": "ended"})
    await an_admin(site).post(offers_of(site, 1), says(), 201)


async def test_what_is_published_is_what_was_looked_at(site: Site) -> None:
    """With If-Match: an edit of the merchant's between looking and publishing is a conflict, and nobody sees it."""
    offer = (await _manager(site).post(offers_of(site), says(), 201))["id"]
    looked = await site.client.get(f"/v1/offers/{offer}", headers=await an_admin(site).headers())
    await _manager(site).send("PUT", f"/v1/offers/{offer}", says(points=1), If_Match='"1"')
    match = {"If_Match": looked.headers["ETag"]}
    refused = await an_admin(site).send("POST", f"/v1/offers/{offer}/publish", None, 412, **match)
    assert refused["code"] == "EDIT_CONFLICT"
    assert (await see(site, "/v1/me/offers"))["offers"] == []
    await an_admin(site).send("POST", f"/v1/offers/{offer}/publish", None, 200, If_Match='"2"')
    [shown] = (await see(site, "/v1/me/offers"))["offers"]
    assert shown["points"] == 1


async def test_a_merchants_staff_draft_and_the_city_publishes(site: Site) -> None:
    """A manager drafts, edits and counts; no step of the offer's life is theirs, whoever wrote the version."""
    manager = _manager(site)
    offer = (await manager.post(offers_of(site), says(), 201))["id"]
    await manager.send("PUT", f"/v1/offers/{offer}", says(points=90), If_Match='"1"')
    await manager.send("PUT", f"/v1/offers/{offer}/stock", {"total": 3})
    for step in ("publish", "pause", "resume", "end"):
        assert (await manager.post(f"/v1/offers/{offer}/{step}", None, 403))["code"] == "NO_AUTH"
    published = await an_admin(site).post(f"/v1/offers/{offer}/publish")
    assert (published["state"], published["points"], published["stock"]["total"]) == ("published", 90, 3)


@pytest.mark.parametrize("role", [StaffRole.CASHIER, StaffRole.ACCOUNTANT])
async def test_other_staff_read_their_merchants_offers(site: Site, role: StaffRole) -> None:
    """And change none of them."""
    staff = staff_of(site, site.city.tills[0].merchant, role)
    offer = (await a_draft(site))["id"]
    assert (await staff.get(f"/v1/offers/{offer}"))["id"] == offer
    assert len((await staff.get(f"/v1/offers/{offer}/versions"))["versions"]) == 1
    await staff.post(offers_of(site), says(), 403)
    await staff.send("PUT", f"/v1/offers/{offer}", says(), 403, If_Match='"1"')
    await staff.send("PUT", f"/v1/offers/{offer}/stock", {"total": 1}, 403)


async def test_staff_know_of_no_other_merchants_offers(site: Site) -> None:
    """404, as for one that does not exist; lists leave them out; nothing of another's can be changed."""
    own, other = (await a_draft(site))["id"], (await a_published(site, merchant=1))["id"]
    manager = _manager(site)
    assert [shown["id"] for shown in (await manager.get("/v1/offers"))["offers"]] == [own]
    await manager.get(offers_of(site, 1), 404)
    await manager.post(offers_of(site, 1), says(), 404)
    for number in (other, "off_" + "0" * 32, "off_1"):
        await manager.get(f"/v1/offers/{number}", 404)
        await manager.get(f"/v1/offers/{number}/versions", 404)
        await manager.send("PUT", f"/v1/offers/{number}", says(), 404, If_Match='"1"')
        await manager.send("PUT", f"/v1/offers/{number}/stock", {"total": 0}, 404)
    shown = await an_admin(site).get(f"/v1/offers/{other}")
    assert (shown["version"], shown["stock"]["total"]) == (1, None)


async def _walk(caller: Caller, target: str) -> list[str]:
    """The offers of a list, by its pages."""
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await caller.get(f"{target}{'&' if '?' in target else '?'}limit=2{after and f'&after={after}'}")
        found += [offer["id"] for offer in page["offers"]]
        after = page["next"]
    return found


async def test_lists_are_paged_without_loss(site: Site) -> None:
    """All, those of a state, those of a merchant: each once, in the order of their making."""
    drafts = [(await a_draft(site, merchant=number % 2))["id"] for number in range(5)]
    published = [(await a_published(site))["id"] for _ in range(3)]
    admin = an_admin(site)
    assert await _walk(admin, "/v1/offers") == drafts + published
    assert await _walk(admin, "/v1/offers?state=draft") == drafts
    assert await _walk(admin, offers_of(site, 0)) == drafts[::2] + published
    assert await _walk(admin, f"{offers_of(site, 0)}?state=published") == published
    assert await _walk(_manager(site, 1), "/v1/offers") == drafts[1::2]
    await admin.get("/v1/offers?after=mer_1", 400)


async def test_stock_is_set_and_audited_once_per_key(site: Site) -> None:
    """A retry gets the same answer, although units were taken since; another body under its key is a conflict."""
    offer = (await a_published(site))["id"]
    headers = await _manager(site).headers()
    target = f"/v1/offers/{offer}/stock"
    first = await site.client.put(target, json={"total": 2}, headers=headers)
    assert (first.status_code, first.json()) == (200, {"total": 2, "taken": 0})
    await order(site, offer)
    again = await site.client.put(target, json={"total": 2}, headers=headers)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    other = await site.client.put(target, json={"total": 9}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_USED")
    assert (await an_admin(site).get(f"/v1/offers/{offer}"))["stock"] == {"total": 2, "taken": 1}
    assert [action for _, action in await _audited(site, offer)] == ["offer.draft", "offer.publish", "offer.stock"]


async def test_less_stock_than_is_taken_leaves_none(site: Site) -> None:
    """What was ordered stays ordered; null lifts the limit."""
    offer = (await a_published(site, says(stock=2, points=1)))["id"]
    made = await order(site, offer, quantity=2)
    manager = _manager(site)
    assert await manager.send("PUT", f"/v1/offers/{offer}/stock", {"total": 1}) == {"total": 1, "taken": 2}
    assert (await try_order(site, offer, 1)).json()["code"] == "OUT_OF_STOCK"
    assert (await see(site, f"/v1/me/orders/{made['id']}"))["state"] == "EFFECTIVE"
    await manager.send("PUT", f"/v1/offers/{offer}/stock", {"total": None})
    await order(site, offer, 1)
    await manager.send("PUT", f"/v1/offers/{offer}/stock", {}, 400)
    await manager.send("PUT", f"/v1/offers/{offer}/stock", {"total": -1}, 400)


async def test_two_who_publish_at_once_publish_once(site: Site) -> None:
    """One step goes through, the other is a conflict; the offer is published, in one revision."""
    offer = (await a_draft(site))["id"]

    async def publish() -> int:
        headers: dict[str, Any] = await site.headers(ActorKind.ADMIN)
        answer = await site.client.post(f"/v1/offers/{offer}/publish", headers=headers)
        assert answer.status_code == 200 or answer.json()["code"] in {"STATE_CONFLICT", "EDIT_CONFLICT"}
        return answer.status_code

    assert sorted(await asyncio.gather(*(publish() for _ in range(4)))).count(200) == 1
    shown = await an_admin(site).get(f"/v1/offers/{offer}")
    assert (shown["state"], shown["revision"]) == ("published", 2)

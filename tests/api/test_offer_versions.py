"""Edits of an offer are versions: what was ordered stays what it was, and no edit is lost or overwritten."""

import asyncio

from sqlalchemy import text

from app.core.ids import format_id
from app.security.actors import StaffRole
from tests.support.calls import Caller, an_admin, staff_of
from tests.support.catalogue import a_draft, a_published, offers_of, order, reimbursed, revise, says, see, try_order
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound


def _manager(site: Site) -> Caller:
    return staff_of(site, site.city.tills[0].merchant, StaffRole.MANAGER)


async def test_an_order_keeps_the_version_it_was_made_under(site: Site) -> None:
    """Its price, its names, its day; who orders after the edit gets the new version."""
    offer = (await a_published(site, says(voucher_days=5)))["id"]
    before = await order(site, offer)
    await revise(site, offer, says(name_zh="拿铁一杯", name_en="A latte", points=150, voucher_days=1))
    after = await order(site, offer)
    assert await see(site, f"/v1/me/orders/{before['id']}") == before
    told = [(made["offer"]["version"], made["offer"]["name_zh"], made["points"]) for made in (before, after)]
    assert told == [(1, "手冲咖啡一杯", 100), (2, "拿铁一杯", 150)]
    assert before["voucher"]["valid_until"] == "2026-03-07T16:00:00Z"
    assert after["voucher"]["valid_until"] == "2026-03-03T16:00:00Z"
    assert (await see(site, "/v1/me/wallet"))["held"] == 250


async def test_a_voucher_is_settled_by_its_own_version(site: Site) -> None:
    """The merchant is owed the face value of the day of the order, also when the offer is worth less now."""
    offer = (await a_published(site, reimbursed(site, 500)))["id"]
    made = await order(site, offer)
    await revise(site, offer, reimbursed(site, 100))
    target = f"/v1/pos/vouchers/{made['voucher']['code']}"
    shown = await site.client.get(target, headers=site.signed("GET", target))
    assert (shown.json()["settlement_fen"], shown.json()["offer"]["version"]) == (500, 1)
    body = b'{"use_request_no":"U-1"}'
    used = await site.client.post(f"{target}/use", content=body, headers=site.signed("POST", f"{target}/use", body))
    assert (used.status_code, used.json()["settlement_fen"]) == (200, 500)
    await assert_all_sound(site.database, site.city)


async def test_every_version_is_told(site: Site) -> None:
    """The first in front, each with who wrote it and what it said; by pages too."""
    editors = [an_admin(site) for _ in range(3)]
    offer = (await editors[0].post(offers_of(site), says(points=1), 201))["id"]
    for number, editor in enumerate(editors[1:], 1):
        await editor.send("PUT", f"/v1/offers/{offer}", says(points=number + 1), If_Match=f'"{number}"')
    target = f"/v1/offers/{offer}/versions"
    versions = (await an_admin(site).get(target))["versions"]
    assert [(row["version"], row["points"]) for row in versions] == [(1, 1), (2, 2), (3, 3)]
    assert [row["created_by"] for row in versions] == [format_id("usr", editor.subject) for editor in editors]
    page = await an_admin(site).get(f"{target}?limit=2")
    rest = await an_admin(site).get(f"{target}?limit=2&after={page['next']}")
    assert (page["versions"] + rest["versions"], rest["next"]) == (versions, None)
    assert (await an_admin(site).get(f"/v1/offers/{offer}")) == versions[-1]


async def test_a_stale_edit_changes_nothing(site: Site) -> None:
    """412 EDIT_CONFLICT: no version, no audit row, and the second editor's text is not lost silently."""
    offer = (await a_draft(site))["id"]
    await revise(site, offer, says(points=2))
    refused = await an_admin(site).send("PUT", f"/v1/offers/{offer}", says(points=3), 412, If_Match='"1"')
    assert refused["code"] == "EDIT_CONFLICT"
    shown = await an_admin(site).get(f"/v1/offers/{offer}")
    assert (shown["version"], shown["revision"], shown["points"]) == (2, 2, 2)
    async with site.database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM offer_versions")) == 2
        assert await reader.scalar(text("SELECT count(*) FROM audit_rows WHERE action = 'offer.revise'")) == 1


async def test_a_change_of_state_makes_an_edit_stale_too(site: Site) -> None:
    """Who edits a draft that has been published meanwhile is told."""
    offer = (await a_draft(site))["id"]
    await an_admin(site).post(f"/v1/offers/{offer}/publish")
    await an_admin(site).send("PUT", f"/v1/offers/{offer}", says(points=3), 412, If_Match='"1"')
    await an_admin(site).send("PUT", f"/v1/offers/{offer}", says(points=3), 400)


async def test_of_edits_at_once_one_goes_through(site: Site) -> None:
    """Each other one is a conflict, and the versions have no gap."""
    offer = (await a_draft(site))["id"]

    async def edit(points: int) -> int:
        headers = await an_admin(site).headers() | {"If-Match": '"1"'}
        answer = await site.client.put(f"/v1/offers/{offer}", json=says(points=points), headers=headers)
        return answer.status_code

    assert sorted(await asyncio.gather(*map(edit, range(10, 15)))) == [200, 412, 412, 412, 412]
    versions = (await an_admin(site).get(f"/v1/offers/{offer}/versions"))["versions"]
    assert [row["version"] for row in versions] == [1, 2]


async def test_an_edit_is_made_once_per_key(site: Site) -> None:
    """The same key, body and revision: the same answer and one version; another revision under the key a conflict."""
    offer = (await a_draft(site))["id"]
    headers = await an_admin(site).headers() | {"If-Match": '"1"'}
    first = await site.client.put(f"/v1/offers/{offer}", json=says(points=7), headers=headers)
    again = await site.client.put(f"/v1/offers/{offer}", json=says(points=7), headers=headers)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    moved = await site.client.put(f"/v1/offers/{offer}", json=says(points=7), headers=headers | {"If-Match": '"2"'})
    assert (moved.status_code, moved.json()["code"]) == (409, "IDEMPOTENCY_KEY_USED")
    assert len((await an_admin(site).get(f"/v1/offers/{offer}/versions"))["versions"]) == 2


async def test_an_ended_offer_is_not_edited(site: Site) -> None:
    """409 with its state; a paused one may be."""
    offer = (await a_published(site))["id"]
    await an_admin(site).post(f"/v1/offers/{offer}/pause")
    assert (await revise(site, offer, says(points=5)))["state"] == "paused"
    await an_admin(site).post(f"/v1/offers/{offer}/end")
    refused = await an_admin(site).send("PUT", f"/v1/offers/{offer}", says(), 409, If_Match='"5"')
    assert (refused["code"], refused["figures"]) == ("STATE_CONFLICT", {"state": "ended"})


async def test_what_the_merchant_edits_waits_for_the_city(site: Site) -> None:
    """A published offer that its staff edit is paused until the city resumes it; the city edits what is out."""
    offer = (await a_published(site))["id"]
    edited = await _manager(site).send("PUT", f"/v1/offers/{offer}", says(points=1), If_Match='"2"')
    assert (edited["state"], edited["version"]) == ("paused", 2)
    assert (await see(site, "/v1/me/offers"))["offers"] == []
    refused = await try_order(site, offer)
    assert (refused.status_code, refused.json()["code"]) == (409, "OFFER_NOT_OPEN")
    await an_admin(site).post(f"/v1/offers/{offer}/resume")
    assert (await order(site, offer))["points"] == 1
    assert (await revise(site, offer, says(points=2)))["state"] == "published"


async def test_an_edit_leaves_the_stock_alone(site: Site) -> None:
    """What is taken stays taken, and a body that names a stock is refused: it has a call of its own."""
    offer = (await a_published(site, says(stock=3)))["id"]
    await order(site, offer)
    assert (await revise(site, offer, says(points=5)))["stock"] == {"total": 3, "taken": 1}
    refused = await an_admin(site).send("PUT", f"/v1/offers/{offer}", says(stock=9), 400, If_Match='"3"')
    assert [error["pointer"] for error in refused["errors"]] == ["/stock"]

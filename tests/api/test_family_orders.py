"""Orders by a member of the family over HTTP: the owner's points, the member's name, the month's limit."""

from datetime import timedelta

from tests.api.test_my_family import a_link, allow
from tests.support.calls import Json
from tests.support.catalogue import a_published, reimbursed
from tests.support.ledgers import fetch_rows
from tests.support.service_calls import Person, a_volunteer
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

ORDERS = "/v1/me/orders"


async def an_offer(site: Site) -> Json:
    """A hundred points each, five in stock."""
    return await a_published(site, reimbursed(site, 500, stock=5))


async def points_of(person: Person) -> tuple[int, int]:
    """What a volunteer can spend, and what is held for open orders."""
    wallet = await person.get("/v1/me/wallet")
    return wallet["available"], wallet["held"]


async def test_a_member_orders_with_the_owners_points(site: Site) -> None:
    """Both see it with the member's name, the voucher is the same, the member's own points stay; either may cancel."""
    await allow(site)
    path, offer = await a_link(site, monthly_points=250), await an_offer(site)
    owner, member, stranger = (a_volunteer(site, number) for number in range(3))
    made = await member.post(f"{path}/orders", {"offer_id": offer["id"]}, 201)
    masked = (await member.get("/v1/me/wallet"))["masked_name"]
    assert (made["state"], made["points"], made["ordered_by"]) == ("EFFECTIVE", 100, masked)
    assert (await points_of(owner), await points_of(member)) == ((400, 100), (500, 0))
    for person in (owner, member):
        assert await person.get(f"{ORDERS}/{made['id']}") == made
        assert (await person.get(ORDERS))["orders"] == [made]
    await stranger.get(f"{ORDERS}/{made['id']}", 404)
    await stranger.post(f"{ORDERS}/{made['id']}/cancel", None, 404)
    line = (await owner.get("/v1/me/statement"))["lines"][0]
    assert (line["kind"], line["points"], line["used_by"]) == ("hold.v1", -100, masked)
    told = "SELECT x.actor = 'vol_' || replace(o.member_id::text, '-', '') FROM orders o JOIN transactions x \
        ON x.id = o.transaction_id"
    assert await fetch_rows(site.database, told) == [(True,)]
    second = await member.post(f"{path}/orders", {"offer_id": offer["id"]}, 201)
    assert (await member.post(f"{ORDERS}/{made['id']}/cancel"))["state"] == "CANCELLED"
    assert (await owner.post(f"{ORDERS}/{second['id']}/cancel"))["state"] == "CANCELLED"
    assert await points_of(owner) == (500, 0)
    await assert_all_sound(site.database, site.city)


async def test_the_months_limit_counts_orders_and_payments(site: Site) -> None:
    """To the point, together with what the member paid at tills; cancelled or run out, it is given back."""
    await allow(site)
    path, offer = await a_link(site, monthly_points=250), await an_offer(site)
    owner, member = a_volunteer(site), a_volunteer(site, 1)
    body = {"offer_id": offer["id"], "quantity": 2}
    code = (await member.post(f"{path}/pay-code"))["code"]
    assert (await site.redeem("A-1", code, 51)).json()["state"] == "SUCCESS"
    refused = await member.post(f"{path}/orders", body, 409)
    assert (refused["code"], refused["figures"]) == (
        "QUOTA_EXCEEDED",
        {"limit": "family", "period": "month", "left": 199},
    )
    await owner.post(f"{path}/limit", {"monthly_points": 251})
    made = await member.post(f"{path}/orders", body, 201)
    assert (await member.post(f"{path}/orders", {**body, "quantity": 1}, 409))["code"] == "QUOTA_EXCEEDED"
    await assert_all_sound(site.database, site.city)
    await owner.post(f"{ORDERS}/{made['id']}/cancel")
    await member.post(f"{path}/orders", body, 201)
    site.clock.move(timedelta(days=40))
    assert (await member.get(ORDERS))["orders"][0]["state"] == "EXPIRED"
    await member.post(f"{path}/orders", body, 201)
    await assert_all_sound(site.database, site.city)


async def test_only_a_member_whose_link_stands_orders(site: Site) -> None:
    """Switched off, ended, the owner's own path, a stranger's: refused, and nothing is held; a retry is one order."""
    await allow(site)
    path, offer = await a_link(site), await an_offer(site)
    owner, member = a_volunteer(site), a_volunteer(site, 1)
    body = {"offer_id": offer["id"]}
    for person, target in ((owner, path), (a_volunteer(site, 2), path), (member, "/v1/me/family/fam_1")):
        assert (await person.post(f"{target}/orders", body, 404))["code"] == "NOT_FOUND"
    headers = await site.volunteer_headers(1)
    answers = [await site.client.post(f"{path}/orders", json=body, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    await allow(site, family_use=False)
    refused = await member.post(f"{path}/orders", body, 409)
    assert (refused["code"], refused["figures"]["gate"]) == ("NOT_ELIGIBLE", "family_use")
    await allow(site)
    await owner.post(f"{path}/end")
    assert (await member.post(f"{path}/orders", body, 404))["code"] == "NOT_FOUND"
    assert await points_of(owner) == (400, 100)
    assert (await owner.get(ORDERS))["orders"][0]["state"] == "EFFECTIVE"
    await assert_all_sound(site.database, site.city)


async def test_orders_of_both_sides_are_paged_together(site: Site) -> None:
    """The newest first, one's own and those for the family, without a gap or a repetition."""
    await allow(site)
    path, offer = await a_link(site), await an_offer(site)
    owner, member = a_volunteer(site), a_volunteer(site, 1)
    body = {"offer_id": offer["id"]}
    made = [(await member.post(f"{path}/orders" if number % 2 else ORDERS, body, 201))["id"] for number in range(4)]
    listed: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await member.get(f"{ORDERS}?limit=1{after and f'&after={after}'}")
        listed += [order["id"] for order in page["orders"]]
        after = page["next"]
    assert listed == made[::-1]
    assert [order["id"] for order in (await owner.get(ORDERS))["orders"]] == made[3::-2]

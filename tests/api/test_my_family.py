"""Family use over HTTP: off by default, on an accepted link, within the owner's limit, seen by the owner."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from app.jobs.verifying import run_verify
from app.security.actors import ActorKind
from tests.support.calls import Json
from tests.support.service_calls import a_volunteer, an_admin
from tests.support.sites import Site

FAMILY = "/v1/me/family"


async def allow(site: Site, **changed: object) -> None:
    """The programme allows family use."""
    revision = (await an_admin(site).get("/v1/programme"))["revision"]
    headers = {**await site.headers(ActorKind.ADMIN), "If-Match": f'"{revision}"'}
    changed = {"family_use": True, **changed}
    answer = await site.client.patch("/v1/programme", json=changed, headers=headers)
    assert answer.status_code == 200, answer.text


def a_request(site: Site, member: int = 1, **changed: Any) -> Json:  # noqa: ANN401 - JSON
    """One of the city's volunteers as a spouse."""
    return {"member_id": format_id("vol", site.city.volunteers[member]), "kinship": "spouse", **changed}


async def a_link(site: Site, **changed: Any) -> str:  # noqa: ANN401 - JSON
    """An accepted link from the first volunteer to the second; its path comes back."""
    link = await a_volunteer(site).post(FAMILY, a_request(site, **changed), 201)
    path = f"{FAMILY}/{link['id']}"
    assert (await a_volunteer(site, 1).post(f"{path}/accept"))["state"] == "active"
    return path


async def pay(site: Site, path: str, trade_no: str, points: int) -> Json:
    """The member shows a code and the till takes points."""
    code = (await a_volunteer(site, 1).post(f"{path}/pay-code"))["code"]
    answer: Json = (await site.redeem(trade_no, code, points)).json()
    return answer


async def test_it_is_off_unless_the_programme_says_otherwise(site: Site) -> None:
    """The default is no; nothing is kept. Switched off again, links stay but open no wallet; they can be ended."""
    refused = await a_volunteer(site).post(FAMILY, a_request(site), 409)
    assert (refused["code"], refused["figures"]["gate"]) == ("NOT_ELIGIBLE", "family_use")
    assert (await a_volunteer(site).get(FAMILY))["links"] == []
    await allow(site)
    path = await a_link(site)
    await allow(site, family_use=False)
    refused = await a_volunteer(site, 1).post(f"{path}/pay-code", None, 409)
    assert (refused["code"], refused["figures"]["gate"]) == ("NOT_ELIGIBLE", "family_use")
    assert (await a_volunteer(site, 1).post(f"{path}/end"))["state"] == "ended"


async def test_a_member_pays_and_the_owner_sees_it(site: Site) -> None:
    """The owner's points go to the merchant, the member's stay; the statement names the member; the ledger is sound."""
    await allow(site)
    path = await a_link(site, monthly_points=100)
    assert (await pay(site, path, "A-1", 60))["state"] == "SUCCESS"
    owner, member = a_volunteer(site), a_volunteer(site, 1)
    assert ((await owner.get("/v1/me/wallet"))["available"], (await member.get("/v1/me/wallet"))["available"]) == (
        440,
        500,
    )
    line = (await owner.get("/v1/me/statement"))["lines"][0]
    masked = (await member.get("/v1/me/wallet"))["masked_name"]
    assert (line["points"], line["used_by"]) == (-60, masked)
    assert "redeem.v1" not in {each["kind"] for each in (await member.get("/v1/me/statement"))["lines"]}
    await site.redeem("A-2", await site.pay_code(), 5)
    assert (await owner.get("/v1/me/statement"))["lines"][0]["used_by"] is None
    async with site.database.read() as reader:
        members = await reader.execute(text("SELECT trade_no, member_id FROM redemptions ORDER BY trade_no"))
        assert [tuple(row) for row in members] == [("A-1", member.subject), ("A-2", None)]
    report = await run_verify(site.database, site.city.programme, lambda _done, _total: None)
    assert not report.findings


async def test_the_limit_of_the_month_is_the_owners(site: Site) -> None:
    """To the point; raised, the rest can be spent; another month begins anew; the member cannot raise it."""
    await allow(site)
    path = await a_link(site, monthly_points=100)
    await pay(site, path, "A-1", 60)
    refused = await pay(site, path, "A-2", 41)
    assert (refused["code"], refused["figures"]) == (
        "QUOTA_EXCEEDED",
        {"limit": "family", "period": "month", "left": 40},
    )
    assert (await pay(site, path, "A-3", 40))["state"] == "SUCCESS"
    await a_volunteer(site, 1).post(f"{path}/limit", {"monthly_points": 500}, 404)
    raised = await a_volunteer(site).post(f"{path}/limit", {"monthly_points": 120})
    assert raised["monthly_points"] == 120
    assert (await pay(site, path, "A-4", 20))["state"] == "SUCCESS"
    assert (await pay(site, path, "A-5", 1))["code"] == "QUOTA_EXCEEDED"
    site.clock.move(timedelta(days=30))
    assert (await pay(site, path, "A-6", 120))["state"] == "SUCCESS"
    await a_volunteer(site).post(f"{path}/limit", {"monthly_points": None})
    assert (await pay(site, path, "A-7", 200))["state"] == "SUCCESS"


@pytest.mark.parametrize("ending", [0, 1])
async def test_either_side_ends_it_and_codes_pay_no_more(site: Site, ending: int) -> None:
    """A code that was shown before is refused at the till; nothing was taken; a new link may be proposed."""
    await allow(site)
    path = await a_link(site)
    code = (await a_volunteer(site, 1).post(f"{path}/pay-code"))["code"]
    ended = await a_volunteer(site, ending).post(f"{path}/end")
    assert ended["ended_by"] == format_id("vol", site.city.volunteers[ending])
    assert (await site.redeem("A-1", code, 10)).json()["code"] == "CODE_EXPIRED"
    await a_volunteer(site, 1).post(f"{path}/pay-code", None, 404)
    assert (await a_volunteer(site).get("/v1/me/wallet"))["available"] == 500
    conflict = await a_volunteer(site).post(f"{path}/end", None, 409)
    assert conflict["figures"] == {"state": "ended"}
    await a_volunteer(site).post(FAMILY, a_request(site), 201)


async def test_a_link_begins_with_the_members_yes(site: Site) -> None:
    """Proposed it opens nothing, and the owner cannot accept for the member; strangers see nothing of it."""
    await allow(site)
    link = await a_volunteer(site).post(FAMILY, a_request(site), 201)
    path = f"{FAMILY}/{link['id']}"
    await a_volunteer(site, 1).post(f"{path}/pay-code", None, 404)
    for step, caller in (("accept", 0), ("accept", 2), ("end", 2), ("pay-code", 0), ("pay-code", 2)):
        await a_volunteer(site, caller).post(f"{path}/{step}", None, 404)
    assert (await a_volunteer(site, 2).get(FAMILY))["links"] == []
    assert (await a_volunteer(site, 1).get(f"{FAMILY}?state=proposed"))["links"] == [link]
    await a_volunteer(site, 1).post(f"{path}/accept")
    await a_volunteer(site, 1).post(f"{path}/accept", None, 409)
    assert (await a_volunteer(site, 1).get(f"{FAMILY}?state=proposed"))["links"] == []
    async with site.database.read() as reader:
        rows = await reader.execute(text("SELECT action FROM audit_rows WHERE action LIKE 'family%' ORDER BY id"))
        assert [action for (action,) in rows] == ["family.propose", "family.accept"]


async def test_a_family_has_so_many_members(site: Site) -> None:
    """One where the programme says one; each once; oneself and strangers to the programme never."""
    await allow(site, family_members=1)
    owner = a_volunteer(site)
    await owner.post(FAMILY, a_request(site, 1), 201)
    assert (await owner.post(FAMILY, a_request(site, 1), 409))["code"] == "ALREADY_EXISTS"
    refused = await owner.post(FAMILY, a_request(site, 2), 409)
    assert refused["figures"] == {"limit": "family_members", "count": 1}
    await owner.post(FAMILY, a_request(site, 0), 404)
    await owner.post(FAMILY, {**a_request(site), "member_id": f"vol_{'0' * 32}"}, 404)
    await owner.post(FAMILY, a_request(site, kinship="friend"), 400)


async def test_a_child_spends_only_a_guardians_points(site: Site) -> None:
    """Below 14 a grandchild is refused and a ward is not."""
    await allow(site)
    async with site.database.begin() as tx:
        await tx.execute(
            text("UPDATE volunteers SET born_on = '2014-01-01' WHERE id = :id"), {"id": site.city.volunteers[1]}
        )
    refused = await a_volunteer(site).post(FAMILY, a_request(site, kinship="grandchild"), 422)
    assert (refused["code"], refused["figures"]) == ("GUARDIAN_REQUIRED", {"age": 12, "needed": "guardian"})
    path = await a_link(site, kinship="ward")
    assert (await pay(site, path, "A-1", 10))["state"] == "SUCCESS"

"""The pool over HTTP: given to by volunteers, granted from on the word of two, never to one's own."""

import asyncio

from sqlalchemy import text

from app.core.ids import format_id
from app.jobs.verifying import run_verify
from app.security.actors import ActorKind
from tests.support.calls import Json
from tests.support.corrections import a_verified_record
from tests.support.rewards import debt_and_points
from tests.support.service_calls import a_volunteer, an_admin, person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

GRANTS, DONATIONS = "/v1/pool-grants", "/v1/me/donations"


def a_request(site: Site, points: int = 100, number: int = 1) -> Json:
    """Points of the pool for one of the city's volunteers."""
    return {
        "volunteer_id": format_id("vol", site.city.volunteers[number]),
        "points": points,
        "purpose": "hardship",
        "reference": "困难帮扶申请 2026-017",
    }


async def give(site: Site, points: int = 400, number: int = 0) -> Json:
    """A volunteer gives to the pool."""
    return await a_volunteer(site, number).post(DONATIONS, {"points": points}, 201)


async def available(site: Site, number: int) -> int:
    """What a volunteer can spend."""
    return int((await a_volunteer(site, number).get("/v1/me/wallet"))["available"])


async def test_points_go_from_a_giver_through_the_pool_to_somebody_else(site: Site) -> None:
    """Given, proposed by one, approved by another: every step is seen, and the ledger is sound."""
    given = await give(site)
    assert given["points"] == 400
    assert (await a_volunteer(site).get(DONATIONS))["donations"] == [given]
    auditor = person(site, "auditor", ActorKind.AUDITOR)
    proposed = await an_admin(site).post(GRANTS, a_request(site), 201)
    assert (proposed["state"], proposed["transaction_id"]) == ("proposed", None)
    assert await auditor.get("/v1/pool") == {"points": 400, "granted_points": 0, "proposed_points": 100}
    assert await available(site, 1) == 500
    granted = await an_admin(site, "second").post(f"{GRANTS}/{proposed['id']}/approve")
    assert (granted["state"], granted["expires_on"]) == ("granted", "2028-12-31")
    assert granted["decided_by"] == format_id("usr", an_admin(site, "second").subject)
    assert (await available(site, 0), await available(site, 1)) == (100, 600)
    assert await auditor.get("/v1/pool") == {"points": 300, "granted_points": 100, "proposed_points": 0}
    assert await auditor.get(f"{GRANTS}/{proposed['id']}") == granted
    assert (await auditor.get(f"{GRANTS}?state=granted"))["grants"] == [granted]
    assert (await auditor.get(f"{GRANTS}?state=proposed"))["grants"] == []
    line = (await a_volunteer(site, 1).get("/v1/me/statement"))["lines"][0]
    assert (line["kind"], line["reason"], line["points"]) == ("grant.v1", "granted-from-pool", 100)
    report = await run_verify(site.database, site.city.programme, lambda _done, _total: None)
    assert not report.findings


async def test_a_gift_names_nobody(site: Site) -> None:
    """No field for a receiver is taken: 400, and nothing was given. Nor is there any other way to hand points over."""
    giver = a_volunteer(site)
    for field in ("volunteer_id", "to", "receiver_id", "member_id"):
        refused = await giver.post(DONATIONS, {"points": 1, field: format_id("vol", site.city.volunteers[1])}, 400)
        assert refused["errors"][0]["pointer"] == f"/{field}"
    assert await available(site, 0) == 500
    refused = await giver.post(DONATIONS, {"points": 501}, 409)
    assert (refused["code"], refused["figures"]) == ("NOT_ENOUGH", {"available": 500})


async def test_the_proposer_does_not_approve(site: Site) -> None:
    """SELF_REVIEW; nothing moved, and a second person still may."""
    await give(site)
    proposed = await an_admin(site).post(GRANTS, a_request(site), 201)
    refused = await an_admin(site).post(f"{GRANTS}/{proposed['id']}/approve", None, 409)
    assert refused["code"] == "SELF_REVIEW"
    assert await available(site, 1) == 500
    await an_admin(site, "second").post(f"{GRANTS}/{proposed['id']}/approve")


async def _a_user(site: Site, name: str, volunteer: int | None = None) -> Json:
    named = {} if volunteer is None else {"volunteer_id": format_id("vol", site.city.volunteers[volunteer])}
    body = {"kind": "admin", "username": name, "password": "long enough for anyone 1", **named}
    return await an_admin(site).post("/v1/users", body, 201)


async def test_nobody_gives_to_themselves_or_their_family(site: Site) -> None:
    """Not as proposer, not as approver: the volunteer one is, and registered relatives of either."""
    await give(site)
    user = await _a_user(site, "aunt")
    admin = an_admin(site)
    await admin.post(f"/v1/users/{user['id']}/relatives", {"volunteer_id": a_request(site)["volunteer_id"]}, 201)
    aunt = person(site, "aunt", ActorKind.ADMIN)
    async with site.database.begin() as tx:
        values = {"old": user["id"][4:], "new": aunt.subject}
        await tx.execute(text("ALTER TABLE user_relatives DROP CONSTRAINT fk_user_relatives_user"))
        await tx.execute(text("UPDATE user_relatives SET user_id = :new WHERE user_id = CAST(:old AS uuid)"), values)
    assert (await aunt.post(GRANTS, a_request(site), 409))["code"] == "SELF_REVIEW"
    proposed = await admin.post(GRANTS, a_request(site), 201)
    assert (await aunt.post(f"{GRANTS}/{proposed['id']}/approve", None, 409))["code"] == "SELF_REVIEW"
    own = person(site, "own", ActorKind.ADMIN, volunteer=site.city.volunteers[1])
    assert (await own.post(GRANTS, a_request(site), 409))["code"] == "SELF_REVIEW"
    assert (await own.post(f"{GRANTS}/{proposed['id']}/approve", None, 409))["code"] == "SELF_REVIEW"
    assert await available(site, 1) == 500


async def test_many_approvals_at_once_never_overdraw_the_pool(site: Site) -> None:
    """Twelve grants of 50 from a pool of 400, approved at the same time: eight go through, four are refused."""
    await give(site)
    admin, second = an_admin(site), an_admin(site, "second")
    change = {"pool_year_points": 10_000}
    headers = {**await site.headers(ActorKind.ADMIN), "If-Match": f'"{(await admin.get("/v1/programme"))["revision"]}"'}
    changed = await site.client.patch("/v1/programme", json=change, headers=headers)
    assert changed.json()["pool_year_points"] == 10_000
    proposed = [await admin.post(GRANTS, a_request(site, 50), 201) for _ in range(12)]
    sent = []
    for grant in proposed:
        headers = await site.headers(ActorKind.ADMIN, subject=second.subject)
        sent.append(site.client.post(f"{GRANTS}/{grant['id']}/approve", headers=headers))
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [200] * 8 + [409] * 4
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"NOT_ENOUGH"}
    assert (await second.get("/v1/pool"))["points"] == 0
    assert await available(site, 1) == 900


async def test_one_grant_approved_by_many_gives_once(site: Site) -> None:
    """One of ten approvals grants; the others learn that it is granted."""
    await give(site)
    proposed = await an_admin(site).post(GRANTS, a_request(site), 201)
    sent = []
    for number in range(10):
        headers = await site.headers(ActorKind.ADMIN, subject=an_admin(site, f"second {number}").subject)
        sent.append(site.client.post(f"{GRANTS}/{proposed['id']}/approve", headers=headers))
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert await available(site, 1) == 600


async def test_the_limits_are_the_programmes(site: Site) -> None:
    """500 at once is refused on proposing one more; 1,000 a year on approving."""
    await give(site, 500, 0)
    await give(site, 500, 2)
    admin, second = an_admin(site), an_admin(site, "second")
    refused = await admin.post(GRANTS, a_request(site, 501), 409)
    assert (refused["code"], refused["figures"]) == ("QUOTA_EXCEEDED", {"limit": "grant", "points_max": 500})
    for points, status in ((500, 200), (400, 200), (101, 409), (100, 200)):
        grant = await admin.post(GRANTS, a_request(site, points), 201)
        await second.post(f"{GRANTS}/{grant['id']}/approve", None, status)
    assert await available(site, 1) == 1_500


async def test_a_proposal_can_be_given_up(site: Site) -> None:
    """Cancelled it stays on record and cannot be approved; unknown ones are 404."""
    await give(site)
    admin, second = an_admin(site), an_admin(site, "second")
    proposed = await admin.post(GRANTS, a_request(site), 201)
    cancelled = await admin.post(f"{GRANTS}/{proposed['id']}/cancel")
    assert (cancelled["state"], cancelled["expires_on"]) == ("cancelled", None)
    conflict = await second.post(f"{GRANTS}/{proposed['id']}/approve", None, 409)
    assert conflict["figures"] == {"state": "cancelled"}
    await second.post(f"{GRANTS}/pgr_{'0' * 32}/approve", None, 404)
    await second.post(f"{GRANTS}/pgr_1/cancel", None, 404)
    await admin.post(GRANTS, {**a_request(site), "volunteer_id": f"vol_{'0' * 32}"}, 404)
    assert (await admin.get(f"{GRANTS}?limit=1&volunteer_id={a_request(site)['volunteer_id']}"))["next"] is None


async def test_a_retried_gift_is_given_once(site: Site) -> None:
    """The same key: the same gift; and the list pages."""
    headers = await site.volunteer_headers()
    answers = [await site.client.post(DONATIONS, json={"points": 10}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    await give(site, 5)
    page = await a_volunteer(site).get(f"{DONATIONS}?limit=1")
    behind = await a_volunteer(site).get(f"{DONATIONS}?limit=1&after={page['next']}")
    assert [page["donations"][0]["points"], behind["donations"][0]["points"], behind["next"]] == [5, 10, None]
    assert (await a_volunteer(site, 1).get(DONATIONS))["donations"] == []


async def test_a_grant_repays_a_debt_first(site: Site) -> None:
    """Case 17: 90 points clawed back after they were spent are owed; of 100 granted ten are left to spend."""
    await give(site)
    record = await a_verified_record(site, number=1)
    assert (await site.redeem("A-1", await site.pay_code(1), 590)).json()["state"] == "SUCCESS"
    await person(site, "verifier").post(f"/v1/service-records/{record['id']}/withdraw")
    assert await debt_and_points(a_volunteer(site, 1)) == (90, 0)
    proposed = await an_admin(site).post(GRANTS, a_request(site), 201)
    await an_admin(site, "second").post(f"{GRANTS}/{proposed['id']}/approve")
    assert await debt_and_points(a_volunteer(site, 1)) == (0, 10)
    assert (await an_admin(site).get("/v1/pool"))["points"] == 300
    again = await an_admin(site).post(GRANTS, a_request(site, 1), 201)
    await an_admin(site, "second").post(f"{GRANTS}/{again['id']}/approve")
    await assert_all_sound(site.database, site.city)


async def test_a_grant_that_never_expires_is_sound(site: Site) -> None:
    """Where points do not expire, neither do those granted, and the audit finds row and lot alike."""
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE programmes SET expiry_years = NULL"))
    await give(site)
    proposed = await an_admin(site).post(GRANTS, a_request(site), 201)
    granted = await an_admin(site, "second").post(f"{GRANTS}/{proposed['id']}/approve")
    assert (granted["expires_on"], await available(site, 1)) == (None, 600)
    await assert_all_sound(site.database, site.city)

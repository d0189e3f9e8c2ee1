"""Honours over HTTP: entered with material, verified by a second person, withdrawn with a reason; the four tens."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from app.store.database import Database
from tests.support.calls import Json
from tests.support.city_rows import REGION
from tests.support.clocks import Clock
from tests.support.service_calls import a_volunteer, an_admin, person
from tests.support.sites import Site, a_site

HONOURS = "/v1/honours"


def an_honour(site: Site, number: int = 0, **changed: object) -> Json:
    """An honour of one of the city's volunteers, by its county."""
    return {
        "kind": "volunteer",
        "name": "最美志愿者",
        "awarded_by": "慈溪市精神文明建设指导委员会",
        "level": "county",
        "awarded_on": "2026-03-01",
        "evidence": "慈文明〔2026〕3号",
        "volunteer_id": format_id("vol", site.city.volunteers[number]),
        **changed,
    }


async def test_a_countys_honour_is_recorded_at_once(site: Site) -> None:
    """On production of material; it can be read, listed, and is in the volunteer's own list and in nobody else's."""
    admin = an_admin(site)
    made = await admin.post(HONOURS, an_honour(site), 201)
    assert (made["state"], made["edition"], made["enterer_id"]) == (
        "recorded",
        None,
        format_id("usr", admin.subject),
    )
    assert await admin.get(f"{HONOURS}/{made['id']}") == made
    assert (await person(site, "organiser").get(HONOURS))["honours"] == [made]
    assert (await a_volunteer(site).get("/v1/me/honours"))["honours"] == [made]
    assert (await a_volunteer(site, 1).get("/v1/me/honours"))["honours"] == []
    conflict = await an_admin(site, "other").post(f"{HONOURS}/{made['id']}/verify", None, 409)
    assert conflict["figures"] == {"state": "recorded"}


async def test_other_bodies_honours_need_a_second_person(site: Site) -> None:
    """Who entered it may not verify it; somebody else may, and the audit trail has both."""
    made = await an_admin(site).post(HONOURS, an_honour(site, level="other", awarded_by="某企业"), 201)
    assert made["state"] == "entered"
    refused = await an_admin(site).post(f"{HONOURS}/{made['id']}/verify", None, 409)
    assert refused["code"] == "SELF_REVIEW"
    verified = await an_admin(site, "other").post(f"{HONOURS}/{made['id']}/verify")
    assert (verified["state"], verified["enterer_id"]) == ("recorded", made["enterer_id"])
    assert verified["changed_by"] != made["enterer_id"]
    async with site.database.read() as reader:
        rows = await reader.execute(text("SELECT action FROM audit_rows WHERE action LIKE 'honour%' ORDER BY id"))
        assert [action for (action,) in rows] == ["honour.enter", "honour.verify"]


async def test_a_withdrawn_honour_stays_on_record(site: Site) -> None:
    """With its reason; all its states are kept; it never comes back."""
    admin = an_admin(site)
    made = await admin.post(HONOURS, an_honour(site, level="other"), 201)
    await an_admin(site, "other").post(f"{HONOURS}/{made['id']}/verify")
    gone = await admin.post(f"{HONOURS}/{made['id']}/withdraw", {"reason": "材料不实"})
    assert (gone["state"], gone["reason"]) == ("withdrawn", "材料不实")
    assert (await admin.get(f"{HONOURS}?state=withdrawn"))["honours"] == [gone]
    assert (await admin.get(f"{HONOURS}?state=recorded"))["honours"] == []
    await admin.post(f"{HONOURS}/{made['id']}/withdraw", {"reason": "再次"}, 409)
    await an_admin(site, "other").post(f"{HONOURS}/{made['id']}/verify", None, 409)
    async with site.database.read() as reader:
        rows = await reader.execute(text("SELECT number, state FROM honour_states ORDER BY number"))
        assert [tuple(row) for row in rows] == [(1, "entered"), (2, "recorded"), (3, "withdrawn")]


@pytest.mark.parametrize(
    "changed, pointer",
    [
        ({"kind": "team"}, "/kind"),
        ({"kind": "community", "volunteer_id": None}, "/kind"),
        ({"team_id": "tea_" + "0" * 32}, "/kind"),
        ({"awarded_on": "2026-03-03"}, "/awarded_on"),
        ({"evidence": ""}, "/evidence"),
        ({"edition": 0}, "/edition"),
        ({"level": "village"}, "/level"),
    ],
)
async def test_what_cannot_be_an_honour_is_refused(site: Site, changed: Json, pointer: str) -> None:
    """The wrong subject, two subjects, a day to come, no material: 400 at the field, and nothing is entered."""
    refused = await an_admin(site).post(HONOURS, an_honour(site, **changed), 400)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    assert (await an_admin(site).get(HONOURS))["honours"] == []


async def test_the_honoured_must_be_known(site: Site) -> None:
    """404 for a person, a team or a region that the programme does not know."""
    admin, nobody = an_admin(site), "0" * 32
    await admin.post(HONOURS, an_honour(site, volunteer_id=f"vol_{nobody}"), 404)
    for team, region, status in ((f"tea_{nobody}", "999999", 404), (format_id("tea", site.city.team), REGION, 201)):
        await admin.post(HONOURS, an_honour(site, kind="team", volunteer_id=None, team_id=team), status)
        await admin.post(HONOURS, an_honour(site, kind="community", volunteer_id=None, region_code=region), status)
    await admin.get(f"{HONOURS}/hon_{nobody}", 404)
    await admin.get(f"{HONOURS}/hon_1", 404)


async def test_an_edition_takes_ten_of_a_kind(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Eleven at once: ten have a place, one is refused; nobody twice; another kind and another edition have theirs.

    What is withdrawn frees its place.
    """
    async with a_site(database, clock, tmp_path, volunteers=12, points=1) as site:
        admin = an_admin(site)
        bodies = [an_honour(site, number, edition=4) for number in range(11)]
        headers = [await site.headers(admin.kind, subject=admin.subject) for _ in bodies]
        answers = await asyncio.gather(
            *(site.client.post(HONOURS, json=body, headers=head) for body, head in zip(bodies, headers, strict=True))
        )
        assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409]
        [refused] = [answer.json() for answer in answers if answer.status_code == 409]
        assert (refused["code"], refused["figures"]["had"]) == ("QUOTA_EXCEEDED", 10)
        made = [answer.json() for answer in answers if answer.status_code == 201]
        twice = {**bodies[0], "volunteer_id": made[0]["volunteer_id"]}
        assert (await admin.post(HONOURS, twice, 409))["code"] == "ALREADY_EXISTS"
        await admin.post(HONOURS, {**bodies[0], "kind": "worker"}, 201)
        await admin.post(HONOURS, {**bodies[0], "edition": 5}, 201)
        await admin.post(f"{HONOURS}/{made[0]['id']}/withdraw", {"reason": "重名"})
        await admin.post(HONOURS, an_honour(site, 11, edition=4), 201)
        assert len((await admin.get(f"{HONOURS}?edition=4&kind=volunteer&state=recorded"))["honours"]) == 10


async def test_a_repetition_enters_nothing(site: Site) -> None:
    """The same key and body: the same answer, marked; another body: a conflict."""
    admin = an_admin(site)
    headers = await site.headers(admin.kind, subject=admin.subject)
    first = await site.client.post(HONOURS, json=an_honour(site), headers=headers)
    again = await site.client.post(HONOURS, json=an_honour(site), headers=headers)
    other = await site.client.post(HONOURS, json=an_honour(site, 1), headers=headers)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_USED")
    assert len((await admin.get(HONOURS))["honours"]) == 1

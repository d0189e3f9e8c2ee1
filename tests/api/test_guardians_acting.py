"""What a guardian does for a child: applies, claims, decides on its data; the child sees it, nobody else comes near."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from app.store.database import Database
from tests.support.applications import ALL, MINE, Hamlet, a_hamlet, a_piece, decide
from tests.support.calls import Json
from tests.support.guardians import OWN, Family, a_family
from tests.support.log_ins import bearing, set_birthday
from tests.support.round_calls import a_hall
from tests.support.sites import Site

ASKED = {"purpose": "benefit_application", "version": "2026-1"}


async def _trail(database: Database, hand: str) -> list[tuple[str, str]]:
    """What the audit trail says was done by this hand."""
    async with database.read() as reader:
        rows = await reader.execute(
            text("SELECT action, subject FROM audit_rows WHERE actor = :hand ORDER BY number"), {"hand": hand}
        )
        return [(row[0], row[1]) for row in rows]


async def _in_a_hamlet(site: Site, child_born: str = "2015-06-01") -> tuple[Hamlet, Family]:
    """A child in a village, before whose birthday was known it consented for itself; and its guardian."""
    hamlet = await a_hamlet(site, born_on=None)
    return hamlet, await a_family(site, child_born)


async def _begin(family: Family, benefit: str = "hardship") -> Json:
    return await family.post(MINE, {"benefit": benefit}, 201)


async def test_a_guardian_applies_for_a_child(site: Site) -> None:
    """Eligibility, consent, draft, submission, material that was asked for, withdrawal: all of it, noted as theirs."""
    hamlet, family = await _in_a_hamlet(site)
    assert (await family.get("/v1/me/benefits/hardship"))["eligible"] is True
    draft = await _begin(family)
    assert draft["volunteer_id"] == family.child
    target = f"{MINE}/{draft['id']}"
    await family.send("PUT", target, {"statement": "家庭困难"})
    assert (await family.post(f"{target}/submit", None, 422))["code"] == "GUARDIAN_REQUIRED"
    await family.post("/v1/me/consents/withdraw", {"purpose": "benefit_application"}, 201)
    assert (await family.post(f"{target}/submit", None, 409))["code"] == "CONSENT_REQUIRED"
    assert (await family.post("/v1/me/consents", ASKED, 201))["given_by"] == "guardian"
    submitted = await family.post(f"{target}/submit")
    await decide(hamlet.village, submitted, "request-material", reason="请补充病情证明")
    await family.post(f"{target}/supply", {"material": [a_piece()]})
    assert (await family.post(f"{target}/withdraw"))["state"] == "withdrawn"
    assert [each["id"] for each in (await family.get(MINE))["applications"]] == [draft["id"]]
    done = [action for action, _ in await _trail(site.database, family.hand)]
    assert done == [
        "session.begin",
        "application.begin",
        "application.revise",
        "consent.withdraw",
        "consent.give",
        "application.submit",
        "application.supply",
        "application.withdraw",
    ]


async def test_the_child_sees_who_did_it(site: Site) -> None:
    """In the application's history, in the list of what the guardian did, in the list of sessions; officials too."""
    hamlet, family = await _in_a_hamlet(site)
    await family.post("/v1/me/consents", {**ASKED, "version": "2026-2"}, 201)
    draft = await _begin(family)
    await family.post(f"{MINE}/{draft['id']}/submit")
    await decide(hamlet.village, draft, "take-in")
    own = (await family.alone("GET", f"{MINE}/{draft['id']}")).json()
    assert own["entered_by"] == family.hand
    assert [step["actor"] for step in own["steps"]] == [family.hand, None]
    shown = (await hamlet.village.get(f"{ALL}/{draft['id']}"))["steps"]
    assert shown[0]["actor"] == family.hand
    told = await family.acts()
    assert told == await family.acts(1)
    assert told[1:] == [
        ("consent.give", family.child),
        ("application.begin", draft["id"]),
        ("application.submit", draft["id"]),
    ]
    sessions = (await family.alone("GET", "/v1/auth/sessions")).json()["sessions"]
    assert [session["acting_for_child"] for session in sessions] == [True]
    await family.end()
    assert await family.acts() == told


async def test_what_was_done_is_told_page_by_page_and_to_the_two_only(site: Site) -> None:
    """One act a page; 404 for every other volunteer, for a cursor that is none 400."""
    family = await a_family(site)
    for version in ("2026-1", "2026-2"):
        await family.post("/v1/me/consents", {**ASKED, "version": version}, 201)
    target = f"{OWN}/{family.guardianship}/acts?limit=1"
    seen, after = [], ""
    while True:
        page = (await family.alone("GET", target + after)).json()
        seen.extend(page["acts"])
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [act["action"] for act in seen] == ["session.begin", "consent.give", "consent.give"]
    stranger = await family.alone("GET", target, None, 2)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "NOT_FOUND")
    nobodys = await family.alone("GET", f"{OWN}/gua_{'0' * 32}/acts", None, 2)
    assert nobodys.status_code == 404
    assert (await family.alone("GET", f"{target}&after=x")).status_code == 400


async def test_a_child_does_not_apply_alone(site: Site) -> None:
    """Not begin, not submit, not supply: 422 with the age. It reads, and takes back what was made for it."""
    hamlet, family = await _in_a_hamlet(site)
    await family.post("/v1/me/consents", {**ASKED, "version": "2026-2"}, 201)
    refused = await family.alone("POST", MINE, {"benefit": "hardship"})
    assert (refused.status_code, refused.json()["code"]) == (422, "GUARDIAN_REQUIRED")
    assert refused.json()["figures"] == {"below": 14, "needed": "guardian"}
    draft = await _begin(family)
    assert (await family.alone("POST", f"{MINE}/{draft['id']}/submit")).json()["code"] == "GUARDIAN_REQUIRED"
    await family.post(f"{MINE}/{draft['id']}/submit")
    await decide(hamlet.village, draft, "request-material", reason="请补充病情证明")
    supply = await family.alone("POST", f"{MINE}/{draft['id']}/supply", {"material": [a_piece()]})
    assert supply.json()["code"] == "GUARDIAN_REQUIRED"
    taken_back = await family.alone("POST", f"{MINE}/{draft['id']}/withdraw")
    assert taken_back.json()["state"] == "withdrawn"


async def test_from_fourteen_on_one_applies_alone(site: Site) -> None:
    """On the birthday itself; a day before not."""
    hamlet = await a_hamlet(site, born_on=None)
    today = site.clock.now.date()
    born = {days: (today.replace(year=today.year - 14) + timedelta(days=days)).isoformat() for days in (1, 0)}
    for days, status in ((1, 422), (0, 201)):
        async with site.database.begin() as tx:
            await tx.execute(text(f"UPDATE volunteers SET born_on = '{born[days]}'"))
        await hamlet.applicant.post(MINE, {"benefit": "hardship"}, status)
    [draft] = (await hamlet.applicant.get(MINE))["applications"]
    await hamlet.applicant.post(f"{MINE}/{draft['id']}/submit")


async def test_an_official_enters_for_a_child_under_the_guardians_consent_only(site: Site) -> None:
    """What a child agreed to before anybody knew its birthday carries nothing; what a guardian signed does."""
    hamlet, family = await _in_a_hamlet(site)
    entered = await hamlet.village.post(ALL, {"benefit": "hardship", "volunteer_id": family.child}, 201)
    target = f"{ALL}/{entered['id']}/submit"
    assert (await hamlet.village.post(target, None, 422))["code"] == "GUARDIAN_REQUIRED"
    signed = {**ASKED, "version": "2026-2", "channel": "paper", "given_by": "guardian"}
    await hamlet.city.post(f"/v1/volunteers/{family.child}/consents", signed, 201)
    assert (await hamlet.village.post(target))["state"] == "submitted"


async def test_a_guardian_claims_and_releases_places(site: Site) -> None:
    """With the ticket and its picture; noted once, however often it is repeated. The child alone claims nothing."""
    hall = await a_hall(site)
    family = await a_family(site)
    target = f"/v1/me/rounds/{hall.id}/claim"
    refused = await family.alone("POST", target)
    assert (refused.status_code, refused.json()["code"]) == (422, "GUARDIAN_REQUIRED")
    claimed = await family.ask("POST", target, key="once")
    again = await family.ask("POST", target, key="once")
    assert (claimed.status_code, again.json()) == (201, claimed.json())
    place = claimed.json()["place_id"]
    assert (await family.get(f"/v1/me/places/{place}"))["ticket"]["code"].startswith("98")
    assert (await family.ask("GET", f"/v1/me/places/{place}/qr.svg")).status_code == 200
    assert [each["id"] for each in (await family.alone("GET", "/v1/me/places")).json()["places"]] == [place]
    assert (await family.alone("GET", "/v1/me/places", None, 1)).json()["places"] == []
    released = await family.ask("POST", f"/v1/me/places/{place}/release", key="back")
    assert released.json()["state"] == "released"
    await family.ask("POST", f"/v1/me/places/{place}/release", key="back")
    assert (await family.acts())[1:] == [("place.claim", place), ("place.release", place)]
    async with site.database.read() as reader:
        scopes = await reader.scalars(text("SELECT scope FROM answers WHERE key IN ('once', 'back')"))
        assert set(scopes) == {family.hand}


async def test_a_claim_whose_note_was_lost_is_noted_with_its_repetition(site: Site) -> None:
    """The process died between the place and the audit row: the same call again writes it, and only then."""
    hall = await a_hall(site)
    family = await a_family(site)
    place = (await family.ask("POST", f"/v1/me/rounds/{hall.id}/claim", key="once")).json()["place_id"]
    async with site.database.begin() as tx:
        await tx.execute(text("ALTER TABLE audit_rows DISABLE TRIGGER ALL"))
        await tx.execute(text("DELETE FROM audit_rows WHERE action = 'place.claim'"))
        await tx.execute(text("ALTER TABLE audit_rows ENABLE TRIGGER ALL"))
    assert ("place.claim", place) not in await family.acts()
    for _ in range(2):
        await family.ask("POST", f"/v1/me/rounds/{hall.id}/claim", key="once")
    assert (await family.acts()).count(("place.claim", place)) == 1


async def test_the_guardians_keys_are_not_the_childs(site: Site) -> None:
    """The same key with another body: two answers, no conflict."""
    await a_hamlet(site, born_on=None)
    family = await a_family(site)
    given = await family.ask("POST", "/v1/me/consents", {**ASKED, "version": "2026-2"}, key="k-1")
    headers = {**await site.volunteer_headers(0), "Idempotency-Key": "k-1"}
    own = await site.client.post("/v1/me/consents/withdraw", json={"purpose": "honour_wall"}, headers=headers)
    assert (given.status_code, own.json()["code"]) == (201, "STATE_CONFLICT")


async def test_the_childs_data_is_exported_by_the_guardian_and_noted_each_time(site: Site) -> None:
    """All of the child's, nothing of the guardian's; the child's own export leaves no such row."""
    family = await a_family(site)
    for _ in range(2):
        export = await family.get("/v1/me/export")
        assert export["volunteer"]["id"] == family.child
    assert (await family.alone("GET", "/v1/me/export")).status_code == 200
    assert [action for action, _ in await family.acts()][1:] == ["personal-data.export-own"] * 2


@pytest.mark.parametrize("target", ["/v1/me/wallet", "/v1/me/places", MINE, "/v1/me/export", "/v1/me/consents"])
async def test_an_ended_guardianship_stops_access_at_once(site: Site, target: str) -> None:
    """Also where the answer of a moment ago was yes: what acts for a child is looked up with each call."""
    family = await a_family(site)
    await family.get(target)
    await family.end()
    assert (await family.ask("GET", target)).status_code == 401


async def test_no_points_are_spent_and_no_log_in_is_touched(site: Site) -> None:
    """Pay codes, orders, donations, family links, sessions: not with a guardian's token."""
    family = await a_family(site)
    for method, target in (
        ("POST", "/v1/me/pay-code"),
        ("POST", "/v1/me/orders"),
        ("POST", "/v1/me/donations"),
        ("POST", "/v1/me/family"),
        ("GET", "/v1/auth/sessions"),
        ("POST", "/v1/auth/password"),
        ("GET", f"{OWN}/{family.guardianship}/acts"),
    ):
        refused = await family.ask(method, target)
        assert (refused.status_code, refused.json()["code"]) == (403, "NO_AUTH"), target


async def test_who_is_no_guardian_of_theirs_gets_nothing(site: Site) -> None:
    """A third volunteer asks for a token of it, for its acts, for an application by its id: 404 each time."""
    _, family = await _in_a_hamlet(site)
    draft = await _begin(family)
    for method, target in (
        ("POST", f"{OWN}/{family.guardianship}/tokens"),
        ("POST", f"{OWN}/{family.guardianship}/end"),
        ("GET", f"{OWN}/{family.guardianship}/acts"),
        ("GET", f"{MINE}/{draft['id']}"),
        ("POST", f"{MINE}/{draft['id']}/withdraw"),
    ):
        refused = await family.alone(method, target, None, 2)
        assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND"), target
    guardian_alone = await family.alone("GET", f"{MINE}/{draft['id']}", None, 1)
    assert guardian_alone.status_code == 404


async def test_a_birthday_that_was_corrected_counts_at_once(site: Site) -> None:
    """A child that is found to be older is nobody's to act for, whatever day the guardianship was given."""
    family = await a_family(site)
    target = f"{OWN}/{family.guardianship}/tokens"
    assert (await family.alone("POST", target, None, 1)).status_code == 201
    await set_birthday(site, site.city.volunteers[0], "2012-03-02")
    refused = await family.alone("POST", target, None, 1)
    assert (refused.status_code, refused.json()["figures"]) == (409, {"state": "ended"})
    site.clock.now = site.clock.now.replace(hour=15, minute=50)  # 23:50 in Shanghai
    await set_birthday(site, site.city.volunteers[0], "2012-03-03")
    acting = await family.alone("POST", target, None, 1)
    assert acting.json()["session_ends_at"] == "2026-03-02T16:00:00Z"


async def test_a_guardian_uploads_papers_for_a_child(site: Site) -> None:
    """The child alone does not; both read what was uploaded, and the trail says whose hand it was."""
    _, family = await _in_a_hamlet(site)
    draft = await _begin(family)
    target, photo = f"{MINE}/{draft['id']}/material/illness", b"\x89PNG\r\n\x1a\n" + bytes(64)

    async def put(headers: dict[str, str]) -> httpx.Response:
        return await site.client.put(target, content=photo, headers={**headers, "Content-Type": "image/png"})

    alone = await put(await site.volunteer_headers(0))
    assert (alone.status_code, alone.json()["code"]) == (422, "GUARDIAN_REQUIRED")
    assert (await put(bearing(family.entered))).status_code == 200
    assert (await family.ask("GET", target)).content == photo
    assert (await family.alone("GET", target)).content == photo
    assert (await family.alone("GET", target, None, 1)).status_code == 404
    assert ("application.upload", draft["id"]) in await family.acts()

"""The consent ledger over HTTP: one's own, what was signed elsewhere, and the guardian's."""

from datetime import date, timedelta

from app.core.consents import Purpose
from app.core.ids import VolunteerId, parse_id
from app.security.actors import GUARDIAN_SCOPES, Actor, ActorKind
from app.security.tokens import issue_token
from app.store.consents import fetch_consent
from tests.support.calls import Json
from tests.support.people import as_volunteer, register, someone
from tests.support.service_calls import a_volunteer, an_admin, person
from tests.support.sites import Site

WALL: Json = {"purpose": "honour_wall", "version": "2026-03"}
OWN = "/v1/me/consents"


async def _in_force(site: Site, reference: str, purpose: Purpose) -> str | None:
    volunteer = parse_id("vol", reference)
    assert volunteer is not None
    async with site.database.read() as reader:
        found = await fetch_consent(reader, site.city.programme, VolunteerId(volunteer), purpose, site.clock.now)
    return found.version if found else None


async def test_a_consent_is_given_withdrawn_and_given_again(site: Site) -> None:
    """Three rows; the last says where it stands, and each moment keeps its answer."""
    volunteer = a_volunteer(site)
    reference = f"vol_{volunteer.subject.hex}"
    given = await volunteer.post(OWN, WALL, 201)
    assert (given["step"], given["number"], given["given_by"]) == ("given", 1, "self")
    assert await _in_force(site, reference, Purpose.HONOUR_WALL) == "2026-03"
    assert await _in_force(site, reference, Purpose.PREDICATE_ANSWER) is None
    site.clock.move(timedelta(minutes=1))
    await volunteer.post(f"{OWN}/withdraw", {"purpose": "honour_wall"}, 201)
    assert await _in_force(site, reference, Purpose.HONOUR_WALL) is None
    site.clock.move(timedelta(minutes=1))
    await volunteer.post(OWN, {**WALL, "version": "2026-04"}, 201)
    steps = [(row["step"], row["version"]) for row in (await volunteer.get(OWN))["consents"]]
    assert steps == [("given", "2026-03"), ("withdrawn", "2026-03"), ("given", "2026-04")]


async def test_saying_it_twice_is_saying_it_once(site: Site) -> None:
    """The same text again adds nothing; a withdrawal of nothing is refused."""
    volunteer = a_volunteer(site)
    first = await volunteer.post(OWN, WALL, 201)
    assert await volunteer.post(OWN, WALL, 201) == first
    await volunteer.post(f"{OWN}/withdraw", {"purpose": "honour_wall"}, 201)
    refused = await volunteer.post(f"{OWN}/withdraw", {"purpose": "honour_wall"}, 409)
    assert refused["code"] == "STATE_CONFLICT"


async def test_nobody_says_it_by_import(site: Site) -> None:
    """That channel is for what an older system was told; only the import of its people writes it."""
    volunteer, admin = a_volunteer(site), an_admin(site)
    assert (await volunteer.post(OWN, {**WALL, "channel": "import"}, 400))["code"] == "PARAM_ERROR"
    target = f"/v1/volunteers/vol_{volunteer.subject.hex}/consents"
    assert (await admin.post(target, {**WALL, "channel": "import"}, 400))["code"] == "PARAM_ERROR"
    assert (await volunteer.get(OWN))["consents"] == []


async def test_registering_keeps_the_consent_that_came_with_it(site: Site) -> None:
    """To the text that was shown, entered by whoever registered them."""
    admin = an_admin(site)
    made = await register(admin, someone(1))
    [row] = (await admin.get(f"/v1/volunteers/{made['id']}/consents"))["consents"]
    assert (row["purpose"], row["version"], row["channel"]) == ("data_registration", "2026-03", "web")
    assert row["entered_by"] == f"usr_{admin.subject.hex}"


async def test_a_child_needs_the_guardian(site: Site) -> None:
    """Under 14 neither the child nor a form without a guardian will do; nothing is registered then."""
    admin, child = an_admin(site), someone(2, date(2013, 6, 1))
    assert (await admin.post("/v1/volunteers", child.body, 422))["code"] == "GUARDIAN_REQUIRED"
    guarded = {"version": "2026-03", "channel": "paper", "given_by": "guardian"}
    made = await register(admin, child, consent=guarded)
    own = as_volunteer(admin, made)
    assert (await own.post(OWN, WALL, 422))["code"] == "GUARDIAN_REQUIRED"
    target = f"/v1/volunteers/{made['id']}/consents"
    assert (await admin.post(target, {**WALL, "channel": "paper"}, 422))["code"] == "GUARDIAN_REQUIRED"
    entered = await admin.post(target, {**WALL, "channel": "paper", "given_by": "guardian"}, 201)
    assert entered["given_by"] == "guardian"
    said = {"purpose": "honour_wall", "channel": "paper", "given_by": "guardian"}
    assert (await admin.post(f"{target}/withdraw", said, 201))["step"] == "withdrawn"


async def test_the_ledger_is_read_by_auditors_page_by_page(site: Site) -> None:
    """Every step, in the order of writing."""
    volunteer = a_volunteer(site)
    for purpose in ("honour_wall", "predicate_answer", "benefit_application"):
        await volunteer.post(OWN, {**WALL, "purpose": purpose}, 201)
    auditor = person(site, "a", ActorKind.AUDITOR)
    target = f"/v1/volunteers/vol_{volunteer.subject.hex}/consents"
    page = await auditor.get(f"{target}?limit=2")
    rest = await auditor.get(f"{target}?after={page['next']}")
    purposes = [row["purpose"] for part in (page, rest) for row in part["consents"]]
    assert purposes == ["honour_wall", "predicate_answer", "benefit_application"]


async def test_an_unknown_purpose_or_version_is_refused(site: Site) -> None:
    """Purposes are a closed list; a version is a name of a text, not the text."""
    volunteer = a_volunteer(site)
    for change in ({"purpose": "everything"}, {"version": ""}, {"version": "第一版"}):
        assert (await volunteer.post(OWN, {**WALL, **change}, 400))["code"] == "PARAM_ERROR"


async def test_a_guardian_who_acts_for_a_child_speaks_as_one(site: Site) -> None:
    """With a token for the child that names the guardian: noted as the guardian's, entered by both ids."""
    admin = an_admin(site)
    guarded = {"version": "2026-03", "channel": "paper", "given_by": "guardian"}
    child = as_volunteer(admin, await register(admin, someone(2, date(2016, 6, 1)), consent=guarded))
    guardian = VolunteerId(site.city.volunteers[0])
    actor = Actor(
        kind=ActorKind.VOLUNTEER,
        programme=site.city.programme,
        subject=child.subject,
        volunteer=child.volunteer,
        acting=guardian,
        scopes=GUARDIAN_SCOPES,
    )
    keys = await site.services.cabinet.token_keys(site.city.programme)
    token = issue_token(keys, actor, issued_at=site.clock.now, lifetime=timedelta(minutes=5), token_id="one")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}
    answer = await site.client.post(OWN, json=WALL, headers=headers)
    assert answer.status_code == 201, answer.text
    given = answer.json()
    assert given["given_by"] == "guardian"
    assert f"vol_{guardian.hex}" in given["entered_by"]

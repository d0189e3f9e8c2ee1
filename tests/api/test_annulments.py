"""Grants annulled for an error of the office: by two people, with everything back where it was, and provably so."""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.benefits.model import Benefit, BenefitLevel, Operator, Quota
from app.core.invariants import Invariant
from app.core.rounds import RoundMode
from app.jobs.applications import run_application_grants
from app.jobs.verifying import run_verify
from app.security.actors import ActorKind
from app.security.credentials import PublicKeys, Verdict, check_credential
from tests.support.applications import MINE, Hamlet, a_hamlet, consent, decide
from tests.support.benefits import a_benefit, a_criterion, requires
from tests.support.calls import Json
from tests.support.rounds import Terms, a_round
from tests.support.service_calls import Person, person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

WHY = "误读材料"


def a_using(**more: Any) -> Benefit:  # noqa: ANN401 - any field
    """A benefit that the city alone decides and that uses up 300 of the 500 minutes that everybody has."""
    criteria = (a_criterion(requires("minutes", Operator.AT_LEAST, 100), code="minutes"),)
    using = {"window_months": 12, "consumes_minutes": 300}
    return a_benefit(**{"criteria": criteria, "levels": (BenefitLevel.CITY,), **using, **more})


async def _apply(hamlet: Hamlet, who: Person) -> Json:
    draft = await who.post(MINE, {"benefit": "concert"}, 201)
    submitted = await who.post(f"{MINE}/{draft['id']}/submit")
    return await decide(hamlet.city, submitted, "take-in")


async def _granted(hamlet: Hamlet, **more: Any) -> Json:  # noqa: ANN401 - JSON
    application = await _apply(hamlet, hamlet.applicant)
    assert (await decide(hamlet.city, application, "approve", **more))["state"] == "approved"
    return application


async def _annul(hamlet: Hamlet, application: Json) -> Json:
    await decide(hamlet.city, application, "propose-annulment", reason=WHY)
    return await decide(hamlet.second, application, "annul", reason=WHY)


async def _grants(site: Site) -> list[Json]:
    admin = person(site, "reader", ActorKind.ADMIN)
    return list(reversed((await admin.get("/v1/benefit-grants"))["grants"]))


async def _findings(site: Site) -> list[str]:
    report = await run_verify(site.database, site.city.programme, lambda _done, _total: None)
    return [finding.what for finding in report.findings if finding.invariant is Invariant.APPLICATIONS_MATCH]


async def test_two_people_annul_a_grant(site: Site) -> None:
    """Hours come back, the person's share of the year too, the state says so, and the applicant can apply again."""
    hamlet = await a_hamlet(site, a_using(quota=Quota(per_person=1)))
    application = await _granted(hamlet)
    assert (await decide(hamlet.city, application, "annul", 409, reason=WHY))["code"] == "STATE_CONFLICT"
    assert (await decide(hamlet.city, application, "propose-annulment", reason=WHY))["state"] == "approved"
    assert (await decide(hamlet.second, application, "propose-annulment", 409, reason=WHY))["code"] == "STATE_CONFLICT"
    assert (await decide(hamlet.city, application, "annul", 409, reason=WHY))["code"] == "SELF_REVIEW"
    assert (await decide(hamlet.second, application, "annul", 400))["code"] == "PARAM_ERROR"
    assert (await decide(hamlet.second, application, "annul", reason=WHY))["state"] == "annulled"
    [grant] = await _grants(site)
    assert (grant["standing"], grant["consumed"]["returned"]) == ("revoked", True)
    again = await _apply(hamlet, hamlet.applicant)
    assert (await decide(hamlet.city, again, "approve"))["state"] == "approved"
    steps = (await hamlet.applicant.get(f"{MINE}/{application['id']}"))["steps"]
    assert [line["event"] for line in steps[-2:]] == ["propose-annulment", "annul"]
    assert steps[-1]["reason"] == WHY
    await assert_all_sound(site.database, site.city)


async def test_a_proposal_can_be_dismissed(site: Site) -> None:
    """By anybody of the city, with a reason; then it has to be proposed anew, and the grant stands."""
    hamlet = await a_hamlet(site, a_using())
    application = await _granted(hamlet)
    await decide(hamlet.city, application, "propose-annulment", reason=WHY)
    assert (await decide(hamlet.second, application, "dismiss-annulment", reason=WHY))["state"] == "approved"
    assert (await decide(hamlet.second, application, "annul", 409, reason=WHY))["code"] == "STATE_CONFLICT"
    assert [grant["standing"] for grant in await _grants(site)] == ["granted"]


async def test_the_place_moves_and_the_line_with_it(site: Site) -> None:
    """Annulled, the seat of the batch goes to the next who waits, at once in the ledger and then in the application."""
    hamlet = await a_hamlet(site, a_using(quota=Quota(per_batch=1)))
    await consent(hamlet.neighbour)
    batch = await a_round(site.database, site.city, Terms(mode=RoundMode.REVIEWED, capacity=1))
    named: Json = {"round_id": f"rnd_{batch.hex}"}
    first = await _granted(hamlet, **named)
    second = await _apply(hamlet, hamlet.neighbour)
    assert (await decide(hamlet.city, second, "approve", **named))["state"] == "waiting"
    await _annul(hamlet, first)
    assert [grant["standing"] for grant in await _grants(site)] == ["revoked", "granted"]
    services = site.services
    key = services.cabinet.tickets
    assert await run_application_grants(site.database, services.committers, site.city.programme, key, site.clock) == 1
    assert (await hamlet.neighbour.get(f"{MINE}/{second['id']}"))["state"] == "approved"
    await assert_all_sound(site.database, site.city)


async def test_its_credential_says_so_offline(site: Site) -> None:
    """The bit of the status list turns in the same moment; the route gives no credential any more."""
    hamlet = await a_hamlet(site, a_using())
    application = await _granted(hamlet)
    own = await hamlet.applicant.get(f"{MINE}/{application['id']}/credential")
    await _annul(hamlet, application)
    keys = PublicKeys((await site.client.get("/.well-known/liyu/cixi/jwks.json")).json())
    listed = await site.client.get(own["status_url"])
    assert check_credential(own["jws"], keys, listed.text, site.clock()).verdict is Verdict.REVOKED
    await hamlet.applicant.get(f"{MINE}/{application['id']}/credential", 404)


async def test_one_that_was_revoked_for_cause_gives_its_hours_back(site: Site) -> None:
    """Revoked, its hours stay used up; when the office was wrong in the first place, two people give them back."""
    hamlet = await a_hamlet(site, a_using())
    application = await _granted(hamlet)
    await decide(hamlet.second, application, "revoke", reason="材料不实")
    [grant] = await _grants(site)
    assert (grant["standing"], grant["consumed"]["returned"]) == ("revoked", False)
    assert (await _annul(hamlet, application))["state"] == "annulled"
    [annulled] = await _grants(site)
    assert (annulled["consumed"]["returned"], annulled["revoked_at"]) == (True, grant["revoked_at"])
    await assert_all_sound(site.database, site.city)


async def test_the_trail_names_both_people_and_their_reasons(site: Site) -> None:
    """Who proposed and who agreed, each with a row of the audit trail; the journal names the error as its reason."""
    hamlet = await a_hamlet(site, a_using())
    application = await _granted(hamlet)
    await _annul(hamlet, application)
    auditor = person(site, "auditor", ActorKind.AUDITOR)
    rows = (await auditor.get("/v1/audit-trail?limit=200"))["rows"]
    told = {row["action"]: row for row in rows if "annul" in row["action"]}
    assert set(told) == {"application.propose-annulment", "application.annul"}
    assert len({row["actor"] for row in told.values()}) == 2
    assert all(row["subject"] == application["id"] for row in told.values())
    async with site.database.read() as reader:
        reasons = (await reader.scalars(text("SELECT reason FROM transactions WHERE kind = 'return-hours.v1'"))).all()
    assert reasons == ["grant-mistaken"]


ALONE = """
UPDATE application_steps SET user_id = (SELECT user_id FROM application_steps WHERE event = 'annul')
WHERE event = 'propose-annulment'
"""
DAMAGE = (
    ("UPDATE application_steps SET event = 'dismiss-annulment' WHERE event = 'propose-annulment'", "another person"),
    (ALONE, "another person"),
    ("UPDATE benefit_grants SET counted = true", "it is annulled, its grant revoked, counted: t"),
    ("UPDATE benefit_grants SET returned_id = NULL", "its hours used up"),
    ("UPDATE applications SET state = 'revoked'", "it is revoked, its grant revoked, counted: f, its hours returned"),
)


@pytest.mark.parametrize("change, told", DAMAGE)
async def test_verify_finds_an_annulment_that_is_none(site: Site, change: str, told: str) -> None:
    """One person alone, or a grant that was only half undone, or one undone that nobody annulled."""
    hamlet = await a_hamlet(site, a_using())
    await _annul(hamlet, await _granted(hamlet))
    assert await _findings(site) == []
    async with site.database.begin() as tx:
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.execute(text(change))
    assert any(told in what for what in await _findings(site))

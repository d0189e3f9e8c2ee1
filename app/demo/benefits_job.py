"""The benefits: applications through their levels, a letter, an objection; what people decide, the system prepares."""

from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from hashlib import sha256
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx

from app.demo.client import Person
from app.demo.main_job import log_in
from app.demo.staff import TOWN, act_as, enter, hire, register
from app.demo.steps import Steps, equal, expect
from app.security.credentials import PublicKeys, Verdict, check_credential

_ZONE = ZoneInfo("Asia/Shanghai")
_DAY_MINUTES = 480
"""What a squad may verify of one day by itself."""
MINE, ALL = "/v1/me/applications", "/v1/applications"


class Officials(NamedTuple):
    """Who decides: two people of the town, two of the city."""

    first: Person
    second: Person
    city: Person
    deputy: Person


def call_officials(client: httpx.Client, described: dict[str, Any]) -> Officials:
    """Two organisers of the town, the administrator and another one."""
    admin = log_in(client, described, "admin")
    first, second = (hire(client, described, admin, "organiser", region_code=TOWN) for _ in range(2))
    return Officials(first, second, admin, hire(client, described, admin, "admin"))


def serve(organiser: Person, admin: Person, volunteer: str, days: int) -> None:
    """So many days of eight hours, one after another, the last one yesterday; entered by one, verified by another."""
    team = expect(admin.get("/v1/teams?limit=200"), 200)["teams"][-1]["id"]
    today = datetime.now(_ZONE).date()
    for back in range(1, days + 1):
        began = datetime.combine(today - timedelta(days=back), time_of_day(8), _ZONE)
        record = enter(organiser, volunteer, team, began, _DAY_MINUTES)
        expect(admin.post(f"/v1/service-records/{record}/verify"), 200)


def run_benefits_job(client: httpx.Client, described: dict[str, Any], steps: Steps) -> None:
    """Walk the benefits."""
    officials = call_officials(client, described)
    organiser = log_in(client, described, "organiser")
    registered = (datetime.now(UTC) - timedelta(days=800)).isoformat()
    document = {"id_type": "resident_id", "id_number": "330282199003070016"}
    consent = {"version": "2026-1", "channel": "paper"}
    founder = register(organiser, "赵明远", registered_at=registered, consent=consent, **document)
    who = act_as(client, officials.city, founder)
    told = expect(who.get("/v1/me/benefits/founder-loan"), 200)
    missing = next(criterion["missing_zh"] for criterion in told["criteria"] if not criterion["met"])
    steps.done(f"a volunteer without hours reads why not: {missing}")
    serve(organiser, officials.city, founder, 75)
    told = expect(who.get("/v1/me/benefits/founder-loan"), 200)
    equal([criterion["code"] for criterion in told["criteria"] if not criterion["met"]], [], "what is missing now")
    expect(who.post("/v1/me/consents", {"purpose": "benefit_application", "version": "2026-1"}), 201)
    _support(client, who, officials, steps)
    _letter(who, officials, steps)
    _hardship(client, organiser, officials, registered, steps)


def _material(*codes: str) -> list[dict[str, str]]:
    return [{"code": code, "sha256": sha256(code.encode()).hexdigest(), "reference": "档案 2026-117"} for code in codes]


def _apply(who: Person, benefit: str, *codes: str, **more: int) -> str:
    """A submitted application."""
    begun = expect(who.post(MINE, {"benefit": benefit, "material": _material(*codes), **more}), 201)
    expect(who.post(f"{MINE}/{begun['id']}/submit"), 200)
    return str(begun["id"])


def _decide(who: Person, application: str, decision: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    found: dict[str, Any] = expect(who.post(f"{ALL}/{application}/decisions", {"decision": decision, **more}), 200)
    return found


def _approve(city: Person, application: str) -> dict[str, Any]:
    """The city's approval, after looking at the facts of now and into what excludes."""
    seen = expect(city.get(f"{ALL}/{application}"), 200)
    return _decide(city, application, "approve", facts_hash=seen["facts_hash"], attested=seen["attested"])


def _support(client: httpx.Client, who: Person, officials: Officials, steps: Steps) -> None:
    """A founder's support through all levels to a signed grant, checked offline until it is revoked."""
    application = _apply(who, "founder-loan", "plan")
    _decide(officials.first, application, "take-in")
    _decide(officials.second, application, "endorse")
    alone = officials.first.post(f"{ALL}/{application}/decisions", {"decision": "reject", "reason": "越权"})
    equal(expect(alone, 409)["code"], "REVIEW_LEVEL", "the town that decides for the city")
    equal(_approve(officials.city, application)["state"], "approved", "the application for a founder's support")
    given = expect(who.get(f"{MINE}/{application}/credential"), 200)
    keys = PublicKeys(expect(client.get(httpx.URL(given["keys_url"]).path), 200))

    def check() -> Verdict:
        listed = client.get(httpx.URL(given["status_url"]).path).text
        return check_credential(given["jws"], keys, listed, datetime.now(UTC)).verdict

    equal(check(), Verdict.VALID, "the credential")
    equal(_decide(officials.city, application, "refer")["state"], "referred", "the referral to the bureau")
    steps.done(f"a founder's support passes town and city; its signed grant is checked offline: {given['benefit']}")
    _decide(officials.deputy, application, "revoke", reason="材料不实")
    equal(check(), Verdict.REVOKED, "the credential of a revoked grant")
    steps.done("revoked by another person with the reason: the same credential no longer stands")


def _letter(who: Person, officials: Officials, steps: Steps) -> None:
    """An enrolment reference: a letter to the bureau, which decides."""
    application = _apply(who, "enrolment", "guardian-consent")
    _decide(officials.first, application, "take-in")
    _decide(officials.first, application, "endorse")
    _decide(officials.second, application, "endorse")
    equal(_approve(officials.city, application)["state"], "approved", "the application for a letter")
    _decide(officials.city, application, "refer")
    letter = expect(who.get(f"{MINE}/{application}/reference"), 200)
    page = who.get(f"{MINE}/{application}/reference/page")
    equal((page.status_code, letter["addressee"] in page.text), (200, True), "the printable letter")
    steps.done(f"{letter['title']} to {letter['addressee']}: {letter['stars']} stars, {letter['minutes'] // 60} hours")


def _hardship(client: httpx.Client, organiser: Person, officials: Officials, registered: str, steps: Steps) -> None:
    """A hardship case by way of an honour; a neighbour objects to the notice, the town looks again."""
    volunteer = register(organiser, "钱小满", registered_at=registered, born_on="1978-11-02")
    honour = {
        "kind": "volunteer",
        "name": "最美志愿者",
        "awarded_by": "中共慈溪市委宣传部",
        "level": "county",
        "awarded_on": datetime.now(_ZONE).date().isoformat(),
        "evidence": "慈文明〔2026〕3号",
        "volunteer_id": volunteer,
    }
    expect(officials.city.post("/v1/honours", honour), 201)
    who = act_as(client, officials.city, volunteer)
    expect(who.post("/v1/me/consents", {"purpose": "benefit_application", "version": "2026-1"}), 201)
    application = _apply(who, "hardship", "cause", requested_fen=500_000)
    _decide(officials.first, application, "take-in")
    _decide(officials.first, application, "endorse")
    public = _decide(officials.second, application, "endorse", amount_fen=300_000)
    equal(public["state"], "publicity", "the hardship case")
    neighbour = act_as(client, officials.city, register(organiser, "孙大力"))
    [shown] = [
        entry
        for entry in expect(neighbour.get("/v1/publicity"), 200)["entries"]
        if entry["application_id"] == application
    ]
    ends = datetime.fromisoformat(shown["until"]).astimezone(_ZONE) - timedelta(microseconds=1)
    told = f"{shown['name']}, {shown['category']}, 3,000 yuan"
    steps.done(f"under public notice until {ends.date()}, 24:00: {told}")
    expect(neighbour.post(f"/v1/publicity/{application}/objections", {"reason": "家庭情况与公示不符"}), 201)
    equal(expect(who.get(f"{MINE}/{application}"), 200)["state"], "objection", "the case after the objection")
    again = _decide(officials.first, application, "reinvestigate", reason="经入户核查，情况属实")
    steps.done(f"a neighbour objects; investigated again with the findings in writing, the case is at {again['state']}")

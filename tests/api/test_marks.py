"""Open marks: listed by rule to whoever reaches the record, cleared with a reason by somebody it does not concern."""

from datetime import timedelta

import pytest

from app.core.ids import format_id
from app.security.actors import ActorKind
from tests.support.bulk_calls import enter_rows
from tests.support.calls import Json
from tests.support.ledgers import fetch_rows
from tests.support.service_calls import RECORDS, Person, a_record, a_tree, an_admin, person
from tests.support.sites import Site

MARKS = "/v1/record-marks"
REASON = {"reason": "两处相邻，已电话核实"}


async def two_places(who: Person, team: str, number: int = 0) -> str:
    """A record that is marked, since its volunteer was elsewhere a moment before."""
    site = who.site
    rows = [
        a_record(site, number=number, team_id=team, place_region_code="330282001"),
        a_record(
            site, number=number, team_id=team, place_region_code="330282002", ended_ago=timedelta(days=1, minutes=90)
        ),
    ]
    made = await enter_rows(who, rows)
    marked: str = made["rows"][1]["id"]
    return marked


async def listed(who: Person, query: str = "") -> list[tuple[str, str]]:
    """The open marks that somebody sees, one page after the other, two a page."""
    found: list[tuple[str, str]] = []
    after = ""
    while True:
        page = await who.get(f"{MARKS}?limit=2{query}{after}")
        found += [(mark["record_id"], mark["kind"]) for mark in page["marks"]]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


async def test_open_marks_are_listed_by_rule_and_within_reach(site: Site) -> None:
    """All to an administrator and an auditor, the own part's to an organiser; by rule; paged; with their reasons."""
    tree = await a_tree(site)
    admin, organiser = an_admin(site), person(site, "organiser")
    await admin.post("/v1/suspicion-limits", {"day_minutes": 150})
    teams = [format_id("tea", team) for team in tree.small]
    first = await two_places(organiser, teams[0])
    second = await two_places(organiser, teams[1], number=1)
    both = [(first, "impossible-day"), (first, "two-places")]
    other = [(second, "impossible-day"), (second, "two-places")]
    assert await listed(admin) == [*both, *other]
    assert await listed(person(site, "auditor", ActorKind.AUDITOR)) == [*both, *other]
    assert await listed(admin, "&rule=two-places") == [both[1], other[1]]
    assert await listed(person(site, "leader", team=tree.middle[0])) == both
    assert await listed(person(site, "regional", region="330282002")) == other
    assert await listed(admin, "&rule=mass-entry") == []
    [mark, *_] = (await admin.get(f"{MARKS}?rule=impossible-day"))["marks"]
    assert (mark["team_id"], mark["figures"]["minutes"], mark["cleared"]) == (teams[0], 180, False)
    assert "180" in mark["reason"]
    for after in ("x", f"{first}/nothing", "rec_1/two-places"):
        assert (await admin.get(f"{MARKS}?after={after}", 400))["code"] == "PARAM_ERROR"
    await admin.get(f"{MARKS}?rule=luck", 400)


async def test_a_cleared_mark_stays_and_is_on_no_list(site: Site) -> None:
    """Who, when, why; told on the record; one audit row; cleared again it is a conflict; repeated, the same answer."""
    admin, organiser = an_admin(site), person(site, "organiser")
    record = await two_places(organiser, format_id("tea", site.city.team))
    target = f"{RECORDS}/{record}/marks/two-places/clear"
    headers = await site.headers(admin.kind, subject=admin.subject) | {"Idempotency-Key": "c-1"}
    cleared = await site.client.post(target, json=REASON, headers=headers)
    assert cleared.status_code == 200
    told: Json = cleared.json()
    assert (told["record_id"], told["kind"], told["reason"]) == (record, "two-places", REASON["reason"])
    assert told["cleared_by"] == format_id("usr", admin.subject)
    again = await site.client.post(target, json=REASON, headers=headers)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (told, "true")
    assert (await admin.post(target, REASON, 409))["code"] == "STATE_CONFLICT"
    assert await listed(admin) == []
    assert await organiser.listed("&marked=true") == []
    [mark] = (await organiser.get(f"{RECORDS}/{record}"))["marks"]
    assert (mark["cleared"], mark["clearing_reason"]) == (True, REASON["reason"])
    audited = await fetch_rows(site.database, "SELECT actor, subject FROM audit_rows WHERE action = 'mark.clear'")
    assert audited == [(told["cleared_by"], record)]


@pytest.mark.parametrize(
    "who, status, code",
    [("enterer", 409, "SELF_REVIEW"), ("volunteer", 409, "SELF_REVIEW"), ("beside", 404, "NOT_FOUND")],
)
async def test_nobody_clears_what_concerns_them(site: Site, who: str, status: int, code: str) -> None:
    """Not who entered the record, not who served; beside one's part there is no record. The mark stays open."""
    tree = await a_tree(site)
    people = {
        "enterer": person(site, "enterer"),
        "volunteer": person(site, "volunteer", volunteer=site.city.volunteers[0]),
        "beside": person(site, "beside", team=tree.middle[1]),
    }
    record = await two_places(people["enterer"], format_id("tea", tree.small[0]))
    refused = await people[who].post(f"{RECORDS}/{record}/marks/two-places/clear", REASON, status)
    assert refused["code"] == code
    assert await listed(an_admin(site)) == [(record, "two-places")]


async def test_a_mark_that_is_not_there_cannot_be_cleared(site: Site) -> None:
    """404 for a rule that has not spoken and for a record that is not there, 400 for what is no rule or no reason."""
    admin = an_admin(site)
    record = await two_places(person(site, "organiser"), format_id("tea", site.city.team))
    await admin.post(f"{RECORDS}/{record}/marks/mass-entry/clear", REASON, 404)
    await admin.post(f"{RECORDS}/rec_{'0' * 32}/marks/two-places/clear", REASON, 404)
    await admin.post(f"{RECORDS}/{record}/marks/luck/clear", REASON, 400)
    await admin.post(f"{RECORDS}/{record}/marks/two-places/clear", {"reason": ""}, 400)

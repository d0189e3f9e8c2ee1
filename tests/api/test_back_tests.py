"""Back-tests over HTTP: asked for in the background, read by the reviewer, and without one nothing is published."""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from app.security.actors import ActorKind
from app.store.back_tests import ATTEMPTS_MAX
from tests.support.back_tests import POLICIES, ask, back_tested, ended
from tests.support.calls import Caller, Json, an_admin
from tests.support.sites import Site

HEADINGS = ("by_month", "by_town", "by_category", "by_level", "by_stars", "by_version")


async def a_draft(caller: Caller, version: str = "2027-1", **more: Any) -> Json:  # noqa: ANN401 - JSON
    """A new draft; one point an hour for each that the city's rule gives, unless it says otherwise."""
    body = {"version": version, "effective_from": "2027-01-01", "rate_per_hour": 60, **more}
    return await caller.post(POLICIES, body, 201)


async def publish(caller: Caller, version: str, revision: int, status: int = 200) -> Json:
    """Publish a draft that has been reviewed."""
    return await caller.send("POST", f"{POLICIES}/{version}/publish", None, status, If_Match=f'"{revision}"')


def _sum(lines: list[Json]) -> tuple[int, int, int]:
    return tuple(sum(line[name] for line in lines) for name in ("records", "in_force", "draft"))


async def test_a_report_tells_both_rules_side_by_side(site: Site) -> None:
    """Half the rate, capped at 4 hours a day: points, fen, caps, winners and losers, funds; each heading adds up."""
    admin = an_admin(site)
    await a_draft(admin, rate_per_hour=30, caps={"day_minutes": 240})
    asked = await ask(admin, "2027-1")
    assert (asked["state"], asked["report"], asked["current"]) == ("queued", None, True)
    found = await ended(admin, asked)
    report = found["report"]
    assert (found["state"], found["progress"]) == ("done", {"done": 3, "total": 3})
    assert (report["records"], report["volunteers"], report["attested_records"]) == (3, 3, 0)
    assert report["points"] == {"in_force": 1500, "draft": 360}
    assert report["liability_fen"] == {"in_force": 4500, "draft": 1080, "fen_per_hundred_points": 300}
    assert report["cut_by_caps"]["draft"] == {"points": 390, "records": {"cap-day": 3}}
    assert report["cut_by_caps"]["in_force"] == {"points": 0, "records": {}}
    assert {name: _sum(report[name]) for name in HEADINGS} == dict.fromkeys(HEADINGS, (3, 1500, 360))
    assert [line["name"] for line in report["by_version"]] == ["2020-1"]
    changes = report["changes"]
    assert (changes["more"], changes["less"], changes["same"], changes["points_less"]) == (0, 3, 0, 1140)
    assert [each["volunteers"] for each in changes["distribution"]] == [0, 3, 0, 0, 0, 0, 0, 0, 0]
    assert {each["volunteer_id"] for each in changes["losers"]} == {
        format_id("vol", volunteer) for volunteer in site.city.volunteers
    }
    assert {(each["in_force"], each["draft"]) for each in changes["losers"]} == {(500, 120)}
    assert [(each["in_force"], each["draft"]) for each in report["funds"]] == [(None, None)]


async def test_the_fund_runs_dry_sooner_with_more_points(site: Site) -> None:
    """What was redeemed on the days of the period is the pace; with twice the points it is twice as fast."""
    admin = an_admin(site)
    assert (await site.redeem("A-1", await site.pay_code(), 100)).status_code == 201
    await a_draft(admin, rate_per_hour=120)
    today = site.clock.now.date()
    [fund] = (await back_tested(admin, "2027-1", since="2026-01-01", until=today.isoformat()))["report"]["funds"]
    days = (today - today.replace(month=1, day=1)).days + 1
    assert fund["spent_fen"] == 300
    left = fund["balance_fen"] * days
    assert (fund["in_force"], fund["draft"]) == tuple(
        (today + (today - today.replace(day=today.day - 1)) * (left // pace)).isoformat() for pace in (300, 600)
    )


async def test_a_changed_draft_needs_a_new_one(site: Site) -> None:
    """The report of an earlier body does not count, and comes to count again when the body does."""
    author, reviewer = an_admin(site), an_admin(site)
    await a_draft(author)
    first = await back_tested(author, "2027-1")
    assert (await author.get(f"{POLICIES}/2027-1"))["back_test_id"] == first["id"]
    changed = {"version": "2027-1", "effective_from": "2027-01-01", "rate_per_hour": 61}
    revised = await author.send("PUT", f"{POLICIES}/2027-1", changed, If_Match='"1"')
    assert revised["back_test_id"] is None
    await reviewer.send("POST", f"{POLICIES}/2027-1/review", None, If_Match='"2"')
    assert (await publish(reviewer, "2027-1", 3, 409))["code"] == "BACK_TEST_MISSING"
    assert not (await author.get(f"{POLICIES}/2027-1/back-tests/{first['id']}"))["current"]
    again = await author.send("PUT", f"{POLICIES}/2027-1", {**changed, "rate_per_hour": 60}, If_Match='"3"')
    assert again["back_test_id"] == first["id"]
    await reviewer.send("POST", f"{POLICIES}/2027-1/review", None, If_Match='"4"')
    assert (await publish(reviewer, "2027-1", 5))["state"] == "published"


async def test_one_that_has_not_ended_counts_for_nothing(site: Site) -> None:
    """Queued, cancelled and failed ones keep no report; a cancelled one stays cancelled."""
    admin, reviewer = an_admin(site), an_admin(site)
    await a_draft(admin)
    await reviewer.send("POST", f"{POLICIES}/2027-1/review", None, If_Match='"1"')
    insert = f"""
        INSERT INTO back_tests (programme_id, id, version, body, body_hash, since, until, state, attempts, asked_by,
                                asked_at, finished_at)
        SELECT programme_id, gen_random_uuid(), version, body, sha256(convert_to(body::text, 'UTF8')), '2026-01-01',
               '2026-01-02', s.state, {ATTEMPTS_MAX}, authors[1], now(), CASE WHEN s.state = 'failed' THEN now() END
        FROM policy_drafts, unnest(ARRAY['failed', 'queued']) AS s (state)
    """
    async with site.database.begin() as tx:
        await tx.execute(text(insert))
    listed = (await admin.get(f"{POLICIES}/2027-1/back-tests"))["back_tests"]
    queued = next(each for each in listed if each["state"] == "queued")
    cancelled = await admin.post(f"{POLICIES}/2027-1/back-tests/{queued['id']}/cancel")
    assert cancelled["state"] == "cancelled"
    refused = await admin.post(f"{POLICIES}/2027-1/back-tests/{queued['id']}/cancel", None, 409)
    assert refused["figures"] == {"state": "cancelled"}
    assert (await publish(admin, "2027-1", 2, 409))["code"] == "BACK_TEST_MISSING"


async def test_what_is_wrong_with_a_request_is_said(site: Site) -> None:
    """A period that ends before it begins or is not over, a draft that is not there or was given up."""
    admin = an_admin(site)
    await a_draft(admin)
    tests = f"{POLICIES}/2027-1/back-tests"
    refused = await admin.post(tests, {"since": "2026-02-02", "until": "2026-02-01"}, 400)
    assert [error["pointer"] for error in refused["errors"]] == ["/until"]
    assert (await admin.post(tests, {"since": "2026-02-02"}, 400))["errors"][0]["pointer"] == "/until"
    refused = await admin.post(tests, {"since": "2026-02-02", "until": "2099-01-01"}, 409)
    assert refused["figures"]["state"] == "not-over"
    period = {"since": "2026-01-01", "until": "2026-02-01"}
    assert (await admin.post(f"{POLICIES}/none/back-tests", period, 404))["code"] == "NOT_FOUND"
    await admin.get(f"{POLICIES}/none/back-tests", 404)
    await admin.get(f"{tests}/bkt_{'0' * 32}", 404)
    await admin.post(f"{tests}/bkt_{'0' * 32}/cancel", None, 404)
    await admin.get(f"{tests}/nonsense", 404)
    await admin.send("POST", f"{POLICIES}/2027-1/discard", None, If_Match='"1"')
    assert (await admin.post(tests, period, 409))["figures"] == {"state": "discarded"}


async def test_they_are_listed_page_by_page_and_found_under_their_own_draft_only(site: Site) -> None:
    """Without reports in the list; another draft's path does not lead to them; the auditor reads them too."""
    admin = an_admin(site)
    await a_draft(admin)
    await a_draft(admin, "2027-2", effective_from="2027-02-01")
    first, second = await back_tested(admin, "2027-1"), await back_tested(admin, "2027-1", since="2026-01-01")
    page = await admin.get(f"{POLICIES}/2027-1/back-tests?limit=1")
    assert [(each["id"], each["report"]) for each in page["back_tests"]] == [(first["id"], None)]
    rest = await admin.get(f"{POLICIES}/2027-1/back-tests?limit=1&after={page['next']}")
    assert ([each["id"] for each in rest["back_tests"]], rest["next"]) == ([second["id"]], None)
    await admin.get(f"{POLICIES}/2027-2/back-tests/{first['id']}", 404)
    auditor = Caller(site=site, kind=ActorKind.AUDITOR, subject=admin.subject)
    assert (await auditor.get(f"{POLICIES}/2027-1/back-tests/{first['id']}")) == first


async def test_a_repeated_request_asks_once(site: Site) -> None:
    """The same key and body are the same back-test."""
    admin = an_admin(site)
    await a_draft(admin)
    headers = await admin.headers()
    body = {"since": "2026-01-01", "until": "2026-02-01"}
    sent = [await site.client.post(f"{POLICIES}/2027-1/back-tests", json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [202, 202]
    assert len({answer.json()["id"] for answer in sent}) == 1


@pytest.mark.parametrize("change", ["UPDATE back_test_reports SET report = '{}'", "DELETE FROM back_test_reports"])
async def test_a_report_is_kept_for_ever(site: Site, change: str) -> None:
    """Nobody changes one or takes it away."""
    admin = an_admin(site)
    await a_draft(admin)
    await back_tested(admin, "2027-1")
    with pytest.raises(Exception, match="append"):
        async with site.database.begin() as tx:
            await tx.execute(text(change))

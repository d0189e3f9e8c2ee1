"""The public notice of applications over HTTP: what it shows and hides, objections within its days, on paper."""

from datetime import date, timedelta

import pytest

from tests.support.applications import ALL, MINE, NOTICE, TOWNS, a_hamlet, decide, publish_notice, submit
from tests.support.service_calls import Person, a_volunteer
from tests.support.sites import Site

WHY = {"reason": "其家庭另有收入"}


async def _page(who: Person, query: str = "") -> str:
    headers = await who.site.headers(who.kind, subject=who.subject, region=who.region)
    answer = await who.site.client.get(f"{NOTICE}/page{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.text


async def test_the_notice_shows_four_things(site: Site) -> None:
    """Masked surname, village, category, the amount found right; to volunteers and on paper, for its days."""
    hamlet = await a_hamlet(site)
    application = await publish_notice(hamlet, statement="因病致困", requested_fen=500_000)
    [entry] = (await hamlet.neighbour.get(NOTICE))["entries"]
    assert entry == {
        "application_id": application["id"],
        "name": "张*",
        "village": "村1",
        "kind": "hardship_aid",
        "category": "困难救助",
        "category_en": "Hardship aid",
        "amount_fen": 300_000,
        "until": "2026-03-09T16:00:00Z",
    }
    assert (await hamlet.neighbour.get(f"{NOTICE}?region={TOWNS[1]}"))["entries"] == []
    page = await _page(hamlet.village)
    assert all(words in page for words in ("张*", "村1", "困难救助", "3000.00 元", "2026-03-09 24:00"))
    assert "因病致困" not in page
    assert application["volunteer_id"] not in page
    assert "张*" not in await _page(hamlet.elsewhere)
    assert "张*" in await _page(hamlet.city, f"?region={TOWNS[0]}")
    site.clock.move(timedelta(days=8))
    assert (await hamlet.neighbour.get(NOTICE))["entries"] == []
    assert "张*" not in await _page(hamlet.village)


@pytest.mark.parametrize("born_on", [date(2010, 1, 1), None], ids=["a minor", "of an age nobody knows"])
async def test_a_minor_is_not_named(site: Site, born_on: date | None) -> None:
    """Neither name nor village nor amount: nothing that identifies, in neither form."""
    hamlet = await a_hamlet(site, born_on=born_on)
    await publish_notice(hamlet)
    [entry] = (await hamlet.neighbour.get(NOTICE))["entries"]
    assert (entry["name"], entry["village"], entry["amount_fen"]) == (None, None, None)
    page = await _page(hamlet.village)
    assert "张" not in page
    assert "村1" not in page


async def test_an_objection_is_investigated_again(site: Site) -> None:
    """By another volunteer, once, within the days; the town looks again and answers; the notice begins anew."""
    hamlet = await a_hamlet(site)
    application = await publish_notice(hamlet)
    target = f"{NOTICE}/{application['id']}/objections"
    await hamlet.applicant.post(target, WHY, 404)
    await hamlet.neighbour.post(target, {}, 400)
    raised = await hamlet.neighbour.post(target, WHY, 201)
    assert raised["reason"] == WHY["reason"]
    assert (await hamlet.neighbour.post(target, WHY, 409))["code"] == "ALREADY_EXISTS"
    await a_volunteer(site, 2).post(target, {"reason": "同样的看法"}, 201)
    assert len((await hamlet.neighbour.get(NOTICE))["entries"]) == 1
    site.clock.move(timedelta(days=8))
    assert (await hamlet.city.get(f"{ALL}/{application['id']}"))["state"] == "objection"
    assert (await decide(hamlet.city, application, "approve", 409))["code"] == "STATE_CONFLICT"
    again = await decide(hamlet.town, application, "reinvestigate", reason="已再次入户核实")
    assert again["state"] == "town-review"
    renewed = await decide(hamlet.town, application, "endorse")
    assert (renewed["state"], renewed["notice_until"]) == ("publicity", "2026-03-17T16:00:00Z")
    told = await hamlet.applicant.get(f"{MINE}/{application['id']}")
    assert [(each["raised_by"], each["answer"]) for each in told["objections"]] == [(None, "已再次入户核实")] * 2
    seen = await hamlet.town.get(f"{ALL}/{application['id']}")
    assert seen["objections"][0]["raised_by"] == f"vol_{hamlet.neighbour.subject.hex}"


async def test_what_is_not_under_notice_is_not_there(site: Site) -> None:
    """Before, afterwards, or under no id: 404, whoever asks."""
    hamlet = await a_hamlet(site)
    application = await submit(hamlet)
    await hamlet.neighbour.post(f"{NOTICE}/{application['id']}/objections", WHY, 404)
    await hamlet.neighbour.post(f"{NOTICE}/app_{'0' * 32}/objections", WHY, 404)
    await hamlet.neighbour.post(f"{NOTICE}/something/objections", WHY, 404)
    await decide(hamlet.village, application, "take-in")
    await decide(hamlet.village, application, "endorse")
    await decide(hamlet.town, application, "endorse")
    site.clock.move(timedelta(days=8))
    await hamlet.neighbour.post(f"{NOTICE}/{application['id']}/objections", WHY, 404)


async def test_the_notice_is_paged(site: Site) -> None:
    """By its cursor, without a count."""
    hamlet = await a_hamlet(site)
    await publish_notice(hamlet)
    page = await hamlet.neighbour.get(f"{NOTICE}?limit=1")
    assert page["next"] is None
    after = page["entries"][0]["application_id"]
    assert (await hamlet.neighbour.get(f"{NOTICE}?after={after}"))["entries"] == []

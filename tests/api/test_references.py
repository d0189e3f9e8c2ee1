"""Reference letters over HTTP: only of what is referred, from frozen facts, and they say that they decide nothing."""

from datetime import timedelta

from tests.support.applications import ALL, MINE, a_hamlet, decide, submit
from tests.support.service_calls import Person
from tests.support.sites import Site


async def _page(who: Person, target: str) -> str:
    headers = await who.site.headers(who.kind, subject=who.subject, region=who.region, volunteer=who.volunteer)
    answer = await who.site.client.get(target, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_an_enrolment_reference_is_a_letter_to_the_bureau(site: Site) -> None:
    """From approval to referral to the bureau's word; the letter is there while the bureau has not answered."""
    hamlet = await a_hamlet(site)
    application = await submit(hamlet, "enrolment")
    letter = f"{MINE}/{application['id']}/reference"
    assert (await hamlet.applicant.get(letter, 409))["code"] == "STATE_CONFLICT"
    await decide(hamlet.town, application, "take-in")
    await decide(hamlet.town, application, "endorse")
    assert (await decide(hamlet.city, application, "approve"))["state"] == "approved"
    assert (await decide(hamlet.city, application, "fulfil", 409))["code"] == "STATE_CONFLICT"
    site.clock.move(timedelta(days=40))
    assert (await decide(hamlet.city, application, "refer"))["state"] == "referred"
    steps = (await hamlet.city.get(f"{ALL}/{application['id']}"))["steps"]
    assert [change["fact"] for change in steps[-1]["differences"]] == ["registered_months", "held"]
    said = await hamlet.applicant.get(letter)
    assert (said["addressee"], said["title"]) == ("教育局", "志愿服务情况佐证（推荐函）")
    assert (said["as_of"], said["minutes"], said["masked_name"]) == ("2026-03-02", 500, "张**")
    assert "不作为入学的条件或者依据" in said["statement"]
    frozen = (await hamlet.city.get(f"{ALL}/{application['id']}"))["frozen_hash"]
    assert said["facts_hash"] == frozen
    assert await hamlet.town.get(f"{ALL}/{application['id']}/reference") == said
    for who, target in ((hamlet.applicant, letter), (hamlet.city, f"{ALL}/{application['id']}/reference")):
        page = await _page(who, f"{target}/page")
        assert all(words in page for words in ("教育局", said["statement"], said["statement_en"], "8 小时 20 分"))
    for stranger, target in ((hamlet.neighbour, letter), (hamlet.elsewhere, f"{ALL}/{application['id']}/reference")):
        await stranger.get(target, 404)
        await stranger.get(f"{target}/page", 404)
    await decide(hamlet.city, application, "authority-declines", 400)
    accepted = await decide(hamlet.city, application, "authority-accepts")
    assert accepted["state"] == "accepted-by-authority"
    await hamlet.applicant.get(letter, 409)
    assert (await decide(hamlet.city, application, "fulfil"))["state"] == "fulfilled"


async def test_an_authority_may_decline(site: Site) -> None:
    """With its reason; then nothing more happens, and no letter is given out."""
    hamlet = await a_hamlet(site)
    application = await submit(hamlet, "enrolment")
    await decide(hamlet.town, application, "take-in")
    await decide(hamlet.town, application, "endorse")
    await decide(hamlet.city, application, "approve")
    await decide(hamlet.city, application, "refer")
    declined = await decide(hamlet.city, application, "authority-declines", reason="名额已满")
    assert declined["state"] == "declined-by-authority"
    assert (await decide(hamlet.city, application, "revoke", 409, reason="无"))["code"] == "STATE_CONFLICT"

"""Who may do what with an application over HTTP: by region, by level, not their own, not their family's."""

from datetime import timedelta

from tests.support.applications import ALL, MINE, a_hamlet, a_piece, be_user, begin, decide, someone, submit
from tests.support.sites import Site


async def test_reviewers_act_within_their_region_and_level(site: Site) -> None:
    """Elsewhere it is not there, in lists either; a village does not decide for the town; a team is no region."""
    hamlet = await a_hamlet(site)
    application = await submit(hamlet)
    target = f"{ALL}/{application['id']}"
    team = someone(site, team=site.city.team)
    for other in (hamlet.elsewhere, team):
        await other.get(target, 404)
        await decide(other, application, "take-in", 404)
        assert (await other.get(ALL))["applications"] == []
    for own in (hamlet.village, hamlet.town, hamlet.city, someone(site)):
        assert [row["id"] for row in (await own.get(ALL))["applications"]] == [application["id"]]
    await decide(hamlet.town, application, "take-in")
    await decide(hamlet.village, application, "endorse")
    refused = await decide(hamlet.village, application, "endorse", 409)
    assert (refused["code"], refused["figures"]) == ("REVIEW_LEVEL", {"needed": "town"})
    assert (await decide(hamlet.city, application, "endorse"))["state"] == "publicity"
    site.clock.move(timedelta(days=8))
    same = await decide(hamlet.city, application, "approve", 409)
    assert (same["code"], same["figures"]) == ("SELF_REVIEW", {"why": "same-person"})


async def test_drafts_are_their_volunteers(site: Site) -> None:
    """No official reads them, and no other volunteer reads anything of an application."""
    hamlet = await a_hamlet(site)
    draft = await begin(hamlet)
    for reader in (hamlet.village, hamlet.city):
        await reader.get(f"{ALL}/{draft['id']}", 404)
        assert (await reader.get(ALL))["applications"] == []
        await decide(reader, draft, "take-in", 404)
    await hamlet.neighbour.get(f"{MINE}/{draft['id']}", 404)
    assert (await hamlet.neighbour.get(MINE))["applications"] == []
    for verb in ("submit", "withdraw"):
        await hamlet.neighbour.post(f"{MINE}/{draft['id']}/{verb}", None, 404)
    assert [row["id"] for row in (await hamlet.applicant.get(MINE))["applications"]] == [draft["id"]]


async def test_officials_write_applications_down_and_do_not_decide_them(site: Site) -> None:
    """Of their own region, with consent; whoever entered it is excluded, and so is nobody else."""
    hamlet = await a_hamlet(site)
    body = {"benefit": "hardship", "volunteer_id": f"vol_{site.city.volunteers[0].hex}"}
    await hamlet.elsewhere.post(ALL, body, 404)
    draft = await hamlet.village.post(ALL, body, 201)
    await hamlet.town.post(f"{ALL}/{draft['id']}/submit", None, 404)
    assert (await hamlet.village.post(f"{ALL}/{draft['id']}/submit"))["state"] == "submitted"
    assert (await decide(hamlet.village, draft, "take-in", 409))["code"] == "SELF_REVIEW"
    assert (await decide(hamlet.town, draft, "request-material", reason="请补充"))["state"] == "material-requested"
    supplied = await hamlet.village.post(f"{ALL}/{draft['id']}/supply", {"material": [a_piece()]})
    assert supplied["state"] == "submitted"
    assert (await hamlet.applicant.post(f"{MINE}/{draft['id']}/withdraw"))["state"] == "withdrawn"


async def test_relatives_of_staff_are_flagged_and_decided_by_others_at_the_city(site: Site) -> None:
    """The relative is excluded everywhere, the town gives its opinion only; the volunteer does not read the flag."""
    hamlet = await a_hamlet(site)
    user = await be_user(site, hamlet.city)
    related = {"volunteer_id": f"vol_{site.city.volunteers[0].hex}"}
    await hamlet.second.post(f"/v1/users/usr_{user.hex}/relatives", related, 201)
    application = await submit(hamlet)
    assert (await hamlet.town.get(f"{ALL}/{application['id']}"))["flagged"] is True
    assert (await hamlet.applicant.get(f"{MINE}/{application['id']}"))["flagged"] is None
    await decide(hamlet.village, application, "take-in")
    await decide(hamlet.village, application, "oppose", reason="情况不符")
    refused = await decide(hamlet.town, application, "reject", 409, reason="情况不符")
    assert (refused["code"], refused["figures"]) == ("REVIEW_LEVEL", {"needed": "city"})
    await decide(hamlet.town, application, "oppose", reason="情况不符")
    site.clock.move(timedelta(days=8))
    assert (await decide(hamlet.city, application, "reject", 409, reason="回避"))["code"] == "SELF_REVIEW"
    assert (await decide(hamlet.second, application, "reject", reason="不符"))["state"] == "rejected"

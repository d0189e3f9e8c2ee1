"""Reviewing over HTTP: the tiers of a day, four eyes and relatives, and each organiser's part of the two trees."""

from datetime import timedelta

import pytest

from app.core.ids import TeamId, format_id
from tests.support.calls import Json
from tests.support.log_ins import has_chosen
from tests.support.service_calls import TOWNS, Person, Tree, a_record, a_tree, an_admin, person
from tests.support.sites import Site

LEVELS = ("small", "middle", "root", "admin")


def reviewers(site: Site, tree: Tree) -> dict[str, Person]:
    """One reviewer at the small team, one at its parent, one at the root, an administrator, and the whole city's."""
    return {
        "small": person(site, "small", team=tree.small[0]),
        "middle": person(site, "middle", team=tree.middle[0]),
        "root": person(site, "root", team=tree.root),
        "admin": an_admin(site),
        "city": person(site, "city"),
    }


async def _entered(site: Site, tree: Tree, hours: int, begins_hours_ago: int = 33) -> Json:
    """A record of the first small team, on the day before yesterday in Shanghai."""
    ended_ago = timedelta(hours=begins_hours_ago - hours)
    body = a_record(site, minutes=hours * 60, ended_ago=ended_ago, team_id=format_id("tea", tree.small[0]))
    return await person(site, "enterer", team=tree.small[0]).enter(body)


@pytest.mark.parametrize(
    "hours, lowest, refused",
    [
        (8, "small", ()),
        (9, "middle", ("small",)),
        (12, "middle", ("small",)),
        (13, "root", ("small", "middle", "city")),
    ],
)
async def test_a_long_day_climbs(site: Site, hours: int, lowest: str, refused: tuple[str, ...]) -> None:
    """Up to 8 hours the team, up to 12 its parent, above that the root: below it REVIEW_LEVEL names who must."""
    tree = await a_tree(site)
    people = reviewers(site, tree)
    record = await _entered(site, tree, hours)
    for name in refused:
        told = await people[name].verify(record, 409)
        assert told["code"] == "REVIEW_LEVEL"
        assert told["figures"] == {"level": "top" if hours > 12 else "parent"}
    assert (await people[lowest].verify(record))["state"] == "verified"


async def test_an_administrator_and_the_citys_organiser(site: Site) -> None:
    """An administrator verifies any day; an organiser without a team stands above teams, but is no root."""
    tree = await a_tree(site)
    people = reviewers(site, tree)
    assert (await people["admin"].verify(await _entered(site, tree, 14)))["points"] == 840
    assert (await people["city"].verify(await _entered(site, tree, 10, 100)))["points"] == 600


async def test_the_hours_of_a_day_add_up(site: Site) -> None:
    """Two records of five hours on one day: the second is the parent's, until the first is withdrawn again."""
    tree = await a_tree(site)
    people = reviewers(site, tree)
    first, second = await _entered(site, tree, 5), await _entered(site, tree, 5, 27)
    await people["small"].verify(first)
    assert (await people["small"].verify(second, 409))["figures"] == {"level": "parent"}
    await people["small"].post(f"/v1/service-records/{first['id']}/withdraw")
    assert (await people["small"].verify(second))["state"] == "verified"


async def test_a_relative_reviews_nothing_of_the_family(site: Site) -> None:
    """Registered once, refused for ever: verify and reject are SELF_REVIEW, another volunteer's record is not."""
    admin, organiser = an_admin(site), person(site, "organiser")
    made = await admin.post(
        "/v1/users",
        {"kind": "organiser", "username": "li", "password": "long enough words", "region_code": "330282"},
        201,
    )
    assert made["region_code"] == "330282"
    related = {"volunteer_id": format_id("vol", site.city.volunteers[0])}
    answer = await admin.post(f"/v1/users/{made['id']}/relatives", related, 201)
    assert answer["volunteer_ids"] == [related["volunteer_id"]]
    assert await admin.post(f"/v1/users/{made['id']}/relatives", related, 201) == answer
    assert (await admin.get(f"/v1/users/{made['id']}/relatives")) == answer
    await admin.post(f"/v1/users/usr_{'0' * 32}/relatives", related, 404)
    reviewer = Person(site=site, kind=organiser.kind, subject=type(organiser.subject)(hex=made["id"][4:]))
    own, other = [await organiser.enter(a_record(site, number=number)) for number in (0, 1)]
    assert (await reviewer.verify(own, 409))["code"] == "SELF_REVIEW"
    assert (await reviewer.post(f"/v1/service-records/{own['id']}/reject", None, 409))["code"] == "SELF_REVIEW"
    assert (await reviewer.verify(other))["state"] == "verified"


async def test_others_records_do_not_exist(site: Site) -> None:
    """Both ways: of two teams beside each other each reviews its own records, and 404 the other's."""
    tree = await a_tree(site)
    sides = [person(site, f"side {number}", team=tree.middle[number]) for number in (0, 1)]
    enterers = [person(site, f"enterer {number}", team=tree.small[number]) for number in (0, 1)]
    records = [
        await enterers[number].enter(a_record(site, number=number, team_id=format_id("tea", tree.small[number])))
        for number in (0, 1)
    ]
    for number, side in enumerate(sides):
        own, other = records[number], records[1 - number]
        for verb in ("verify", "reject", "withdraw"):
            refused = await side.post(f"/v1/service-records/{other['id']}/{verb}", None, 404)
            assert refused["code"] == "NOT_FOUND"
        await side.get(f"/v1/service-records/{other['id']}", 404)
        assert await side.listed() == [own["id"]]
        assert await side.listed(f"&team={other['team_id']}") == []
        assert (await side.get(f"/v1/service-records/{own['id']}"))["state"] == "entered"
    for number, side in enumerate(sides):
        assert (await side.verify(records[number]))["state"] == "verified"


async def test_a_team_sees_below_it_and_not_above(site: Site) -> None:
    """The root sees all, a small team neither its parent's nor the root's records; an auditor sees everything."""
    tree = await a_tree(site)
    root = person(site, "root", team=tree.root)
    teams: tuple[TeamId, ...] = (tree.root, tree.middle[0], tree.small[0])
    made = [
        await root.enter(a_record(site, number=number, team_id=format_id("tea", team)))
        for number, team in enumerate(teams)
    ]
    ids = {row["id"] for row in made}
    seen = {
        team: ids & set(await person(site, f"reader {tier}", team=team).listed()) for tier, team in enumerate(teams)
    }
    assert [len(seen[team]) for team in teams] == [3, 2, 1]
    assert ids <= set(await an_admin(site).listed())


async def test_a_region_limits_like_a_team(site: Site) -> None:
    """An organiser of a town sees the town's teams, of the county all; team and region that do not meet: nothing."""
    tree = await a_tree(site)
    record = await _entered(site, tree, 2)
    town, other = (person(site, f"town {code}", region=code) for code in TOWNS)
    await town.get(f"/v1/service-records/{record['id']}")
    assert await town.listed() == [record["id"]]
    await other.get(f"/v1/service-records/{record['id']}", 404)
    assert record["id"] not in await other.listed()
    county = person(site, "county", region="330282")
    assert record["id"] in await county.listed()
    nowhere = person(site, "nowhere", team=tree.middle[0], region=TOWNS[1])
    assert await nowhere.listed() == []
    await nowhere.verify(record, 404)
    assert (await town.verify(record))["state"] == "verified"


async def test_the_part_is_in_the_token(site: Site) -> None:
    """An organiser made with a team and a region has both after logging in: a record beside them is 404."""
    tree = await a_tree(site)
    admin = an_admin(site)
    body = {
        "kind": "organiser",
        "username": "zhang",
        "password": "long enough words",
        "team_id": format_id("tea", tree.middle[1]),
        "region_code": TOWNS[1],
    }
    await admin.post("/v1/users", {**body, "region_code": "999999"}, 404)
    await admin.post("/v1/users", body, 201)
    await has_chosen(site, "zhang")
    login = {"programme": site.city.programme, "username": "zhang", "password": "long enough words"}
    token = (await site.client.post("/v1/auth/tokens", json=login)).json()["access_token"]
    record = await _entered(site, tree, 2)
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await site.client.get(f"/v1/service-records/{record['id']}", headers=bearer)).status_code == 404
    assert (await site.client.get("/v1/service-records", headers=bearer)).json()["records"] == []

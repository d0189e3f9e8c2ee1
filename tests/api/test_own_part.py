"""An organiser's part of the city (组织者的管辖范围): whom they see, freeze and register, and whom they do not."""

from typing import Any
from uuid import UUID

import pytest

from app.core.ids import TeamId, format_id
from tests.support.applications import TOWNS, VILLAGES, a_hamlet
from tests.support.calls import Json
from tests.support.service_calls import Person, an_admin, person
from tests.support.sites import Site

VOLUNTEERS = "/v1/volunteers"
READ = ("", "/wallet", "/statement", "/stars", "/bonuses", "/quality", "/benefits/hardship")


async def _towns(site: Site) -> tuple[Person, Person]:
    """The organisers of two towns; the city's first volunteer lives in the first, the second in the second."""
    await a_hamlet(site)
    return person(site, "here", region=TOWNS[0]), person(site, "there", region=TOWNS[1])


def _path(site: Site, number: int = 0) -> str:
    return f"{VOLUNTEERS}/{format_id('vol', site.city.volunteers[number])}"


@pytest.mark.parametrize("what", READ)
async def test_a_volunteer_is_read_where_they_live(site: Site, what: str) -> None:
    """By the organiser of their own town, whose villages are theirs too; for another town's they are nobody."""
    here, there = await _towns(site)
    await here.get(f"{_path(site)}{what}")
    assert (await there.get(f"{_path(site)}{what}", 404))["code"] == "NOT_FOUND"


async def test_nobody_freezes_people_of_another_town(site: Site) -> None:
    """404, and their points are still theirs; whose own town it is freezes and unfreezes them."""
    here, there = await _towns(site)
    why = {"reason": "reported-lost"}
    for step in ("freeze", "unfreeze"):
        assert (await there.post(f"{_path(site)}/{step}", why, 404))["code"] == "NOT_FOUND"
    assert (await an_admin(site).get(_path(site)))["status"] == "active"
    assert (await here.post(f"{_path(site)}/freeze", why))["status"] == "frozen"


async def test_nobody_unfreezes_themselves(site: Site) -> None:
    """An organiser who is a volunteer too finds somebody else for it."""
    own = person(site, "both", volunteer=site.city.volunteers[0])
    await person(site, "other").post(f"{_path(site)}/freeze", {"reason": "under-review"})
    refused = await own.post(f"{_path(site)}/unfreeze", {"reason": "review-ended"}, 409)
    assert refused["code"] == "SELF_REVIEW"
    assert (await an_admin(site).get(_path(site)))["status"] == "frozen"


def _listed(site: Site, page: Json) -> list[int]:
    numbers = {format_id("vol", volunteer): number for number, volunteer in enumerate(site.city.volunteers)}
    return [numbers[row["id"]] for row in page["volunteers"]]


async def test_a_list_holds_the_own_part(site: Site) -> None:
    """By town, by team, by both; without either, and for an administrator, everybody."""
    here, there = await _towns(site)
    team: dict[str, Any] = {"name": "别队", "kind": "general", "tier": 2, "region_code": TOWNS[1]}
    parent = format_id("tea", site.city.team)
    other = (await an_admin(site).post("/v1/teams", {**team, "parent_id": parent}, 201))["id"]
    of_team = person(site, "of-team", team=TeamId(site.city.team))
    of_other = person(site, "of-other", team=TeamId(UUID(hex=other[4:])))
    of_both = person(site, "of-both", team=TeamId(site.city.team), region=VILLAGES[1])
    everybody = sorted(range(3), key=lambda number: site.city.volunteers[number].hex)
    parts: tuple[tuple[Person, list[int]], ...] = (
        (here, [0]),
        (there, [1]),
        (of_team, everybody),
        (of_other, []),
        (of_both, [1]),
    )
    for who, numbers in (*parts, (an_admin(site), everybody)):
        assert _listed(site, await who.get(VOLUNTEERS)) == numbers, who


async def test_somebody_from_elsewhere_is_found_by_their_number_and_no_more(site: Site) -> None:
    """People serve in other towns too: who knows the number of another system finds the masked name, not the rest."""
    _, there = await _towns(site)
    known = {"system": "zyh", "external_id": "3302-77"}
    new = {"name": "张三丰", "region_code": VILLAGES[0], "external_ids": [known]}
    made = await an_admin(site).post(VOLUNTEERS, new, 201)
    [found] = (await there.get(f"{VOLUNTEERS}?system=zyh&external_id=3302-77"))["volunteers"]
    assert (found["id"], found["masked_name"]) == (made["id"], "张**")
    assert (await there.get(f"{VOLUNTEERS}?system=zyh"))["volunteers"] != [found]
    await there.get(f"{VOLUNTEERS}/{made['id']}", 404)


async def test_people_are_registered_where_one_is_responsible(site: Site) -> None:
    """Not in another town, not into a team beside one's own."""
    here, there = await _towns(site)
    new = {"name": "张三丰", "region_code": VILLAGES[0]}
    assert (await there.post(VOLUNTEERS, new, 404))["code"] == "NOT_FOUND"
    assert (await here.post(VOLUNTEERS, new, 201))["region_code"] == VILLAGES[0]
    beside = person(site, "beside", team=TeamId(here.subject))
    assert (await beside.post(VOLUNTEERS, {**new, "team_id": format_id("tea", site.city.team)}, 404))["code"] == (
        "NOT_FOUND"
    )

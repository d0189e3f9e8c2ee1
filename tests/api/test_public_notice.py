"""The public notice over HTTP: records without people, objections by others, and neither learns who the other is."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.ids import format_id
from app.store.database import Database
from tests.support.calls import Json
from tests.support.clocks import Clock
from tests.support.service_calls import Tree, a_record, a_tree, a_volunteer, an_admin, person
from tests.support.sites import Site, a_site
from tests.support.soundness import assert_all_sound

NOTICE = "/v1/me/public-notice"
WHY = {"reason": "当天该活动未举行"}
BECAUSE = {"reason": "经核实活动未举行"}


@pytest.fixture
async def noticed(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose points are under notice for seven days; those of before are over."""
    async with a_site(database, clock, tmp_path, notice_days=7) as running:
        running.clock.move(timedelta(days=8))
        yield running


async def _verified(site: Site, tree: Tree) -> Json:
    team = format_id("tea", tree.small[0])
    record = await person(site, "enterer", team=tree.small[0]).enter(a_record(site, team_id=team))
    return await person(site, "middle", team=tree.middle[0]).verify(record)


async def test_what_is_under_notice_is_shown_without_people(noticed: Site) -> None:
    """From verification until the notice ends, to every volunteer; no id and no name of anybody is in it."""
    tree = await a_tree(noticed)
    other = a_volunteer(noticed, 1)
    assert (await other.get(NOTICE))["records"] == []
    record = await _verified(noticed, tree)
    [shown] = (await other.get(NOTICE))["records"]
    assert (shown["record_id"], shown["minutes"], shown["notice_ends_at"]) == (
        record["id"],
        90,
        record["matures_at"],
    )
    people = ("vol_", "usr_", "张", noticed.city.volunteers[0].hex)
    assert not [trace for trace in people if trace in json.dumps(shown, ensure_ascii=False)]
    assert (await other.get(f"{NOTICE}?team={format_id('tea', tree.root)}"))["records"] == []
    noticed.clock.move(timedelta(days=7) - timedelta(seconds=1))
    assert len((await other.get(NOTICE))["records"]) == 1
    noticed.clock.move(timedelta(seconds=1))
    assert (await other.get(NOTICE))["records"] == []
    await other.post(f"{NOTICE}/{record['id']}/objections", WHY, 404)


async def test_another_volunteer_objects_and_is_heard(noticed: Site) -> None:
    """The organisation answers; upheld, hours and points go. Neither volunteer learns who the other is."""
    tree = await a_tree(noticed)
    record = await _verified(noticed, tree)
    owner, other = a_volunteer(noticed), a_volunteer(noticed, 1)
    objection = await other.post(f"{NOTICE}/{record['id']}/objections", WHY, 201)
    assert (objection["state"], objection["volunteer_id"]) == ("open", None)
    assert (await other.post(f"{NOTICE}/{record['id']}/objections", WHY, 409))["code"] == "ALREADY_EXISTS"
    assert (await other.get("/v1/me/objections"))["objections"] == [objection]
    assert (await owner.get("/v1/me/objections"))["objections"] == []
    own = await owner.get(f"/v1/me/service-records/{record['id']}")
    assert own["disputed"] is True
    assert noticed.city.volunteers[1].hex not in json.dumps(own)
    read = await person(noticed, "root", team=tree.root).get(f"/v1/objections/{objection['id']}")
    assert read["volunteer_id"] == format_id("vol", noticed.city.volunteers[0])
    assert read["raised_by"] == format_id("vol", noticed.city.volunteers[1])
    await person(noticed, "root", team=tree.root).post(f"/v1/objections/{objection['id']}/uphold", BECAUSE)
    assert (await owner.get(f"/v1/me/service-records/{record['id']}"))["state"] == "withdrawn"
    [heard] = (await other.get("/v1/me/objections"))["objections"]
    assert (heard["state"], heard["answer"], heard["volunteer_id"]) == ("corrected", BECAUSE["reason"], None)
    await assert_all_sound(noticed.database, noticed.city)


async def test_only_what_is_shown_is_there(noticed: Site) -> None:
    """Not one's own, not what only waits for its verification, not what was withdrawn: 404, as for a stranger's id."""
    tree = await a_tree(noticed)
    record = await _verified(noticed, tree)
    other = a_volunteer(noticed, 1)
    await a_volunteer(noticed).post(f"{NOTICE}/{record['id']}/objections", WHY, 404)
    await other.post(f"/v1/me/service-records/{record['id']}/objections", WHY, 404)
    await an_admin(noticed).post(f"/v1/service-records/{record['id']}/withdraw")
    await other.post(f"{NOTICE}/{record['id']}/objections", WHY, 404)
    entered = await person(noticed, "enterer", team=tree.small[0]).enter(
        a_record(noticed, team_id=format_id("tea", tree.small[0]))
    )
    await other.post(f"{NOTICE}/{entered['id']}/objections", WHY, 404)
    await other.post(f"{NOTICE}/rec_{'0' * 32}/objections", WHY, 404)


async def test_an_objection_may_be_taken_back(noticed: Site) -> None:
    """By whoever raised it, still without learning whose record it is."""
    tree = await a_tree(noticed)
    record = await _verified(noticed, tree)
    other = a_volunteer(noticed, 1)
    objection = await other.post(f"{NOTICE}/{record['id']}/objections", WHY, 201)
    taken = await other.post(f"/v1/me/objections/{objection['id']}/take-back")
    assert (taken["state"], taken["volunteer_id"]) == ("taken-back", None)
    await a_volunteer(noticed).post(f"/v1/me/objections/{objection['id']}/take-back", None, 404)

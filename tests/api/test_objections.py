"""Objections over HTTP: raised by the volunteer or within notice, answered in time or by the team above, corrected."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.actions.objections import escalate_due
from app.core.ids import TeamId, format_id
from app.jobs.objections import run_corrections, run_escalations
from app.store.database import Database
from tests.support.calls import Json
from tests.support.clocks import Clock
from tests.support.service_calls import Person, Tree, a_record, a_tree, a_volunteer, an_admin, person
from tests.support.sites import Site, a_site

WHY = {"reason": "实际服务到 12 时"}
BECAUSE = {"reason": "签退记录属实"}


@pytest.fixture
async def noticed(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose points are under notice for seven days."""
    async with a_site(database, clock, tmp_path, notice_days=7) as running:
        yield running


async def _record(site: Site, team: TeamId) -> Json:
    return await person(site, "enterer", team=team).enter(a_record(site, team_id=format_id("tea", team)))


def _answerers(site: Site, tree: Tree) -> dict[str, Person]:
    return {
        "small": person(site, "small", team=tree.small[0]),
        "middle": person(site, "middle", team=tree.middle[0]),
        "root": person(site, "root", team=tree.root),
        "admin": an_admin(site),
    }


async def _object(site: Site, record: Json) -> Json:
    return await a_volunteer(site).post(f"/v1/me/service-records/{record['id']}/objections", WHY, 201)


async def test_an_upheld_objection_takes_the_entry_out(site: Site) -> None:
    """An entered record is rejected and can be entered anew; the volunteer reads who owed the answer, and it."""
    tree = await a_tree(site)
    record = await _record(site, tree.small[0])
    objection = await _object(site, record)
    assert (objection["state"], objection["due_at"]) == ("open", "2026-03-16T16:00:00Z")
    assert objection["responsible_team_id"] == format_id("tea", tree.small[0])
    small = _answerers(site, tree)["small"]
    assert (await small.get(f"/v1/service-records/{record['id']}"))["disputed"] is True
    upheld = await small.post(f"/v1/objections/{objection['id']}/uphold", BECAUSE)
    assert (upheld["state"], upheld["answer"]) == ("corrected", BECAUSE["reason"])
    after = await small.get(f"/v1/service-records/{record['id']}")
    assert (after["state"], after["disputed"]) == ("rejected", False)
    assert (await a_volunteer(site).get("/v1/me/objections"))["objections"] == [upheld]
    assert (await _record(site, tree.small[0]))["state"] == "entered"


async def test_an_upheld_objection_withdraws_what_was_verified(site: Site) -> None:
    """Hours and points of a verified record are taken back; the one who verified it does not answer."""
    tree = await a_tree(site)
    people = _answerers(site, tree)
    record = await _record(site, tree.small[0])
    await people["small"].verify(record)
    volunteer = a_volunteer(site)
    assert (await volunteer.get("/v1/me/wallet"))["available"] == 590
    objection = await _object(site, record)
    target = f"/v1/objections/{objection['id']}/uphold"
    assert (await people["small"].post(target, BECAUSE, 409))["code"] == "SELF_REVIEW"
    assert (await people["middle"].post(target, BECAUSE))["state"] == "corrected"
    wallet = await volunteer.get("/v1/me/wallet")
    assert (wallet["available"], wallet["minutes"]) == (500, 500)
    assert (await people["middle"].post(target, BECAUSE, 409))["code"] == "STATE_CONFLICT"


async def test_a_dismissed_objection_changes_nothing(site: Site) -> None:
    """With reasons; afterwards the volunteer may object again, but not twice at once."""
    tree = await a_tree(site)
    record = await _record(site, tree.small[0])
    objection = await _object(site, record)
    twice = await a_volunteer(site).post(f"/v1/me/service-records/{record['id']}/objections", WHY, 409)
    assert twice["code"] == "ALREADY_EXISTS"
    middle = _answerers(site, tree)["middle"]
    await middle.post(f"/v1/objections/{objection['id']}/dismiss", {}, 400)
    dismissed = await middle.post(f"/v1/objections/{objection['id']}/dismiss", BECAUSE)
    assert (dismissed["state"], dismissed["answer"]) == ("dismissed", BECAUSE["reason"])
    assert (await middle.get(f"/v1/service-records/{record['id']}"))["state"] == "entered"
    again = await _object(site, record)
    assert again["id"] != objection["id"]
    volunteer = a_volunteer(site)
    taken = await volunteer.post(f"/v1/me/objections/{again['id']}/take-back")
    assert (taken["state"], taken["answered_by"]) == ("taken-back", None)
    await volunteer.post(f"/v1/me/objections/{again['id']}/take-back", None, 409)
    await a_volunteer(site, 1).post(f"/v1/me/objections/{again['id']}/take-back", None, 404)
    async with site.database.read() as reader:
        rows = await reader.execute(
            text("SELECT changes FROM audit_rows WHERE action ~ '^objection.(dismiss|take)' ORDER BY number")
        )
        noted = list(rows.scalars())
    assert noted == [
        {"before": {"state": "open"}, "after": {"state": state}, "rung": 0} for state in ("dismissed", "taken-back")
    ]


@pytest.mark.parametrize("job_runs", [True, False], ids=["the job has run", "the job has not run"])
async def test_what_nobody_answers_climbs(site: Site, *, job_runs: bool) -> None:
    """After each ten working days the team above owes the answer, and those below cannot give it any more.

    It is the same whether the job has written it down, twice, or not at all.
    """
    tree = await a_tree(site)
    people = _answerers(site, tree)
    objection = await _object(site, await _record(site, tree.small[0]))
    target = f"/v1/objections/{objection['id']}"
    responsible = [tree.small[0], tree.middle[0], tree.root, None]
    for rung, team in enumerate(responsible):
        if job_runs:
            counts = [await run_escalations(site.database, site.city.programme, site.clock) for _ in range(2)]
            assert counts == [min(rung, 1), 0]
        found = await people["root"].get(target)
        assert found["responsible_team_id"] == (format_id("tea", team) if team else None)
        assert found["state"] == ("escalated" if rung else "open")
        for name in list(people)[:rung]:
            refused = await people[name].post(f"{target}/dismiss", BECAUSE, 409)
            assert (refused["code"], refused["figures"]) == ("ESCALATED", {"rung": rung})
        site.clock.move(timedelta(days=15))
    assert (await people["admin"].post(f"{target}/dismiss", BECAUSE))["state"] == "dismissed"
    assert await run_escalations(site.database, site.city.programme, site.clock) == 0
    async with site.database.read() as reader:
        noted = await reader.scalar(text("SELECT count(*) FROM audit_rows WHERE action = 'objection.escalate'"))
    assert noted == (3 if job_runs else 0)


async def test_two_jobs_at_once_write_each_escalation_once(site: Site) -> None:
    """A second process finds the objection due while the first has not committed: it waits, and writes nothing."""
    tree = await a_tree(site)
    await _object(site, await _record(site, tree.small[0]))
    site.clock.move(timedelta(days=15))
    async with site.database.begin() as tx:
        assert len(await escalate_due(tx, site.city.programme, site.clock.now, 10)) == 1
        second = asyncio.ensure_future(run_escalations(site.database, site.city.programme, site.clock))
        done, _ = await asyncio.wait([second], timeout=0.5)
        assert not done
    assert await second == 0
    async with site.database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM audit_rows WHERE action = 'objection.escalate'")) == 1


async def test_others_object_until_the_notice_ends(noticed: Site) -> None:
    """An organiser of the part, while the points are pending; then only the volunteer, and nobody to what is out."""
    tree = await a_tree(noticed)
    people = _answerers(noticed, tree)
    record = await _record(noticed, tree.small[0])
    await people["small"].verify(record)
    target = f"/v1/service-records/{record['id']}/objections"
    other = person(noticed, "other", team=tree.middle[1])
    assert (await other.post(target, WHY, 404))["code"] == "NOT_FOUND"
    mine = await people["middle"].post(target, WHY, 201)
    assert (await people["middle"].post(f"/v1/objections/{mine['id']}/uphold", BECAUSE, 409))["code"] == "SELF_REVIEW"
    noticed.clock.move(timedelta(days=7))
    assert (await people["root"].post(target, WHY, 409))["code"] == "NOTICE_ENDED"
    objection = await _object(noticed, record)
    await other.get(f"/v1/objections/{objection['id']}", 404)
    await other.post(f"/v1/objections/{objection['id']}/uphold", BECAUSE, 404)
    assert (await other.get("/v1/objections"))["objections"] == []
    assert [row["id"] for row in (await people["small"].get("/v1/objections?state=open"))["objections"]] == [
        mine["id"],
        objection["id"],
    ]
    await people["root"].post(f"/v1/objections/{objection['id']}/uphold", BECAUSE)
    assert (await people["root"].post(target, WHY, 409))["code"] == "STATE_CONFLICT"
    await a_volunteer(noticed, 1).post(f"/v1/me{target.removeprefix('/v1')}", WHY, 404)


async def test_a_correction_that_failed_is_made_by_the_job(site: Site) -> None:
    """Hours that a benefit holds cannot be taken now: it stays upheld; when they are free the job corrects, once."""
    tree = await a_tree(site)
    people = _answerers(site, tree)
    record = await _record(site, tree.small[0])
    await people["small"].verify(record)
    objection = await _object(site, record)
    hours = "UPDATE accounts SET balance = balance {} 590 WHERE kind = 'hours' AND owner_id = :id"
    owner = {"id": site.city.volunteers[0]}
    async with site.database.begin() as tx:
        await tx.execute(text(hours.format("-")), owner)
    upheld = await people["middle"].post(f"/v1/objections/{objection['id']}/uphold", BECAUSE)
    assert upheld["state"] == "upheld"
    services = site.services
    programme = site.city.programme
    assert await run_corrections(services.database, services.committers, programme, site.clock) == 0
    async with site.database.begin() as tx:
        await tx.execute(text(hours.format("+")), owner)
    site.clock.move(timedelta(days=1))
    counts = [await run_corrections(services.database, services.committers, programme, site.clock) for _ in range(2)]
    assert counts == [1, 0]
    assert (await people["middle"].get(f"/v1/objections/{objection['id']}"))["state"] == "corrected"
    assert (await people["middle"].get(f"/v1/service-records/{record['id']}"))["state"] == "withdrawn"

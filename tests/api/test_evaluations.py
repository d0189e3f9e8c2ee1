"""Evaluations over HTTP: by the organisation, in time or marked late, superseded openly; stars may ask for them."""

import asyncio
from datetime import timedelta

import pytest

from app.core.ids import VolunteerId, format_id
from app.store.database import Database
from app.store.evaluations import fetch_qualities
from tests.support.calls import Json
from tests.support.catalogue import a_published, says, see
from tests.support.commands import a_connection
from tests.support.service_calls import Person, Tree, a_record, a_tree, a_volunteer, an_admin, person
from tests.support.sites import Site

RECORDS = "/v1/service-records"


async def _record(
    site: Site, tree: Tree, *, verified: bool = True, minutes: int = 90, ended_ago: timedelta = timedelta(days=1)
) -> Json:
    enterer = person(site, "enterer", team=tree.small[0])
    team = format_id("tea", tree.small[0])
    record = await enterer.enter(a_record(site, minutes=minutes, ended_ago=ended_ago, team_id=team))
    return await person(site, "middle", team=tree.middle[0]).verify(record) if verified else record


async def _evaluate(by: Person, record: Json, score: int, status: int = 201, **more: object) -> Json:
    return await by.post(f"{RECORDS}/{record['id']}/evaluations", {"score": score, **more}, status)


async def _change(site: Site, **settings: object) -> None:
    admin = an_admin(site)
    revision = (await admin.get("/v1/programme"))["revision"]
    headers = await site.headers(admin.kind, subject=admin.subject)
    changed = await site.client.patch("/v1/programme", json=settings, headers={**headers, "If-Match": f'"{revision}"'})
    assert changed.status_code == 200, changed.text


async def test_the_organisation_evaluates_and_the_volunteer_reads(site: Site) -> None:
    """Score and tags, by who entered the hours too; a newer one stands in front, the old one stays."""
    tree = await a_tree(site)
    record = await _record(site, tree)
    enterer = person(site, "enterer", team=tree.small[0])
    first = await _evaluate(enterer, record, 4, tags=["punctual", "friendly"])
    assert (first["number"], first["late"], first["tags"], first["counts"]) == (
        1,
        False,
        ["punctual", "friendly"],
        True,
    )
    second = await _evaluate(enterer, record, 2)
    served = await _evaluate(enterer, record, 5, source="served")
    expected = [second, {**first, "counts": False}, served]
    assert (await a_volunteer(site).get(f"/v1/me/service-records/{record['id']}/evaluations"))[
        "evaluations"
    ] == expected
    assert (await enterer.get(f"{RECORDS}/{record['id']}/evaluations"))["evaluations"] == expected
    await a_volunteer(site, 1).get(f"/v1/me/service-records/{record['id']}/evaluations", 404)
    assert (await a_volunteer(site).get(f"/v1/me/service-records/{record['id']}"))["score"] == 2
    assert (record["score"], (await enterer.get(f"{RECORDS}/{record['id']}"))["score"]) == (None, 2)
    quality = await a_volunteer(site).get("/v1/me/quality")
    assert (quality["count"], quality["average"]) == (2, 350)
    me = format_id("vol", site.city.volunteers[0])
    assert await an_admin(site).get(f"/v1/volunteers/{me}/quality") == quality


async def test_what_comes_late_counts_and_is_marked(site: Site) -> None:
    """Ten working days after the activity; the average as of a day knows only what was said by then."""
    tree = await a_tree(site)
    record = await _record(site, tree)
    enterer = person(site, "enterer", team=tree.small[0])
    assert (await _evaluate(enterer, record, 1))["late"] is False
    site.clock.move(timedelta(days=20))
    assert (await _evaluate(enterer, record, 5))["late"] is True
    own = a_volunteer(site)
    for day, count, average in (("2026-03-01", 0, None), ("2026-03-02", 1, 100), ("2026-03-22", 1, 500)):
        quality = await own.get(f"/v1/me/quality?effective_on={day}")
        assert (quality["count"], quality["average"], quality["effective_on"]) == (count, average, day)
    await own.get("/v1/me/quality?effective_on=1999-01-01", 400)


async def test_nobody_evaluates_themselves_or_out_of_their_part(site: Site) -> None:
    """Not the volunteer, not another town's team; not what is out, and not with free words."""
    tree = await a_tree(site)
    record = await _record(site, tree)
    own_user = person(site, "also serves", team=tree.small[0], volunteer=site.city.volunteers[0])
    assert (await _evaluate(own_user, record, 5, 409))["code"] == "SELF_REVIEW"
    await _evaluate(person(site, "elsewhere", team=tree.small[1]), record, 5, 404)
    wrong: tuple[Json, ...] = (
        {"score": 0},
        {"score": 6},
        {},
        {"score": 3, "tags": ["nice legs"]},
        {"score": 3, "comment": "x"},
    )
    for body in (*wrong, {"score": 3, "tags": ["punctual", "punctual"]}):
        await an_admin(site).post(f"{RECORDS}/{record['id']}/evaluations", body, 400)
    await an_admin(site).post(f"{RECORDS}/{record['id']}/withdraw")
    assert (await _evaluate(an_admin(site), record, 5, 409))["figures"] == {"state": "withdrawn"}


async def test_a_withdrawn_record_takes_its_evaluation_along(site: Site) -> None:
    """Only what verified records say counts; one that is only entered does not count yet."""
    tree = await a_tree(site)
    admin, own = an_admin(site), a_volunteer(site)
    entered = await _record(site, tree, verified=False)
    await _evaluate(admin, entered, 3)
    assert (await own.get("/v1/me/quality"))["count"] == 0
    await person(site, "middle", team=tree.middle[0]).verify(entered)
    assert (await own.get("/v1/me/quality"))["count"] == 1
    await admin.post(f"{RECORDS}/{entered['id']}/withdraw")
    quality = await own.get("/v1/me/quality")
    assert (quality["count"], quality["average"]) == (0, None)


async def test_many_evaluations_at_once_stand_in_a_row(site: Site) -> None:
    """Each has a number of its own, and the last one counts."""
    tree = await a_tree(site)
    record = await _record(site, tree)
    made = await asyncio.gather(*(_evaluate(an_admin(site, str(score)), record, score) for score in range(1, 6)))
    assert sorted(each["number"] for each in made) == [1, 2, 3, 4, 5]
    last = max(made, key=lambda each: each["number"])
    assert (await a_volunteer(site).get("/v1/me/quality"))["average"] == last["score"] * 100


@pytest.mark.parametrize(
    "score, least, stars",
    [(3, None, 1), (3, 300, 1), (3, 301, 0), (None, 500, 1)],
    ids=["off", "reached", "not", "none"],
)
async def test_stars_may_ask_for_quality(site: Site, score: int | None, least: int | None, stars: int) -> None:
    """Off by default. Set, an average below it keeps all stars back, offers with them; not those never evaluated."""
    tree = await a_tree(site)
    record = await _record(site, tree)
    await _change(site, star_minutes=[60])
    if score:
        await _evaluate(an_admin(site), record, score)
    if least:
        await _change(site, star_quality_min=least)
    offer = (await a_published(site, says(stars_min=1)))["id"]
    assert (await see(site, f"/v1/me/offers/{offer}"))["available"] is bool(stars)
    own = a_volunteer(site)
    told = await own.get("/v1/me/stars")
    assert (told["stars"], told["quality_min"]) == (stars, least)
    assert told["quality_average"] == (score * 100 if score and least else None)
    assert (await own.get("/v1/me/wallet"))["stars"] == stars
    if least:
        await _change(site, star_quality_min=None)
        assert (await own.get("/v1/me/stars"))["stars"] == 1


async def test_a_batch_reads_the_same_quality(site: Site, database: Database) -> None:
    """What gates of offers look at is what the volunteer reads; for strangers there is nothing."""
    tree = await a_tree(site)
    for days, score in ((3, 5), (4, 2)):
        record = await _record(site, tree, minutes=60, ended_ago=timedelta(days=days))
        await _evaluate(an_admin(site), record, score)
    stranger = VolunteerId(site.city.volunteers[1])
    async with a_connection(database) as connection:
        found = await fetch_qualities(connection, site.city.programme, [site.city.volunteers[0], stranger])
    assert {key: (quality.count, quality.average) for key, quality in found.items()} == {
        site.city.volunteers[0]: (2, 350),
        stranger: (0, None),
    }

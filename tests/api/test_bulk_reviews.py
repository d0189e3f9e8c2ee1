"""Verifying many records with one request: each by the same rules as alone, answered once and for all."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.api import bulk_reviews
from app.core.ids import ProgrammeId, format_id
from app.engine.batch import Outcome, Submission
from app.engine.committer import Committers, QueueFull
from tests.support.bulk_calls import enter_rows
from tests.support.calls import Json
from tests.support.ledgers import fetch_rows
from tests.support.service_calls import (
    RECORDS,
    TOWNS,
    Person,
    a_record,
    a_tree,
    a_volunteer,
    an_admin,
    attested,
    person,
)
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

VERIFY = f"{RECORDS}:verify"


async def made(who: Person, rows: list[Json]) -> list[str]:
    """The ids of rows that were entered."""
    return [row["id"] for row in (await enter_rows(who, rows))["rows"]]


def rows_of(site: Site, count: int, **changed: object) -> list[Json]:
    """Rows of half an hour on days of their own."""
    return [
        a_record(site, minutes=30, ended_ago=timedelta(days=1 + number // 3), number=number % 3, **changed)
        for number in range(count)
    ]


async def verify(who: Person, ids: list[str], key: str | None = None, status: int = 200) -> Json:
    """Verify records under a key."""
    headers = await who.site.headers(
        who.kind, subject=who.subject, team=who.team, region=who.region, volunteer=who.volunteer
    )
    headers["Idempotency-Key"] = key or uuid7().hex
    answer = await who.site.client.post(VERIFY, json={"record_ids": ids}, headers=headers)
    assert answer.status_code == status, answer.text
    found: Json = answer.json() | {"replayed": answer.headers.get("Idempotency-Replayed") == "true"}
    return found


async def test_each_record_is_verified_and_earns_as_alone(site: Site) -> None:
    """Hours and points of all; a repetition changes nothing and is told as one; the ledger is sound."""
    organiser, admin = person(site, "organiser"), an_admin(site)
    ids = await made(organiser, rows_of(site, 9))
    answer = await verify(admin, ids, "k-1")
    assert (answer["verified"], answer["refused"], answer["replayed"]) == (9, 0, False)
    assert answer["records"] == [{"id": name, "status": 200, "points": 30} for name in ids]
    again = await verify(admin, ids, "k-1")
    assert again == {**answer, "replayed": True}
    assert (await verify(admin, ids[1:], "k-1", 409))["code"] == "IDEMPOTENCY_KEY_USED"
    wallet = await a_volunteer(site).get("/v1/me/wallet")
    assert (wallet["available"], wallet["minutes"]) == (590, 590)
    await assert_all_sound(site.database, site.city)


async def test_a_refusal_stops_no_other(site: Site) -> None:
    """Own entry or hours, a relative's, one that is verified, that is not there, beside one's part, or named twice."""
    tree = await a_tree(site)
    admin = an_admin(site)
    user = {"kind": "organiser", "username": "li", "password": "long enough words"}
    made_user = await admin.post("/v1/users", user, 201)
    family = {"volunteer_id": format_id("vol", site.city.volunteers[2])}
    await admin.post(f"/v1/users/{made_user['id']}/relatives", family, 201)
    verifier = replace(
        person(site, "verifier", team=tree.small[0], volunteer=site.city.volunteers[1]),
        subject=UUID(hex=made_user["id"][4:]),
    )
    inside = format_id("tea", tree.small[0])
    organiser = person(site, "organiser")
    good, own, related, done = await made(
        organiser,
        [
            a_record(site, team_id=inside),
            a_record(site, number=1, team_id=inside),
            a_record(site, number=2, team_id=inside),
            a_record(site, ended_ago=timedelta(days=3), team_id=inside),
        ],
    )
    [entered] = await made(verifier, [a_record(site, ended_ago=timedelta(days=4), team_id=inside)])
    [beside] = await made(organiser, [a_record(site, ended_ago=timedelta(days=5))])
    await admin.verify({"id": done})
    unknown = format_id("rec", uuid7())
    answer = await verify(verifier, [entered, own, related, done, unknown, beside, good, good])
    assert [row.get("code", row["status"]) for row in answer["records"]] == [
        *("SELF_REVIEW",) * 3,
        "STATE_CONFLICT",
        "NOT_FOUND",
        "NOT_FOUND",
        200,
        200,
    ]
    assert [row["status"] for row in answer["records"]][:6] == [409, 409, 409, 409, 404, 404]
    assert (answer["verified"], answer["refused"]) == (2, 6)


async def test_the_days_tiers_are_counted_over_the_request(site: Site) -> None:
    """Five records of two hours on one day: the own team verifies four, the fifth needs one above."""
    tree = await a_tree(site)
    inside = format_id("tea", tree.small[0])
    rows = [
        attested(a_record(site, minutes=120, ended_ago=timedelta(days=1, hours=2 * number), team_id=inside), 120)
        for number in range(-5, 0)
    ]
    ids = await made(person(site, "organiser"), rows)
    answer = await verify(person(site, "leader", team=tree.small[0]), ids)
    assert [row.get("code") for row in answer["records"]] == [None] * 4 + ["REVIEW_LEVEL"]
    assert answer["records"][4]["figures"] == {"level": "parent"}
    assert (await verify(person(site, "above", team=tree.middle[0]), ids[4:]))["verified"] == 1


async def test_a_regional_organiser_stands_above_the_teams_of_the_region(site: Site) -> None:
    """Ten hours on a day are for one above the team: the own town's organiser, not the next town's, nor the team."""
    tree = await a_tree(site)
    row = a_record(site, minutes=600, ended_ago=timedelta(hours=13), team_id=format_id("tea", tree.small[0]))
    ids = await made(person(site, "organiser"), [attested(row, 600)])
    codes = []
    for who in (person(site, "next", region=TOWNS[1]), person(site, "leader", team=tree.small[0])):
        codes += [answer["code"] for answer in (await verify(who, ids))["records"]]
    assert codes == ["NOT_FOUND", "REVIEW_LEVEL"]
    assert (await verify(person(site, "own", region=TOWNS[0]), ids))["verified"] == 1


async def test_a_verifiers_spike_is_marked_within_the_request(site: Site) -> None:
    """One verification on the day before, three with one request today: the third is marked, as singly."""
    admin = an_admin(site)
    await admin.post("/v1/suspicion-limits", {"spike_times": 2, "spike_floor": 1})
    ids = await made(person(site, "organiser"), rows_of(site, 4))
    await admin.verify({"id": ids[0]})
    site.clock.move(timedelta(days=1))
    await verify(admin, ids[1:], "k-1")
    await verify(admin, ids[1:], "k-1")
    marks = [[mark["figures"] for mark in (await admin.get(f"{RECORDS}/{name}"))["marks"]] for name in ids[1:]]
    assert marks == [[], [], [{"today": 3, "average": 1, "limit_times": 2}]]


async def test_a_request_that_breaks_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the committer has no room for some, 503; repeated with the key all are verified, each once."""
    monkeypatch.setattr(bulk_reviews, "SLICE", 4)
    admin = an_admin(site)
    ids = await made(person(site, "organiser"), rows_of(site, 9))
    submit, room = Committers.submit, 6

    async def crowded(self: Committers, programme: ProgrammeId, submission: Submission) -> Outcome:
        nonlocal room
        room -= 1
        if room < 0:
            raise QueueFull
        return await submit(self, programme, submission)

    with monkeypatch.context() as broken:
        broken.setattr(Committers, "submit", crowded)
        assert (await verify(admin, ids, "k-1", 503))["code"] == "SYSTEM_BUSY"
    [(verified,)] = await fetch_rows(
        site.database, "SELECT count(*) FROM service_records WHERE minutes = 30 AND state = 'verified'"
    )
    assert verified == 6
    assert (await verify(admin, ids, "k-1"))["verified"] == 9
    assert (await a_volunteer(site).get("/v1/me/wallet"))["minutes"] == 590
    [(counted,)] = await fetch_rows(site.database, "SELECT amount FROM paces WHERE deed = 'verified'")
    assert counted == 9


async def test_two_at_once_verify_each_record_once(site: Site) -> None:
    """Two verifiers with the same records: each record is verified by one of them, the other is told."""
    ids = await made(person(site, "organiser"), rows_of(site, 9))
    both = await asyncio.gather(verify(an_admin(site, "one"), ids), verify(an_admin(site, "two"), ids[::-1]))
    assert sum(answer["verified"] for answer in both) == 9
    codes = {row.get("code") for answer in both for row in answer["records"]}
    assert codes <= {None, "STATE_CONFLICT"}
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("count", [0, 1_001])
async def test_none_and_too_many_are_refused(site: Site, count: int) -> None:
    """From 1 to 1,000 records."""
    ids = [format_id("rec", uuid7()) for _ in range(count)]
    assert (await verify(an_admin(site), ids, status=400))["code"] == "PARAM_ERROR"


async def test_a_thousand_that_are_not_there_are_answered(site: Site) -> None:
    """NOT_FOUND for each, in order, and nothing is changed."""
    ids = [format_id("rec", uuid7()) for _ in range(1_000)]
    answer = await verify(an_admin(site), ids)
    assert [row["id"] for row in answer["records"]] == ids
    assert {row["code"] for row in answer["records"]} == {"NOT_FOUND"}
    async with site.database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM paces")) == 0

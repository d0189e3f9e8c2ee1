"""Entering service records over HTTP: the items of order 67, check-ins, evidence, deadlines, minors, overlap, marks."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from tests.support.calls import Json
from tests.support.service_calls import a_record, a_tree, a_volunteer, an_admin, attested, person, stays
from tests.support.sites import Site

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def test_all_items_of_order_67_come_back(site: Site) -> None:
    """Name, day, place, content, time, organiser and person in charge, as they were told; what is missing is named."""
    organiser = person(site, "organiser")
    told: Json = {
        "activity_id": "act-1",
        "category": "文明实践",
        "place": "浒山街道孙塘路",
        "place_region_code": "330282001",
        "content": "引导行人",
        "person_in_charge_id": format_id("usr", organiser.subject),
        "role": "organiser",
    }
    made = await organiser.enter(a_record(site, **told))
    read = await organiser.get(f"/v1/service-records/{made['id']}")
    assert read == made
    assert {name: read[name] for name in told} == told
    assert (read["minutes"], read["late"], read["missing"], read["marks"]) == (90, False, [], [])
    plain = await organiser.enter(a_record(site, number=1))
    assert plain["missing"] == ["place", "content", "person_in_charge_id"]


async def test_check_ins_make_the_minutes(site: Site) -> None:
    """Two stays, both beyond the quarter of an hour around: clipped, added, and the period follows."""
    body = a_record(site, minutes=120)
    ended = site.clock.now - timedelta(days=1)
    began = ended - 2 * HOUR
    pairs = stays((began - HOUR, began + 30 * MINUTE), (began + HOUR, ended + HOUR))
    made = await person(site, "organiser").enter({**body, "check_ins": pairs})
    assert made["minutes"] == 15 + 30 + 60 + 15
    assert made["started_at"] == (began - 15 * MINUTE).isoformat().replace("+00:00", "Z")
    assert made["ended_at"] == (ended + 15 * MINUTE).isoformat().replace("+00:00", "Z")
    assert [stay["checked_out_at"] for stay in made["check_ins"]][1] == made["ended_at"]


@pytest.mark.parametrize(
    "begins, fault",
    [((0, 10, 20, 30), "more-than-three-a-day"), ((0, 4), "pairs-overlap"), ((600,), "outside-the-activity")],
)
async def test_impossible_check_ins_are_refused(site: Site, begins: tuple[int, ...], fault: str) -> None:
    """A fourth stay, two that overlap, one when nothing took place: 400 with the fault, and nothing is entered."""
    began = site.clock.now - timedelta(days=1, minutes=120)
    pairs = stays(*((began + begin * MINUTE, began + (begin + 5) * MINUTE) for begin in begins))
    organiser = person(site, "organiser")
    refused = await organiser.enter(a_record(site, minutes=120, check_ins=pairs), 400)
    assert (refused["code"], refused["figures"]) == ("PARAM_ERROR", {"check_ins": fault})
    volunteer = format_id("vol", site.city.volunteers[0])
    assert len(await organiser.listed(f"&volunteer={volunteer}&state=entered")) == 0


async def test_three_stays_a_day_and_activity_over_all_records(site: Site) -> None:
    """Records of one activity share the day's three stays; another activity has its own."""
    organiser = person(site, "organiser")
    for number in range(3):
        body = a_record(site, minutes=10, ended_ago=timedelta(days=1, minutes=20 * number), activity_id="act-1")
        await organiser.enter(body)
    fourth = a_record(site, minutes=10, ended_ago=timedelta(days=1, minutes=90), activity_id="act-1")
    assert (await organiser.enter(fourth, 400))["figures"] == {"check_ins": "more-than-three-a-day"}
    await organiser.enter({**fourth, "activity_id": "act-2"})


@pytest.mark.parametrize(
    "by_admin, changed, pointer",
    [
        (True, {}, "/evidence"),
        (True, {"evidence": "attested"}, "/check_ins"),
        (False, {"evidence": "imported", "check_ins": [], "minutes": 90}, "/evidence"),
        (False, {"check_ins": []}, "/check_ins"),
        (False, {"check_ins": [], "evidence": "attested"}, "/minutes"),
        (False, {"minutes": 91, "check_ins": [], "evidence": "attested"}, "/minutes"),
        (False, {"started_at": "2025-02-27T00:00:00Z"}, "/started_at"),
        (False, {"started_at": "0001-01-01T00:00:00Z", "ended_at": "0001-01-02T00:00:00Z"}, "/ended_at"),
    ],
)
async def test_evidence_is_what_it_says(site: Site, *, by_admin: bool, changed: dict[str, Any], pointer: str) -> None:
    """Case 16: an administrator's back-entry is attested, checked-in needs check-ins, only administrators import.

    And no activity takes more than a year, or was before there were any.
    """
    caller = an_admin(site) if by_admin else person(site, "organiser")
    refused = await caller.enter(a_record(site, **changed), 400)
    assert pointer in [error["pointer"] for error in refused["errors"]]


async def test_honour_hours_never_become_points(site: Site) -> None:
    """Case 16 over HTTP: back-entered hours count as hours; the wallet has no point more."""
    organiser, admin = person(site, "organiser"), an_admin(site)
    made = await organiser.enter(attested(a_record(site), 90))
    verified = await admin.verify(made)
    assert (verified["state"], verified["minutes"], verified["points"]) == ("verified", 90, 0)
    wallet = await a_volunteer(site).get("/v1/me/wallet")
    assert (wallet["available"], wallet["minutes"]) == (500, 590)


async def test_nobody_is_at_two_services_at_once(site: Site) -> None:
    """Case 16 over HTTP: a shared minute is refused; between two stays of one record another service is possible."""
    organiser = person(site, "organiser")
    ended = site.clock.now - timedelta(days=1)
    began = ended - 3 * HOUR
    broken = a_record(site, minutes=180, check_ins=stays((began, began + HOUR), (ended - HOUR, ended)))
    await organiser.enter(broken)
    between = a_record(site, minutes=60, ended_ago=timedelta(days=1, hours=1))
    made = await organiser.enter(between)
    twice = await organiser.enter({**between, "team_id": broken["team_id"]}, 409)
    assert (twice["code"], twice["figures"]) == ("OVERLAP", {"record": made["id"][4:]})
    assert (await organiser.enter(a_record(site, minutes=61, ended_ago=timedelta(days=1)), 409))["code"] == "OVERLAP"


@pytest.mark.parametrize("days, late", [(13, False), (14, True), (400, True)])
async def test_late_entries_are_accepted_and_told(site: Site, *, days: int, late: bool) -> None:
    """On 10 March: what ended on 25 February is due until midnight, what ended on the day before was due yesterday."""
    site.clock.move(timedelta(days=8))
    made = await person(site, "organiser").enter(a_record(site, ended_ago=timedelta(days=days)))
    assert (made["late"], made["created_at"] >= made["due_at"]) == (late, late)


async def test_the_deadline_is_that_of_the_calendar(site: Site) -> None:
    """From Friday 13 February: the 14th and the 28th are worked Saturdays, so 24:00 of 5 March; a rest day moves it."""
    admin, organiser = an_admin(site), person(site, "organiser")
    body = a_record(site, ended_ago=timedelta(days=17))
    assert (await organiser.enter(body))["due_at"] == "2026-03-05T16:00:00Z"
    await admin.post("/v1/working-days", {"day": "2026-03-04", "worked": False, "note": "本地放假"})
    assert (await organiser.enter(a_record(site, ended_ago=timedelta(days=17), number=1)))["due_at"] == (
        "2026-03-06T16:00:00Z"
    )


async def _born(site: Site, day: str) -> None:
    async with site.database.begin() as tx:
        await tx.execute(
            text("UPDATE volunteers SET born_on = CAST(:day AS text)::date WHERE id = :id"),
            {"day": day, "id": site.city.volunteers[0]},
        )


@pytest.mark.parametrize(
    "born_on, changed, code",
    [
        ("2010-03-01", {}, "GUARDIAN_REQUIRED"),
        ("2010-03-01", {"guardian": "consented"}, None),
        ("2010-03-01", {"guardian": "present", "hazardous": True}, "NOT_FOR_MINORS"),
        ("2017-03-01", {"guardian": "consented"}, "GUARDIAN_REQUIRED"),
        ("2017-03-01", {"guardian": "present"}, None),
        ("2009-03-01", {"own_labour": True}, None),
        ("2008-03-01", {"hazardous": True}, None),
    ],
)
async def test_minors_need_their_guardian(site: Site, born_on: str, changed: Json, code: str | None) -> None:
    """By the age on the day of service; the refusal is 422 with what is needed, in both languages."""
    await _born(site, born_on)
    organiser = person(site, "organiser")
    answer = await organiser.enter(a_record(site, **changed), 422 if code else 201)
    assert answer.get("code") == code
    if code == "GUARDIAN_REQUIRED":
        assert answer["detail"] == "未成年人须由监护人同意"
        assert set(answer["figures"]) == {"age", "needed"}


async def test_odd_records_are_marked_with_a_reason(site: Site) -> None:
    """Two regions with no time between: accepted, marked, told to reviewers in both languages, and listed."""
    organiser = person(site, "organiser")
    first = await organiser.enter(a_record(site, place_region_code="330282001"))
    body = a_record(site, ended_ago=timedelta(days=1, minutes=90), place_region_code="330282002")
    second = await organiser.enter(body)
    [mark] = second["marks"]
    assert (mark["kind"], mark["figures"]) == ("two-places", {"record": first["id"], "gap_min": 0})
    assert first["id"] in mark["reason"]
    assert first["id"] in mark["reason_en"]
    assert await organiser.listed("&marked=true") == [second["id"]]
    own = await a_volunteer(site).get(f"/v1/me/service-records/{second['id']}")
    assert "marks" not in own
    await an_admin(site).verify(second)
    assert (await organiser.get(f"/v1/service-records/{second['id']}"))["marks"] == [mark]


async def test_mass_entry_and_impossible_days_are_marked(site: Site) -> None:
    """Limits are the programme's: more than two entries in ten minutes, more than an hour a day; later ones are not."""
    admin, organiser = an_admin(site), person(site, "organiser")
    limits = await admin.post("/v1/suspicion-limits", {"entries": 2, "day_minutes": 60})
    assert (limits["entries"], limits["day_minutes"], limits["spike_times"]) == (2, 60, 5)
    kinds = []
    for number in range(3):
        body = a_record(site, minutes=40, number=number)
        kinds.append([mark["kind"] for mark in (await organiser.enter(body))["marks"]])
    assert kinds == [[], [], ["mass-entry"]]
    site.clock.move(timedelta(minutes=11))
    late = await organiser.enter(a_record(site, minutes=40, ended_ago=timedelta(days=1, hours=2)))
    assert [mark["kind"] for mark in late["marks"]] == ["impossible-day"]
    assert late["marks"][0]["figures"] == {"day": "2026-03-01", "minutes": 80, "limit": 60}


async def test_a_verifiers_spike_is_marked(site: Site) -> None:
    """One verification on the day before, three today: with limits of two times and one a day the third is marked."""
    admin, organiser = an_admin(site), person(site, "organiser")
    await admin.post("/v1/suspicion-limits", {"spike_times": 2, "spike_floor": 1})
    made = [
        await organiser.enter(a_record(site, minutes=30, ended_ago=timedelta(days=1, hours=number)))
        for number in range(4)
    ]
    await admin.verify(made[0])
    site.clock.move(timedelta(days=1))
    marks = [(await admin.verify(record))["marks"] for record in made[1:]]
    assert [[mark["figures"] for mark in found] for found in marks] == [
        [],
        [],
        [{"today": 3, "average": 1, "limit_times": 2}],
    ]


async def test_a_volunteer_sees_their_own_records(site: Site) -> None:
    """All of their own, none of anybody else's; training stands apart and is no hour."""
    organiser = person(site, "organiser")
    own = await organiser.enter(a_record(site))
    other = await organiser.enter(a_record(site, number=1))
    training = {
        "volunteer_id": own["volunteer_id"],
        "team_id": own["team_id"],
        "name": "急救",
        "content": "心肺复苏",
        "minutes": 120,
        "held_on": "2026-03-01",
    }
    learnt = await organiser.post("/v1/training-records", training, 201)
    volunteer = a_volunteer(site)
    assert own["id"] in [row["id"] for row in (await volunteer.get("/v1/me/service-records"))["records"]]
    assert other["id"] not in [row["id"] for row in (await volunteer.get("/v1/me/service-records"))["records"]]
    await volunteer.get(f"/v1/me/service-records/{other['id']}", 404)
    assert (await volunteer.get("/v1/me/training-records"))["trainings"] == [learnt]
    assert (await a_volunteer(site, 1).get("/v1/me/training-records"))["trainings"] == []
    assert (await volunteer.get("/v1/me/wallet"))["minutes"] == 500
    assert (await organiser.get("/v1/training-records"))["trainings"] == [learnt]
    await organiser.post("/v1/training-records", {**training, "held_on": "2026-03-03"}, 400)


async def test_an_organiser_enters_for_their_own_part_only(site: Site) -> None:
    """A team beside the own part does not exist for an organiser, for training neither; below the own team it does."""
    tree = await a_tree(site)
    organiser = person(site, "organiser", team=tree.middle[0])
    outside = a_record(site, team_id=format_id("tea", tree.small[1]))
    assert (await organiser.enter(outside, 404))["code"] == "NOT_FOUND"
    await organiser.enter(a_record(site), 404)
    await organiser.enter({**outside, "team_id": format_id("tea", tree.small[0])})

"""Eligibility over HTTP: what a volunteer is told is what the store says, as of any day, and nothing is written."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.business_days import business_day
from app.core.ids import NOBODY, VolunteerId, format_id
from app.security.actors import ActorKind
from app.store.database import Database
from tests.support.benefit_calls import HUNDRED_HOURS, THREE_STARS, publish, says_benefit, step
from tests.support.calls import Json
from tests.support.calls import an_admin as a_caller
from tests.support.clocks import Clock
from tests.support.ledgers import fetch_tables
from tests.support.rewards import an_honour, an_offence, post_final, rewarding
from tests.support.service_calls import RECORDS, TOWNS, Person, a_record, a_volunteer, an_admin
from tests.support.sites import Site, a_site

DAYS, DAY_MINUTES = 5, 1_440
MINE = "/v1/me/benefits"


@pytest.fixture
async def served(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose volunteers have served five long days, the last of them today, and hold no star."""
    async with a_site(database, clock, tmp_path, volunteers=2, points=DAYS * DAY_MINUTES) as site:
        yield site


def today(site: Site) -> date:
    """The business day of the site's clock."""
    return business_day(site.clock.now, "Asia/Shanghai")


def asks(fact: str, operator: str, value: Any, code: str = "one") -> Json:  # noqa: ANN401 - JSON
    """A criterion of one requirement."""
    required = [{"fact": fact, "operator": operator, "value": value}]
    return {"code": code, "name": "条件", "name_en": "condition", "required": required}


async def judged(site: Site, *criteria: Json, number: int = 0) -> Json:
    """What a volunteer is told of a benefit of these criteria, published for it."""
    code = f"b-{uuid7().hex[-12:]}"
    await publish(site, says_benefit(code, criteria=list(criteria)))
    return await a_volunteer(site, number).get(f"{MINE}/{code}")


def actual(told: Json, criterion: int = 0) -> Any:  # noqa: ANN401 - JSON
    """The fact behind a criterion."""
    return told["criteria"][criterion]["actual"][0]["value"]


async def test_a_volunteer_is_told_what_is_missing(served: Site) -> None:
    """To the minute, with the records behind it and the version that judges; the list says the same."""
    await publish(served, says_benefit())
    volunteer = a_volunteer(served)
    told = await volunteer.get(f"{MINE}/priority")
    assert (told["eligible"], told["version"], told["as_of"]) == (False, "2026-1", today(served).isoformat())
    stars, hours = told["criteria"]
    assert (stars["met"], stars["missing_zh"], stars["when"]) == (
        False,
        "星级还差 2 星（服务时长还差 480 小时）",
        "stars >= 3",
    )
    assert (hours["met"], hours["missing"], hours["missing_zh"]) == (True, [], "")
    assert hours["actual"] == [{"fact": "window_minutes", "value": DAYS * DAY_MINUTES}]
    records = [row["id"] for row in (await volunteer.get("/v1/me/service-records"))["records"]]
    assert sorted(hours["sources"]["ids"]) == sorted(records)
    assert hours["sources"]["count"] == DAYS
    assert told["content"]["levels"] == ["city"]
    [listed] = (await volunteer.get(MINE))["benefits"]
    assert listed == {name: value for name, value in told.items() if name != "content"}


async def test_what_was_said_to_be_missing_makes_it_met(served: Site) -> None:
    """Served for exactly so many minutes more, the criterion is met; for one less it is not."""
    short = 95
    criterion = asks("window_minutes", "at_least", DAYS * DAY_MINUTES + short)
    await publish(served, says_benefit("more", criteria=[criterion]))
    volunteer = a_volunteer(served)
    told = (await volunteer.get(f"{MINE}/more"))["criteria"][0]
    assert (told["missing"][0]["amount"], told["missing_zh"]) == (short, "核定期内服务时长还差 1 小时 35 分钟")
    for minutes, days_ago, met in ((short - 1, 30, False), (1, 31, True)):
        ago = timedelta(days=days_ago)
        record = a_record(served, minutes=minutes, ended_ago=ago, evidence="attested", check_ins=[])
        entered = await an_admin(served, "enterer").enter({**record, "minutes": minutes})
        await an_admin(served).verify(entered)
        assert (await volunteer.get(f"{MINE}/more"))["criteria"][0]["met"] is met


async def test_any_day_can_be_asked_for(served: Site) -> None:
    """Hours effective on it, the window that ends on it; a day to come, or before 2000, is refused."""
    await publish(served, says_benefit())
    volunteer, day = a_volunteer(served), today(served)
    for back in (0, 1, 3):
        told = await volunteer.get(f"{MINE}/priority?as_of={day - timedelta(days=back)}")
        assert (actual(told), actual(told, 1)) == (int(back == 0), (DAYS - back) * DAY_MINUTES)
        assert told["as_of"] == (day - timedelta(days=back)).isoformat()
    assert (await volunteer.get(f"{MINE}/priority?as_of={day + timedelta(days=1)}", 400))["code"] == "PARAM_ERROR"
    assert (await volunteer.get(f"{MINE}?as_of=1999-12-31", 400))["errors"][0]["pointer"] == "/as_of"
    assert (await volunteer.get(f"{MINE}?as_of=2025-12-31"))["benefits"] == []
    served.clock.move(timedelta(days=363))
    assert actual(await volunteer.get(f"{MINE}/priority"), 1) == DAY_MINUTES
    served.clock.move(timedelta(days=1))
    assert actual(await volunteer.get(f"{MINE}/priority"), 1) == 0


async def test_another_version_judges_from_its_day_on(served: Site) -> None:
    """The benefit is told in the version in force on the day that is asked for."""
    await publish(served, says_benefit())
    begins = today(served) + timedelta(days=2)
    await publish(served, says_benefit(version="2026-2", effective_from=begins.isoformat(), criteria=[HUNDRED_HOURS]))
    volunteer = a_volunteer(served)
    assert (await volunteer.get(f"{MINE}/priority"))["version"] == "2026-1"
    served.clock.move(timedelta(days=2))
    told = await volunteer.get(f"{MINE}/priority")
    assert (told["version"], told["eligible"]) == ("2026-2", True)
    assert (await volunteer.get(f"{MINE}/priority?as_of={begins - timedelta(days=1)}"))["version"] == "2026-1"


async def test_withdrawn_hours_stop_counting(served: Site) -> None:
    """Stars, hours in all and hours in the window fall together."""
    criteria = (
        asks("stars", "at_least", 1, "c-s"),
        asks("minutes", "at_least", 6000, "c-m"),
        asks("window_minutes", "at_least", 6000, "c-w"),
    )
    before = await judged(served, *criteria)
    assert [actual(before, number) for number in range(3)] == [1, DAYS * DAY_MINUTES, DAYS * DAY_MINUTES]
    for record in (await a_volunteer(served).get("/v1/me/service-records"))["records"][:2]:
        await an_admin(served).post(f"{RECORDS}/{record['id']}/withdraw")
    after = await judged(served, *criteria)
    left = (DAYS - 2) * DAY_MINUTES
    assert [actual(after, number) for number in range(3)] == [0, left, left]
    assert not any(criterion["met"] for criterion in after["criteria"])
    assert after["criteria"][1]["missing"][0]["amount"] == 6000 - left


async def test_honours_count_while_they_stand(served: Site) -> None:
    """The highest level, how many, and the four tens; not before their day, not once withdrawn, not when another's."""
    admin = an_admin(served)
    criteria = (
        asks("honours", "at_least", 2, "c-n"),
        asks("honour_level", "at_least", 3, "c-l"),
        asks("four_tens", "at_least", 1, "c-t"),
    )
    city = await admin.post("/v1/honours", an_honour(served), 201)
    await admin.post("/v1/honours", an_honour(served, level="county", edition=4, name="十佳志愿者"), 201)
    await admin.post("/v1/honours", an_honour(served, level="other", name="未核实"), 201)
    await admin.post("/v1/honours", an_honour(served, number=1, level="national"), 201)
    told = await judged(served, *criteria)
    assert [actual(told, number) for number in range(3)] == [2, 3, 1]
    assert told["eligible"]
    assert city["id"] in told["criteria"][1]["sources"]["ids"]
    early = await a_volunteer(served).get(f"{MINE}/{told['benefit']}?as_of=2026-02-28")
    assert [actual(early, number) for number in range(3)] == [0, 0, 0]
    await admin.post(f"/v1/honours/{city['id']}/withdraw", {"reason": "撤销"})
    told = await judged(served, *criteria)
    assert [actual(told, number) for number in range(3)] == [1, 2, 1]
    assert told["criteria"][1]["missing_en"] == "highest honour: city or higher is required"


async def test_penalties_count_once_they_are_final(served: Site) -> None:
    """Not while an appeal is possible; a warning without points is no adverse record."""
    await rewarding(served)
    imposer, confirmer = an_admin(served), an_admin(served, "second")
    warned, imposed = [
        await imposer.post("/v1/penalties", an_offence(served, code=code), 201) for code in ("no-show", "false-record")
    ]
    for penalty in (warned, imposed):
        await confirmer.post(f"/v1/penalties/{penalty['id']}/confirm")
    criterion = asks("adverse", "at_most", 0)
    assert actual(await judged(served, criterion)) == 0
    served.clock.move(timedelta(days=40))
    told = await judged(served, criterion)
    assert (actual(told), told["eligible"], told["criteria"][0]["missing_zh"]) == (1, False, "近3年不良记录超出 1 次")
    assert told["criteria"][0]["sources"] == {"ids": [imposed["id"]], "count": 1}
    await post_final(served)
    assert actual(await judged(served, criterion)) == 1
    assert actual(await judged(served, criterion, number=1)) == 0
    served.clock.move(timedelta(days=3 * 366))
    assert actual(await judged(served, criterion)) == 0


async def test_a_record_withdrawn_on_anothers_objection_is_adverse(served: Site) -> None:
    """One that the volunteer objected to, or that fell without an objection, is not."""
    rows = (await a_volunteer(served).get("/v1/me/service-records"))["records"]
    own, others, none = (row["id"] for row in rows[:3])
    objections = {own: format_id("vol", served.city.volunteers[0]), others: format_id("vol", served.city.volunteers[1])}
    async with served.database.begin() as tx:
        for record, by in objections.items():
            await tx.execute(
                _OBJECTION,
                {
                    "programme": served.city.programme,
                    "id": uuid7(),
                    "record": record[4:],
                    "by": by,
                    "at": served.clock.now,
                    "nobody": NOBODY,
                },
            )
    for record in (own, others, none):
        await an_admin(served).post(f"{RECORDS}/{record}/withdraw")
    told = await judged(served, asks("adverse", "at_most", 0))
    assert told["criteria"][0]["sources"] == {"ids": [others], "count": 1}


_OBJECTION = text("""
INSERT INTO objections (programme_id, id, record_id, state, raised_by, reason, raised_at, due_at, answered_by, answer,
                        answered_at)
VALUES (:programme, :id, CAST(:record AS uuid), 'upheld', :by, '没有这次服务', :at, :at, :nobody, '属实', :at)
""")


async def test_age_region_and_membership_are_facts(served: Site) -> None:
    """The age on the day, where the birthday is known; the region by its code; whoever is frozen is told so."""
    criteria = (
        asks("age", "at_least", 18, "c-a"),
        asks("region", "within", "330282", "c-r"),
        asks("active", "is", True, "c-m"),
        asks("registered_months", "at_least", 1, "c-g"),
    )
    told = await judged(served, *criteria)
    assert [criterion["met"] for criterion in told["criteria"]] == [False, True, True, False]
    assert (actual(told), told["criteria"][0]["missing_en"]) == (None, "age: not on record")
    birthday = today(served).replace(year=today(served).year - 18) + timedelta(days=1)
    async with served.database.begin() as tx:
        await tx.execute(text("UPDATE volunteers SET born_on = :day, status = 'frozen'"), {"day": birthday})
    told = await judged(served, *criteria)
    assert (actual(told), told["criteria"][0]["missing_zh"]) == (17, "年龄还差 1 岁")
    assert told["criteria"][2]["missing_en"] == "active membership: must be yes"
    served.clock.move(timedelta(days=31))
    told = await judged(served, *criteria)
    assert [criterion["met"] for criterion in told["criteria"]] == [True, True, False, True]


async def test_those_who_review_see_the_same_within_their_part(served: Site) -> None:
    """Administrators everybody's, organisers their region's and their teams'; beside it there is nothing."""
    await publish(served, says_benefit())
    volunteer = a_volunteer(served)
    told = await volunteer.get(f"{MINE}/priority")
    path = f"/v1/volunteers/{format_id('vol', served.city.volunteers[0])}/benefits/priority"
    seen = await an_admin(served).get(path)
    assert seen == {name: value for name, value in told.items() if name != "content"}
    inside = Person(site=served, kind=ActorKind.ORGANISER, subject=uuid7(), team=served.city.team)
    assert (await inside.get(path))["facts_hash"] == told["facts_hash"]
    elsewhere = Person(site=served, kind=ActorKind.ORGANISER, subject=uuid7(), region=TOWNS[0])
    for person, target in (
        (elsewhere, path),
        (an_admin(served), path.replace("priority", "nothing")),
        (an_admin(served), f"/v1/volunteers/{format_id('vol', uuid7())}/benefits/priority"),
        (an_admin(served), "/v1/volunteers/x/benefits/priority"),
    ):
        assert (await person.get(target, 404))["code"] == "NOT_FOUND"


async def test_whoever_is_no_volunteer_here_has_no_benefits(served: Site) -> None:
    """A token of somebody whom no table knows: not found, in the list and by name."""
    await publish(served, says_benefit())
    nobody = VolunteerId(uuid7())
    stranger = Person(site=served, kind=ActorKind.VOLUNTEER, subject=nobody, volunteer=nobody)
    for target in (MINE, f"{MINE}/priority"):
        assert (await stranger.get(target, 404))["code"] == "NOT_FOUND"


async def test_asking_writes_nothing(served: Site) -> None:
    """Every table is as it was, to the row."""
    await publish(served, says_benefit())
    volunteer = a_volunteer(served)
    before = await fetch_tables(served.database)
    await volunteer.get(MINE)
    await volunteer.get(f"{MINE}/priority")
    assert await fetch_tables(served.database) == before


async def test_the_list_of_benefits_has_pages(served: Site) -> None:
    """By code; drafts and what begins later are not in it."""
    for code in ("cc", "aa", "bb"):
        await publish(served, says_benefit(code, criteria=[THREE_STARS]))
    later = (today(served) + timedelta(days=9)).isoformat()
    await publish(served, says_benefit("dd", effective_from=later))
    author = a_caller(served)
    draft = says_benefit("ee")
    await author.post("/v1/benefits", draft, 201)
    await step(a_caller(served), draft, "review", 1)
    volunteer = a_volunteer(served)
    first = await volunteer.get(f"{MINE}?limit=2")
    assert [one["benefit"] for one in first["benefits"]] == ["aa", "bb"]
    second = await volunteer.get(f"{MINE}?limit=2&after={first['next']}")
    assert ([one["benefit"] for one in second["benefits"]], second["next"]) == (["cc"], None)

"""Policies over HTTP: drafted by one, reviewed by another, published; conditions checked with line and column."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from app.store.policy_bodies import decode_policy, encode_policy
from tests.support.back_tests import back_tested
from tests.support.calls import Caller, Json, an_admin
from tests.support.sites import Site

POLICIES = "/v1/accrual-policies"


def says(version: str = "2027-1", **more: object) -> Json:
    """A body that drafts a version."""
    return {"version": version, "effective_from": "2027-01-01", "rate_per_hour": 10, **more}


async def step(caller: Caller, version: str, name: str, revision: int, status: int = 200) -> Json:
    """Review, publish or discard a draft."""
    return await caller.send("POST", f"{POLICIES}/{version}/{name}", None, status, If_Match=f'"{revision}"')


FULL = says(
    coefficients_bp={"level_1": 10_000, "level_2": 12_000, "level_3": 15_000},
    category_bp={"垃圾分类": 5_000},
    organiser_bp=11_000,
    points_per_service=1,
    unit_minutes=30,
    rounding="half_up",
    scale={"period": "year", "bands": [{"until_minutes": 1200, "per": 1}, {"until_minutes": None, "per": 2}]},
    caps={
        "activity_minutes": 120,
        "day_minutes": 480,
        "year_minutes": 30_000,
        "day_points": 100,
        "year_points": 2_000,
        "balance_points": 1_500,
    },
    windows=[
        {
            "name": "台风",
            "starts_on": "2027-08-01",
            "ends_on": "2027-08-31",
            "coefficient_bp": 20_000,
            "categories": ["应急"],
        }
    ],
    rules=[{"name": "周末", "when": "weekday >= 6 && total_minutes >= 60", "coefficient_bp": 11_000, "points": 1}],
    overlays=[{"region_code": "330282", "extra_bp": 500, "year_budget": 10_000}],
    bonuses={
        "first_service": 5,
        "start_grant": 5,
        "referral": 2,
        "referrals_a_year": 3,
        "honour": {"national": 0, "provincial": 0, "city": 50, "county": 20, "other": 0},
    },
    penalties=[{"code": "no-show", "name": "无故缺席", "name_en": "absence", "points": 20, "counts_from": 5}],
    unlock_minutes=6_000,
    notice_days=3,
    expiry={"kind": "year_end", "years": 2, "months": 0, "on": None},
)


async def test_a_version_is_written_by_one_and_published_by_two(site: Site) -> None:
    """Everything that was said comes back; the author may not review; what is published is what was reviewed."""
    author, reviewer = an_admin(site), an_admin(site)
    made = await author.post(POLICIES, FULL, 201)
    assert {name: made[name] for name in FULL} == FULL
    assert (made["state"], made["revision"], made["reviewed_by"]) == ("draft", 1, None)
    assert made["authors"] == [format_id("usr", author.subject)]
    assert (await step(author, "2027-1", "review", 1, 409))["code"] == "SELF_REVIEW"
    assert (await step(reviewer, "2027-1", "publish", 1, 409))["figures"] == {"state": "draft"}
    reviewed = await step(reviewer, "2027-1", "review", 1)
    assert (reviewed["state"], reviewed["reviewed_by"]) == ("reviewed", format_id("usr", reviewer.subject))
    assert (await step(author, "2027-1", "publish", 2, 409))["code"] == "BACK_TEST_MISSING"
    tested = await back_tested(reviewer, "2027-1")
    published = await step(author, "2027-1", "publish", 2)
    assert published["back_test_id"] == tested["id"]
    assert (published["state"], published["revision"]) == ("published", 3)
    listed = (await author.get(POLICIES))["policies"]
    assert [(row["version"], row["state"]) for row in listed] == [("2020-1", "published"), ("2027-1", "published")]
    assert listed[1] == published == await author.get(f"{POLICIES}/2027-1")
    async with site.database.read() as reader:
        body = await reader.scalar(text("SELECT body::text FROM accrual_policies WHERE version = '2027-1'"))
    assert encode_policy(decode_policy(body)) == encode_policy(decode_policy(body))


async def test_a_published_version_is_not_edited(site: Site) -> None:
    """Neither through the API nor past it; its name is taken for ever, and so is its day."""
    author, reviewer = an_admin(site), an_admin(site)
    await author.post(POLICIES, says(), 201)
    await step(reviewer, "2027-1", "review", 1)
    await back_tested(author, "2027-1")
    await step(reviewer, "2027-1", "publish", 2)
    refused = await author.send("PUT", f"{POLICIES}/2027-1", says(rate_per_hour=99), 409, If_Match='"3"')
    assert (refused["code"], refused["figures"]) == ("STATE_CONFLICT", {"state": "published"})
    assert (await author.post(POLICIES, says(), 409))["code"] == "ALREADY_EXISTS"
    assert (await author.post(POLICIES, says("2020-1"), 409))["code"] == "ALREADY_EXISTS"
    await author.post(POLICIES, says("2027-2"), 201)
    await step(reviewer, "2027-2", "review", 1)
    await back_tested(author, "2027-2")
    assert (await step(reviewer, "2027-2", "publish", 2, 409))["code"] == "ALREADY_EXISTS"
    assert (await author.get(f"{POLICIES}/2027-2"))["state"] == "reviewed"
    with pytest.raises(Exception, match="append"):
        async with site.database.begin() as tx:
            await tx.execute(text("UPDATE accrual_policies SET rate_per_hour = 99"))


async def test_an_edit_undoes_the_review(site: Site) -> None:
    """Whoever edits becomes an author: the reviewer of before may no longer review, and a stale step is a conflict."""
    author, second, third = an_admin(site), an_admin(site), an_admin(site)
    await author.post(POLICIES, says(), 201)
    await step(second, "2027-1", "review", 1)
    revised = await second.send("PUT", f"{POLICIES}/2027-1", says(rate_per_hour=12), If_Match='"2"')
    assert (revised["state"], revised["reviewed_by"], revised["rate_per_hour"]) == ("draft", None, 12)
    assert (await step(third, "2027-1", "publish", 2, 412))["code"] == "EDIT_CONFLICT"
    assert (await step(second, "2027-1", "review", 3, 409))["code"] == "SELF_REVIEW"
    assert (await step(third, "2027-1", "review", 3))["state"] == "reviewed"
    assert (await step(author, "2027-1", "discard", 4))["state"] == "discarded"
    assert [row["version"] for row in (await author.get(POLICIES))["policies"]] == ["2020-1"]


async def test_a_version_does_not_reach_back_to_priced_days(site: Site) -> None:
    """Not on or before a day whose service has been priced; before tomorrow but after that day it may begin."""
    author, reviewer = an_admin(site), an_admin(site)
    today = site.clock.now.date()
    for version, day, status in (("a", today, 409), ("b", today - timedelta(days=9), 409)):
        await author.post(POLICIES, says(version, effective_from=day.isoformat()), 201)
        await step(reviewer, version, "review", 1)
        await back_tested(author, version)
        refused = await step(reviewer, version, "publish", 2, status)
        assert refused["figures"]["state"] == "priced"
    await author.post(POLICIES, says("c", effective_from=(today + timedelta(days=1)).isoformat()), 201)
    await step(reviewer, "c", "review", 1)
    await back_tested(author, "c")
    await step(reviewer, "c", "publish", 2)


@pytest.mark.parametrize(
    "wrong, pointer",
    [
        ({"scale": {"period": "year", "bands": [{"until_minutes": 60, "per": 1}]}}, "/scale"),
        ({"caps": {"day_minutes": -1}}, "/caps/day_minutes"),
        ({"caps": {"week_minutes": 1}}, "/caps/week_minutes"),
        ({"expiry": {"kind": "rolling_months"}}, "/expiry"),
        ({"expiry": {"kind": "fixed_date"}}, "/expiry"),
        ({"rounding": "to even"}, "/rounding"),
        ({"rate_per_hour": 1.5}, "/rate_per_hour"),
        (
            {"windows": [{"name": "x", "starts_on": "2027-02-02", "ends_on": "2027-02-01", "coefficient_bp": 1}]},
            "/windows/0",
        ),
        ({"rules": [{"name": "x", "when": "minutes > 1\n && stars > 3"}]}, "/rules/0/when"),
    ],
)
async def test_what_is_wrong_is_pointed_to(site: Site, wrong: Json, pointer: str) -> None:
    """A JSON pointer to the field; for a condition the line and the column too."""
    refused = await an_admin(site).post(POLICIES, says(**wrong), 400)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    if pointer == "/rules/0/when":
        assert refused["errors"][0]["detail"].startswith("line 2, column 5: undeclared reference to 'stars'")


async def test_a_town_must_exist(site: Site) -> None:
    """An overlay for a region that the programme does not have is refused."""
    overlay = {"region_code": "110101", "extra_bp": 500, "year_budget": 1}
    refused = await an_admin(site).post(POLICIES, says(overlays=[overlay]), 404)
    assert refused["figures"] == {"region_code": "110101"}


async def test_spending_opens_with_the_hours_that_the_policy_asks_for(site: Site) -> None:
    """From the day it begins the till refuses with what is missing; the day before it pays."""
    author, reviewer = an_admin(site), an_admin(site)
    begins = site.clock.now + timedelta(days=1)
    await author.post(POLICIES, says("u", effective_from=begins.date().isoformat(), unlock_minutes=6_000), 201)
    await step(reviewer, "u", "review", 1)
    await back_tested(author, "u")
    await step(author, "u", "publish", 2)
    assert (await site.redeem("A-1", await site.pay_code(), 10)).status_code == 201
    site.clock.now = begins
    refused = (await site.redeem("A-2", await site.pay_code(), 10)).json()
    assert (refused["code"], refused["figures"]["missing"]) == ("NOT_ELIGIBLE", 5_500)


async def test_whatever_characters_a_condition_has_it_is_kept(site: Site) -> None:
    """A literal may hold any character that JSON can write; what was said comes back."""
    rules = [
        {"name": "x", "when": "category == '\\u0000 好'.trim() || minutes > 1", "coefficient_bp": 10_000, "points": 0}
    ]
    answer = await an_admin(site).post(POLICIES, says(rules=rules), 400)
    assert answer["errors"][0]["pointer"] == "/rules/0/when"
    rules[0]["when"] = "category == '\\u0000 好' || minutes > 1"
    assert (await an_admin(site).post(POLICIES, says(rules=rules), 201))["rules"] == rules
    rules[0]["when"] = "category == '\u0000 好' || minutes > 1"
    assert (await an_admin(site).post(POLICIES, says("2027-2", rules=rules), 201))["rules"] == rules

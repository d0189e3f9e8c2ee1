"""Why not: each obstacle to an offer in figures and in words, and an order that is refused by the very same."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.support.calls import Json, an_admin
from tests.support.catalogue import (
    NEXT_DOOR,
    a_published,
    add_next_door,
    order,
    reimbursed,
    revise,
    run_sql,
    says,
    see,
    try_order,
)
from tests.support.sites import Site


def _figures(**figures: int | str) -> Json:
    return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An offer, what else is the case, and the obstacle that it makes, in figures and in both languages."""

    body: Json = field(default_factory=says)
    sql: str = ""
    had: int = 0
    code: str
    figures: Json = field(default_factory=dict)
    zh: str
    en: str


def _limited(period: str, again_on: str, zh: str, en: str) -> Case:
    figures = _figures(limit="person", period=period, count=2, had=2, again_on=again_on)
    if not again_on:
        del figures["again_on"]
    limits = [{"period": period, "count": 2}]
    return Case(body=says(limits=limits), had=2, code="QUOTA_EXCEEDED", figures=figures, zh=zh, en=en)


def _aged(born_on: str, figures: Json, zh: str, en: str) -> Case:
    body = says(age_min=18, age_max=60)
    sql = f"UPDATE volunteers SET born_on = '{born_on}'"
    return Case(body=body, sql=sql, code="NOT_ELIGIBLE", figures={"gate": "age"} | figures, zh=zh, en=en)


CASES = {
    "points": Case(
        body=says(points=537),
        code="NOT_ENOUGH",
        figures=_figures(available=500, missing=37),
        zh="还差 37 积分",
        en="37 points are missing",
    ),
    "hours": Case(
        body=says(minutes_min=620),
        code="NOT_ELIGIBLE",
        figures=_figures(gate="minutes", required=620, actual=500, missing=120),
        zh="还差 2 小时",
        en="2 h of service are missing",
    ),
    "hours and minutes": Case(
        body=says(minutes_min=575),
        code="NOT_ELIGIBLE",
        figures=_figures(gate="minutes", required=575, actual=500, missing=75),
        zh="还差 1 小时 15 分钟",
        en="1 h 15 min of service are missing",
    ),
    "stars": Case(
        body=says(stars_min=2),
        code="NOT_ELIGIBLE",
        figures=_figures(gate="stars", required=2, actual=0, missing=2),
        zh="需达到 2 星，现为 0 星",
        en="2 stars are needed, you have 0",
    ),
    "region": Case(
        body=says(region_codes=[NEXT_DOOR]),
        code="NOT_ELIGIBLE",
        figures=_figures(gate="region", required=NEXT_DOOR, actual="330282"),
        zh="仅限指定地区的志愿者",
        en="Only for volunteers of certain regions",
    ),
    "too young": _aged("2008-03-03", _figures(required=18, actual=17), "需年满 18 周岁", "From the age of 18"),
    "too old": _aged(
        "1965-03-02", _figures(required_at_most=60, actual=61), "仅限 60 周岁及以下", "Up to the age of 60"
    ),
    "age unknown": Case(
        body=says(age_max=60),
        code="NOT_ELIGIBLE",
        figures=_figures(gate="age", actual="unknown"),
        zh="未登记出生日期，无法核对年龄",
        en="Your date of birth is not known",
    ),
    "not yet open": Case(
        body=says(starts_at="2026-03-05T01:00:00Z"),
        code="OFFER_NOT_OPEN",
        figures=_figures(opens_at="2026-03-05T01:00:00.000000Z"),
        zh="2026 年 3 月 5 日 09:00 开始兑换",
        en="It opens on 2026-03-05 at 09:00",
    ),
    "over": Case(
        body=says(ends_at="2026-03-02T01:00:00Z"),
        code="OFFER_NOT_OPEN",
        figures=_figures(ended_at="2026-03-02T01:00:00.000000Z"),
        zh="兑换已结束",
        en="It has ended",
    ),
    "no voucher would be valid": Case(
        body=says(voucher_until="2026-03-01"),
        code="OFFER_NOT_OPEN",
        figures=_figures(ended_at="2026-03-01T16:00:00.000000Z"),
        zh="兑换已结束",
        en="It has ended",
    ),
    "stock": Case(
        body=says(stock=0), code="OUT_OF_STOCK", figures=_figures(left=0), zh="库存不足，仅余 0 份", en="Only 0 left"
    ),
    "a day": _limited(
        "day",
        "2026-03-03",
        "今日限兑 2 份，已兑 2 份，2026 年 3 月 3 日起可再次兑换",
        "2 today at most, you had 2; again from 2026-03-03",
    ),
    "a month": _limited(
        "month",
        "2026-04-01",
        "本月限兑 2 份，已兑 2 份，2026 年 4 月 1 日起可再次兑换",
        "2 this month at most, you had 2; again from 2026-04-01",
    ),
    "a quarter": _limited(
        "quarter",
        "2026-04-01",
        "本季度限兑 2 份，已兑 2 份，2026 年 4 月 1 日起可再次兑换",
        "2 this quarter at most, you had 2; again from 2026-04-01",
    ),
    "a year": _limited(
        "year",
        "2027-01-01",
        "今年限兑 2 份，已兑 2 份，2027 年 1 月 1 日起可再次兑换",
        "2 this year at most, you had 2; again from 2027-01-01",
    ),
    "ever": _limited("ever", "", "累计限兑 2 份，已兑 2 份", "2 in all at most, you had 2"),
    "at once": Case(
        sql="UPDATE programmes SET points_max = 99",
        code="QUOTA_EXCEEDED",
        figures=_figures(limit="redemption", points_max=99),
        zh="单次最多兑换 99 积分",
        en="At most 99 points at once",
    ),
    "the merchant's month": Case(
        sql="UPDATE agreements SET monthly_points = 60",
        code="QUOTA_EXCEEDED",
        figures=_figures(limit="merchant", period="month", left=60),
        zh="商家本月仅可再收 60 积分",
        en="The merchant may take 60 more points this month",
    ),
    "the merchant": Case(
        sql="UPDATE merchants SET status = 'suspended'",
        code="MERCHANT_SUSPENDED",
        zh="商家已暂停兑换",
        en="The merchant is suspended",
    ),
    "no agreement": Case(
        sql="UPDATE agreements SET ends_on = '2026-03-01'",
        code="MERCHANT_SUSPENDED",
        zh="商家已暂停兑换",
        en="The merchant is suspended",
    ),
    "frozen": Case(
        sql="UPDATE volunteers SET status = 'frozen'",
        code="ACCOUNT_FROZEN",
        figures=_figures(status="frozen"),
        zh="账户已冻结，请联系所在镇（街道）志愿服务站",
        en="The volunteer's account is frozen",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_an_obstacle_is_told_in_figures_and_words(site: Site, case: Case) -> None:
    """The one thing that stands in the way, in the caller's language; an order is refused by just that."""
    await add_next_door(site)
    offer = (await a_published(site, case.body))["id"]
    for _ in range(case.had):
        await order(site, offer)
    if case.sql:
        await run_sql(site, case.sql)
    for language, told in (("zh-CN", case.zh), ("en", case.en)):
        [shown] = (await see(site, "/v1/me/offers", language=language))["offers"]
        assert not shown["available"]
        assert shown["obstacles"] == [{"code": case.code, "detail": told, "figures": case.figures}]
        assert await see(site, f"/v1/me/offers/{offer}", language=language) == shown
    refused = (await try_order(site, offer)).json()
    assert (refused["code"], refused["figures"]) == (case.code, case.figures)


async def test_money_that_is_not_there_is_an_obstacle(site: Site) -> None:
    """FUND_EXHAUSTED only when none of the funds can bear it."""
    offer = (await a_published(site, reimbursed(site, 1_000_000, points=1)))["id"]
    assert (await see(site, f"/v1/me/offers/{offer}"))["available"]
    await order(site, offer)
    shown = await see(site, f"/v1/me/offers/{offer}", 1)
    assert [obstacle["code"] for obstacle in shown["obstacles"]] == ["FUND_EXHAUSTED"]
    spare = await an_admin(site).post(
        "/v1/funds", {"code": "spare", "name": "乙", "sponsor": "乙", "purpose": "礼遇"}, 201
    )
    past = (site.clock.now - timedelta(days=1)).isoformat()
    await an_admin(site).post(f"/v1/funds/{spare['id']}/donations", {"amount_fen": 1_000_000, "received_at": past}, 201)
    body = reimbursed(site, 1_000_000, points=1)
    await revise(site, offer, body | {"fund_ids": [*body["fund_ids"], spare["id"]]})
    assert (await see(site, f"/v1/me/offers/{offer}", 1))["available"]
    await order(site, offer, 1)


async def test_every_obstacle_is_told_in_the_order_of_refusals(site: Site) -> None:
    """All at once, as POS.md lists the codes; the order is refused by the first."""
    closed = {"starts_at": "2026-03-05T01:00:00Z", "stock": 0, "points": 700}
    gates = {"stars_min": 1, "minutes_min": 501, "region_codes": [NEXT_DOOR], "age_min": 18}
    await add_next_door(site)
    offer = (await a_published(site, reimbursed(site, 2_000_000) | closed | gates))["id"]
    for sql in (
        "merchants SET status = 'suspended'",
        "volunteers SET status = 'frozen'",
        "programmes SET points_max = 1",
    ):
        await run_sql(site, f"UPDATE {sql}")
    shown = await see(site, f"/v1/me/offers/{offer}")
    told = [(row["code"], row["figures"].get("gate", "")) for row in shown["obstacles"]]
    assert told == [
        ("MERCHANT_SUSPENDED", ""),
        ("ACCOUNT_FROZEN", ""),
        ("OFFER_NOT_OPEN", ""),
        ("NOT_ELIGIBLE", "stars"),
        ("NOT_ELIGIBLE", "minutes"),
        ("NOT_ELIGIBLE", "region"),
        ("NOT_ELIGIBLE", "age"),
        ("OUT_OF_STOCK", ""),
        ("QUOTA_EXCEEDED", ""),
        ("NOT_ENOUGH", ""),
        ("FUND_EXHAUSTED", ""),
    ]
    assert (await try_order(site, offer)).json()["code"] == "MERCHANT_SUSPENDED"

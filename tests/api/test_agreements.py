"""Agreements of merchants over HTTP: in force by the day, never two at once, with a quota of a month."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.core.ids import MerchantId
from tests.support.calls import Caller, Json, a_merchant, a_till, an_admin, in_line
from tests.support.sites import Site

THIS_YEAR: Json = {"number": "2026", "starts_on": "2026-03-02", "ends_on": "2026-12-31"}
NEXT_YEAR: Json = {"number": "2027", "starts_on": "2027-01-01", "ends_on": "2027-12-31"}


async def _registered(admin: Caller, **terms: object) -> str:
    """The path of a merchant that was registered under this year's agreement."""
    made = await admin.post("/v1/merchants", a_merchant(1, agreement={**THIS_YEAR, **terms}), 201)
    return f"/v1/merchants/{made['id']}"


async def _agreements(admin: Caller, merchant: str) -> list[Json]:
    listed: list[Json] = (await admin.get(f"{merchant}/agreements"))["agreements"]
    return listed


async def test_a_merchant_is_registered_under_an_open_agreement_when_none_is_given(site: Site) -> None:
    """From the business day in Shanghai on, for good and without a quota."""
    site.clock.move(timedelta(hours=15))
    admin = an_admin(site)
    made = await admin.post("/v1/merchants", a_merchant(1), 201)
    shown = await admin.get(f"/v1/merchants/{made['id']}")
    agreement = shown["agreement"]
    assert (agreement["number"], agreement["starts_on"], agreement["ends_on"]) == ("open", "2026-03-03", "9999-12-31")
    assert (shown["monthly_points"], shown["taken_points"], agreement["signed_by"]) == (None, None, None)


async def test_a_till_takes_points_from_the_first_day_to_the_end_of_the_last(site: Site) -> None:
    """By the business day: before and after it the merchant counts as suspended."""
    admin = an_admin(site)
    merchant = await _registered(admin, starts_on="2026-03-03", ends_on="2026-03-04")
    till, secret = await a_till(admin, merchant.rpartition("/")[2])
    answers = []
    for number, (day, hour, minute) in enumerate([(2, 15, 59), (2, 16, 0), (4, 15, 59), (4, 16, 0)]):
        site.clock.now = site.clock.now.replace(day=day, hour=hour, minute=minute)
        sold = await site.redeem(f"A-{number}", await site.pay_code(), 1, till=till, secret=secret)
        answers.append((sold.json().get("code"), (await admin.get(merchant))["agreement"] is not None))
    suspended = ("MERCHANT_SUSPENDED", False)
    assert answers == [suspended, (None, True), (None, True), suspended]


async def test_the_next_year_is_signed_in_advance(site: Site) -> None:
    """It touches this year's without sharing a day with it, and is in force from its first day on."""
    admin = an_admin(site)
    merchant = await _registered(admin)
    signed = await admin.post(f"{merchant}/agreements", NEXT_YEAR, 201)
    assert [row["number"] for row in await _agreements(admin, merchant)] == ["2026", "2027"]
    assert (await admin.get(merchant))["agreement"]["number"] == "2026"
    site.clock.now = site.clock.now.replace(year=2027, month=1, day=1)
    assert (await admin.get(merchant))["agreement"] == signed


@pytest.mark.parametrize(
    "starts_on, ends_on, status",
    [
        ("2026-12-31", "2027-06-30", 409),
        ("2026-03-01", "2026-03-02", 409),
        ("2026-05-01", "2026-05-01", 409),
        ("2020-01-01", "2030-01-01", 409),
        ("2027-01-01", "2027-01-01", 201),
        ("2026-03-01", "2026-03-01", 400),
    ],
)
async def test_no_two_agreements_share_a_day(site: Site, starts_on: str, ends_on: str, status: int) -> None:
    """OVERLAP names the other one; one that is over already cannot be signed at all."""
    admin = an_admin(site)
    merchant = await _registered(admin)
    terms = {"number": "x", "starts_on": starts_on, "ends_on": ends_on}
    answer = await admin.post(f"{merchant}/agreements", terms, status)
    [first, *others] = await _agreements(admin, merchant)
    if status == 409:
        figures = {"agreement": first["id"], "starts_on": "2026-03-02", "ends_on": "2026-12-31"}
        assert (answer["code"], answer["figures"]) == ("OVERLAP", figures)
    assert len(others) == (status == 201)


async def test_of_two_who_sign_the_same_days_one_is_refused(site: Site) -> None:
    """At the same moment, under two numbers."""
    admin = an_admin(site)
    merchant = await _registered(admin)
    bodies = [{**NEXT_YEAR, "number": f"2027-{number}"} for number in range(4)]
    headers = [await admin.headers() for _ in bodies]
    target = f"{merchant}/agreements"
    requests = [site.client.post(target, json=body, headers=sent) for body, sent in zip(bodies, headers, strict=True)]
    answers = await in_line(site, MerchantId(UUID(hex=merchant[-32:])), *requests)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await _agreements(admin, merchant)) == 2


async def test_a_number_is_used_once_by_a_merchant(site: Site) -> None:
    """ALREADY_EXISTS for the same merchant; another merchant may have it."""
    admin = an_admin(site)
    merchant = await _registered(admin)
    taken = await admin.post(f"{merchant}/agreements", {**NEXT_YEAR, "number": "2026"}, 409)
    assert taken["code"] == "ALREADY_EXISTS"
    await admin.post("/v1/merchants", a_merchant(2, agreement=THIS_YEAR), 201)


async def test_a_quota_is_changed_by_another_agreement(site: Site) -> None:
    """The first ends yesterday, which is at once; the next starts today. What was taken this month still counts."""
    admin = an_admin(site)
    merchant = await _registered(admin, monthly_points=100)
    till, secret = await a_till(admin, merchant.rpartition("/")[2])

    async def take(number: str, points: int) -> str | None:
        answer = await site.redeem(number, await site.pay_code(), points, till=till, secret=secret)
        code: str | None = answer.json().get("code")
        return code

    assert await take("A-1", 60) is None
    shown = await admin.get(merchant)
    assert (shown["monthly_points"], shown["taken_points"]) == (100, 60)
    assert await take("A-2", 50) == "QUOTA_EXCEEDED"
    site.clock.move(timedelta(days=1))
    [first] = await _agreements(admin, merchant)
    await admin.post(f"{merchant}/agreements/{first['id']}/end", {"ends_on": "2026-03-02"})
    assert await take("A-3", 1) == "MERCHANT_SUSPENDED"
    wider = {**THIS_YEAR, "number": "2026-2", "starts_on": "2026-03-03", "monthly_points": 110}
    await admin.post(f"{merchant}/agreements", wider, 201)
    assert await take("A-4", 50) is None
    shown = await admin.get(merchant)
    assert (shown["monthly_points"], shown["taken_points"]) == (110, 110)
    site.clock.now = site.clock.now.replace(month=4, day=1)
    assert (await admin.get(merchant))["taken_points"] == 0


@pytest.mark.parametrize(
    "ends_on, status",
    [("2026-05-08", 400), ("2026-05-09", 200), ("2026-12-31", 200), ("2027-01-01", 400), ("soon", 400)],
)
async def test_an_agreement_ends_from_yesterday_to_its_own_end(site: Site, ends_on: str, status: int) -> None:
    """Never earlier, which would make what was taken wrong, and never later, which is a new agreement."""
    admin = an_admin(site)
    merchant = await _registered(admin)
    site.clock.now = site.clock.now.replace(month=5, day=10)
    [agreement] = await _agreements(admin, merchant)
    await admin.post(f"{merchant}/agreements/{agreement['id']}/end", {"ends_on": ends_on}, status)
    [after] = await _agreements(admin, merchant)
    assert after["ends_on"] == (ends_on if status == 200 else "2026-12-31")


async def test_an_agreement_that_is_over_or_elsewhere_cannot_be_ended(site: Site) -> None:
    """409 for what is over; 404 for another merchant's agreement, and for none."""
    admin = an_admin(site)
    merchant = await _registered(admin, ends_on="2026-03-02")
    [agreement] = await _agreements(admin, merchant)
    other = (await admin.post("/v1/merchants", a_merchant(2), 201))["id"]
    body = {"ends_on": "2026-03-02"}
    await admin.post(f"/v1/merchants/{other}/agreements/{agreement['id']}/end", body, 404)
    await admin.post(f"{merchant}/agreements/agr_1/end", body, 404)
    site.clock.move(timedelta(days=1))
    over = await admin.post(f"{merchant}/agreements/{agreement['id']}/end", body, 409)
    assert (over["code"], over["figures"]["state"]) == ("STATE_CONFLICT", "over")


async def test_who_has_no_place_in_the_scheme_signs_nothing(site: Site) -> None:
    """Neither before approval nor after the end; a suspended merchant may renew."""
    admin = an_admin(site)
    merchant = await _registered(admin)
    await admin.post(f"{merchant}/suspend")
    await admin.post(f"{merchant}/agreements", NEXT_YEAR, 201)
    await admin.post(f"{merchant}/end", {"reason": "退出"})
    later = {**NEXT_YEAR, "number": "2028", "starts_on": "2028-01-01", "ends_on": "2028-12-31"}
    refused = await admin.post(f"{merchant}/agreements", later, 409)
    assert (refused["code"], refused["figures"]) == ("STATE_CONFLICT", {"state": "ended"})
    applied = await admin.post("/v1/merchants/applications", a_merchant(2), 201)
    await admin.post(f"/v1/merchants/{applied['id']}/agreements", THIS_YEAR, 409)

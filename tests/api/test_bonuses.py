"""Bonuses over HTTP: registration, referral and honours bring points once; a withdrawn honour loses them."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.ids import VolunteerId, format_id
from app.security.actors import ActorKind
from tests.support.calls import Json
from tests.support.rewards import an_honour, debt_and_points, register, rewarding, settle
from tests.support.service_calls import Person, a_record, a_tree, a_volunteer, an_admin, person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

HONOURS = "/v1/honours"


def _volunteer(site: Site, registered: Json) -> Person:
    own = VolunteerId(UUID(hex=registered["id"][4:]))
    return Person(site=site, kind=ActorKind.VOLUNTEER, subject=own, volunteer=own)


async def _spend(site: Site, points: int) -> None:
    assert (await site.redeem(f"S-{points}", await site.pay_code(), points)).status_code == 201


async def test_an_honour_brings_its_bonus_once_and_loses_it(site: Site) -> None:
    """City level: fifty points, told in both languages, in statement and list; spent and withdrawn: a debt."""
    await rewarding(site)
    admin, own = an_admin(site), a_volunteer(site)
    honour = await admin.post(HONOURS, an_honour(site), 201)
    await asyncio.gather(settle(site), settle(site))
    assert await settle(site) == 0
    assert await debt_and_points(own) == (0, 550)
    [bonus] = (await own.get("/v1/me/bonuses"))["bonuses"]
    assert (bonus["kind"], bonus["points"], bonus["cause_id"]) == ("honour-bonus", 50, honour["id"])
    assert bonus["sentence_zh"] == "市级荣誉奖励 + 50 分（规则 2026-9）"
    assert bonus["sentence_en"] == "honour of city level + 50 points (policy 2026-9)"
    line = (await own.get("/v1/me/statement"))["lines"][0]
    assert (line["kind"], line["points"], line["explanation"]) == ("bonus.v1", 50, bonus["sentence_zh"])
    for reader, path in ((own, "/v1/me/bonuses"), (admin, "/v1/bonuses")):
        assert await reader.get(f"{path}/{bonus['id']}/explanation") == bonus
    await a_volunteer(site, 1).get(f"/v1/me/bonuses/{bonus['id']}/explanation", 404)
    await _spend(site, 540)
    await admin.post(f"{HONOURS}/{honour['id']}/withdraw", {"reason": "材料不实"})
    assert [await settle(site), await settle(site)] == [1, 0]
    assert await debt_and_points(own) == (40, 0)
    listed = (await admin.get(f"/v1/volunteers/{format_id('vol', site.city.volunteers[0])}/bonuses"))["bonuses"]
    assert [(row["kind"], row["revokes_id"]) for row in listed] == [
        ("honour-bonus", None),
        ("honour-withdrawn", bonus["id"]),
    ]
    await admin.post(HONOURS, an_honour(site, name="优秀志愿者"), 201)
    await settle(site)
    assert await debt_and_points(own) == (0, 10)
    await assert_all_sound(site.database, site.city)


async def test_what_waits_for_a_second_person_brings_nothing_yet(site: Site) -> None:
    """An entered honour, a team's honour, and a level without points bring none; verified, it is settled."""
    await rewarding(site)
    admin = an_admin(site)
    team: Json = {"kind": "team", "volunteer_id": None, "team_id": format_id("tea", site.city.team)}
    await admin.post(HONOURS, an_honour(site, **team), 201)
    lesser = await admin.post(HONOURS, an_honour(site, level="other"), 201)
    assert await settle(site) == 0
    await an_admin(site, "other").post(f"{HONOURS}/{lesser['id']}/verify")
    assert [await settle(site), await settle(site)] == [1, 0]
    assert await debt_and_points(a_volunteer(site)) == (0, 500)
    assert (await a_volunteer(site).get("/v1/me/bonuses"))["bonuses"] == []


async def test_an_honour_withdrawn_before_it_was_settled_brings_nothing(site: Site) -> None:
    """The job looks at what stands when it comes."""
    await rewarding(site)
    admin = an_admin(site)
    honour = await admin.post(HONOURS, an_honour(site), 201)
    await admin.post(f"{HONOURS}/{honour['id']}/withdraw", {"reason": "重复登记"})
    assert await settle(site) == 0
    assert await debt_and_points(a_volunteer(site)) == (0, 500)


async def test_a_registration_brings_its_start_grant(site: Site) -> None:
    """By the policy of the day of registration: one of before the policy brings nothing. Killed in between: found."""
    admin = an_admin(site)
    early = await register(admin)
    await rewarding(site)
    before = await register(admin, registered_at="2025-12-31T12:00:00+08:00")
    made = await register(admin)
    async with site.database.read() as reader:
        claims = list(await reader.scalars(text("SELECT volunteer_id FROM start_claims")))
    assert [format_id("vol", claim) for claim in claims] == [made["id"]]
    assert [await settle(site), await settle(site)] == [1, 0]
    for volunteer, points in ((early, 0), (before, 0), (made, 5)):
        assert await debt_and_points(_volunteer(site, volunteer)) == (0, points)
    [bonus] = (await _volunteer(site, made).get("/v1/me/bonuses"))["bonuses"]
    assert bonus["sentence_zh"] == "注册启动积分 + 5 分（规则 2026-9）"
    await assert_all_sound(site.database, site.city)


async def test_a_crash_between_granting_and_noting_grants_once(site: Site) -> None:
    """What was granted and not noted as settled is sent again, and answered as the first time."""
    await rewarding(site)
    made = await register(an_admin(site))
    assert await settle(site) == 1
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE start_claims SET settled = false"))
    assert await settle(site) == 1
    assert await debt_and_points(_volunteer(site, made)) == (0, 5)
    await assert_all_sound(site.database, site.city)


async def test_a_referral_is_rewarded_when_the_referred_has_served(site: Site) -> None:
    """With the first verified record that earns, not with registration; one a year, and who it was is not told."""
    await rewarding(site)
    tree = await a_tree(site)
    admin, own = an_admin(site), a_volunteer(site)
    me = format_id("vol", site.city.volunteers[0])
    friends = [await register(admin, referred_by=me) for _ in range(2)]
    assert (await admin.get(f"/v1/volunteers/{friends[0]['id']}"))["referred_by"] == me
    await settle(site)
    assert await debt_and_points(own) == (0, 500)
    enterer = person(site, "enterer", team=tree.root)
    for friend, points in zip(friends, (507, 507), strict=True):
        body = a_record(site, team_id=format_id("tea", tree.root)) | {"volunteer_id": friend["id"]}
        record = await enterer.enter(body)
        await settle(site)
        before = (await debt_and_points(own))[1]
        await person(site, "root", team=tree.root).verify(record)
        await settle(site)
        assert (await debt_and_points(own))[1] == points >= before
    [bonus] = (await own.get("/v1/me/bonuses"))["bonuses"]
    assert (bonus["kind"], bonus["cause_id"]) == ("referral-bonus", me)
    explained = await admin.get(f"/v1/bonuses/{bonus['id']}/explanation")
    assert explained["cause_id"] == friends[0]["id"]
    async with site.database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM referrals WHERE settled")) == 2
    await assert_all_sound(site.database, site.city)


async def test_hours_that_never_earn_reward_no_referral(site: Site) -> None:
    """Attested hours are no service that earns."""
    await rewarding(site)
    tree = await a_tree(site)
    admin, me = an_admin(site), format_id("vol", site.city.volunteers[0])
    friend = await register(admin, referred_by=me)
    body = a_record(site, team_id=format_id("tea", tree.root)) | {"volunteer_id": friend["id"]}
    record = await admin.enter({**body, "evidence": "attested", "check_ins": [], "minutes": 60})
    await person(site, "root", team=tree.root).verify(record)
    await settle(site)
    assert await debt_and_points(a_volunteer(site)) == (0, 500)


async def test_who_refers_must_be_known(site: Site) -> None:
    """404 for a stranger, and nobody is registered."""
    admin = an_admin(site)
    count = text("SELECT count(*) FROM volunteers")
    async with site.database.read() as reader:
        before = await reader.scalar(count)
    body = {"name": "张三", "region_code": "330282", "referred_by": "vol_" + "0" * 32}
    await admin.post("/v1/volunteers", body, 404)
    async with site.database.read() as reader:
        assert await reader.scalar(count) == before


async def test_bonuses_are_paged(site: Site) -> None:
    """A cursor leads through all of them, in order; nothing is asked for of a stranger."""
    await rewarding(site)
    admin = an_admin(site)
    for number in range(3):
        await admin.post(HONOURS, an_honour(site, name=f"荣誉 {number}"), 201)
    await settle(site)
    own = a_volunteer(site)
    whole = (await own.get("/v1/me/bonuses"))["bonuses"]
    first = await own.get("/v1/me/bonuses?limit=2")
    rest = await own.get(f"/v1/me/bonuses?limit=2&after={first['next']}")
    assert [*first["bonuses"], *rest["bonuses"]] == whole
    assert (len(whole), rest["next"]) == (3, None)
    await admin.get(f"/v1/volunteers/vol_{'0' * 32}/bonuses", 404)


async def test_policies_carry_bonuses_and_penalties(site: Site) -> None:
    """Drafted and read back; the same code of a penalty twice is refused."""
    admin = an_admin(site)
    penalty = {"code": "no-show", "name": "无故缺席", "name_en": "absence", "points": 20, "counts_from": 5}
    body = {
        "version": "2027-1",
        "effective_from": "2027-01-01",
        "rate_per_hour": 10,
        "bonuses": {"first_service": 1, "start_grant": 5, "referral": 2, "referrals_a_year": 3, "honour": {"city": 50}},
        "penalties": [penalty],
    }
    await admin.post("/v1/accrual-policies", body, 201)
    read = await admin.get("/v1/accrual-policies/2027-1")
    honour = {"national": 0, "provincial": 0, "city": 50, "county": 0, "other": 0}
    assert read["bonuses"] == {**body["bonuses"], "honour": honour}  # type: ignore[dict-item]  # a body
    assert read["penalties"] == [penalty]
    await admin.post("/v1/accrual-policies", {**body, "version": "2027-2", "penalties": [penalty, penalty]}, 400)


@pytest.mark.parametrize("days", [0, 40])
async def test_the_day_of_the_honour_counts_however_late_the_job_is(site: Site, days: int) -> None:
    """A job that stood still for weeks gives what the policy of the day gave."""
    await rewarding(site)
    await an_admin(site).post(HONOURS, an_honour(site), 201)
    site.clock.move(timedelta(days=days))
    await settle(site)
    [bonus] = (await a_volunteer(site).get("/v1/me/bonuses"))["bonuses"]
    assert (bonus["day"], bonus["expires_on"]) == ("2026-03-02", "2028-12-31")

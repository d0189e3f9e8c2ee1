"""A referral's bonus over HTTP: taken back once nothing of the referred volunteer's service stands, and not before."""

from datetime import timedelta
from typing import Any

from app.core.ids import format_id
from tests.support.calls import Json
from tests.support.calls import an_admin as a_second
from tests.support.corrections import ORDERS, WHY, approve, run_job
from tests.support.ledgers import fetch_rows
from tests.support.rewards import an_honour, debt_and_points, register, rewarding, settle
from tests.support.service_calls import RECORDS, a_record, a_volunteer, an_admin, person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound


async def a_referral(site: Site) -> Json:
    """A friend whom the first volunteer brought in."""
    await rewarding(site)
    return await register(an_admin(site), referred_by=format_id("vol", site.city.volunteers[0]))


async def serve(site: Site, friend: Json, **body: Any) -> Json:  # noqa: ANN401 - as `a_record` takes them
    """The friend's service, entered by one and verified by another."""
    entered = await person(site, "enterer").enter(a_record(site, **body) | {"volunteer_id": friend["id"]})
    return await person(site, "verifier").verify(entered)


async def withdraw(site: Site, record: Json) -> None:
    """Take a verified record out again."""
    await person(site, "verifier").post(f"{RECORDS}/{record['id']}/withdraw")


async def test_a_referral_loses_its_bonus_with_the_service(site: Site) -> None:
    """Seven given and spent; withdrawn: seven owed, told without a name, once; the next bonus repays them."""
    friend, own, admin = await a_referral(site), a_volunteer(site), an_admin(site)
    record = await serve(site, friend)
    await settle(site)
    assert await debt_and_points(own) == (0, 507)
    assert (await site.redeem("S-1", await site.pay_code(), 507)).json()["state"] == "SUCCESS"
    await withdraw(site, record)
    assert [await settle(site), await settle(site)] == [1, 0]
    assert await debt_and_points(own) == (7, 0)
    given, taken = (await own.get("/v1/me/bonuses"))["bonuses"]
    assert (taken["kind"], taken["points"], taken["revokes_id"]) == ("referral-withdrawn", 7, given["id"])
    assert taken["cause_id"] == format_id("vol", site.city.volunteers[0])
    assert (await admin.get(f"/v1/bonuses/{taken['id']}/explanation"))["cause_id"] == friend["id"]
    line = (await own.get("/v1/me/statement"))["lines"][0]
    assert (line["kind"], line["reason"]) == ("revoke-bonus.v1", "referral-withdrawn")
    assert line["explanation"] == "推荐的新志愿者的服务记录已撤销，收回推荐奖励 − 7 分（规则 2026-9）"
    await admin.post("/v1/honours", an_honour(site), 201)
    await settle(site)
    assert await debt_and_points(own) == (0, 43)
    await assert_all_sound(site.database, site.city)


async def test_a_referral_keeps_its_bonus_while_service_stands(site: Site) -> None:
    """Another record that earns, one that waits for its verification, or fewer minutes: it stays; then it goes."""
    friend, own = await a_referral(site), a_volunteer(site)
    first = await serve(site, friend)
    second = await serve(site, friend, ended_ago=timedelta(days=2))
    await settle(site)
    await withdraw(site, first)
    assert await settle(site) == 0
    order = await a_second(site).post(
        ORDERS, {"scope": {"record_id": second["id"]}, "change": {"minutes": 30}, **WHY}, 201
    )
    await approve(a_second(site), await a_second(site).post(f"{ORDERS}/{order['id']}/preview"))
    assert (await run_job(site), await settle(site)) == (1, 0)
    [(left,)] = await fetch_rows(
        site.database, "SELECT 'rec_' || replace(id::text, '-', '') FROM service_records WHERE replaces_id IS NOT NULL"
    )
    waiting = await person(site, "enterer").enter(a_record(site) | {"volunteer_id": friend["id"]})
    await withdraw(site, {"id": left})
    assert (await settle(site), await debt_and_points(own)) == (0, (0, 507))
    await person(site, "verifier").post(f"{RECORDS}/{waiting['id']}/reject")
    assert (await settle(site), await debt_and_points(own)) == (1, (0, 500))
    await serve(site, friend, ended_ago=timedelta(days=3))
    assert (await settle(site), await debt_and_points(own)) == (0, (0, 500))
    await assert_all_sound(site.database, site.city)


async def test_what_was_withdrawn_before_it_was_rewarded_brings_nothing(site: Site) -> None:
    """No bonus, so nothing to take back: the friend's own start grant is all that is settled."""
    friend = await a_referral(site)
    await withdraw(site, await serve(site, friend))
    assert [await settle(site), await settle(site)] == [1, 0]
    assert (await a_volunteer(site).get("/v1/me/bonuses"))["bonuses"] == []

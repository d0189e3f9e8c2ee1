"""A city whose policy has bonuses and penalties, and what may happen to its people."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.core.honours import HonourLevel
from app.core.ids import NOBODY, ProgrammeId, UserId, format_id
from app.core.policies import AccrualPolicy, Bonuses, PenaltyRule
from app.jobs.bonuses import run_bonuses
from app.jobs.penalties import run_penalties
from app.store.accrual_policies import fetch_policies
from app.store.database import Database
from app.store.policy_bodies import encode_policy
from tests.support.calls import Json
from tests.support.city_rows import REGION
from tests.support.service_calls import Person
from tests.support.sites import Site

BONUSES = Bonuses(start_grant=5, referral=7, referrals_a_year=1, honour={HonourLevel.CITY: 50, HonourLevel.COUNTY: 20})
PENALTIES = (
    PenaltyRule(code="no-show", name="无故缺席", name_en="unexcused absence", points=20, counts_from=2),
    PenaltyRule(code="false-record", name="虚假记录", name_en="false record", points=600),
)
VERSION = "2026-9"

_INSERT = text("""
INSERT INTO accrual_policies (programme_id, version, effective_from, rate_per_hour, coefficients_bp, created_by,
                              created_at, body)
VALUES (:programme, :version, :effective_from, :rate, '{"1": 10000, "2": 12000, "3": 15000}', :nobody, :at,
        CAST(:body AS json))
""")


async def rewarding(site: Site, effective_from: date = date(2026, 1, 1)) -> AccrualPolicy:
    """Put a policy with bonuses and penalties in force on a site."""
    return await put_in_force(site.database, site.city.programme, site.clock.now, effective_from)


async def put_in_force(database: Database, programme: ProgrammeId, at: datetime, effective_from: date) -> AccrualPolicy:
    """Put a policy with bonuses and penalties in force; hours bring what they brought before."""
    async with database.read() as reader:
        [before] = await fetch_policies(reader, programme)
    policy = replace(before, version=VERSION, effective_from=effective_from, bonuses=BONUSES, penalties=PENALTIES)
    values = {
        "programme": programme,
        "version": policy.version,
        "effective_from": policy.effective_from,
        "rate": policy.rate_per_hour,
        "nobody": UserId(NOBODY),
        "at": at,
        "body": encode_policy(policy),
    }
    async with database.begin() as tx:
        await tx.execute(_INSERT, values)
    return policy


async def settle(site: Site) -> int:
    """What the job of bonuses does."""
    return await run_bonuses(site.database, site.services.committers, site.city.programme)


async def post_final(site: Site) -> int:
    """What the job of penalties does."""
    return await run_penalties(site.database, site.services.committers, site.city.programme, site.clock)


def an_honour(site: Site, number: int = 0, **changed: Any) -> Json:  # noqa: ANN401 - JSON
    """An honour of one of the city's volunteers, by the city."""
    return {
        "kind": "volunteer",
        "name": "最美志愿者",
        "awarded_by": "宁波市文明办",
        "level": "city",
        "awarded_on": "2026-03-01",
        "evidence": "甬文明〔2026〕3号",
        "volunteer_id": format_id("vol", site.city.volunteers[number]),
        **changed,
    }


def an_offence(site: Site, number: int = 0, **changed: Any) -> Json:  # noqa: ANN401 - JSON
    """An unexcused absence of one of the city's volunteers."""
    return {
        "volunteer_id": format_id("vol", site.city.volunteers[number]),
        "team_id": format_id("tea", site.city.team),
        "code": "no-show",
        "happened_on": "2026-03-01",
        "evidence": "签到记录 act-2026-0301",
        "reason": "已报名未到岗，未请假",
        **changed,
    }


async def register(admin: Person, **more: object) -> Json:
    """Register a volunteer."""
    return await admin.post("/v1/volunteers", {"name": "张三丰", "region_code": REGION, **more}, 201)


async def debt_and_points(person: Person) -> tuple[int, int]:
    """What a volunteer owes, and can spend."""
    wallet = await person.get("/v1/me/wallet")
    return wallet["debt"], wallet["available"]

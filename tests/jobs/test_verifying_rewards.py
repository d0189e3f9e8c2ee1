"""`liyu verify` compares bonuses and penalties with the journal: a changed row beside it is found."""

import pytest
from sqlalchemy import text

from app.core.invariants import Invariant
from app.jobs.verifying import run_verify
from tests.support.rewards import an_honour, an_offence, post_final, register, rewarding, settle
from tests.support.service_calls import a_record, an_admin, person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

CHANGES = (
    ("UPDATE bonuses SET points = points + 1 WHERE points > 0", Invariant.BONUSES_MATCH),
    ("DELETE FROM bonuses WHERE kind = 'honour-withdrawn'", Invariant.BONUSES_MATCH),
    ("UPDATE bonuses SET kind = 'start-grant' WHERE kind = 'honour-bonus' AND points > 0", Invariant.BONUSES_MATCH),
    ("UPDATE bonuses SET volunteer_id = cause_id WHERE kind = 'referral-bonus'", Invariant.BONUSES_MATCH),
    ("DELETE FROM bonuses WHERE kind = 'referral-bonus'", Invariant.LIMITS_MATCH),
    ("UPDATE tallies SET amount = 5 WHERE scope = 'referral'", Invariant.LIMITS_MATCH),
    ("DELETE FROM tallies WHERE scope = 'referral'", Invariant.LIMITS_MATCH),
    ("UPDATE penalties SET points = points + 1", Invariant.BONUSES_MATCH),
    ("UPDATE penalties SET state = 'upheld', appealed_at = now(), answered_by = id", Invariant.BONUSES_MATCH),
    ("UPDATE penalties SET state = 'lifted' WHERE state = 'posted'", Invariant.BONUSES_MATCH),
    ("UPDATE penalties SET state = 'posted' WHERE state = 'lifted'", Invariant.BONUSES_MATCH),
    ("DELETE FROM penalties", Invariant.BONUSES_MATCH),
)


async def _live(site: Site) -> None:
    """An honour given and withdrawn, a referral rewarded, two penalties posted and one of them lifted."""
    await rewarding(site)
    admin, organiser = an_admin(site), person(site, "enterer", team=site.city.team)
    honour = await admin.post("/v1/honours", an_honour(site), 201)
    friend = await register(admin, referred_by=an_honour(site)["volunteer_id"])
    record = await organiser.enter(a_record(site) | {"volunteer_id": friend["id"]})
    await person(site, "verifier", team=site.city.team).verify(record)
    await settle(site)
    await admin.post(f"/v1/honours/{honour['id']}/withdraw", {"reason": "材料不实"})
    await settle(site)
    made = [await admin.post("/v1/penalties", an_offence(site, code="false-record"), 201) for _ in range(2)]
    for penalty in made:
        await an_admin(site, "second").post(f"/v1/penalties/{penalty['id']}/confirm")
    site.clock.now = site.clock.now.replace(month=4)
    assert await post_final(site) == 2
    await admin.post(f"/v1/penalties/{made[0]['id']}/lift", {"reason": "查明属实"})


async def test_a_city_with_bonuses_and_penalties_is_sound(site: Site) -> None:
    """Nothing is found where nothing was changed."""
    await _live(site)
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("change, invariant", CHANGES)
async def test_a_changed_row_is_found(site: Site, change: str, invariant: Invariant) -> None:
    """Whatever is changed of a bonus, its count, or a penalty."""
    await _live(site)
    async with site.database.begin() as tx:
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.execute(text(change))
    report = await run_verify(site.database, site.city.programme, lambda _done, _total: None)
    assert invariant in {finding.invariant for finding in report.findings}

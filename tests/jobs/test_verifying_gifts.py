"""`liyu verify` compares grants from the pool and family use with the journal: a changed row beside it is found."""

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from app.core.invariants import Invariant
from app.jobs.verifying import run_verify
from app.security.actors import ActorKind
from tests.support.service_calls import a_volunteer, an_admin
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

CHANGES = (
    ("UPDATE pool_grants SET points = points + 1 WHERE state = 'granted'", Invariant.GRANTS_MATCH),
    ("UPDATE pool_grants SET volunteer_id = proposed_by WHERE state = 'granted'", Invariant.GRANTS_MATCH),
    ("UPDATE pool_grants SET expires_on = '2029-12-31' WHERE state = 'granted'", Invariant.GRANTS_MATCH),
    ("DELETE FROM pool_grants WHERE state = 'granted'", Invariant.GRANTS_MATCH),
    ("UPDATE pool_grants SET state = 'granted', transaction_id = id WHERE state = 'cancelled'", Invariant.GRANTS_MATCH),
    ("UPDATE tallies SET amount = 0 WHERE scope = 'pool-grants'", Invariant.LIMITS_MATCH),
    ("UPDATE tallies SET amount = 1 WHERE scope LIKE 'family:%'", Invariant.LIMITS_MATCH),
    ("UPDATE redemptions SET member_id = NULL", Invariant.LIMITS_MATCH),
    ("DELETE FROM tallies WHERE scope LIKE 'family:%'", Invariant.LIMITS_MATCH),
)


async def _live(site: Site) -> None:
    """A gift, a grant out of it and one given up, and a member of a family who pays."""
    owner, member, admin = a_volunteer(site), a_volunteer(site, 1), an_admin(site)
    headers = {**await site.headers(ActorKind.ADMIN), "If-Match": f'"{(await admin.get("/v1/programme"))["revision"]}"'}
    await site.client.patch("/v1/programme", json={"family_use": True}, headers=headers)
    await owner.post("/v1/me/donations", {"points": 100}, 201)
    named = format_id("vol", site.city.volunteers[1])
    body = {"volunteer_id": named, "points": 40, "purpose": "emergency", "reference": "台风"}
    granted, cancelled = [await admin.post("/v1/pool-grants", body, 201) for _ in range(2)]
    await an_admin(site, "second").post(f"/v1/pool-grants/{granted['id']}/approve")
    await an_admin(site, "second").post(f"/v1/pool-grants/{cancelled['id']}/cancel")
    link = await owner.post("/v1/me/family", {"member_id": named, "kinship": "child"}, 201)
    await member.post(f"/v1/me/family/{link['id']}/accept")
    code = (await member.post(f"/v1/me/family/{link['id']}/pay-code"))["code"]
    assert (await site.redeem("A-1", code, 30)).json()["state"] == "SUCCESS"


async def test_a_city_with_grants_and_families_is_sound(site: Site) -> None:
    """Nothing is found where nothing was changed."""
    await _live(site)
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("change, invariant", CHANGES)
async def test_a_changed_row_is_found(site: Site, change: str, invariant: Invariant) -> None:
    """Whatever is changed of a grant, of who paid, or of what is counted."""
    await _live(site)
    async with site.database.begin() as tx:
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.execute(text(change))
    report = await run_verify(site.database, site.city.programme, lambda _done, _total: None)
    assert invariant in {finding.invariant for finding in report.findings}

"""What the audit trail tells of an edit: the fields that changed, as they were and as they are, and why."""

import asyncio

import pytest

from app.core.ids import format_id
from app.security.actors import ActorKind, StaffRole
from tests.support.calls import Json, an_admin, staff_of
from tests.support.catalogue import a_published, revise, says
from tests.support.city_rows import REGION
from tests.support.service_calls import person
from tests.support.sites import Site


async def _noted(site: Site, action: str) -> list[Json]:
    """What the rows of an action say that changed, the oldest first."""
    auditor = person(site, "auditor", ActorKind.AUDITOR)
    rows = (await auditor.get(f"/v1/audit-trail?limit=200&action={action}"))["rows"]
    return [row["changes"] for row in rows if row["action"] == action]


async def test_a_setting_of_the_programme(site: Site) -> None:
    """What was sent as it stands already is no change; a refused edit leaves no row."""
    admin = an_admin(site)
    read = await admin.get("/v1/programme")
    sent = {"grace_days": read["grace_days"] + 3, "confirm_points": 700, "notice_days": read["notice_days"]}
    tag = f'"{read["revision"]}"'
    await admin.send("PATCH", "/v1/programme", sent, If_Match=tag)
    await admin.send("PATCH", "/v1/programme", {"grace_days": 1}, 412, If_Match=tag)
    fields = ("grace_days", "confirm_points", "revision")
    assert await _noted(site, "programme.change") == [
        {
            "before": {name: read[name] for name in fields},
            "after": {"grace_days": sent["grace_days"], "confirm_points": 700, "revision": read["revision"] + 1},
        }
    ]


async def test_a_store(site: Site) -> None:
    """Each edit tells of its own field; closing tells when; closing once more tells of no change."""
    till = site.city.tills[0]
    manager = staff_of(site, till.merchant, StaffRole.MANAGER)
    target = f"/v1/stores/{format_id('sto', till.store)}"
    read = await manager.get(target)
    await manager.send("PATCH", target, {"name": "浒山店", "region_code": REGION}, If_Match='"1"')
    await manager.send("PATCH", target, {"name": "观海卫店"}, If_Match='"2"')
    assert await _noted(site, "store.change") == [
        {"before": {"name": read["name"], "revision": 1}, "after": {"name": "浒山店", "revision": 2}},
        {"before": {"name": "浒山店", "revision": 2}, "after": {"name": "观海卫店", "revision": 3}},
    ]
    closed = await manager.post(f"{target}/close")
    await manager.post(f"{target}/close")
    assert await _noted(site, "store.close") == [
        {
            "before": {"closed_at": None, "revision": 3},
            "after": {"closed_at": closed["closed_at"], "revision": 4},
        },
        {"before": {}, "after": {}},
    ]


async def test_a_volunteer_is_frozen(site: Site) -> None:
    """From what to what, and why; the mask of the name is no part of it. To freeze once more is no change."""
    admin = an_admin(site)
    target = f"/v1/volunteers/{format_id('vol', site.city.volunteers[0])}"
    revision = (await admin.get(target))["revision"]
    for step in ("freeze", "freeze", "unfreeze"):
        await admin.post(f"{target}/{step}", {"reason": "under-review"})
    active, frozen = {"status": "active", "revision": revision}, {"status": "frozen", "revision": revision + 1}
    assert await _noted(site, "volunteer.freeze") == [
        {"before": active, "after": frozen, "reason": "under-review"},
        {"before": {}, "after": {}, "reason": "under-review"},
    ]
    assert await _noted(site, "volunteer.unfreeze") == [
        {"before": frozen, "after": {"status": "active", "revision": revision + 2}, "reason": "under-review"}
    ]


async def test_of_two_who_freeze_at_once_one_did_it(site: Site) -> None:
    """The later one waits, and finds the volunteer frozen: the trail never tells of one change twice."""
    target = f"/v1/volunteers/{format_id('vol', site.city.volunteers[0])}/freeze"
    await asyncio.gather(*(an_admin(site).post(target, {"reason": "under-review"}) for _ in range(6)))
    found = [noted["before"] for noted in await _noted(site, "volunteer.freeze")]
    assert [before["status"] for before in found if before] == ["active"]
    assert len(found) == 6


async def test_settings_without_a_revision(site: Site) -> None:
    """What goes without saying is what was before the programme's first word."""
    admin = an_admin(site)
    limits = await admin.get("/v1/suspicion-limits")
    await admin.post("/v1/suspicion-limits", {"day_minutes": 500, "travel_min": limits["travel_min"]})
    assert await _noted(site, "suspicion-limits.set") == [
        {"before": {"day_minutes": limits["day_minutes"]}, "after": {"day_minutes": 500}}
    ]
    await admin.send("PUT", "/v1/login-settings", {"second_factor": True})
    await admin.send("PUT", "/v1/login-settings", {"second_factor": True})
    assert await _noted(site, "login.settings") == [
        {"before": {"second_factor": False}, "after": {"second_factor": True}},
        {"before": {}, "after": {}},
    ]
    sunday = {"day": "2026-03-08", "worked": True, "note": "调休"}
    await admin.post("/v1/working-days", sunday)
    await admin.post("/v1/working-days", sunday | {"note": "调休上班"})
    assert await _noted(site, "working-day.set") == [
        {"before": {"worked": False, "note": ""}, "after": {"worked": True, "note": "调休"}},
        {"before": {"note": "调休"}, "after": {"note": "调休上班"}},
    ]


@pytest.mark.parametrize("step, status", [("suspend", "suspended"), ("end", "ended")])
async def test_a_merchant_is_stopped(site: Site, step: str, status: str) -> None:
    """From active, by whom, and why."""
    merchant = format_id("mer", site.city.tills[0].merchant)
    after = await an_admin(site).post(f"/v1/merchants/{merchant}/{step}", {"reason": "整改"})
    [noted] = await _noted(site, f"merchant.{step}")
    assert (noted["before"]["status"], noted["after"]["status"], noted["reason"]) == ("active", status, "整改")
    assert noted["after"] == {name: after[name] for name in noted["before"]}
    assert "name" not in noted["before"]


async def test_an_offer_and_its_stock(site: Site) -> None:
    """A new version tells which fields are new, a step its state, the stock how many there were."""
    admin = an_admin(site)
    offer = await a_published(site)
    target = f"/v1/offers/{offer['id']}"
    revised = await revise(site, offer["id"], says(points=120))
    [noted] = await _noted(site, "offer.revise")
    assert noted["before"] == {name: offer[name] for name in noted["before"]}
    assert noted["after"] == {name: revised[name] for name in noted["after"]}
    assert noted["before"].keys() == noted["after"].keys() == {"points", "version", "revision", "created_by"}
    await admin.post(f"{target}/pause")
    assert await _noted(site, "offer.pause") == [
        {
            "before": {"state": "published", "revision": revised["revision"]},
            "after": {"state": "paused", "revision": revised["revision"] + 1},
        }
    ]
    for total in (5, 8):
        await admin.send("PUT", f"{target}/stock", {"total": total})
    assert await _noted(site, "offer.stock") == [
        {"before": {"total": offer["stock"]["total"]}, "after": {"total": 5}},
        {"before": {"total": 5}, "after": {"total": 8}},
    ]

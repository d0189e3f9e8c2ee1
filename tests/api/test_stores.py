"""Stores over HTTP: edited from what was read, closed with their tills."""

import asyncio

import pytest

from app.core.ids import format_id, format_terminal
from app.security.actors import StaffRole
from tests.support.calls import Json, an_admin, in_line, staff_of
from tests.support.city_rows import REGION
from tests.support.sites import Site


def _store(site: Site, number: int = 0) -> str:
    return f"/v1/stores/{format_id('sto', site.city.tills[number].store)}"


async def test_a_store_changes_only_from_what_was_read(site: Site) -> None:
    """If-Match: the second of two editors is told, and nothing is lost."""
    manager = staff_of(site, site.city.tills[0].merchant, StaffRole.MANAGER)
    read = await site.client.get(_store(site), headers=await manager.headers())
    tag = read.headers["ETag"]
    changed = await manager.send("PATCH", _store(site), {"name": "浒山店"}, If_Match=tag)
    assert (changed["name"], changed["region_code"], changed["revision"]) == ("浒山店", REGION, 2)
    late = await manager.send("PATCH", _store(site), {"name": "观海卫店"}, 412, If_Match=tag)
    assert late["code"] == "EDIT_CONFLICT"
    assert await manager.get(_store(site)) == changed


@pytest.mark.parametrize(
    "body, status, code",
    [
        ({}, 400, "PARAM_ERROR"),
        ({"name": ""}, 400, "PARAM_ERROR"),
        ({"merchant_id": "x"}, 400, "PARAM_ERROR"),
        ({"region_code": "330299"}, 404, "NOT_FOUND"),
        ({"name": "二店"}, 409, "ALREADY_EXISTS"),
    ],
)
async def test_a_change_that_is_wrong_changes_nothing(site: Site, body: Json, status: int, code: str) -> None:
    """No field, an empty name, an unknown field, a region that is not there, the name of a sister store."""
    admin = an_admin(site)
    merchant = format_id("mer", site.city.tills[0].merchant)
    await admin.post(f"/v1/merchants/{merchant}/stores", {"name": "二店", "region_code": REGION}, 201)
    before = await admin.get(_store(site))
    assert (await admin.send("PATCH", _store(site), body, status, If_Match='"1"'))["code"] == code
    assert await admin.get(_store(site)) == before


async def test_two_stores_never_get_one_name(site: Site) -> None:
    """One opened and one renamed at the same moment: one of them is refused."""
    admin = an_admin(site)
    merchant = format_id("mer", site.city.tills[0].merchant)
    opened, renamed = await in_line(
        site,
        site.city.tills[0].merchant,
        site.client.post(
            f"/v1/merchants/{merchant}/stores",
            json={"name": "二店", "region_code": REGION},
            headers=await admin.headers(),
        ),
        site.client.patch(_store(site), json={"name": "二店"}, headers=await admin.headers() | {"If-Match": '"1"'}),
    )
    assert {opened.status_code, renamed.status_code} in ({201, 409}, {409, 200})


async def test_a_closed_store_takes_its_tills_along(site: Site) -> None:
    """Their next call is refused, none can be added or edited, and closing twice changes nothing."""
    admin = an_admin(site)
    assert (await site.redeem("A-1", await site.pay_code(), 1)).status_code == 201
    closed = await admin.post(f"{_store(site)}/close")
    assert closed["closed_at"] is not None
    site.clock.now = site.clock.now.replace(hour=9)
    assert await admin.post(f"{_store(site)}/close") == closed
    refused = await site.redeem("A-2", await site.pay_code(), 1)
    assert (refused.status_code, refused.json()["code"]) == (401, "SIGN_ERROR")
    added = await admin.post(f"{_store(site)}/terminals", {"label": "二号"}, 409)
    assert (added["code"], added["figures"]) == ("STATE_CONFLICT", {"state": "closed"})
    edited = await admin.send("PATCH", _store(site), {"name": "x"}, 409, If_Match='"2"')
    assert edited["figures"] == {"state": "closed"}
    other = await site.redeem("A-3", await site.pay_code(), 1, till=site.city.tills[1])
    assert other.status_code == 201


async def test_no_till_slips_into_a_store_that_closes(site: Site) -> None:
    """Registered while it closes: refused, or disabled with the others."""
    admin = an_admin(site)
    for number in range(2):
        registered, _closed = await asyncio.gather(
            site.client.post(
                f"{_store(site, number)}/terminals", json={"label": "二号"}, headers=await admin.headers()
            ),
            site.client.post(f"{_store(site, number)}/close", headers=await admin.headers()),
        )
        assert registered.status_code in {201, 409}
        merchant = format_id("mer", site.city.tills[number].merchant)
        listed = (await admin.get(f"/v1/merchants/{merchant}/terminals"))["terminals"]
        assert all(terminal["disabled_at"] for terminal in listed)


@pytest.mark.parametrize("role", StaffRole)
async def test_another_merchants_store_and_tills_are_nobodys_business(site: Site, role: StaffRole) -> None:
    """404 for each way to read or change them, and they stay as they were."""
    staff = staff_of(site, site.city.tills[0].merchant, role)
    other = site.city.tills[1]
    terminal = f"/v1/terminals/{format_terminal(site.city.programme, other.terminal)}"
    hidden = 404 if role is StaffRole.MANAGER else 403
    await staff.get(_store(site, 1), 404)
    await staff.get(terminal, 404)
    await staff.send("PATCH", _store(site, 1), {"name": "x"}, hidden, If_Match='"1"')
    await staff.post(f"{_store(site, 1)}/close", None, hidden)
    await staff.post(f"{terminal}/rotate", {"overlap_s": 0}, hidden)
    await staff.post(f"{terminal}/disable", None, hidden)
    admin = an_admin(site)
    assert (await admin.get(_store(site, 1)))["revision"] == 1
    assert (await admin.get(terminal))["disabled_at"] is None
    assert (await site.redeem("A-1", await site.pay_code(), 1, till=other)).status_code == 201


async def test_a_manager_rotates_and_disables_the_tills_of_their_own(site: Site) -> None:
    """The old secret is worth nothing at once when no overlap was asked for; then the till is gone."""
    own = site.city.tills[0]
    manager = staff_of(site, own.merchant, StaffRole.MANAGER)
    target = f"/v1/terminals/{format_terminal(site.city.programme, own.terminal)}"
    rotated = await manager.post(f"{target}/rotate", {"overlap_s": 0})
    secret = rotated["secret"].encode()
    assert (await site.redeem("A-1", await site.pay_code(), 1, secret=secret)).status_code == 201
    assert (await site.redeem("A-2", await site.pay_code(), 1)).json()["code"] == "SIGN_ERROR"
    assert (await manager.post(f"{target}/disable"))["disabled_at"] is not None
    assert (await site.redeem("A-3", await site.pay_code(), 1, secret=secret)).json()["code"] == "SIGN_ERROR"
    await manager.post(f"{_store(site)}/terminals", {"label": "二号"}, 403)

"""A merchant's staff over HTTP: who may do what, and that managers look after their own and nobody else's."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.actions.users import NewUser, create_user
from app.core.ids import MerchantId, UserId, format_id, format_terminal
from app.security.actors import DEFAULT_SCOPES, ROLE_SCOPES, ActorKind, StaffRole
from app.store.users import User
from tests.support.calls import Caller, Json, an_admin, in_line, staff_of
from tests.support.log_ins import bearing, come_in, has_chosen, refresh_with
from tests.support.sites import Site

PASSWORD = "correct horse battery"
SCOPES = """
merchants:read    manager cashier accountant
merchants:apply   manager
staff:read        manager
staff:write       manager
stores:write      manager
terminals:write   manager
offers:read       manager cashier accountant
offers:write      manager
bills:read        manager         accountant
login:own         manager cashier accountant
"""
CALLS = """
GET    /v1/merchants                             200 200 200
GET    /v1/merchants/{merchant}                  200 200 200
GET    /v1/merchants/{merchant}/agreements       200 200 200
GET    /v1/merchants/{merchant}/stores           200 200 200
GET    /v1/merchants/{merchant}/terminals        200 200 200
GET    /v1/stores/{store}                        200 200 200
GET    /v1/terminals/{terminal}                  200 200 200
GET    /v1/merchants/{merchant}/staff            200 403 403
POST   /v1/merchants/{merchant}/staff            400 403 403
POST   /v1/merchants/{merchant}/staff/usr_0/role 404 403 403
POST   /v1/terminals/{terminal}/rotate           200 403 403
POST   /v1/terminals/{terminal}/disable          200 403 403
PATCH  /v1/stores/{store}                        200 403 403
POST   /v1/stores/{store}/close                  200 403 403
POST   /v1/stores/{store}/terminals              403 403 403
POST   /v1/merchants/{merchant}/stores           403 403 403
POST   /v1/merchants/{merchant}/agreements       403 403 403
POST   /v1/merchants/{merchant}/suspend          403 403 403
POST   /v1/merchants/{merchant}/end              403 403 403
GET    /v1/users                                 403 403 403
GET    /v1/volunteers                            403 403 403
"""
BODIES: dict[str, Json] = {
    "staff": {"username": "till-1", "password": "x", "role": "cashier"},
    "role": {"role": "cashier"},
    "rotate": {"overlap_s": 0},
    "{store}": {"name": "新店"},
    "terminals": {"label": "二号"},
    "stores": {"name": "二店", "region_code": "330282"},
    "agreements": {"number": "x", "starts_on": "2026-01-01", "ends_on": "2026-12-31"},
    "end": {"reason": "x"},
}


def _staff(site: Site, merchant: int = 0) -> str:
    return f"/v1/merchants/{format_id('mer', _merchant(site, merchant))}/staff"


def _merchant(site: Site, number: int = 0) -> MerchantId:
    return site.city.tills[number].merchant


async def _added(site: Site, name: str, role: StaffRole, merchant: int = 0) -> tuple[str, Caller]:
    """A member of the staff, by id and as a caller."""
    body = {"username": name, "password": PASSWORD, "role": role.value}
    made = await an_admin(site).post(_staff(site, merchant), body, 201)
    await has_chosen(site, name)
    subject = UUID(hex=made["id"][4:])
    return made["id"], staff_of(site, _merchant(site, merchant), role, subject)


async def _log_in(site: Site, name: str, status: int = 200) -> dict[str, str]:
    """The headers of somebody who has logged in."""
    body = {"programme": "cixi", "username": name, "password": PASSWORD}
    answer = await site.client.post("/v1/auth/tokens", json=body)
    assert answer.status_code == status, answer.text
    return {"Authorization": f"Bearer {answer.json().get('access_token')}"}


def test_a_role_has_the_scopes_of_the_table_and_no_other() -> None:
    """And a merchant's staff as a whole have no scope that none of its roles has."""
    lines = [line.split() for line in SCOPES.strip().splitlines()]
    for role in StaffRole:
        assert {scope.value for scope in ROLE_SCOPES[role]} == {scope for scope, *roles in lines if role in roles}
    assert {scope.value for scope in DEFAULT_SCOPES[ActorKind.MERCHANT_STAFF]} == {scope for scope, *_ in lines}


@pytest.mark.parametrize("column, role", list(enumerate(StaffRole)))
async def test_a_role_reaches_what_the_table_says(site: Site, column: int, role: StaffRole) -> None:
    """At their own merchant: managers look after it, accountants and cashiers read, the city decides the rest."""
    till = site.city.tills[0]
    staff = staff_of(site, till.merchant, role)
    named = {
        "merchant": format_id("mer", till.merchant),
        "store": format_id("sto", till.store),
        "terminal": format_terminal(site.city.programme, till.terminal),
    }
    for line in CALLS.strip().splitlines():
        method, target, *statuses = line.split()
        headers = await staff.headers() | {"If-Match": '"1"'}
        body = BODIES.get(target.rpartition("/")[2]) if method != "GET" else None
        answer = await site.client.request(method, target.format(**named), json=body, headers=headers)
        assert answer.status_code == int(statuses[column]), f"{line}: {answer.text}"


async def test_a_manager_makes_a_cashier_who_logs_in(site: Site) -> None:
    """From the administrator to the till's own people; each token holds what its role may do."""
    await _added(site, "boss", StaffRole.MANAGER)
    boss = await _log_in(site, "boss")
    body = {"username": "till-1", "password": PASSWORD, "role": "cashier"}
    made = await site.client.post(_staff(site), json=body, headers={**boss, "Idempotency-Key": "k1"})
    assert (made.status_code, made.json()["role"], made.json()["kind"]) == (201, "cashier", "merchant_staff")
    await has_chosen(site, "till-1")
    listed = await site.client.get(_staff(site), headers=boss)
    assert [user["username"] for user in listed.json()["users"]] == ["boss", "till-1"]
    cashier = await _log_in(site, "till-1")
    assert (await site.client.get("/v1/merchants", headers=cashier)).status_code == 200
    refused = await site.client.post(_staff(site), json=body, headers={**cashier, "Idempotency-Key": "k1"})
    assert (refused.status_code, refused.json()["code"]) == (403, "NO_AUTH")


async def test_who_is_given_a_lesser_role_is_out_at_once(site: Site) -> None:
    """What was given out to a manager does not outlive the role; a log-in that loses nothing goes on."""
    admin, merchant = an_admin(site), site.city.tills[0].merchant
    new = NewUser(
        id=UserId(uuid7()),
        kind=ActorKind.MERCHANT_STAFF,
        username="boss",
        password=PASSWORD,
        merchant=merchant,
        role=StaffRole.MANAGER,
    )
    async with site.database.begin() as tx:
        assert isinstance(await create_user(tx, site.city.programme, new, site.clock.now), User)
    entered = await come_in(site, username="boss", password=PASSWORD)
    member = f"{_staff(site)}/{format_id('usr', new.id)}/role"
    await admin.post(member, {"role": "manager"})
    assert (await site.client.get(_staff(site), headers=bearing(entered))).status_code == 200
    await admin.post(member, {"role": "cashier"})
    answer = await site.client.get(_staff(site), headers=bearing(entered))
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_ERROR")
    await refresh_with(site, entered["refresh_token"], 401)
    again = await come_in(site, username="boss", password=PASSWORD)
    answer = await site.client.get(_staff(site), headers=bearing(again))
    assert (answer.status_code, answer.json()["code"]) == (403, "NO_AUTH")


async def test_a_new_role_counts_from_the_next_log_in(site: Site) -> None:
    """A cashier who is made manager may then add staff; disabled, they log in no more."""
    member, _ = await _added(site, "till-1", StaffRole.CASHIER)
    admin = an_admin(site)
    assert (await site.client.get(_staff(site), headers=await _log_in(site, "till-1"))).status_code == 403
    assert (await admin.post(f"{_staff(site)}/{member}/role", {"role": "manager"}))["role"] == "manager"
    assert (await site.client.get(_staff(site), headers=await _log_in(site, "till-1"))).status_code == 200
    disabled = await admin.post(f"{_staff(site)}/{member}/disable")
    site.clock.now = site.clock.now.replace(hour=9)
    assert await admin.post(f"{_staff(site)}/{member}/disable") == disabled
    await _log_in(site, "till-1", 401)
    async with site.database.read() as reader:
        rows = await reader.execute(
            text("SELECT action, changes::text FROM audit_rows WHERE subject = :id ORDER BY id"), {"id": member}
        )
        noted = [(row[0], row[1]) for row in rows]
    assert [action for action, _ in noted] == ["staff.add", "staff.role", "staff.disable", "staff.disable"]
    assert not any(PASSWORD in changes for _, changes in noted)


async def test_a_manager_touches_nobody_of_another_merchant(site: Site) -> None:
    """404 by either path, for staff of another merchant and for users who are nobody's staff; nothing changes."""
    _, manager = await _added(site, "boss", StaffRole.MANAGER)
    stranger, _ = await _added(site, "other-boss", StaffRole.MANAGER, 1)
    admin = an_admin(site)
    auditor = await admin.post("/v1/users", {"kind": "auditor", "username": "aud", "password": PASSWORD}, 201)
    body = {"username": "spy", "password": PASSWORD, "role": "manager"}
    await manager.post(_staff(site, 1), body, 404)
    await manager.get(_staff(site, 1), 404)
    for target in (_staff(site, 0), _staff(site, 1)):
        for user in (stranger, auditor["id"], "usr_" + "0" * 32, "usr_1"):
            await manager.post(f"{target}/{user}/disable", None, 404)
            await manager.post(f"{target}/{user}/role", {"role": "cashier"}, 404)
    users = (await admin.get("/v1/users"))["users"]
    assert [user["username"] for user in users] == ["boss", "other-boss", "aud"]
    assert not any(user["disabled_at"] for user in users)
    await admin.post(f"{_staff(site, 0)}/{stranger}/disable", None, 404)


async def test_the_last_manager_stays(site: Site) -> None:
    """Neither disabled nor demoted by themselves, also when their own end has not reached their token yet."""
    first, manager = await _added(site, "boss", StaffRole.MANAGER)
    for step, body in (("disable", None), ("role", {"role": "cashier"})):
        refused = await manager.post(f"{_staff(site)}/{first}/{step}", body, 409)
        assert (refused["code"], refused["figures"]) == ("STATE_CONFLICT", {"state": "last-manager"})
    assert (await manager.post(f"{_staff(site)}/{first}/role", {"role": "manager"}))["role"] == "manager"
    second, colleague = await _added(site, "boss-2", StaffRole.MANAGER)
    await manager.post(f"{_staff(site)}/{second}/disable")
    await colleague.post(f"{_staff(site)}/{first}/disable", None, 409)
    await an_admin(site).post(f"{_staff(site)}/{first}/disable")


async def test_a_manager_may_leave_when_another_stays(site: Site) -> None:
    """Disabling oneself is fine then, and so is becoming an accountant."""
    first, manager = await _added(site, "boss", StaffRole.MANAGER)
    second, colleague = await _added(site, "boss-2", StaffRole.MANAGER)
    assert (await manager.post(f"{_staff(site)}/{first}/role", {"role": "accountant"}))["role"] == "accountant"
    await colleague.post(f"{_staff(site)}/{first}/disable")
    await colleague.post(f"{_staff(site)}/{second}/disable", None, 409)


async def test_two_managers_who_disable_each_other_leave_one(site: Site) -> None:
    """At the same moment."""
    first, manager = await _added(site, "boss", StaffRole.MANAGER)
    second, colleague = await _added(site, "boss-2", StaffRole.MANAGER)
    headers = await manager.headers(), await colleague.headers()
    answers = await in_line(
        site,
        _merchant(site),
        site.client.post(f"{_staff(site)}/{second}/disable", headers=headers[0]),
        site.client.post(f"{_staff(site)}/{first}/disable", headers=headers[1]),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_staff_is_added_once_per_key(site: Site) -> None:
    """A repetition is the same user; another password under the key is another body; none is kept in clear."""
    headers = await an_admin(site).headers()
    body = {"username": "boss", "password": PASSWORD, "role": "manager"}
    first = await site.client.post(_staff(site), json=body, headers=headers)
    again = await site.client.post(_staff(site), json=body, headers=headers)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    for target, sent in ((_staff(site), {**body, "password": PASSWORD + "!"}), (_staff(site, 1), body)):
        other = await site.client.post(target, json=sent, headers=headers)
        assert other.json()["code"] == "IDEMPOTENCY_KEY_USED"
    async with site.database.read() as reader:
        for table in ("users", "answers", "audit_rows"):
            rows = await reader.execute(text(f"SELECT t::text FROM {table} t"))
            assert not any(PASSWORD in row[0] for row in rows)


@pytest.mark.parametrize(
    "changed, status",
    [
        ({"role": "owner"}, 400),
        ({"role": None}, 400),
        ({"username": "Boss"}, 400),
        ({"password": "short"}, 400),
        ({"kind": "admin"}, 400),
        ({"merchant_id": "mer_" + "0" * 32}, 400),
        ({"username": "taken"}, 409),
    ],
)
async def test_staff_that_is_wrong_is_refused(site: Site, changed: dict[str, Any], status: int) -> None:
    """And nobody is made."""
    await _added(site, "taken", StaffRole.CASHIER, 1)
    _, manager = await _added(site, "boss", StaffRole.MANAGER)
    body = {"username": "till-1", "password": PASSWORD, "role": "cashier", **changed}
    await manager.post(_staff(site), body, status)
    assert len((await manager.get(_staff(site)))["users"]) == 1


async def test_a_user_made_by_the_city_has_a_role_too(site: Site) -> None:
    """Merchant staff are cashiers unless said otherwise; nobody else has a role."""
    admin = an_admin(site)
    staff = {"kind": "merchant_staff", "password": PASSWORD, "merchant_id": format_id("mer", _merchant(site))}
    assert (await admin.post("/v1/users", {**staff, "username": "a1"}, 201))["role"] == "cashier"
    assert (await admin.post("/v1/users", {**staff, "username": "a2", "role": "manager"}, 201))["role"] == "manager"
    auditor = {"kind": "auditor", "password": PASSWORD, "username": "a3"}
    await admin.post("/v1/users", {**auditor, "role": "manager"}, 400)
    assert (await admin.post("/v1/users", auditor, 201))["role"] is None

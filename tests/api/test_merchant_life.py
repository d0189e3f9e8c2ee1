"""The life of a merchant over HTTP: it applies, is taken on or turned down, is suspended, resumed, and ends."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from app.security.actors import StaffRole
from tests.support.calls import Caller, Json, a_credit_code, a_merchant, a_till, an_admin, staff_of
from tests.support.sites import Site

TERMS: Json = {"number": "CX-2026-007", "starts_on": "2026-03-02", "ends_on": "2026-12-31"}
BODIES: dict[str, Json | None] = {
    "approve": {"agreement": TERMS},
    "reject": {"reason": "资料不全"},
    "suspend": {"reason": "限期整改"},
    "resume": None,
    "end": {"reason": "协议终止"},
}
STEPS = """
            approve   reject    suspend    resume    end
applied     active    rejected  -          -         -
rejected    -         -         -          -         -
active      -         -         suspended  -         ended
suspended   -         -         -          active    ended
ended       -         -         -          -         -
"""


def _rows() -> dict[str, dict[str, str]]:
    """The table above: from a status, by each step, to a status."""
    steps, *rows = (line.split() for line in STEPS.strip().splitlines())
    return {status: dict(zip(steps, targets, strict=True)) for status, *targets in rows}


async def _in_status(site: Site, number: int, status: str) -> str:
    """A new merchant, put into a status past the service."""
    made = await an_admin(site).post("/v1/merchants/applications", a_merchant(number), 201)
    async with site.database.begin() as tx:
        await tx.execute(
            text("UPDATE merchants SET status = :status WHERE id = :id"),
            {"status": status, "id": UUID(hex=made["id"][4:])},
        )
    reference: str = made["id"]
    return reference


async def _actions(site: Site, subject: str) -> list[str]:
    async with site.database.read() as reader:
        statement = text("SELECT action FROM audit_rows WHERE subject = :id ORDER BY id")
        return [row[0] for row in await reader.execute(statement, {"id": subject})]


@pytest.mark.parametrize("status", _rows())
async def test_a_merchant_takes_the_steps_of_the_table_and_no_other(site: Site, status: str) -> None:
    """A step that is there leads where the table says; any other is a conflict that names the state."""
    admin = an_admin(site)
    for number, (step, target) in enumerate(_rows()[status].items()):
        merchant = await _in_status(site, number, status)
        expected = 409 if target == "-" else 200
        answer = await admin.post(f"/v1/merchants/{merchant}/{step}", BODIES[step], expected)
        now = (await admin.get(f"/v1/merchants/{merchant}"))["status"]
        if target == "-":
            assert (answer["code"], answer["figures"], now) == ("STATE_CONFLICT", {"state": status}, status), step
        else:
            assert (answer["status"], now, answer["decided_by"]) == (target, target, format_id("usr", admin.subject))
        assert ((await _actions(site, merchant))[1:] == []) == (target == "-")


async def test_a_merchant_from_application_to_its_end(site: Site) -> None:
    """Nothing can be had of it before approval; its till then takes points until it is suspended, and ends."""
    admin = an_admin(site)
    applied = await an_admin(site).post("/v1/merchants/applications", a_merchant(1), 201)
    merchant = applied["id"]
    target = f"/v1/merchants/{merchant}"
    assert (applied["status"], applied["decided_by"]) == ("applied", None)
    early = await admin.post(f"{target}/stores", {"name": "一店", "region_code": "330282"}, 409)
    assert (early["code"], early["figures"]) == ("STATE_CONFLICT", {"state": "applied"})
    assert (await admin.get(target))["agreement"] is None
    await admin.post(f"{target}/approve", BODIES["approve"])
    assert (await admin.get(target))["agreement"]["number"] == "CX-2026-007"
    till, secret = await a_till(admin, merchant)
    assert (await site.redeem("A-1", await site.pay_code(), 5, till=till, secret=secret)).status_code == 201
    await admin.post(f"{target}/suspend", {"reason": "限期整改"})
    shown = await admin.get(target)
    assert (shown["status"], shown["status_reason"]) == ("suspended", "限期整改")
    refused = await site.redeem("A-2", await site.pay_code(), 5, till=till, secret=secret)
    assert (refused.status_code, refused.json()["code"]) == (403, "MERCHANT_SUSPENDED")
    assert (await admin.post(f"{target}/resume"))["status_reason"] == ""
    assert (await site.redeem("A-3", await site.pay_code(), 5, till=till, secret=secret)).status_code == 201
    await admin.post(f"{target}/end", {"reason": "不再续约"})
    refused = await site.redeem("A-4", await site.pay_code(), 5, till=till, secret=secret)
    assert refused.json()["code"] == "MERCHANT_SUSPENDED"
    ended = await admin.get(target)
    assert (ended["status"], ended["agreement"]) == ("ended", None)
    await admin.post(f"{target}/stores", {"name": "二店", "region_code": "330282"}, 409)
    taken = ["apply", "approve", "suspend", "resume", "end"]
    assert await _actions(site, merchant) == [f"merchant.{step}" for step in taken]


@pytest.mark.parametrize("step", ["approve", "reject"])
async def test_nobody_reviews_the_application_they_entered(site: Site, step: str) -> None:
    """SELF_REVIEW, and the application stays open for somebody else."""
    clerk = an_admin(site)
    merchant = (await clerk.post("/v1/merchants/applications", a_merchant(1), 201))["id"]
    refused = await clerk.post(f"/v1/merchants/{merchant}/{step}", BODIES[step], 409)
    assert refused["code"] == "SELF_REVIEW"
    assert (await clerk.get(f"/v1/merchants/{merchant}"))["agreement"] is None
    await an_admin(site).post(f"/v1/merchants/{merchant}/{step}", BODIES[step])


async def test_a_manager_may_apply_and_no_other_of_a_merchants_staff(site: Site) -> None:
    """For a further merchant, which then is not theirs to see: 404."""
    own = site.city.tills[0].merchant
    manager = staff_of(site, own, StaffRole.MANAGER)
    made = await manager.post("/v1/merchants/applications", a_merchant(1), 201)
    assert made["applied_by"] == format_id("usr", manager.subject)
    await manager.get(f"/v1/merchants/{made['id']}", 404)
    for role in (StaffRole.CASHIER, StaffRole.ACCOUNTANT):
        await staff_of(site, own, role).post("/v1/merchants/applications", a_merchant(2), 403)


async def test_a_credit_code_belongs_to_one_merchant_that_is_alive(site: Site) -> None:
    """Taken while its merchant applies, trades or is suspended; free again once it was rejected or has ended."""
    admin = an_admin(site)
    for number, (status, expected) in enumerate(
        {"applied": 409, "active": 409, "suspended": 409, "rejected": 201, "ended": 201}.items()
    ):
        await _in_status(site, number, status)
        again = await admin.post("/v1/merchants/applications", a_merchant(number), expected)
        assert again.get("code") == ("ALREADY_EXISTS" if expected == 409 else None), status


async def test_a_step_is_taken_once_per_key(site: Site) -> None:
    """The same key and body: the same answer and one audit row. Another body under it: 409."""
    merchant = await _in_status(site, 1, "applied")
    target = f"/v1/merchants/{merchant}/approve"
    headers = await an_admin(site).headers()
    first = await site.client.post(target, json=BODIES["approve"], headers=headers)
    again = await site.client.post(target, json=BODIES["approve"], headers=headers)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = {"agreement": {**TERMS, "monthly_points": 5}}
    changed = await site.client.post(target, json=other, headers=headers)
    assert changed.json()["code"] == "IDEMPOTENCY_KEY_USED"
    assert await _actions(site, merchant) == ["merchant.apply", "merchant.approve"]


async def test_suspending_needs_no_reason(site: Site) -> None:
    """Without a body, or with an empty one: a repetition either way."""
    merchant = await _in_status(site, 1, "active")
    target = f"/v1/merchants/{merchant}/suspend"
    headers = await an_admin(site).headers()
    first = await site.client.post(target, headers=headers)
    again = await site.client.post(target, json={}, headers=headers)
    assert (first.json()["status"], first.json()["status_reason"]) == ("suspended", "")
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_applications_can_be_listed(site: Site) -> None:
    """By status; a merchant's staff see their own only, if it has that status."""
    waiting = await _in_status(site, 1, "applied")
    admin = an_admin(site)
    assert [row["id"] for row in (await admin.get("/v1/merchants?status=applied"))["merchants"]] == [waiting]
    assert len((await admin.get("/v1/merchants?status=active"))["merchants"]) == 2
    staff = staff_of(site, site.city.tills[0].merchant, StaffRole.CASHIER)
    assert (await staff.get("/v1/merchants?status=applied"))["merchants"] == []
    assert len((await staff.get("/v1/merchants?status=active"))["merchants"]) == 1


WRONG: list[tuple[str, Any, str]] = [
    ("applications", {**a_merchant(9), "credit_code": a_credit_code(9)[:-1] + "I"}, "/credit_code"),
    ("applications", {**a_merchant(9), "agreement": TERMS}, "/agreement"),
    ("applications", {**a_merchant(9), "status": "active"}, "/status"),
    ("applications", {**a_merchant(9), "name": "店\n"}, "/name"),
    ("{id}/approve", {}, "/agreement"),
    ("{id}/approve", {"agreement": {**TERMS, "ends_on": "2026-03-01"}}, "/agreement/ends_on"),
    ("{id}/approve", {"agreement": {**TERMS, "ends_on": "2026-02-30"}}, "/agreement/ends_on"),
    ("{id}/approve", {"agreement": {**TERMS, "ends_on": 20261231}}, "/agreement/ends_on"),
    ("{id}/approve", {"agreement": {**TERMS, "monthly_points": 0}}, "/agreement/monthly_points"),
    ("{id}/approve", {"agreement": {**TERMS, "monthly_points": 1.5}}, "/agreement/monthly_points"),
    ("{id}/approve", {"agreement": {**TERMS, "number": ""}}, "/agreement/number"),
    ("{id}/reject", {}, "/reason"),
    ("{id}/reject", {"reason": " "}, "/reason"),
    ("{id}/end", {"reason": "x" * 201}, "/reason"),
    ("{id}/suspend", {"why": "x"}, "/why"),
]


@pytest.mark.parametrize("target, body, pointer", WRONG)
async def test_what_is_wrong_is_pointed_to_and_changes_nothing(
    site: Site, target: str, body: Json, pointer: str
) -> None:
    """400 with the field; the application stays as it was, and no agreement is made."""
    merchant = await _in_status(site, 1, "applied")
    admin: Caller = an_admin(site)
    refused = await admin.post(f"/v1/merchants/{target.format(id=merchant)}", body, 400)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    assert len((await admin.get("/v1/merchants"))["merchants"]) == 3
    assert (await admin.get(f"/v1/merchants/{merchant}"))["status"] == "applied"
    assert (await admin.get(f"/v1/merchants/{merchant}/agreements"))["agreements"] == []


@pytest.mark.parametrize("reference", ["mer_zz", "sto_" + "0" * 32, "mer_" + "0" * 32, "applications"])
async def test_a_merchant_that_is_not_there_cannot_take_a_step(site: Site, reference: str) -> None:
    """404, whatever is wrong with the reference."""
    for step, body in BODIES.items():
        assert (await an_admin(site).post(f"/v1/merchants/{reference}/{step}", body, 404))["code"] == "NOT_FOUND"

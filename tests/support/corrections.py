"""Correction orders over HTTP: records to be corrected, approving an order as it was read, and the job."""

from typing import Any

from sqlalchemy import text

from app.jobs.corrections import run_correction_orders
from tests.support.calls import Caller, Json
from tests.support.service_calls import a_record, person
from tests.support.sites import Site

ORDERS = "/v1/corrections"
WHY = {"reason": "签到设备时间错误", "evidence": "doc-2026-0312"}


async def a_verified_record(site: Site, **body: Any) -> Json:  # noqa: ANN401 - as `a_record` takes them
    """A record that one organiser entered and another verified."""
    return await person(site, "verifier").verify(await person(site, "enterer").enter(a_record(site, **body)))


async def approve(approver: Caller, order: Json, status: int = 200) -> Json:
    """Approve an order in the revision that was read."""
    target = f"{ORDERS}/{order['id']}/approve"
    return await approver.send("POST", target, None, status, If_Match=f'"{order["revision"]}"')


async def run_job(site: Site) -> int:
    """What the background work does for orders."""
    services = site.services
    return await run_correction_orders(site.database, services.committers, site.city.programme, site.clock)


async def count_transactions(site: Site) -> int:
    """How many transactions there are."""
    async with site.database.read() as reader:
        return int(await reader.scalar(text("SELECT count(*) FROM transactions")) or 0)

"""What becomes of open vouchers when their merchant is suspended or ends."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.codes import Code
from app.core.commands import Command
from app.core.ids import OrderId, ProgrammeId, TransactionId, format_id
from app.core.orders import CancelOrder
from app.core.vouchers import ReturnVoucher, UseVoucher
from app.engine.committer import Committers
from app.jobs.lots import submit_all
from app.jobs.merchants import run_endings
from app.jobs.running import run_jobs_once
from app.jobs.verifying import run_verify
from app.store.database import Database
from tests.support.calls import an_admin
from tests.support.commands import accepted, refused
from tests.support.orders import an_offer, an_order, placing, submit, voucher_of
from tests.support.sites import Site


async def _end(site: Site, step: str = "end") -> None:
    merchant = format_id("mer", site.city.tills[0].merchant)
    await an_admin(site).post(f"/v1/merchants/{merchant}/{step}", {"reason": "退出"})


async def _set_status(site: Site, status: str) -> None:
    """Past the service."""
    values = {"status": status, "id": site.city.tills[0].merchant}
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE merchants SET status = :status WHERE id = :id"), values)


async def _run(site: Site) -> int:
    return await run_endings(site.database, site.services.committers, site.city.programme, site.clock)


def _use(site: Site, order: OrderId) -> UseVoucher:
    terminal = site.city.tills[0].terminal
    return UseVoucher(code=voucher_of(order), terminal=terminal, transaction=TransactionId(uuid7()))


def _return(site: Site, order: OrderId) -> ReturnVoucher:
    terminal = site.city.tills[0].terminal
    return ReturnVoucher(code=voucher_of(order), terminal=terminal, transaction=TransactionId(uuid7()))


async def _states(database: Database) -> dict[OrderId, str]:
    async with database.read() as reader:
        return {OrderId(row[0]): row[1] for row in await reader.execute(text("SELECT id, state FROM orders"))}


async def _set_aside(database: Database) -> dict[str, int]:
    """What is held of points and money, and taken of stock."""
    async with database.read() as reader:
        balances = await reader.execute(
            text("SELECT kind, sum(balance) FROM accounts WHERE kind IN ('held', 'committed', 'fund') GROUP BY kind")
        )
        taken = await reader.scalar(text("SELECT sum(taken) FROM offer_stocks"))
        return {**{str(row[0]): int(row[1]) for row in balances}, "taken": int(taken or 0)}


async def _available(site: Site, volunteer: int = 0) -> int:
    answer = await site.client.get("/v1/me/wallet", headers=await site.volunteer_headers(volunteer))
    available: int = answer.json()["available"]
    return available


async def test_an_ended_merchants_open_orders_are_given_back_once(site: Site) -> None:
    """Points, stock and money, final sales too; run by two at once, and again. Others' orders stay as they are."""
    plain, final, other = await an_offer(site), await an_offer(site, final_sale=True), await an_offer(site, 1)
    gone = [await an_order(site, plain, "a", quantity=2), await an_order(site, final, "b", volunteer=1)]
    kept = await an_order(site, other, "c")
    assert await _set_aside(site.database) == {"held": 80, "committed": 2_000, "fund": 998_000, "taken": 4}
    assert await _run(site) == 0
    await _end(site)
    await asyncio.gather(*(_run(site) for _ in range(2)))
    assert await _run(site) == 0
    assert await _states(site.database) == {gone[0]: "CANCELLED", gone[1]: "CANCELLED", kept: "EFFECTIVE"}
    assert await _set_aside(site.database) == {"held": 20, "committed": 500, "fund": 999_500, "taken": 1}
    assert (await _available(site), await _available(site, 1)) == (480, 500)
    async with site.database.read() as reader:
        released = await reader.scalar(text("SELECT count(*) FROM transactions WHERE reason = 'merchant-ended'"))
    assert released == 2
    assert not (await run_verify(site.database, site.city.programme, lambda _done, _total: None)).findings


async def test_all_the_work_of_a_process_includes_it(site: Site) -> None:
    """One round of the jobs is enough."""
    order = await an_order(site, await an_offer(site), "a")
    await _end(site)
    await run_jobs_once(site.database, site.services.committers, site.services.cabinet, site.clock)
    assert await _states(site.database) == {order: "CANCELLED"}


async def test_a_suspended_merchants_vouchers_wait(site: Site) -> None:
    """They cannot be used, may be cancelled by their volunteers, can be used again after, and no job ends them."""
    offer = await an_offer(site)
    waits, cancelled = await an_order(site, offer, "a"), await an_order(site, offer, "b")
    await _end(site, "suspend")
    assert await _run(site) == 0
    assert refused(await submit(site, _use(site, waits))) is Code.MERCHANT_SUSPENDED
    volunteer = site.city.volunteers[0]
    accepted(await submit(site, CancelOrder(order=cancelled, transaction=TransactionId(uuid7()), volunteer=volunteer)))
    assert await _states(site.database) == {waits: "EFFECTIVE", cancelled: "CANCELLED"}
    merchant = format_id("mer", site.city.tills[0].merchant)
    await an_admin(site).post(f"/v1/merchants/{merchant}/resume")
    accepted(await submit(site, _use(site, waits)))


async def test_a_voucher_that_is_over_is_left_to_its_expiry(site: Site) -> None:
    """It expires with the merchant ended as with any other; the two jobs do not fight over it."""
    order = await an_order(site, await an_offer(site), "a")
    await _end(site)
    site.clock.move(timedelta(days=11))
    assert await _run(site) == 0
    await run_jobs_once(site.database, site.services.committers, site.services.cabinet, site.clock)
    assert await _states(site.database) == {order: "EXPIRED"}
    assert await _available(site) == 500


async def test_what_was_handed_out_stays_handed_out_until_it_is_returned(site: Site) -> None:
    """A used voucher is owed for; returned after the end, its points are given back too."""
    order = await an_order(site, await an_offer(site), "a")
    accepted(await submit(site, _use(site, order)))
    await _end(site)
    assert await _run(site) == 0
    accepted(await submit(site, _return(site, order)))
    assert await _run(site) == 1
    assert await _states(site.database) == {order: "CANCELLED"}
    assert await _available(site) == 500


async def test_a_voucher_used_in_the_last_moment_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal is kept under its key; when the voucher is returned later, the next day's key gives it back."""
    order = await an_order(site, await an_offer(site), "a")

    async def used_meanwhile(committers: Committers, programme: ProgrammeId, commands: Mapping[str, Command]) -> None:
        await _set_status(site, "active")
        accepted(await submit(site, _use(site, order)))
        await _set_status(site, "ended")
        await submit_all(committers, programme, commands)

    await _end(site)
    with monkeypatch.context() as patched:
        patched.setattr("app.jobs.merchants.submit_all", used_meanwhile)
        await _run(site)
    assert await _states(site.database) == {order: "USED"}
    accepted(await submit(site, _return(site, order)))
    await _run(site)
    assert await _states(site.database) == {order: "EFFECTIVE"}
    site.clock.move(timedelta(days=1))
    await _run(site)
    assert await _states(site.database) == {order: "CANCELLED"}


async def test_nothing_is_had_from_a_merchant_that_has_ended(site: Site) -> None:
    """Neither ordered nor used: what is left is only to be given back."""
    offer = await an_offer(site)
    order = await an_order(site, offer, "a")
    await _end(site)
    assert refused(await submit(site, _use(site, order))) is Code.MERCHANT_SUSPENDED
    assert refused(await submit(site, placing(site, offer, "b"))) is Code.MERCHANT_SUSPENDED

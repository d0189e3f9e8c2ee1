"""Background work on lots: booked once however often and by however many it is run."""

import asyncio
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from app.jobs.lots import run_code_purge, run_expiries, run_maturities
from app.jobs.running import run_jobs_once
from app.jobs.verifying import run_verify
from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.sites import Site, a_site


async def _wallet(site: Site) -> dict[str, int]:
    answer = await site.client.get("/v1/me/wallet", headers=await site.volunteer_headers())
    wallet: dict[str, int] = answer.json()
    return wallet


async def test_points_become_spendable_when_their_notice_period_ends(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """Pending for three days, then in the wallet; run twice at once it is booked once."""
    async with a_site(database, clock, tmp_path, notice_days=3) as site:
        services = site.services
        assert ((await _wallet(site))["available"], (await _wallet(site))["pending"]) == (0, 500)
        clock.move(timedelta(days=3) - timedelta(seconds=1))
        assert await run_maturities(database, services.committers, site.city.programme, clock) == 0
        clock.move(timedelta(seconds=1))
        await asyncio.gather(
            *(run_maturities(database, services.committers, site.city.programme, clock) for _ in range(2))
        )
        assert ((await _wallet(site))["available"], (await _wallet(site))["pending"]) == (500, 0)
        report = await run_verify(database, site.city.programme, lambda _done, _total: None)
    assert not report.findings


async def test_expired_lots_become_breakage_once(database: Database, clock: Clock, tmp_path: Path) -> None:
    """At 24:00 of the day in Shanghai and not before; what was spent is not expired again."""
    async with a_site(database, clock, tmp_path) as site:
        await site.redeem("A-1", await site.pay_code(), 60)
        clock.now = clock.now.replace(year=2028, month=12, day=31, hour=15, minute=59)
        assert await run_expiries(database, site.services.committers, site.city.programme, clock) == 0
        clock.move(timedelta(minutes=1))
        for _ in range(2):
            await run_expiries(database, site.services.committers, site.city.programme, clock)
        async with database.read() as reader:
            breakage = await reader.scalar(text("SELECT balance FROM accounts WHERE kind = 'breakage'"))
            left = await reader.scalar(text("SELECT sum(balance) FROM accounts WHERE kind = 'wallet'"))
        assert (breakage, left) == (3 * 500 - 60, 0)


async def test_unused_codes_are_forgotten_and_used_ones_kept(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A day after they ended; a code that paid still answers CODE_USED."""
    async with a_site(database, clock, tmp_path) as site:
        used = await site.pay_code()
        await site.redeem("A-1", used, 1)
        unused = await site.pay_code()
        clock.move(timedelta(days=2))
        await run_code_purge(database, site.city.programme, clock)
        assert (await site.redeem("A-2", used, 1)).json()["code"] == "CODE_USED"
        assert (await site.redeem("A-3", unused, 1)).json()["code"] == "CODE_INVALID"


async def test_all_the_work_of_a_process_runs(database: Database, clock: Clock, tmp_path: Path) -> None:
    """One round leaves a checkpoint and a ledger that verifies."""
    async with a_site(database, clock, tmp_path) as site:
        services = site.services
        await run_jobs_once(database, services.committers, services.cabinet, clock)
        report = await run_verify(database, site.city.programme, lambda _done, _total: None)
    assert (report.checkpoints, report.findings) == (1, ())

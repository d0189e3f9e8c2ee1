"""Points with a last day, over HTTP: spent until 24:00 of it (case 10), and refunded after it (cases 1 and 2)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.accounts import AccountKind
from app.core.programmes import LapsePolicy
from app.jobs.lots import run_expiries
from app.store.database import Database
from tests.support.calls import Json
from tests.support.catalogue import see
from tests.support.clocks import Clock
from tests.support.commands import a_committer
from tests.support.earnings import Service, earn
from tests.support.ledgers import fetch_total
from tests.support.sites import Site, a_site
from tests.support.soundness import assert_all_sound
from tests.support.till_calls import available, paid, refund, refused, reverse, told, wallet_of

LAST_DAY = "2028-12-31"
MIDNIGHT = datetime(2028, 12, 31, 16, tzinfo=UTC)
"""24:00 of the last day in Shanghai; what was earned in 2026 lives until then."""
A_SECOND = timedelta(seconds=1)
CHRISTMAS = datetime(2028, 12, 25, 4, tzinfo=UTC)


@pytest.fixture(params=list(LapsePolicy))
async def policed(
    database: Database, clock: Clock, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Site, LapsePolicy]]:
    """A site under each of the three policies; one volunteer holds 100 points that were earned in 2026."""
    policy: LapsePolicy = request.param
    async with a_site(database, clock, tmp_path, volunteers=1, points=100, lapse_policy=policy) as running:
        yield running, policy


async def _expire(site: Site) -> int:
    return await run_expiries(site.database, site.services.committers, site.city.programme, site.clock)


def _lots(wallet: Json) -> dict[str, int]:
    return {lot["expires_on"]: lot["points"] for lot in wallet["lots"]}


async def test_points_are_good_until_24_00(site: Site) -> None:
    """Case 10: at 23:59:59 of the printed day in Shanghai they pay, at 00:00:00 NOT_ENOUGH; no job has run."""
    site.clock.now = MIDNIGHT - A_SECOND
    assert _lots(await wallet_of(site)) == {LAST_DAY: 500}
    code, other = await site.pay_code(), await site.pay_code()
    told(await site.redeem("A-1", code, 60), 201)
    site.clock.move(A_SECOND)
    late = refused(await site.redeem("A-2", other, 1), 409, "NOT_ENOUGH")
    assert late["figures"] == {"available": 0, "missing": 1}
    assert (await wallet_of(site))["lots"] == []
    await assert_all_sound(site.database, site.city)


async def test_nothing_expires_eight_hours_early(site: Site) -> None:
    """Case 10: at midnight of London, 08:00 of the last day in Shanghai, all is still there; eight hours later gone."""
    site.clock.now = datetime(2028, 12, 31, 0, tzinfo=UTC)
    await _expire(site)
    await paid(site, "A-1", 1)
    site.clock.now = datetime(2028, 12, 31, 15, 59, 59, 999_999, tzinfo=UTC)
    await _expire(site)
    await paid(site, "A-2", 1)
    site.clock.now = MIDNIGHT
    assert await available(site) == 0


@pytest.mark.parametrize("booked", [True, False])
async def test_spent_points_do_not_expire(site: Site, *, booked: bool) -> None:
    """Case 1: of 500, 60 are spent, the day passes: the balance is 0 and never below, what was paid stays paid."""
    await paid(site, "A-1", 60)
    site.clock.now = MIDNIGHT
    if booked:
        await _expire(site)
        assert await fetch_total(site.database, AccountKind.BREAKAGE) == 3 * 500 - 60
    wallet = await wallet_of(site)
    assert (wallet["available"], wallet["debt"]) == (0, 0)
    assert told(await site.query("A-1"), 200)["state"] == "SUCCESS"
    await assert_all_sound(site.database, site.city)


@pytest.mark.parametrize("booked", [True, False])
async def test_a_refund_after_the_last_day(policed: tuple[Site, LapsePolicy], *, booked: bool) -> None:
    """Case 2: forfeit gives nothing, original shows it coming and going, grace lends a lot of thirty days."""
    site, policy = policed
    site.clock.now = CHRISTMAS
    await paid(site, "A-1", 60)
    site.clock.now = MIDNIGHT + timedelta(days=9)
    if booked:
        await _expire(site)
    given = told(await refund(site, "A-1", "R-1", 45), 201)
    assert (given["points"], given["settlement_fen"]) == (45, 135)
    wallet = await wallet_of(site)
    grace = {"2029-02-09": 45} if policy is LapsePolicy.GRACE else {}
    assert _lots(wallet) == grace
    assert wallet["available"] == sum(grace.values())
    shown = [row["points"] for row in (await see(site, "/v1/me/statement"))["lines"] if row["kind"] == "refund.v1"]
    assert shown == ([] if policy is LapsePolicy.FORFEIT else [sum(grace.values())])
    await _expire(site)
    gone = 100 - 60 + (0 if grace else 45)
    assert await fetch_total(site.database, AccountKind.BREAKAGE) == gone
    assert await fetch_total(site.database, AccountKind.REDEEMED, site.city.tills[0].merchant) == 15
    assert await available(site) == sum(grace.values())
    await assert_all_sound(site.database, site.city)


async def test_original_shows_the_points_come_and_go(policed: tuple[Site, LapsePolicy]) -> None:
    """Case 2: under `original` the old lot has an entry in and an entry out; under the others it has none."""
    site, policy = policed
    site.clock.now = CHRISTMAS
    await paid(site, "A-1", 60)
    site.clock.now = MIDNIGHT
    told(await refund(site, "A-1", "R-1", 60), 201)
    async with site.database.read() as reader:
        found = await reader.exec_driver_sql(
            """SELECT count(*) FILTER (WHERE t.credit_account_no = a.account_no)::int,
                      count(*) FILTER (WHERE t.debit_account_no = a.account_no)::int
               FROM transfers t JOIN transactions x ON x.seq = t.seq AND x.kind = 'refund.v1'
               JOIN accounts a ON a.kind = 'wallet' AND a.part = '2028-12-31'"""
        )
        entries = tuple(found.one())
    assert entries == ((1, 1) if policy is LapsePolicy.ORIGINAL else (0, 0))
    await assert_all_sound(site.database, site.city)


async def test_a_reversal_over_midnight(policed: tuple[Site, LapsePolicy]) -> None:
    """Paid at 23:59:59, reversed at 00:00:01 of the next day: given back by the same policy, the money all the same."""
    site, policy = policed
    site.clock.now = MIDNIGHT - A_SECOND
    await paid(site, "A-1", 60)
    site.clock.move(2 * A_SECOND)
    told(await reverse(site, "A-1"), 200)
    assert await available(site) == (60 if policy is LapsePolicy.GRACE else 0)
    assert await fetch_total(site.database, AccountKind.FUND, site.city.fund) == 1_000_000
    assert await fetch_total(site.database, AccountKind.PAYABLE, site.city.tills[0].merchant) == 0
    await _expire(site)
    await assert_all_sound(site.database, site.city)


async def test_a_grace_lot_lives_its_days(database: Database, clock: Clock, tmp_path: Path) -> None:
    """The lot that a late refund lends is spendable until 24:00 of its own last day."""
    async with a_site(database, clock, tmp_path, volunteers=1, points=100, lapse_policy=LapsePolicy.GRACE) as site:
        clock.now = CHRISTMAS
        await paid(site, "A-1", 60)
        site.clock.now = MIDNIGHT
        told(await refund(site, "A-1", "R-1", 60), 201)
        assert _lots(await wallet_of(site)) == {"2029-01-31": 60}
        site.clock.now = datetime(2029, 1, 31, 15, 59, 59, tzinfo=UTC)
        await paid(site, "A-2", 20)
        site.clock.move(A_SECOND)
        refused(await site.redeem("A-3", await site.pay_code(), 1), 409, "NOT_ENOUGH")
        await assert_all_sound(site.database, site.city)


async def test_each_part_goes_home_to_its_own_lot(site: Site) -> None:
    """Paid from two lots, the one that ends first first: given back the last taken first, each with its own day."""
    site.clock.now = site.clock.now.replace(year=2027)
    async with a_committer(site.database, site.city.programme, site.clock) as committer:
        await earn(site.database, committer, site.city, [Service(site.city.volunteers[0], 200, site.clock.now)])
    assert _lots(await wallet_of(site)) == {LAST_DAY: 500, "2029-12-31": 200}
    await paid(site, "A-1", 600)
    assert _lots(await wallet_of(site)) == {"2029-12-31": 100}
    told(await refund(site, "A-1", "R-1", 150), 201)
    assert _lots(await wallet_of(site)) == {LAST_DAY: 50, "2029-12-31": 200}
    told(await refund(site, "A-1", "R-2", 450), 201)
    assert _lots(await wallet_of(site)) == {LAST_DAY: 500, "2029-12-31": 200}
    await assert_all_sound(site.database, site.city)

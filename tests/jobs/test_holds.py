"""Booking the ends of holds: once, whoever comes first, and never too early."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from app.core.accounts import AccountKind
from app.core.confirmations import CloseRedemption
from app.core.idempotency import AnswerKey
from app.core.ids import TransactionId
from app.core.redemptions import CONFIRM_WITHIN
from app.core.rows import RedemptionState
from app.engine.batch import JOB_BODY, Submission
from app.engine.committer import Committers
from app.jobs.holds import run_closings, run_order_expiries
from app.store.database import Database
from tests.support.afterwards import redeemed
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.commands import a_committer, accepted, pay
from tests.support.ledgers import fetch_rows, fetch_tables, fetch_total
from tests.support.offers import Terms, an_offer, place_order
from tests.support.soundness import assert_all_sound

UNTIL_TONIGHT = Terms(voucher_days=0)
VOIDS = "SELECT count(*)::int FROM transactions WHERE kind = 'void.v1'"


@contextlib.asynccontextmanager
async def processes(database: Database, clock: Clock) -> AsyncIterator[tuple[Committers, Committers]]:
    """Two processes that run the same jobs."""
    both = Committers(database, clock), Committers(database, clock)
    try:
        yield both
    finally:
        for committers in both:
            await committers.close()


@pytest.fixture
async def city(database: Database, clock: Clock) -> City:
    """Three volunteers have redemptions that wait, three others orders that are good until tonight."""
    built = await a_city(database, clock, volunteers=6, confirm_points=100)
    offer = await an_offer(database, built, built.tills[1].merchant, UNTIL_TONIGHT, stock=3)
    async with a_committer(database, built.programme, clock) as committer:
        for number, volunteer in enumerate(built.volunteers[:3]):
            waiting = redeemed(await pay(committer, built.tills[0], volunteer, 450, f"A-{number}"))
            assert waiting.state is RedemptionState.AWAITING_CONFIRMATION
        for volunteer in built.volunteers[3:]:
            await place_order(committer, volunteer, offer)
    return built


async def test_ends_are_booked_once_by_two_processes(database: Database, clock: Clock, city: City) -> None:
    """Not a second early; then by whoever comes first; then never again."""
    async with processes(database, clock) as both:
        clock.move(CONFIRM_WITHIN - timedelta(seconds=1))
        assert await run_closings(database, both[0], city.programme, clock) == 0
        clock.move(timedelta(days=1))
        for run in (run_closings, run_order_expiries):
            assert max(await asyncio.gather(*(run(database, one, city.programme, clock) for one in both))) == 3
        assert await fetch_rows(database, VOIDS) == [(6,)]
        before = await fetch_tables(database)
        for run in (run_closings, run_order_expiries):
            assert await run(database, both[0], city.programme, clock) == 0
    assert await fetch_tables(database) == before
    for volunteer in city.volunteers:
        assert await fetch_total(database, AccountKind.WALLET, volunteer) == 500
    await assert_all_sound(database, city)


async def test_what_a_command_has_ended_is_not_ended_again(database: Database, clock: Clock, city: City) -> None:
    """After the volunteers went on spending, the jobs find nothing to do."""
    async with processes(database, clock) as both:
        clock.move(timedelta(days=1))
        async with a_committer(database, city.programme, clock) as committer:
            for number, volunteer in enumerate(city.volunteers):
                accepted(await pay(committer, city.tills[1], volunteer, 100, f"B-{number}"))
        before = await fetch_tables(database)
        assert await run_closings(database, both[0], city.programme, clock) == 0
        assert await run_order_expiries(database, both[0], city.programme, clock) == 0
    assert await fetch_tables(database) == before
    assert await fetch_rows(database, VOIDS) == [(6,)]
    await assert_all_sound(database, city)


async def test_a_job_with_a_fast_clock_does_no_harm(database: Database, clock: Clock, city: City) -> None:
    """A close sent too early is refused; when its time has come, job and commands end the hold all the same."""
    [(number,)] = await fetch_rows(database, "SELECT id FROM redemptions WHERE trade_no = 'A-0'")
    close = CloseRedemption(redemption=number, transaction=TransactionId(uuid7()))
    async with processes(database, clock) as both:
        early = Submission(command=close, key=AnswerKey("system", f"close:{number.hex}"), body_hash=JOB_BODY)
        await both[0].submit(city.programme, early)
        clock.move(CONFIRM_WITHIN)
        async with a_committer(database, city.programme, clock) as committer:
            accepted(await pay(committer, city.tills[1], city.volunteers[0], 100, "B-0"))
        assert await run_closings(database, both[0], city.programme, clock) == 2
    assert await fetch_rows(database, "SELECT DISTINCT state::text FROM redemptions WHERE trade_no LIKE 'A-%'") == [
        ("CLOSED",)
    ]
    await assert_all_sound(database, city)

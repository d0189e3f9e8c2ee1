"""Batching is invisible: N commands in one batch decide exactly as N batches of one, while the clock moves on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import make_url, text

from app.core.ids import TransactionId
from app.core.offers import Limit, LimitPeriod
from app.core.policies import AccrualPolicy, Band, Caps, Overlay, Scale, ScalePeriod
from app.engine import batch
from app.engine.batch import Outcome
from app.store.accrual_policies import Publication, insert_policy
from app.store.database import Database
from tests.engine.plans import Day, Moment, Step, offers_of, plans, services_of
from tests.support.cities import a_city
from tests.support.city_rows import REGION, name_city, named
from tests.support.clocks import Clock
from tests.support.commands import a_committer, run_apart, run_together
from tests.support.databases import TestServer, a_database
from tests.support.earnings import Service, earn, enter
from tests.support.ledgers import fetch_tables
from tests.support.offers import Terms, a_reimbursed, agree, an_offer
from tests.support.soundness import assert_all_sound

CITY = name_city("cixi", volunteers=2, merchants=2)
POLICY = AccrualPolicy(
    version="2020-2",
    effective_from=date(2020, 2, 1),
    rate_per_hour=60,
    coefficients_bp={1: 10_000, 2: 12_000, 3: 15_000},
    scale=Scale(period=ScalePeriod.EVER, bands=(Band(until_minutes=270, per=1), Band(until_minutes=None, per=2))),
    caps=Caps(balance_points=310),
    overlays=(Overlay(region_code=REGION, extra_bp=2_000, year_budget=7),),
)
"""Every price of a plan depends on what was verified before it, on what is stored, and on what the town has left."""


@pytest.fixture
async def prepared(server: TestServer) -> AsyncIterator[str]:
    """A database with a city at rest, to copy for each example.

    A point is worth 0.3 fen, so some redemptions cost nothing. There are lots past their day, points in a
    notice period that is over when the plan begins, records to verify, a quota, and an offer of each kind.
    """
    clock = Clock()
    async with a_database(server) as database:
        city = await a_city(
            database,
            clock,
            volunteers=2,
            points=250,
            fund_fen=60,
            fen_per_hundred_points=30,
            confirm_points=40,
            confirm_count=4,
            same_amount_s=60,
            redemptions_a_day=8,
        )
        assert city == CITY
        async with a_committer(database, CITY.programme, clock) as committer:
            old = [Service(volunteer, 25, clock.now - timedelta(days=800)) for volunteer in CITY.volunteers]
            await earn(database, committer, CITY, old)
            async with database.begin() as tx:
                await tx.execute(text("UPDATE programmes SET notice_days = 1"))
                publication = Publication(created_by=CITY.recorder, created_at=clock.now)
                assert await insert_policy(tx, CITY.programme, POLICY, publication)
            pending, entered = zip(*map(services_of, CITY.volunteers), strict=True)
            await earn(database, committer, CITY, pending)
            await enter(database, CITY, entered)
            async with database.begin() as tx:
                statement = text("UPDATE service_records SET place_region = :region WHERE state = 'entered'")
                await tx.execute(statement, {"region": REGION})
        await _publish(database)
        await database.close()
        yield str(make_url(database.url).database)


async def _publish(database: Database) -> None:
    scarce = Terms(points=20, voucher_days=0, limits=(Limit(LimitPeriod.DAY, 2), Limit(LimitPeriod.EVER, 4)))
    offers = [
        await an_offer(database, CITY, CITY.tills[0].merchant, scarce, name="offer 0", stock=3),
        await an_offer(database, CITY, CITY.tills[1].merchant, a_reimbursed(CITY, 30, 9), name="offer 1"),
    ]
    assert offers == offers_of(CITY)
    await agree(database, CITY, CITY.tills[0].merchant, monthly_points=150)


def _as_answered(outcome: Outcome) -> tuple[object, ...]:
    return outcome.answer, outcome.replayed, outcome.seq, outcome.leaf_hash, outcome.transaction


async def _go(
    database: Database,
    run: Callable[..., Awaitable[list[Outcome]]],
    moments: Sequence[Moment],
    monkeypatch: pytest.MonkeyPatch,
) -> list[tuple[object, ...]]:
    """Run a plan; the entries that the engine makes up itself get ids that follow too."""
    numbers = count()
    monkeypatch.setattr(batch, "_new_transaction", lambda: TransactionId(named("lapse", next(numbers))))
    outcomes = [await run(database, CITY.programme, Clock(at), *submissions) for at, submissions in moments]
    return [_as_answered(outcome) for together in outcomes for outcome in together]


@given(plan=plans)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_one_batch_decides_as_many_batches_of_one(
    server: TestServer, prepared: str, monkeypatch: pytest.MonkeyPatch, plan: list[Step]
) -> None:
    """The same submissions, together and apart: equal answers, equal rows in every table, a sound ledger."""
    moments = Day(CITY).go_through(plan)
    async with a_database(server, prepared) as one, a_database(server, prepared) as other:
        together = await _go(one, run_together, moments, monkeypatch)
        apart = await _go(other, run_apart, moments, monkeypatch)
        assert together == apart
        assert await fetch_tables(one) == await fetch_tables(other)
        await assert_all_sound(one, CITY)

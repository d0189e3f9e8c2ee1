"""Batching is invisible: N commands in one batch decide exactly as N batches of one."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import make_url, text

from app.engine.batch import Outcome
from tests.engine.plans import Day, Step, plans, services_of
from tests.support.cities import a_city
from tests.support.city_rows import name_city
from tests.support.clocks import START, Clock
from tests.support.commands import a_committer, run_apart, run_together
from tests.support.databases import TestServer, a_database
from tests.support.earnings import Service, earn, enter
from tests.support.ledgers import assert_sound, fetch_tables

CITY = name_city("cixi", volunteers=2, merchants=2)
LATER = START + timedelta(days=2)


@pytest.fixture
async def prepared(server: TestServer) -> AsyncIterator[str]:
    """A database with a city at rest, to copy for each example.

    A point is worth 0.3 fen, so some redemptions cost nothing. There are lots past their day, points in a
    notice period that is over at `LATER`, and records to verify.
    """
    clock = Clock()
    async with a_database(server) as database:
        city = await a_city(database, clock, volunteers=2, points=150, fund_fen=40, fen_per_hundred_points=30)
        assert city == CITY
        async with a_committer(database, CITY.programme, clock) as committer:
            old = [Service(volunteer, 25, clock.now - timedelta(days=800)) for volunteer in CITY.volunteers]
            await earn(database, committer, CITY, old)
            async with database.begin() as tx:
                await tx.execute(text("UPDATE programmes SET notice_days = 1"))
            pending, entered = zip(*map(services_of, CITY.volunteers), strict=True)
            await earn(database, committer, CITY, pending)
            await enter(database, CITY, entered)
        await database.close()
        yield str(make_url(database.url).database)


def _as_answered(outcome: Outcome) -> tuple[object, ...]:
    return outcome.answer, outcome.replayed, outcome.seq, outcome.leaf_hash, outcome.transaction


@given(plan=plans)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_one_batch_decides_as_many_batches_of_one(server: TestServer, prepared: str, plan: list[Step]) -> None:
    """The same submissions, together and apart: equal answers, equal rows in every table, a sound ledger."""
    submissions = Day(CITY).go_through(plan)
    clock = Clock(LATER)
    async with a_database(server, prepared) as one, a_database(server, prepared) as other:
        together = await run_together(one, CITY.programme, clock, *submissions)
        apart = await run_apart(other, CITY.programme, clock, *submissions)
        assert list(map(_as_answered, together)) == list(map(_as_answered, apart))
        assert await fetch_tables(one) == await fetch_tables(other)
        await assert_sound(one, CITY.programme)

"""Back-tests as a job: here or in processes of their own, killed and begun again, called off, one at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.policies import AccrualPolicy, Caps, Overlay, Rule
from app.core.policies.back_test_reports import Report
from app.jobs import back_tests
from app.jobs.back_tests import Manner, run_waiting
from app.store import back_test_records
from app.store.back_tests import ATTEMPTS_MAX, BackTestState, cancel
from app.store.database import Database
from app.store.snapshots import try_lock
from tests.support.back_test_jobs import a_draft, ask, found
from tests.support.cities import a_city
from tests.support.city_rows import REGION, City
from tests.support.clocks import Clock
from tests.support.ledgers import fetch_rows

APART = Manner(here_max=0, processes=2)


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
async def city(database: Database, clock: Clock) -> City:
    """Three volunteers with 500 points each of a long day's service, in several records."""
    return await a_city(database, clock, points=4_000)


DRAFTS = {
    "plain": a_draft(),
    "caps": a_draft(caps=Caps(day_minutes=300, activity_minutes=200)),
    "stored": a_draft(caps=Caps(balance_points=700)),
    "condition": a_draft(rules=(Rule(name="x", when="activity != '' && total_minutes > 1000", coefficient_bp=20_000),)),
    "town": a_draft(
        overlays=(Overlay(region_code=REGION, extra_bp=1_000, year_budget=50),), caps=Caps(year_points=900)
    ),
}


@pytest.mark.parametrize("name", DRAFTS)
async def test_processes_of_their_own_count_the_same(database: Database, city: City, clock: Clock, name: str) -> None:
    """Here and apart the report is the same, whatever the draft looks at."""
    draft = DRAFTS[name]
    reports = []
    for number, manner in enumerate((Manner(), APART)):
        named = AccrualPolicy(**{field: getattr(draft, field) for field in draft.__slots__} | {"version": f"d{number}"})
        back_test = await ask(database, city, clock, named)
        assert await run_waiting(database, city.programme, clock, manner) == 1
        one = await found(database, city, back_test)
        assert (one.state, one.done, one.attempts) == (BackTestState.DONE, one.total, 1)
        reports.append(one.report)
    assert reports[0] == reports[1]
    report = reports[0]
    assert isinstance(report, Report)
    assert report.tally.total.in_force == 12_000
    assert 0 < report.tally.total.draft <= 12_000
    assert await run_waiting(database, city.programme, clock) == 0


async def test_a_programme_without_records_is_done_in_a_moment(database: Database, clock: Clock) -> None:
    """An empty report, so that the first policy of a new city needs no exception."""
    city = await a_city(database, clock, points=0)
    back_test = await ask(database, city, clock)
    assert await run_waiting(database, city.programme, clock) == 1
    report = (await found(database, city, back_test)).report
    assert report is not None
    assert (report.tally.total.records, report.tally.volunteers) == (0, 0)


@pytest.mark.parametrize("manner", [Manner(), APART])
async def test_one_that_was_killed_is_begun_again(
    database: Database, city: City, clock: Clock, monkeypatch: pytest.MonkeyPatch, manner: Manner
) -> None:
    """Killed before its report was kept: it waits as running, and the next run ends it with one report."""
    back_test = await ask(database, city, clock)
    with monkeypatch.context() as patch:

        async def die(*_args: object) -> bool:
            raise Killed

        patch.setattr(back_tests, "finish", die)
        with pytest.raises(Killed):
            await run_waiting(database, city.programme, clock, manner)
    one = await found(database, city, back_test)
    assert (one.state, one.report) == (BackTestState.RUNNING, None)
    assert await run_waiting(database, city.programme, clock, manner) == 1
    one = await found(database, city, back_test)
    assert (one.state, one.attempts) == (BackTestState.DONE, 2)
    assert await fetch_rows(database, "SELECT count(*) FROM back_test_reports") == [(1,)]


async def test_a_server_that_stops_takes_its_processes_along(
    database: Database, city: City, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled while others count: they are gone when it is, and the next run does it all."""
    started: list[asyncio.subprocess.Process] = []
    all_started = asyncio.Event()
    right = back_tests._process
    back_test = await ask(database, city, clock)

    @contextlib.asynccontextmanager
    async def watched() -> AsyncIterator[asyncio.subprocess.Process]:
        async with right() as process:
            started.append(process)
            if len(started) == APART.processes:
                all_started.set()
            yield process

    monkeypatch.setattr(back_tests, "_process", watched)
    running = asyncio.create_task(run_waiting(database, city.programme, clock, APART))
    await all_started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [process.returncode for process in started] == [-9, -9]
    assert await run_waiting(database, city.programme, clock, APART) == 1
    assert (await found(database, city, back_test)).state is BackTestState.DONE


async def test_one_that_never_ends_fails_at_last(
    database: Database, city: City, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies each time: tried a few times, then failed without a report, and the next one has its turn."""
    back_test = await ask(database, city, clock)
    right = back_tests._process

    @contextlib.asynccontextmanager
    async def dying() -> AsyncIterator[asyncio.subprocess.Process]:
        async with right() as process:
            process.kill()
            yield process

    with monkeypatch.context() as patch:
        patch.setattr(back_tests, "_process", dying)
        for _ in range(ATTEMPTS_MAX):
            with pytest.raises((RuntimeError, ConnectionError)):
                await run_waiting(database, city.programme, clock, APART)
    other = await ask(database, city, clock, a_draft(version="e"))
    assert await run_waiting(database, city.programme, clock) == 1
    assert [(await found(database, city, each)).state for each in (back_test, other)] == [
        BackTestState.FAILED,
        BackTestState.DONE,
    ]


async def test_one_that_is_called_off_stops(
    database: Database, city: City, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled while it runs: it keeps no report and stays cancelled."""
    back_test = await ask(database, city, clock)
    right = back_test_records.count_attested

    async def count_and_cancel(*args: object) -> int:
        async with database.begin() as tx:
            assert await cancel(tx, city.programme, back_test, clock.now)
        return await right(*args)  # type: ignore[arg-type] # as they came

    monkeypatch.setattr(back_tests, "count_attested", count_and_cancel)
    assert await run_waiting(database, city.programme, clock) == 0
    one = await found(database, city, back_test)
    assert (one.state, one.report) == (BackTestState.CANCELLED, None)


async def test_one_at_a_time(database: Database, city: City, clock: Clock) -> None:
    """While another process works on one of this programme, nothing is begun; when it dies, its lock is gone."""
    await ask(database, city, clock)
    other = await database.connect_reading()
    assert await try_lock(other, f"back-tests:{city.programme}")
    assert await run_waiting(database, city.programme, clock) == 0
    await other.close()
    assert await run_waiting(database, city.programme, clock) == 1


async def test_the_writer_is_not_kept_waiting(
    database: Database, city: City, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a back-test nobody waits for anything that it holds, and it sees the moment it began at."""
    back_test = await ask(database, city, clock)
    right = back_test_records.fetch_drains

    async def write_and_go_on(*args: object) -> object:
        async with database.begin() as tx:
            await tx.execute(text("SET LOCAL lock_timeout = 1000"))
            await tx.execute(text("LOCK TABLE journal_heads, accounts, transfers, transactions IN ROW EXCLUSIVE MODE"))
            await tx.execute(text("SELECT next_seq FROM journal_heads FOR UPDATE"))
            await tx.execute(text("UPDATE service_records SET state = 'rejected', points = 0, pending = 0"))
        return await right(*args)  # type: ignore[arg-type] # as they came

    monkeypatch.setattr(back_tests, "fetch_drains", write_and_go_on)
    clock.now += timedelta(days=1)
    assert await run_waiting(database, city.programme, clock) == 1
    report = (await found(database, city, back_test)).report
    assert report is not None
    assert report.tally.total.in_force == 12_000

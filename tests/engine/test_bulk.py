"""The bulk path is the ordinary one, only faster: the same decisions, rows, balances and leaf hashes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from app.core.book import Accepted, Decision
from app.core.check_ins import CheckIn
from app.core.claw_backs import ClawBack
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, TeamId, TransactionId, VolunteerId
from app.core.imports import ImportRecord
from app.core.policies import AccrualPolicy, Band, Bonuses, Caps, Overlay, Rule, Scale, ScalePeriod
from app.core.record_numbers import RecordNumber
from app.core.rows import Evidence
from app.engine import bulk
from app.engine.batch import Outcome, run_batch
from app.engine.bulk import BulkWriter, Pace
from app.store.accrual_policies import Publication, insert_policy
from app.store.bulk_writes import prepare_copying
from app.store.database import BatchConnection, Database
from app.store.rehearsals import begin_rehearsal
from app.store.service_records import RecordView, insert_records
from app.store.volunteers import lock_volunteer
from tests.support.cities import a_city
from tests.support.city_rows import REGION, name_city, named
from tests.support.clocks import START, Clock
from tests.support.commands import a_committer, a_connection, a_pay_code, a_redeem, a_submission, accepted, at_till
from tests.support.databases import TestServer, a_database
from tests.support.earnings import Service, earn, enter, services_for
from tests.support.imports import an_import
from tests.support.ledgers import fetch_rows, fetch_tables
from tests.support.soundness import assert_all_sound

CITY = name_city("cixi", volunteers=3, merchants=1)
STRANGER = VolunteerId(named("stranger"))
NO_TEAM = TeamId(named("no team"))
PLAIN_DAY = datetime(2020, 1, 20, 1, tzinfo=UTC)
PRICED_DAY = datetime(2026, 2, 20, 1, tzinfo=UTC)
POLICY = AccrualPolicy(
    version="2020-2",
    effective_from=date(2020, 2, 1),
    rate_per_hour=60,
    coefficients_bp={1: 10_000, 2: 12_000, 3: 15_000},
    scale=Scale(period=ScalePeriod.EVER, bands=(Band(until_minutes=400, per=1), Band(until_minutes=None, per=2))),
    caps=Caps(day_minutes=240, balance_points=500),
    rules=(Rule(name="first hours", when="total_minutes < 300", coefficient_bp=11_000),),
    overlays=(Overlay(region_code=REGION, extra_bp=2_000, year_budget=17),),
    bonuses=Bonuses(first_service=5),
    notice_days=3,
)
"""Every price depends on what was verified before it, on what is stored, and on what the town has left."""
AFTER = {"answers"}
"""Only the committer keeps answers: an import knows its records by their numbers."""


@pytest.fixture
async def prepared(server: TestServer) -> AsyncIterator[str]:
    """A database to copy for each example: points, a debt, a record that is only entered, two policies."""
    clock = Clock()
    async with a_database(server) as database:
        city = await a_city(database, clock, volunteers=3, merchants=1, points=0)
        assert city == CITY
        debtor = CITY.volunteers[1]
        service = services_for(debtor, 60, START - timedelta(days=40))
        async with a_committer(database, CITY.programme, clock) as committer:
            await earn(database, committer, CITY, service)
            code = await a_pay_code(committer, debtor)
            accepted(await committer.submit(at_till(CITY.tills[0], a_redeem(CITY.tills[0], code, 50, "spent"))))
            back = ClawBack(record=service[0].record, transaction=TransactionId(named("back")), by=CITY.verifier)
            accepted(await committer.submit(a_submission(back, "back")))
        await enter(database, CITY, [Service(CITY.volunteers[0], 60, PRICED_DAY + timedelta(minutes=60))])
        async with database.begin() as tx:
            await insert_policy(tx, CITY.programme, POLICY, Publication(created_by=CITY.recorder, created_at=clock.now))
        await database.close()
        yield str(make_url(database.url).database)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts so small that every example has several."""
    monkeypatch.setattr(bulk, "PART_MIN", 7)


@st.composite
def arrivals(draw: st.DrawFn) -> ImportRecord:
    """A record that mostly fits in, sometimes meets another, and sometimes cannot have been."""
    day = draw(st.sampled_from((PRICED_DAY, PRICED_DAY, PLAIN_DAY))) + timedelta(days=draw(st.integers(0, 6)))
    started_at = day + timedelta(minutes=30 * draw(st.integers(0, 20)))
    minutes = draw(st.sampled_from((30, 60, 90, 100, 100, 400)))
    checked_in = draw(st.booleans())
    stays = (CheckIn(started_at, started_at + timedelta(minutes=minutes)),) if checked_in else ()
    usual = Evidence.CHECKED_IN if checked_in else Evidence.IMPORTED
    return an_import(
        CITY,
        f"n{draw(st.integers(1, 60))}",
        draw(st.sampled_from((*CITY.volunteers, *CITY.volunteers, STRANGER))),
        started_at if draw(st.integers(0, 19)) else START + timedelta(days=1),
        minutes,
        team=draw(st.sampled_from((*[CITY.team] * 9, NO_TEAM))),
        period=minutes + draw(st.sampled_from((0, 0, 0, 30, -10))),
        level=draw(st.sampled_from((1, 1, 2, 3, 4))),
        evidence=draw(st.sampled_from((usual, usual, Evidence.ATTESTED))),
        region=draw(st.sampled_from(("", REGION))),
        stays=stays,
    )


async def _note_nothing(_connection: BatchConnection, _decisions: Sequence[Decision], _at: datetime) -> None:
    """Nothing goes along."""


async def write_in_bulk(
    database: Database, clock: Clock, chunks: Sequence[Sequence[ImportRecord]], *, dry_run: bool = False
) -> list[Decision]:
    """Write chunks one after the other through one writer."""
    async with a_connection(database) as connection:
        await prepare_copying(connection)
        if dry_run:
            await begin_rehearsal(connection)
        writer = BulkWriter(connection, CITY.programme, clock, dry_run=dry_run)
        return [decision for chunk in chunks for decision in await writer.write(chunk, _note_nothing)]


async def _write_one_by_one(database: Database, clock: Clock, commands: Sequence[ImportRecord]) -> list[Outcome]:
    async with a_connection(database) as connection:
        outcomes: list[Outcome] = []
        for command in commands:
            submission = a_submission(command)
            outcomes += await run_batch(connection, CITY.programme, lambda each=submission: [each], clock)  # type: ignore[misc]  # bound at once
        return outcomes


def _as_told(answer: object) -> object:
    return answer.answer if isinstance(answer, Accepted) else answer


@given(commands=st.lists(arrivals(), min_size=1, max_size=40), cut=st.integers(0, 40))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_bulk_writes_what_the_committer_writes(
    server: TestServer, prepared: str, commands: list[ImportRecord], cut: int
) -> None:
    """Equal decisions and equal rows in every table, however the file is cut into chunks; and a sound ledger."""
    async with a_database(server, prepared) as one, a_database(server, prepared) as other:
        decided = await write_in_bulk(one, Clock(), [chunk for chunk in (commands[:cut], commands[cut:]) if chunk])
        outcomes = await _write_one_by_one(other, Clock(), commands)
        assert list(map(_as_told, decided)) == [outcome.answer for outcome in outcomes]
        assert await fetch_tables(one, AFTER) == await fetch_tables(other, AFTER)
        await assert_all_sound(one, CITY)


@given(commands=st.lists(arrivals(), min_size=1, max_size=40), cut=st.integers(0, 40))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_a_dry_run_decides_what_a_run_decides(
    server: TestServer, prepared: str, commands: list[ImportRecord], cut: int
) -> None:
    """Equal decisions from chunk to chunk, on the same database, which it leaves as it was.

    At the end everything comes again, under its numbers and under others: known, or time that is taken.
    """
    others = [
        replace(each, told=replace(each.told, number=RecordNumber("old", f"x{n}"))) for n, each in enumerate(commands)
    ]
    chunks = [chunk for chunk in (commands[:cut], commands[cut:], commands, others) if chunk]
    async with a_database(server, prepared) as database:
        before = await fetch_tables(database)
        rehearsed = await write_in_bulk(database, Clock(), chunks, dry_run=True)
        assert await fetch_tables(database) == before
        assert rehearsed == await write_in_bulk(database, Clock(), chunks)


async def test_a_second_time_adds_nothing(server: TestServer, prepared: str) -> None:
    """The same records again are known, under their first ids; the tables stay as they are."""
    commands = [an_import(CITY, f"n{day}", CITY.volunteers[2], PLAIN_DAY + timedelta(days=day), 60) for day in range(5)]
    async with a_database(server, prepared) as database:
        first = await write_in_bulk(database, Clock(), [commands])
        before = await fetch_tables(database)
        again = await write_in_bulk(database, Clock(), [commands, commands])
        assert await fetch_tables(database) == before
    ids = [decision.answer["record"] for decision in first if isinstance(decision, Accepted)]
    assert len(ids) == 5
    assert [decision.answer for decision in again if isinstance(decision, Accepted)] == [
        {"record": record, "known": True} for record in ids * 2
    ]


async def test_what_others_write_between_chunks_is_seen(server: TestServer, prepared: str) -> None:
    """A till takes points between two chunks: the second chunk goes on from the balances that it left."""
    volunteer = CITY.volunteers[2]
    first = an_import(CITY, "n1", volunteer, PLAIN_DAY, 240)
    second = an_import(CITY, "n2", volunteer, PLAIN_DAY + timedelta(days=1), 60)
    async with a_database(server, prepared) as database, a_connection(database) as connection:
        await prepare_copying(connection)
        writer = BulkWriter(connection, CITY.programme, Clock())
        third = an_import(CITY, "n0", volunteer, PRICED_DAY, 60)
        await writer.write([third, first], _note_nothing)
        async with a_committer(database, CITY.programme, Clock()) as committer:
            service = services_for(volunteer, 30, START - timedelta(days=30))
            await earn(database, committer, CITY, service)
        await writer.write([second], _note_nothing)
        await assert_all_sound(database, CITY)
        hours = "SELECT balance FROM accounts WHERE owner_id = :owner AND kind = 'hours'"
        assert await fetch_rows(database, hours, owner=volunteer) == [(240 + 60 + 60 + 30,)]


async def test_a_chunk_that_breaks_leaves_nothing(server: TestServer, prepared: str) -> None:
    """What goes along fails: no row of the chunk stays, and the next chunk starts from what is really there."""
    volunteer = CITY.volunteers[2]

    async def fail(_connection: BatchConnection, _decisions: Sequence[Decision], _at: datetime) -> None:
        raise OSError("the disk is full")

    async with a_database(server, prepared) as database, a_connection(database) as connection:
        await prepare_copying(connection)
        writer = BulkWriter(connection, CITY.programme, Clock())
        before = await fetch_tables(database)
        with pytest.raises(OSError, match="the disk is full"):
            await writer.write([an_import(CITY, "n1", volunteer, PLAIN_DAY, 60)], fail)
        assert await fetch_tables(database) == before
        await writer.write([an_import(CITY, "n2", volunteer, PLAIN_DAY, 60)], _note_nothing)
        await assert_all_sound(database, CITY)


async def test_who_enters_a_record_meanwhile_is_waited_for(database: Database) -> None:
    """Somebody holds a volunteer and enters a record: the import waits for them, sees it, and refuses its twin."""
    city = await a_city(database, Clock(), volunteers=1)
    [volunteer] = city.volunteers
    async with a_connection(database) as connection:
        await prepare_copying(connection)
        writer = BulkWriter(connection, ProgrammeId("cixi"), Clock())
        async with database.begin() as tx:
            await lock_volunteer(tx, city.programme, volunteer)
            arriving = asyncio.create_task(
                writer.write([an_import(city, "n1", volunteer, PLAIN_DAY, 60)], _note_nothing)
            )
            await asyncio.sleep(0.3)
            assert not arriving.done()
            entered = an_import(city, "n2", volunteer, PLAIN_DAY + timedelta(minutes=30), 60).told.record
            await insert_records(tx, city.programme, [RecordView(entered, "清洁家园", START)])
        [decision] = await arriving
    assert decision == Rejected(Code.OVERLAP, {"record": f"rec_{entered.id.hex}"})


def test_the_pace_follows_the_target() -> None:
    """A chunk that takes too long is halved at most, one that is quick doubled at most, within the limits."""
    pace = Pace(0.2)
    pace.learn(200, 0.01)
    assert pace.size == 400
    pace.learn(400, 10.0)
    assert pace.size == 200
    pace.learn(200, 0.1)
    assert pace.size == 400
    for _ in range(20):
        pace.learn(pace.size, 100.0)
    assert pace.size == 50

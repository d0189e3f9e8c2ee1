"""What a batch reads grows with the batch, never with the day's sales or the programme's history.

The committer's connection plans its statements once, for tables whose size it does not know (DECISIONS.md 4). A join
that looks harmless on an empty table reads everybody's rows once the city is open, while every till waits.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.programmes import Programme
from app.core.rows import ServiceRecord
from app.store.batch_accruals import fetch_earned
from app.store.batch_rows import fetch_records, fetch_served, fetch_spent
from app.store.database import BatchConnection, Database
from app.store.journal import lock_head
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import START, Clock
from tests.support.commands import a_connection

OTHERS = 4_000
"""Rows of other people in each table."""
EACH = 3
"""Rows of each volunteer that is asked for."""

_PEOPLE = """
    SELECT id, n FROM unnest(CAST(:ids AS uuid[])) AS v (id), generate_series(1, :each) AS n
    UNION ALL SELECT gen_random_uuid(), n FROM generate_series(1, :others) AS n
"""
_FILL = (
    f"""INSERT INTO redemptions (programme_id, id, trade_no, state, volunteer_id, merchant_id, store_id, terminal_id,
            points, settlement_fen, occurred_at, transaction_id, seq)
        SELECT :programme, gen_random_uuid(), gen_random_uuid(), 'SUCCESS', p.id, gen_random_uuid(), gen_random_uuid(),
            gen_random_uuid(), 1, 0, CAST(:at AS timestamptz) - p.n * interval '1 second', gen_random_uuid(), 0
        FROM ({_PEOPLE}) p""",
    f"""INSERT INTO service_records (programme_id, id, state, volunteer_id, team_id, evidence, activity, minutes, level,
            started_at, ended_at, recorder_id, created_at)
        SELECT :programme, gen_random_uuid(), 'verified', p.id, gen_random_uuid(), 'checked-in', '', 1, 1,
            CAST(:at AS timestamptz) - p.n * interval '1 second', :at, gen_random_uuid(), :at
        FROM ({_PEOPLE}) p""",
    """INSERT INTO accruals (programme_id, record_id, volunteer_id, day, activity, counted, points, policy, inputs,
            steps)
        SELECT programme_id, id, volunteer_id, CAST(:at AS date), '', 1, 0, '', '{}', '[]' FROM service_records
        ON CONFLICT DO NOTHING""",
)


async def fill(database: Database, city: City) -> None:
    """Put rows of many people beside those of the city's volunteers: nothing but their number matters here."""
    values = {"programme": city.programme, "ids": list(city.volunteers), "each": EACH, "others": OTHERS, "at": START}
    async with database.begin() as tx:
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _FILL:
            await tx.execute(text(statement), values)


async def _records(connection: BatchConnection, city: City) -> list[ServiceRecord]:
    ids = await connection.fetch(
        "SELECT DISTINCT ON (volunteer_id) id FROM service_records WHERE volunteer_id = ANY($1)",
        list(city.volunteers),
    )
    found = await fetch_records(connection, city.programme, [row[0] for row in ids])
    return list(found.values())


async def spent(connection: BatchConnection, programme: Programme, records: list[ServiceRecord]) -> int:
    """What volunteers have paid today."""
    people = [record.volunteer for record in records]
    found = await fetch_spent(connection, programme.id, people, START - timedelta(days=1), START)
    return sum(map(len, found.values()))


async def served(connection: BatchConnection, programme: Programme, records: list[ServiceRecord]) -> int:
    """What volunteers have verified on the days of their records."""
    return sum(map(len, (await fetch_served(connection, programme, records)).values()))


async def earned(connection: BatchConnection, programme: Programme, records: list[ServiceRecord]) -> int:
    """What volunteers' records counted for."""
    found = await fetch_earned(connection, programme.id, [record.volunteer for record in records])
    return sum(map(len, found.values()))


_READ = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables"

Fetch = Callable[[BatchConnection, Programme, list[ServiceRecord]], Awaitable[int]]


@pytest.mark.parametrize("statistics", ["fresh", "analysed"])
@pytest.mark.parametrize("fetch", [spent, served, earned])
async def test_a_batch_reads_the_rows_of_its_own_people_only(
    database: Database, clock: Clock, fetch: Fetch, statistics: str
) -> None:
    """Planned on empty tables or on full ones, a statement reads a few rows for each one that it gives."""
    city = await a_city(database, clock)
    async with a_connection(database) as connection:
        await fill(database, city)
        if statistics == "analysed":
            await connection.execute("ANALYZE redemptions, service_records, accruals")
        records = await _records(connection, city)
        async with connection.transaction():
            programme = (await lock_head(connection, city.programme)).programme
            before = await connection.fetchval(_READ)
            given = await fetch(connection, programme, records)
            read = await connection.fetchval(_READ) - before
    assert given >= EACH * len(city.volunteers)
    assert read <= 4 * given

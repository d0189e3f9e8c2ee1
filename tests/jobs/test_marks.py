"""Imported records are looked through afterwards: bounded, restartable, by the rules that need no enterer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.imports import ImportRecord
from app.engine.bulk import BulkWriter
from app.jobs import marks as job
from app.jobs.marks import run_marks
from app.store.database import Database
from app.store.journal_cursors import move_cursor
from app.store.record_marks import set_limits
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.commands import a_connection
from tests.support.imports import an_import
from tests.support.ledgers import fetch_rows

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2025, 5, 4, 16, tzinfo=UTC)
"""In Shanghai."""
MARKED = """
SELECT r.external_no, m.kind FROM record_marks m JOIN service_records r ON r.id = m.record_id ORDER BY 1, 2
"""
FIGURES = "SELECT DISTINCT figures->>'minutes', figures->>'day' FROM record_marks WHERE kind = 'impossible-day'"


async def _nothing_along(*_arguments: object) -> None:
    """No import row moves on."""


async def load(database: Database, city: City, clock: Clock, commands: list[ImportRecord]) -> None:
    """Let records arrive as an import writes them."""
    async with a_connection(database) as connection:
        await BulkWriter(connection, city.programme, clock).write(commands, _nothing_along)


def arrivals(city: City, begin: datetime) -> list[ImportRecord]:
    """A day of seventeen hours in two records; two towns within a quarter of an hour; twenty that are ordinary."""
    first, second, third = city.volunteers
    odd = [
        an_import(city, "long-1", first, begin, 540),
        an_import(city, "long-2", first, begin + 9 * HOUR, 480),
        an_import(city, "here", second, begin, 60, region="330282001"),
        an_import(city, "there", second, begin + 75 * timedelta(minutes=1), 60, region="330282002"),
    ]
    plain = [an_import(city, f"plain-{day}", third, begin - timedelta(days=day), 60) for day in range(1, 21)]
    return [*odd, *plain]


EXPECTED = [
    ("here", "two-places"),
    ("long-1", "impossible-day"),
    ("long-2", "impossible-day"),
    ("there", "two-places"),
]


async def test_imported_records_are_marked_by_two_rules_only(database: Database, clock: Clock) -> None:
    """An impossible day and two places, of each record concerned; nobody entered them, so there is no mass entry."""
    city = await a_city(database, clock)
    async with database.begin() as tx:
        await set_limits(tx, city.programme, {"entries": 0})
    await load(database, city, clock, arrivals(city, MIDNIGHT))
    assert await fetch_rows(database, MARKED) == []
    done = await run_marks(database, city.programme, clock)
    [(transactions,)] = await fetch_rows(database, "SELECT count(*) FROM transactions")
    assert done == transactions
    assert await fetch_rows(database, MARKED) == EXPECTED
    assert await fetch_rows(database, FIGURES) == [("1020", "2025-05-05")]
    assert await run_marks(database, city.programme, clock) == 0


async def test_each_run_looks_at_so_many_and_the_next_goes_on(database: Database, clock: Clock) -> None:
    """Runs of five transactions; what comes in meanwhile is looked at too; each record is marked once."""
    city = await a_city(database, clock)
    begin = MIDNIGHT
    rows = arrivals(city, begin)
    await load(database, city, clock, rows[:2])
    assert await run_marks(database, city.programme, clock, run_max=5) == 5
    await load(database, city, clock, rows[2:])
    while await run_marks(database, city.programme, clock, run_max=5):
        pass
    assert await fetch_rows(database, MARKED) == EXPECTED


async def test_a_run_that_dies_is_gone_on_with(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its marks are written, or with the cursor: the next run finds what is left, and nothing twice."""
    city = await a_city(database, clock)
    await load(database, city, clock, arrivals(city, MIDNIGHT))
    monkeypatch.setattr(job, "CHUNK", 4)
    move, left = move_cursor, 2

    async def die(*arguments: Any) -> None:  # noqa: ANN401 - as the store takes them
        nonlocal left
        left -= 1
        if left < 0:
            raise RuntimeError("killed")
        await move(*arguments)

    with monkeypatch.context() as dying:
        dying.setattr(job, "move_cursor", die)
        with pytest.raises(RuntimeError, match="killed"):
            await run_marks(database, city.programme, clock)
    [(seq,)] = await fetch_rows(database, "SELECT seq FROM journal_cursors WHERE reader = 'marks'")
    assert seq == 8
    await run_marks(database, city.programme, clock)
    assert await fetch_rows(database, MARKED) == EXPECTED


async def test_records_entered_by_people_are_not_looked_at_again(database: Database, clock: Clock) -> None:
    """They got their marks when they were entered: the city's own records, verified singly, stay as they are."""
    city = await a_city(database, clock, points=1_400)
    async with database.begin() as tx:
        await set_limits(tx, city.programme, {"day_minutes": 1})
    assert await run_marks(database, city.programme, clock) > 0
    assert await fetch_rows(database, MARKED) == []

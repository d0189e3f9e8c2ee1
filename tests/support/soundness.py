"""The whole proof that a test left nothing wrong: the ledger from outside, and what `liyu verify` says."""

from app.jobs.verifying import run_verify
from app.store.database import Database
from tests.support.city_rows import City
from tests.support.ledgers import assert_sound


async def assert_all_sound(database: Database, city: City) -> None:
    """The ledger's invariants hold, and every row beside it agrees: stocks, counts, holds, merchants."""
    await assert_sound(database, city.programme)
    report = await run_verify(database, city.programme, lambda _done, _total: None)
    assert report.findings == ()

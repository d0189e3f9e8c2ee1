"""Writing what is counted of limited things: stock, and the counts that limits are compared with."""

from collections.abc import Sequence

from app.core.ids import ProgrammeId
from app.core.rows import Stock, Tally
from app.store.database import BatchConnection

_STOCKS = """
INSERT INTO offer_stocks (programme_id, offer_id, total, taken)
SELECT $1, t.* FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS t
ON CONFLICT (programme_id, offer_id) DO UPDATE SET total = excluded.total, taken = excluded.taken
"""


async def write_stocks(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Stock]) -> None:
    """Write what is taken of offers, and new totals."""
    await connection.execute(
        _STOCKS,
        programme,
        [row.offer for row in rows],
        [row.total for row in rows],
        [row.taken for row in rows],
    )


_TALLIES = """
INSERT INTO tallies (programme_id, subject_id, scope, period, amount)
SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[]) AS t
ON CONFLICT (programme_id, subject_id, scope, period) DO UPDATE SET amount = excluded.amount
"""


async def write_tallies(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Tally]) -> None:
    """Write counts."""
    await connection.execute(
        _TALLIES,
        programme,
        [row.key.subject for row in rows],
        [row.key.scope for row in rows],
        [row.key.period for row in rows],
        [row.amount for row in rows],
    )

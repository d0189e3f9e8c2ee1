"""Orders written by whole batches: one array statement. They are fetched in `batch_offers`, with what they are of."""

from collections.abc import Mapping, Sequence

from app.core.ids import ProgrammeId, TransactionId
from app.core.rows import Order
from app.store.database import BatchConnection

_ORDERS = """
INSERT INTO orders (programme_id, id, state, volunteer_id, merchant_id, offer_id, offer_version, quantity, points,
                    settlement_fen, code_hash, final_sale, ordered_at, valid_until, used_at, used_store_id,
                    used_terminal_id, transaction_id, seq, member_id)
SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::int[], $8::int[],
                           $9::bigint[], $10::bigint[], $11::bytea[], $12::boolean[], $13::timestamptz[],
                           $14::timestamptz[], $15::timestamptz[], $16::uuid[], $17::uuid[], $18::uuid[],
                           $19::bigint[], $20::uuid[]) AS t
ON CONFLICT (programme_id, id) DO UPDATE SET state = excluded.state, used_at = excluded.used_at,
    used_store_id = excluded.used_store_id, used_terminal_id = excluded.used_terminal_id
"""


async def write_orders(
    connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Order], seqs: Mapping[TransactionId, int]
) -> None:
    """Add orders, and bring changed ones up to date. An order keeps the sequence number of its hold."""
    await connection.execute(
        _ORDERS,
        programme,
        [row.id for row in rows],
        [row.state.value for row in rows],
        [row.volunteer for row in rows],
        [row.merchant for row in rows],
        [row.offer for row in rows],
        [row.offer_version for row in rows],
        [row.quantity for row in rows],
        [row.points for row in rows],
        [row.settlement_fen for row in rows],
        [row.code for row in rows],
        [row.final_sale for row in rows],
        [row.ordered_at for row in rows],
        [row.valid_until for row in rows],
        [row.used_at for row in rows],
        [row.used_store for row in rows],
        [row.used_terminal for row in rows],
        [row.transaction for row in rows],
        [seqs.get(row.transaction, 0) for row in rows],
        [row.member for row in rows],
    )

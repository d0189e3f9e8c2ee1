"""Writing the rows that a batch leaves: one array statement per kind of row."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.core.ids import ProgrammeId, TransactionId
from app.core.rows import Hold, PayCode, Redemption, Refund, Row, ServiceRecord
from app.store.database import BatchConnection

_PAY_CODES = """
INSERT INTO pay_codes (programme_id, hash, volunteer_id, expires_at, used_by)
SELECT $1, t.* FROM unnest($2::bytea[], $3::uuid[], $4::timestamptz[], $5::uuid[]) AS t
ON CONFLICT (programme_id, hash) DO UPDATE SET used_by = excluded.used_by
"""


async def write_pay_codes(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[PayCode]) -> None:
    """Issue codes, and mark used ones."""
    await connection.execute(
        _PAY_CODES,
        programme,
        [row.hash for row in rows],
        [row.volunteer for row in rows],
        [row.expires_at for row in rows],
        [row.used_by for row in rows],
    )


_REDEMPTIONS = """
INSERT INTO redemptions (programme_id, id, trade_no, state, volunteer_id, merchant_id, store_id, terminal_id, points,
                         settlement_fen, occurred_at, transaction_id, seq, refunded_points, refunded_fen, refund_count)
SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[],
                           $9::bigint[], $10::bigint[], $11::timestamptz[], $12::uuid[], $13::bigint[], $14::bigint[],
                           $15::bigint[], $16::smallint[]) AS t
ON CONFLICT (programme_id, id) DO UPDATE SET state = excluded.state, refunded_points = excluded.refunded_points,
    refunded_fen = excluded.refunded_fen, refund_count = excluded.refund_count
"""


async def write_redemptions(
    connection: BatchConnection,
    programme: ProgrammeId,
    rows: Sequence[Redemption],
    seqs: Mapping[TransactionId, int],
) -> None:
    """Add redemptions, and bring changed ones up to date. A changed one keeps its sequence number."""
    await connection.execute(
        _REDEMPTIONS,
        programme,
        [row.id for row in rows],
        [row.trade_no for row in rows],
        [row.state.value for row in rows],
        [row.volunteer for row in rows],
        [row.merchant for row in rows],
        [row.store for row in rows],
        [row.terminal for row in rows],
        [row.points for row in rows],
        [row.settlement_fen for row in rows],
        [row.occurred_at for row in rows],
        [row.transaction for row in rows],
        [seqs.get(row.transaction, 0) for row in rows],
        [row.refunded_points for row in rows],
        [row.refunded_fen for row in rows],
        [row.refund_count for row in rows],
    )


_REFUNDS = """
INSERT INTO refunds (programme_id, id, redemption_id, points, settlement_fen, occurred_at, transaction_id)
SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::uuid[]) AS t
"""


async def write_refunds(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Refund]) -> None:
    """Add refunds."""
    await connection.execute(
        _REFUNDS,
        programme,
        [row.id for row in rows],
        [row.redemption for row in rows],
        [row.points for row in rows],
        [row.settlement_fen for row in rows],
        [row.occurred_at for row in rows],
        [row.transaction for row in rows],
    )


_HOLDS = """
INSERT INTO holds (programme_id, id, state, volunteer_id, merchant_id, expires_at, transaction_id, seq)
SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::uuid[],
                           $8::bigint[]) AS t
ON CONFLICT (programme_id, id) DO UPDATE SET state = excluded.state
"""


async def write_holds(
    connection: BatchConnection,
    programme: ProgrammeId,
    rows: Sequence[Hold],
    seqs: Mapping[TransactionId, int],
) -> None:
    """Add holds, and bring changed ones up to date. A changed one keeps its sequence number."""
    await connection.execute(
        _HOLDS,
        programme,
        [row.id for row in rows],
        [row.state.value for row in rows],
        [row.volunteer for row in rows],
        [row.merchant for row in rows],
        [row.expires_at for row in rows],
        [row.transaction for row in rows],
        [seqs.get(row.transaction, 0) for row in rows],
    )


_RECORDS = """
UPDATE service_records r SET
    state = ($3::text[])[array_position($2, r.id)],
    verifier_id = ($4::uuid[])[array_position($2, r.id)],
    points = ($5::bigint[])[array_position($2, r.id)],
    expires_on = ($6::date[])[array_position($2, r.id)],
    policy = ($7::text[])[array_position($2, r.id)],
    pending = ($8::bigint[])[array_position($2, r.id)],
    matures_at = ($9::timestamptz[])[array_position($2, r.id)],
    transaction_id = ($10::uuid[])[array_position($2, r.id)]
WHERE r.programme_id = $1 AND r.id = ANY($2::uuid[])
"""


async def update_records(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[ServiceRecord]) -> None:
    """Bring service records up to date."""
    await connection.execute(
        _RECORDS,
        programme,
        [row.id for row in rows],
        [row.state.value for row in rows],
        [row.verifier for row in rows],
        [row.points for row in rows],
        [row.expires_on for row in rows],
        [row.policy for row in rows],
        [row.pending for row in rows],
        [row.matures_at for row in rows],
        [row.transaction for row in rows],
    )


async def write_rows(
    connection: BatchConnection,
    programme: ProgrammeId,
    rows: Sequence[Row],
    seqs: Mapping[TransactionId, int],
) -> None:
    """Write the last state of every row that a batch has added or changed."""
    last: dict[tuple[type, bytes | UUID], Row] = {
        (type(row), row.hash if isinstance(row, PayCode) else row.id): row for row in rows
    }
    if codes := [row for row in last.values() if isinstance(row, PayCode)]:
        await write_pay_codes(connection, programme, codes)
    if redemptions := [row for row in last.values() if isinstance(row, Redemption)]:
        await write_redemptions(connection, programme, redemptions, seqs)
    if refunds := [row for row in last.values() if isinstance(row, Refund)]:
        await write_refunds(connection, programme, refunds)
    if holds := [row for row in last.values() if isinstance(row, Hold)]:
        await write_holds(connection, programme, holds, seqs)
    if records := [row for row in last.values() if isinstance(row, ServiceRecord)]:
        await update_records(connection, programme, records)

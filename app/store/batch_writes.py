"""Writing the rows that a batch leaves: one array statement per kind of row."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from app.core.accruals import Accrual
from app.core.benefit_grants import BenefitGrant
from app.core.bonuses import Bonus
from app.core.ids import ProgrammeId, TransactionId
from app.core.openings import Opening
from app.core.penalties import Penalty
from app.core.pool_grants import PoolGrant
from app.core.rounds import Place, RoundStand
from app.core.rows import ImportedRecord, Order, PayCode, Redemption, Refund, Row, ServiceRecord, Stock, Tally
from app.store.batch_accruals import insert_accruals
from app.store.batch_bonuses import insert_bonuses, update_penalties
from app.store.batch_gifts import update_pool_grants
from app.store.batch_imports import insert_arrived
from app.store.batch_limits import write_stocks, write_tallies
from app.store.batch_openings import insert_openings
from app.store.batch_orders import write_orders
from app.store.batch_seat_writes import write_seats
from app.store.database import BatchConnection

RowKind = TypeVar("RowKind")

_PAY_CODES = """
INSERT INTO pay_codes (programme_id, hash, volunteer_id, expires_at, used_by, member_id)
SELECT $1, t.* FROM unnest($2::bytea[], $3::uuid[], $4::timestamptz[], $5::uuid[], $6::uuid[]) AS t
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
        [row.member for row in rows],
    )


_REDEMPTIONS = """
INSERT INTO redemptions (programme_id, id, trade_no, state, volunteer_id, merchant_id, store_id, terminal_id, points,
                         settlement_fen, occurred_at, transaction_id, seq, refunded_points, refunded_fen, refund_count,
                         closes_at, offer_id, offer_version, quantity, member_id)
SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[],
                           $9::bigint[], $10::bigint[], $11::timestamptz[], $12::uuid[], $13::bigint[], $14::bigint[],
                           $15::bigint[], $16::smallint[], $17::timestamptz[], $18::uuid[], $19::int[],
                           $20::int[], $21::uuid[]) AS t
ON CONFLICT (programme_id, id) DO UPDATE SET state = excluded.state, refunded_points = excluded.refunded_points,
    refunded_fen = excluded.refunded_fen, refund_count = excluded.refund_count,
    transaction_id = excluded.transaction_id,
    seq = CASE WHEN excluded.seq > 0 THEN excluded.seq ELSE redemptions.seq END
"""


async def write_redemptions(
    connection: BatchConnection,
    programme: ProgrammeId,
    rows: Sequence[Redemption],
    seqs: Mapping[TransactionId, int],
) -> None:
    """Add redemptions, and bring changed ones up to date. The sequence number moves when another transaction paid."""
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
        [row.closes_at for row in rows],
        [row.offer for row in rows],
        [row.offer_version for row in rows],
        [row.quantity for row in rows],
        [row.member for row in rows],
    )


_REFUNDS = """
INSERT INTO refunds (programme_id, id, redemption_id, points, settlement_fen, occurred_at, transaction_id, refund_no,
                     terminal_id, note)
SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::uuid[],
                           $8::text[], $9::uuid[], $10::text[]) AS t
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
        [row.refund_no for row in rows],
        [row.terminal for row in rows],
        [row.note for row in rows],
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


_REPLACEMENTS = """
INSERT INTO service_records (programme_id, id, state, volunteer_id, team_id, evidence, activity, minutes, level,
    started_at, ended_at, recorder_id, created_at, activity_id, category, place_region, role, place, content, in_charge,
    guardian, hazardous, check_ins, due_at, replaces_id)
SELECT $1, t.id, 'entered', r.volunteer_id, r.team_id, r.evidence, r.activity, t.minutes, t.level, r.started_at,
       r.ended_at, t.recorder_id, r.created_at, r.activity_id, t.category, r.place_region, r.role, r.place, r.content,
       r.in_charge, r.guardian, r.hazardous, r.check_ins, r.due_at, r.id
FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::smallint[], $6::text[], $7::uuid[])
     AS t (id, replaces_id, minutes, level, category, recorder_id)
CROSS JOIN LATERAL (SELECT * FROM service_records WHERE programme_id = $1 AND id = t.replaces_id LIMIT 1) r
ON CONFLICT (programme_id, id) DO NOTHING
"""


async def insert_replacements(
    connection: BatchConnection, programme: ProgrammeId, rows: Sequence[ServiceRecord]
) -> None:
    """Put records beside those that they replace, with all items that were not corrected. Once: then they are there."""
    await connection.execute(
        _REPLACEMENTS,
        programme,
        [row.id for row in rows],
        [row.replaces for row in rows],
        [row.minutes for row in rows],
        [row.level for row in rows],
        [row.category for row in rows],
        [row.recorder for row in rows],
    )


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


def _last(rows: Sequence[Row], kind: type[RowKind], key: Callable[[RowKind], object]) -> list[RowKind]:
    """The last state of every row of one kind."""
    return list({key(row): row for row in rows if isinstance(row, kind)}.values())


async def write_rows(
    connection: BatchConnection,
    programme: ProgrammeId,
    rows: Sequence[Row],
    seqs: Mapping[TransactionId, int],
) -> None:
    """Write the last state of every row that a batch has added or changed. Tombstones are answers, not rows."""
    if codes := _last(rows, PayCode, lambda row: row.hash):
        await write_pay_codes(connection, programme, codes)
    if redemptions := _last(rows, Redemption, lambda row: row.id):
        await write_redemptions(connection, programme, redemptions, seqs)
    if refunds := _last(rows, Refund, lambda row: row.id):
        await write_refunds(connection, programme, refunds)
    if orders := _last(rows, Order, lambda row: row.id):
        await write_orders(connection, programme, orders, seqs)
    if stocks := _last(rows, Stock, lambda row: row.offer):
        await write_stocks(connection, programme, stocks)
    if tallies := _last(rows, Tally, lambda row: row.key):
        await write_tallies(connection, programme, tallies)
    if arrived := [row for row in rows if isinstance(row, ImportedRecord)]:
        await insert_arrived(connection, programme, arrived)
    if records := _last(rows, ServiceRecord, lambda row: row.id):
        if corrected := [row for row in records if row.replaces]:
            await insert_replacements(connection, programme, corrected)
        await update_records(connection, programme, records)
    if accruals := _last(rows, Accrual, lambda row: row.record):
        await insert_accruals(connection, programme, accruals)
    await _write_gifts(connection, programme, rows)
    if seats := [row for row in rows if isinstance(row, RoundStand | Place | BenefitGrant)]:
        await write_seats(connection, programme, seats)


async def _write_gifts(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Row]) -> None:
    """What gives and takes points beside the hours."""
    if bonuses := _last(rows, Bonus, lambda row: row.key):
        await insert_bonuses(connection, programme, bonuses)
    if penalties := _last(rows, Penalty, lambda row: row.id):
        await update_penalties(connection, programme, penalties)
    if grants := _last(rows, PoolGrant, lambda row: row.id):
        await update_pool_grants(connection, programme, grants)
    if openings := _last(rows, Opening, lambda row: row.number):
        await insert_openings(connection, programme, openings)

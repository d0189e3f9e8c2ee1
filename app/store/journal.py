"""The journal: its head, and appending to it. The head's row lock is what makes one writer of many processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.core.ids import FundId, ProgrammeId
from app.core.programmes import LapsePolicy, Programme
from app.core.quantities import Points
from app.core.stars import StarScale
from app.core.transactions import Transaction
from app.store.database import BatchConnection


@dataclass(frozen=True, slots=True)
class Head:
    """Where the journal of a programme stands, and the settings in force."""

    programme: Programme
    next_seq: int
    next_account_no: int
    recorded_at: datetime


class TransferRow(NamedTuple):
    """One row of `transfers` without its programme."""

    seq: int
    position: int
    debit_account_no: int
    credit_account_no: int
    amount: int
    debit_balance: int
    credit_balance: int


class TransactionRow(NamedTuple):
    """One row of `transactions` without its programme."""

    seq: int
    transaction: Transaction
    leaf_hash: bytes


_LOCK_HEAD = """
SELECT next_seq, next_account_no, recorded_at FROM journal_heads WHERE programme_id = $1 FOR UPDATE
"""
_SETTINGS = """
SELECT zone, fen_per_hundred_points, settlement_fund_id, lapse_policy, grace_days, notice_days, expiry_years,
       points_max, confirm_points, confirm_count, same_amount_s, redemptions_a_day, sandbox, star_minutes,
       pool_grant_points, pool_year_points, family_use, family_members,
       star_quality_min,
       ARRAY(SELECT effective_from FROM accrual_policies WHERE programme_id = $1 ORDER BY effective_from) AS begins,
       ARRAY(SELECT unlock_minutes FROM accrual_policies WHERE programme_id = $1 ORDER BY effective_from) AS unlocks
FROM programmes WHERE id = $1
"""


async def lock_head(connection: BatchConnection, programme: ProgrammeId) -> Head:
    """Wait for the head of the journal and keep it until the transaction ends.

    The settings are read by a statement of their own: one that waited for the lock would see those from before it.
    Raises LookupError when there is no such programme.
    """
    head = await connection.fetchrow(_LOCK_HEAD, programme)
    if head is None:
        raise LookupError(programme)
    return Head(
        programme=await fetch_settings(connection, programme),
        next_seq=head["next_seq"],
        next_account_no=head["next_account_no"],
        recorded_at=head["recorded_at"],
    )


async def fetch_settings(connection: BatchConnection, programme: ProgrammeId) -> Programme:
    """The settings that decisions depend on, as they are now. Raises LookupError when there is no such programme."""
    row = await connection.fetchrow(_SETTINGS, programme)
    if row is None:
        raise LookupError(programme)
    fund = row["settlement_fund_id"]
    return Programme(
        id=programme,
        zone=ZoneInfo(row["zone"]),
        fen_per_hundred_points=row["fen_per_hundred_points"],
        settlement_fund=FundId(fund) if fund else None,
        lapse_policy=LapsePolicy(row["lapse_policy"]),
        grace_days=row["grace_days"],
        notice_days=row["notice_days"],
        expiry_years=row["expiry_years"],
        points_max=Points(row["points_max"]),
        confirm_points=row["confirm_points"],
        confirm_count=row["confirm_count"],
        same_amount_s=row["same_amount_s"],
        redemptions_a_day=row["redemptions_a_day"],
        sandbox=row["sandbox"],
        pool_grant_points=Points(row["pool_grant_points"]),
        pool_year_points=Points(row["pool_year_points"]),
        family_use=row["family_use"],
        family_members=row["family_members"],
        unlocks=tuple(zip(row["begins"], row["unlocks"], strict=True)) if any(row["unlocks"]) else (),
        stars=StarScale(tuple(row["star_minutes"]), row["star_quality_min"]),
    )


_ADVANCE_HEAD = """
UPDATE journal_heads SET next_seq = $2, next_account_no = $3, recorded_at = $4 WHERE programme_id = $1
"""


async def advance_head(
    connection: BatchConnection,
    programme: ProgrammeId,
    next_seq: int,
    next_account_no: int,
    recorded_at: datetime,
) -> None:
    """Move the head behind what this batch has written."""
    await connection.execute(_ADVANCE_HEAD, programme, next_seq, next_account_no, recorded_at)


_INSERT_TRANSACTIONS = """
INSERT INTO transactions (programme_id, seq, id, kind, actor, reason, occurred_at, recorded_at, policy, document,
                          reverses, leaf_hash)
SELECT $1, t.seq, t.id, t.kind, t.actor, t.reason, t.occurred_at, $2, t.policy, t.document, t.reverses, t.leaf_hash
FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[], $10::text[],
            $11::uuid[], $12::bytea[])
     AS t (seq, id, kind, actor, reason, occurred_at, policy, document, reverses, leaf_hash)
"""


async def insert_transactions(
    connection: BatchConnection, programme: ProgrammeId, recorded_at: datetime, rows: Sequence[TransactionRow]
) -> None:
    """Append transactions."""
    await connection.execute(
        _INSERT_TRANSACTIONS,
        programme,
        recorded_at,
        [row.seq for row in rows],
        [row.transaction.id for row in rows],
        [row.transaction.kind.value for row in rows],
        [row.transaction.actor for row in rows],
        [row.transaction.reason.value for row in rows],
        [row.transaction.occurred_at for row in rows],
        [row.transaction.policy for row in rows],
        [row.transaction.document for row in rows],
        [row.transaction.reverses for row in rows],
        [row.leaf_hash for row in rows],
    )


_INSERT_TRANSFERS = """
INSERT INTO transfers (programme_id, seq, position, debit_account_no, credit_account_no, amount, debit_balance,
                       credit_balance)
SELECT $1, t.* FROM unnest($2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                           $8::bigint[]) AS t
"""


async def insert_transfers(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[TransferRow]) -> None:
    """Append transfers."""
    await connection.execute(_INSERT_TRANSFERS, programme, *map(list, zip(*rows, strict=True)))

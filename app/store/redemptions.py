"""Redemptions and refunds, with their receipts, as the edge reads them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.core.idempotency import AnswerKey, till_key
from app.core.ids import (
    MerchantId,
    OfferId,
    ProgrammeId,
    RedemptionId,
    RefundId,
    StoreId,
    TerminalId,
    TransactionId,
    VolunteerId,
)
from app.core.rows import RedemptionState, Sale, TradeNo
from app.store.database import BatchConnection, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionView:
    """A redemption with the masked name of its volunteer and its place in the journal."""

    id: RedemptionId
    trade_no: str
    state: RedemptionState
    points: int
    refunded_points: int
    settlement_fen: int
    masked_name: str
    merchant: MerchantId
    merchant_name: str
    store: StoreId
    store_name: str
    terminal: TerminalId
    occurred_at: datetime
    closes_at: datetime | None
    offer: OfferId | None
    offer_version: int
    quantity: int
    transaction: TransactionId
    seq: int
    leaf_hash: bytes

    def state_at(self, at: datetime) -> RedemptionState:
        """The state at a moment: waiting ends by itself, whether its end has been booked or not."""
        if self.state is RedemptionState.AWAITING_CONFIRMATION and self.closes_at and at >= self.closes_at:
            return RedemptionState.CLOSED
        return self.state


_VIEW = """
SELECT r.id, r.trade_no, r.state, r.points, r.refunded_points, r.settlement_fen, v.masked_name,
       r.merchant_id AS merchant, m.name AS merchant_name, r.store_id AS store, s.name AS store_name,
       r.terminal_id AS terminal, r.occurred_at, r.closes_at, r.offer_id AS offer, r.offer_version, r.quantity,
       t.id AS transaction, t.seq, t.leaf_hash
FROM redemptions r
JOIN volunteers v ON v.programme_id = r.programme_id AND v.id = r.volunteer_id
JOIN merchants m ON m.programme_id = r.programme_id AND m.id = r.merchant_id
JOIN stores s ON s.programme_id = r.programme_id AND s.id = r.store_id
JOIN transactions t ON t.programme_id = r.programme_id AND t.seq ="""

_FETCH = text(f"{_VIEW} coalesce(:seq, r.seq) WHERE r.programme_id = :programme AND r.id = :id")


async def fetch_redemption(
    reader: Reader, programme: ProgrammeId, redemption: RedemptionId, seq: int | None = None
) -> RedemptionView | None:
    """One redemption as it is now; with `seq` it shows that transaction, as the first answer did."""
    found = await reader.execute(_FETCH, {"programme": programme, "id": redemption, "seq": seq})
    row = found.mappings().one_or_none()
    return _view(dict(row)) if row else None


def _view(row: Mapping[str, Any]) -> RedemptionView:
    return RedemptionView(**{**row, "state": RedemptionState(row["state"])})


_OWN = text(f"""
{_VIEW} r.seq
WHERE r.programme_id = :programme AND r.volunteer_id = :volunteer
    AND (r.occurred_at, r.id) < (:before, :before_id)
    AND (CAST(:waiting_at AS timestamptz) IS NULL
         OR (r.state = 'AWAITING_CONFIRMATION' AND r.closes_at > :waiting_at))
ORDER BY r.occurred_at DESC, r.id DESC LIMIT :limit
""")


async def fetch_own_redemptions(
    reader: Reader,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    before: tuple[datetime, RedemptionId],
    waiting_at: datetime | None,
    limit: int,
) -> Sequence[RedemptionView]:
    """A volunteer's redemptions before a moment, the newest first; only those that wait then, if `waiting_at` says."""
    rows = await reader.execute(
        _OWN,
        {
            "programme": programme,
            "volunteer": volunteer,
            "before": before[0],
            "before_id": before[1],
            "waiting_at": waiting_at,
            "limit": limit,
        },
    )
    return [_view(dict(row)) for row in rows.mappings()]


_OWN_ONE = text(f"{_VIEW} r.seq WHERE r.programme_id = :programme AND r.id = :id AND r.volunteer_id = :volunteer")


async def fetch_own_redemption(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, redemption: RedemptionId
) -> RedemptionView | None:
    """One redemption, if it is this volunteer's."""
    values = {"programme": programme, "id": redemption, "volunteer": volunteer}
    row = (await reader.execute(_OWN_ONE, values)).mappings().one_or_none()
    return _view(dict(row)) if row else None


_SOLD = f"""
SELECT v.*
FROM unnest($2::text[], $3::text[]) AS k (scope, key)
CROSS JOIN LATERAL (
    SELECT CAST(substr(outcome -> 'ok' ->> 'redemption', 5) AS uuid) AS redemption_id FROM answers
    WHERE programme_id = $1 AND scope = k.scope AND key = k.key LIMIT 1
) a
CROSS JOIN LATERAL ({_VIEW} r.seq WHERE r.programme_id = $1 AND r.id = a.redemption_id) v
"""


async def fetch_sold(
    connection: BatchConnection, programme: ProgrammeId, sales: Collection[Sale]
) -> dict[Sale, RedemptionView]:
    """The redemptions under tills' numbers, as they are now. A refused number has none."""
    keys = [till_key(sale) for sale in sales]
    rows = await connection.fetch(_SOLD, programme, [key.scope for key in keys], [key.key for key in keys])
    return {Sale(view.merchant, TradeNo(view.trade_no)): view for view in (_view(dict(row)) for row in rows)}


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund with its place in the journal, and how much of its redemption has come back in all."""

    id: RefundId
    refund_no: str
    trade_no: str
    redemption: RedemptionId
    points: int
    settlement_fen: int
    note: str
    occurred_at: datetime
    transaction: TransactionId
    seq: int
    leaf_hash: bytes


_REFUND = """
SELECT f.id, f.refund_no, r.trade_no, f.redemption_id AS redemption, f.points, f.settlement_fen, f.note, f.occurred_at,
       t.id AS transaction, t.seq, t.leaf_hash
FROM refunds f
JOIN redemptions r ON r.programme_id = f.programme_id AND r.id = f.redemption_id
JOIN transactions t ON t.programme_id = f.programme_id AND t.id = f.transaction_id
"""
_GIVEN_BACK = f"""
SELECT k.scope AS asked_scope, k.key AS asked_key, v.*
FROM unnest($2::text[], $3::text[]) AS k (scope, key)
CROSS JOIN LATERAL (
    SELECT CAST(substr(outcome -> 'ok' ->> 'refund', 5) AS uuid) AS refund_id FROM answers
    WHERE programme_id = $1 AND scope = k.scope AND key = k.key LIMIT 1
) a
CROSS JOIN LATERAL ({_REFUND} WHERE f.programme_id = $1 AND f.id = a.refund_id) v
"""


async def fetch_given_back(
    connection: BatchConnection, programme: ProgrammeId, keys: Collection[AnswerKey]
) -> dict[AnswerKey, RefundView]:
    """The refunds that the answers under these keys name. A refused number has none."""
    listed = list(keys)
    rows = await connection.fetch(_GIVEN_BACK, programme, [key.scope for key in listed], [key.key for key in listed])
    return {AnswerKey(scope, key): RefundView(*view) for scope, key, *view in rows}

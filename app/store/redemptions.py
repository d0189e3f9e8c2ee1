"""Redemptions and refunds, with their receipts, as the edge reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

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
from app.core.rows import RedemptionState
from app.store.database import Reader


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
    return _view(row) if row else None


def _view(row: RowMapping) -> RedemptionView:
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
    return [_view(row) for row in rows.mappings()]


_OWN_ONE = text(f"{_VIEW} r.seq WHERE r.programme_id = :programme AND r.id = :id AND r.volunteer_id = :volunteer")


async def fetch_own_redemption(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, redemption: RedemptionId
) -> RedemptionView | None:
    """One redemption, if it is this volunteer's."""
    values = {"programme": programme, "id": redemption, "volunteer": volunteer}
    row = (await reader.execute(_OWN_ONE, values)).mappings().one_or_none()
    return _view(row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
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


_REFUND = text("""
SELECT f.id, f.refund_no, r.trade_no, f.redemption_id AS redemption, f.points, f.settlement_fen, f.note, f.occurred_at,
       t.id AS transaction, t.seq, t.leaf_hash
FROM refunds f
JOIN redemptions r ON r.programme_id = f.programme_id AND r.id = f.redemption_id
JOIN transactions t ON t.programme_id = f.programme_id AND t.id = f.transaction_id
WHERE f.programme_id = :programme AND f.id = :id
""")


async def fetch_refund(reader: Reader, programme: ProgrammeId, refund: RefundId) -> RefundView | None:
    """One refund."""
    row = (await reader.execute(_REFUND, {"programme": programme, "id": refund})).mappings().one_or_none()
    return RefundView(**row) if row else None

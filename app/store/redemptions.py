"""Redemptions and their receipts as the edge reads them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import MerchantId, ProgrammeId, RedemptionId, StoreId, TerminalId, TransactionId
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
    store: StoreId
    terminal: TerminalId
    occurred_at: datetime
    transaction: TransactionId
    seq: int
    leaf_hash: bytes


_FETCH = text("""
SELECT r.id, r.trade_no, r.state, r.points, r.refunded_points, r.settlement_fen, v.masked_name,
       r.merchant_id AS merchant, r.store_id AS store, r.terminal_id AS terminal, r.occurred_at,
       r.transaction_id AS transaction, r.seq, t.leaf_hash
FROM redemptions r
JOIN volunteers v ON v.programme_id = r.programme_id AND v.id = r.volunteer_id
JOIN transactions t ON t.programme_id = r.programme_id AND t.seq = r.seq
WHERE r.programme_id = :programme AND r.id = :id
""")


async def fetch_redemption(reader: Reader, programme: ProgrammeId, redemption: RedemptionId) -> RedemptionView | None:
    """One redemption as it is now."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": redemption})).mappings().one_or_none()
    return RedemptionView(**{**row, "state": RedemptionState(row["state"])}) if row else None

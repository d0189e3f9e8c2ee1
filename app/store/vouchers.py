"""Vouchers as a till sees them: what was ordered, whether it can be handed out, and never who ordered it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import MerchantId, OfferId, OrderId, ProgrammeId, StoreId, TerminalId
from app.core.rows import OrderState, VoucherHash
from app.store.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherView:
    """An order's voucher with the names of what was ordered, in the version that it was ordered under."""

    id: OrderId
    state: OrderState
    merchant: MerchantId
    offer: OfferId
    offer_version: int
    name_zh: str
    name_en: str
    fulfilment: str
    final_sale: bool
    quantity: int
    points: int
    settlement_fen: int
    masked_name: str
    valid_until: datetime
    used_at: datetime | None
    used_store: StoreId | None
    store_name: str | None
    used_terminal: TerminalId | None

    def state_at(self, at: datetime) -> OrderState:
        """The state at a moment: a voucher past its day is expired, whether that has been booked or not."""
        if self.state is OrderState.EFFECTIVE and at >= self.valid_until:
            return OrderState.EXPIRED
        return self.state


_FETCH = text("""
SELECT o.id, o.state, o.merchant_id AS merchant, o.offer_id AS offer, o.offer_version, f.name_zh, f.name_en,
       f.fulfilment, o.final_sale, o.quantity, o.points, o.settlement_fen, v.masked_name, o.valid_until, o.used_at,
       o.used_store_id AS used_store, s.name AS store_name, o.used_terminal_id AS used_terminal
FROM orders o
JOIN offer_versions f ON f.programme_id = o.programme_id AND f.offer_id = o.offer_id AND f.version = o.offer_version
JOIN volunteers v ON v.programme_id = o.programme_id AND v.id = o.volunteer_id
LEFT JOIN stores s ON s.programme_id = o.programme_id AND s.id = o.used_store_id
WHERE o.programme_id = :programme AND o.code_hash = :code AND o.merchant_id = :merchant
""")


async def fetch_voucher(
    reader: Reader, programme: ProgrammeId, merchant: MerchantId, code: VoucherHash
) -> VoucherView | None:
    """The voucher behind a code, if it is this merchant's."""
    found = await reader.execute(_FETCH, {"programme": programme, "merchant": merchant, "code": code})
    row = found.mappings().one_or_none()
    return VoucherView(**{**row, "state": OrderState(row["state"])}) if row else None

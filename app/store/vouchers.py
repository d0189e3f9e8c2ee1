"""Vouchers as a till sees them: what was ordered, whether it can be handed out, and never who ordered it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from app.core.ids import MerchantId, OfferId, OrderId, ProgrammeId, StoreId, TerminalId
from app.core.rows import Order, OrderState, VoucherHash
from app.store.database import BatchConnection


@dataclass(frozen=True, slots=True)
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


_FETCH = """
SELECT o.code_hash, o.id, o.state, o.merchant_id AS merchant, o.offer_id AS offer, o.offer_version, f.name_zh,
       f.name_en, f.fulfilment, o.final_sale, o.quantity, o.points, o.settlement_fen, v.masked_name, o.valid_until,
       o.used_at, o.used_store_id AS used_store, s.name AS store_name, o.used_terminal_id AS used_terminal
FROM orders o
JOIN offer_versions f ON f.programme_id = o.programme_id AND f.offer_id = o.offer_id AND f.version = o.offer_version
JOIN volunteers v ON v.programme_id = o.programme_id AND v.id = o.volunteer_id
LEFT JOIN stores s ON s.programme_id = o.programme_id AND s.id = o.used_store_id
WHERE o.programme_id = $1 AND o.code_hash = ANY($2)
"""


async def fetch_vouchers(
    connection: BatchConnection, programme: ProgrammeId, codes: Collection[VoucherHash]
) -> dict[VoucherHash, VoucherView]:
    """The vouchers behind these codes. The caller shows them to their own merchant only."""
    found: dict[VoucherHash, VoucherView] = {}
    for code, *view in await connection.fetch(_FETCH, programme, list(codes)):
        shown = VoucherView(*view)
        found[code] = replace(shown, state=OrderState(shown.state))
    return found


def view_order(order: Order) -> VoucherView:
    """The voucher of an order that was decided just now."""
    name_zh, name_en, fulfilment = order.ordered
    return VoucherView(
        id=order.id,
        state=order.state,
        merchant=order.merchant,
        offer=order.offer,
        offer_version=order.offer_version,
        name_zh=name_zh,
        name_en=name_en,
        fulfilment=fulfilment,
        final_sale=order.final_sale,
        quantity=order.quantity,
        points=order.points,
        settlement_fen=order.settlement_fen,
        masked_name=order.masked_name,
        valid_until=order.valid_until,
        used_at=order.used_at,
        used_store=order.used_store,
        store_name=order.store_name or None,
        used_terminal=order.used_terminal,
    )

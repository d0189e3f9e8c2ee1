"""A volunteer's orders as the mini-program reads them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.core.ids import MerchantId, OfferId, OrderId, ProgrammeId, StoreId, TransactionId, VolunteerId
from app.core.offers import Fulfilment
from app.core.rows import OrderState
from app.store.database import BatchConnection, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order with the names of what was ordered, in the version that it was ordered under."""

    id: OrderId
    state: OrderState
    offer: OfferId
    offer_version: int
    name_zh: str
    name_en: str
    fulfilment: Fulfilment
    final_sale: bool
    quantity: int
    points: int
    merchant: MerchantId
    merchant_name: str
    ordered_at: datetime
    valid_until: datetime
    used_at: datetime | None
    used_store: StoreId | None
    store_name: str | None
    transaction: TransactionId
    ordered_by: str | None = None
    """The masked name of the member of the family who ordered."""

    def state_at(self, at: datetime) -> OrderState:
        """The state at a moment: an order past its day is expired, whether that has been booked or not."""
        if self.state is OrderState.EFFECTIVE and at >= self.valid_until:
            return OrderState.EXPIRED
        return self.state

    def as_placed(self) -> "OrderView":
        """The order as it was when it was placed: a repeated request gets the first answer, whatever came after."""
        return replace(self, state=OrderState.EFFECTIVE, used_at=None, used_store=None, store_name=None)


_SELECT = """
SELECT o.id, o.state, o.offer_id AS offer, o.offer_version, f.name_zh, f.name_en, f.fulfilment, o.final_sale,
       o.quantity, o.points, o.merchant_id AS merchant, m.name AS merchant_name, o.ordered_at, o.valid_until,
       o.used_at, o.used_store_id AS used_store, s.name AS store_name, o.transaction_id AS transaction,
       b.masked_name AS ordered_by
FROM {orders} o
JOIN offer_versions f ON f.programme_id = o.programme_id AND f.offer_id = o.offer_id AND f.version = o.offer_version
JOIN merchants m ON m.programme_id = o.programme_id AND m.id = o.merchant_id
LEFT JOIN stores s ON s.programme_id = o.programme_id AND s.id = o.used_store_id
LEFT JOIN volunteers b ON b.programme_id = o.programme_id AND b.id = o.member_id
"""
_ORDERS = _SELECT.format(orders="orders")
_FETCH = text(
    f"{_ORDERS}WHERE o.programme_id = :programme AND o.id = :id AND :volunteer IN (o.volunteer_id, o.member_id)"
)


def _view(row: dict[str, Any]) -> OrderView:
    return OrderView(**{**row, "state": OrderState(row["state"]), "fulfilment": Fulfilment(row["fulfilment"])})


async def fetch_own_order(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, order: OrderId
) -> OrderView | None:
    """One order, if it is this volunteer's, or was ordered by them."""
    values = {"programme": programme, "volunteer": volunteer, "id": order}
    row = (await reader.execute(_FETCH, values)).mappings().one_or_none()
    return _view(dict(row)) if row else None


_PLACED = f"{_ORDERS}WHERE o.programme_id = $1 AND o.id = ANY($2)"


async def fetch_placed_orders(
    connection: BatchConnection, programme: ProgrammeId, orders: Collection[OrderId]
) -> Mapping[OrderId, OrderView]:
    """Orders that were just placed, many with one statement. The caller shows each to its own volunteer only."""
    views = [_view(dict(row)) for row in await connection.fetch(_PLACED, programme, list(orders))]
    return {view.id: view for view in views}


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """Vouchers that can still be used: how many, and the points that they hold."""

    count: int = 0
    points: int = 0


_OPEN = text("""
SELECT count(*), coalesce(sum(points), 0)::bigint FROM orders
WHERE programme_id = :programme AND volunteer_id = :volunteer AND state = 'EFFECTIVE' AND valid_until > :at
""")


async def fetch_open_orders(reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, at: datetime) -> OpenOrders:
    """A volunteer's orders whose vouchers can be used at a moment."""
    values = {"programme": programme, "volunteer": volunteer, "at": at}
    return OpenOrders(*(await reader.execute(_OPEN, values)).one())


_PART = """(
    SELECT * FROM orders
    WHERE programme_id = :programme AND {whose} = :volunteer AND id < :before
        AND (CAST(:state AS text) IS NULL
             OR :state = CASE WHEN state = 'EFFECTIVE' AND valid_until <= :at THEN 'EXPIRED' ELSE state END)
    ORDER BY id DESC LIMIT :limit
)"""
# Each part by an index of its own; nobody is a member of themselves, so no order comes twice.
_LISTED = f"({_PART.format(whose='volunteer_id')} UNION ALL {_PART.format(whose='member_id')})"
_LIST = text(f"{_SELECT.format(orders=_LISTED)} ORDER BY o.id DESC LIMIT :limit")


async def fetch_own_orders(
    reader: Reader,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    before: OrderId,
    state: OrderState | None,
    at: datetime,
    limit: int,
) -> Sequence[OrderView]:
    """Orders of a volunteer, or that they placed for another, before a given one, the newest first.

    Only those in a state at a moment, if one is named.
    """
    values = {
        "programme": programme,
        "volunteer": volunteer,
        "before": before,
        "state": state.value if state else None,
        "at": at,
        "limit": limit,
    }
    return [_view(dict(row)) for row in (await reader.execute(_LIST, values)).mappings()]

"""Offers written by SQL, and orders of them placed through the committer of a site."""

from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.commands import Command
from app.core.ids import OfferId, OrderId, TransactionId
from app.core.orders import PlaceOrder
from app.core.rows import VoucherHash
from app.engine.batch import Outcome
from tests.support.city_rows import named
from tests.support.commands import a_submission, accepted
from tests.support.sites import Site

_OFFER = (
    """INSERT INTO offers (programme_id, id, merchant_id, state, created_at)
       VALUES (:programme, :offer, :merchant, 'published', :at)""",
    """INSERT INTO offer_versions (programme_id, offer_id, version, kind, name_zh, name_en, points, funding,
           face_value_fen, fund_ids, fulfilment, voucher_days, final_sale, created_by, created_at)
       VALUES (:programme, :offer, 1, 'goods', '大米', 'Rice', 20, 'FUND_REIMBURSED', 500, CAST(:funds AS uuid[]),
           'voucher', 10, :final_sale, :offer, :at)""",
    "INSERT INTO offer_stocks (programme_id, offer_id, total) VALUES (:programme, :offer, 5)",
)


async def an_offer(site: Site, merchant: int = 0, *, final_sale: bool = False) -> OfferId:
    """An offer of one of the city's merchants: 20 points, 500 fen, five in stock, vouchers for ten days."""
    offer = OfferId(uuid7())
    values = {
        "programme": site.city.programme,
        "offer": offer,
        "merchant": site.city.tills[merchant].merchant,
        "funds": [site.city.fund],
        "final_sale": final_sale,
        "at": site.clock.now,
    }
    async with site.database.begin() as tx:
        for statement in _OFFER:
            await tx.execute(text(statement), values)
    return offer


def voucher_of(order: UUID) -> VoucherHash:
    """The hash of the code of an order that `an_order` placed."""
    return VoucherHash(sha256(order.bytes).digest())


async def submit(site: Site, command: Command) -> Outcome:
    """Send a command to the programme's committer."""
    return await site.services.committers.submit(site.city.programme, a_submission(command))


def placing(site: Site, offer: OfferId, name: str, *, quantity: int = 1, volunteer: int = 0) -> PlaceOrder:
    """The command by which one of the city's volunteers orders; the order's id follows from its name."""
    order = OrderId(named(site.city.programme, "order", name))
    return PlaceOrder(
        order=order,
        transaction=TransactionId(uuid7()),
        volunteer=site.city.volunteers[volunteer],
        offer=offer,
        quantity=quantity,
        code=voucher_of(order),
    )


async def an_order(site: Site, offer: OfferId, name: str, *, quantity: int = 1, volunteer: int = 0) -> OrderId:
    """An order that was placed."""
    command = placing(site, offer, name, quantity=quantity, volunteer=volunteer)
    accepted(await submit(site, command))
    return command.order

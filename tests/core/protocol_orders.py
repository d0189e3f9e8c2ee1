"""Orders in the model: placed, used at a till, returned, cancelled, over (POS.md, "Vouchers")."""

from datetime import timedelta

from app.core.codes import Code
from app.core.merchants import Till
from app.core.orders import CancelOrder, ExpireOrder, PlaceOrder, SetStock
from app.core.rows import OrderState
from app.core.vouchers import ReturnVoucher, UseVoucher
from tests.core.protocol_asks import Said
from tests.core.protocol_books import Books, Deal, midnight_after
from tests.core.protocol_refusals import (
    no,
    refuse_offer,
    refuse_spending,
    refuse_too_many,
    refuse_voucher,
    written,
    yes,
)
from tests.core.protocol_sales import price


def order(books: Books, command: PlaceOrder) -> Said:
    """Set points, stock and money aside for a voucher."""
    offer = books.offer(command.offer)
    if offer is None:
        return no(Code.OFFER_NOT_EXIST)
    if offer.merchant in books.off:
        return no(Code.MERCHANT_SUSPENDED)
    person = command.volunteer
    if person in books.off:
        return no(Code.ACCOUNT_FROZEN, status="frozen")
    points, fen = price(books, offer, command.quantity, 0)
    last = books.today + timedelta(days=offer.voucher_days)
    ends_at = midnight_after(min(last, offer.voucher_until or last))
    refusal = (
        refuse_offer(books, person, offer, command.quantity, ends_at)
        or refuse_too_many(books, person, offer, command.quantity)
        or refuse_spending(books, person, books.town.till_of(offer), points, fen)
    )
    if refusal:
        return refusal
    deal = Deal(
        id=command.order,
        person=person,
        merchant=offer.merchant,
        points=points,
        fen=fen,
        lots=books.pick(person, points),
        made_at=books.now,
        state=OrderState.EFFECTIVE,
        code=command.code,
        offer=offer,
        quantity=command.quantity,
        ends_at=ends_at,
    )
    books.deals[deal.id] = deal
    books.shift(deal, "wallet", "held")
    return yes(**_name(deal))


def _name(deal: Deal) -> dict[str, str]:
    return {"order": f"ord_{deal.id.hex}"}


def _at_till(books: Books, command: UseVoucher | ReturnVoucher) -> tuple[Till, Deal | None]:
    """The till, and the voucher if it is one of its merchant."""
    till, deal = books.till(command.terminal), books.ordered(command.code)
    return till, deal if deal and deal.merchant == till.merchant else None


def use(books: Books, command: UseVoucher) -> Said:
    """Hand out what was ordered, once."""
    till, deal = _at_till(books, command)
    if till.terminal in books.off or till.merchant in books.off:
        return no(Code.SIGN_ERROR if till.terminal in books.off else Code.MERCHANT_SUSPENDED)
    if deal is None:
        return no(Code.VOUCHER_NOT_EXIST)
    if refusal := refuse_voucher(books, deal):
        return refusal
    books.shift(deal, "held", "redeemed")
    deal.state, deal.used_at = OrderState.USED, books.now
    store, terminal = till.store.hex, till.terminal.hex
    return yes(**_name(deal), used_at=written(books.now), store=store, store_name=till.store_name, terminal=terminal)


def bring_back(books: Books, command: ReturnVoucher) -> Said:
    """Take back what was handed out, while the voucher is valid."""
    till, deal = _at_till(books, command)
    if till.terminal in books.off:
        return no(Code.SIGN_ERROR)
    if deal is None:
        return no(Code.VOUCHER_NOT_EXIST)
    if deal.state is not OrderState.USED:
        return no(Code.STATE_CONFLICT, state=deal.state.value)
    if deal.ends_at and books.now >= deal.ends_at:
        return no(Code.CODE_EXPIRED, valid_until=written(deal.ends_at))
    if deal.offer and deal.offer.final_sale:
        return no(Code.FINAL_SALE)
    books.shift(deal, "redeemed", "held")
    deal.state, deal.used_at = OrderState.EFFECTIVE, None
    return yes(**_name(deal))


def cancel(books: Books, command: CancelOrder) -> Said:
    """The volunteer changes their mind; or the merchant has ended, and nobody is to lose by it."""
    deal = books.deals.get(command.order)
    if deal is None or command.volunteer not in (deal.person, None):
        return no(Code.ORDER_NOT_EXIST)
    if deal.state is OrderState.CANCELLED:
        return yes(**_name(deal))
    if refusal := refuse_voucher(books, deal):
        return refusal
    if command.volunteer is None:
        books.give_back(deal, deal.points, "held")
    elif deal.offer and deal.offer.final_sale:
        return no(Code.FINAL_SALE)
    else:
        books.shift(deal, "held", "wallet")
    deal.state = OrderState.CANCELLED
    return yes(**_name(deal))


def expire(books: Books, command: ExpireOrder) -> Said:
    """A job sees that the voucher's last day is over."""
    deal = books.deals.get(command.order)
    if deal is None:
        return no(Code.ORDER_NOT_EXIST)
    if not deal.is_over(books.now):
        return no(Code.STATE_CONFLICT, state=deal.state.value)
    books.end(deal)
    return yes(**_name(deal))


def set_stock(books: Books, command: SetStock) -> Said:
    """The merchant counts again: what is taken stays taken."""
    books.totals[command.offer] = command.total
    return yes(total=command.total, taken=books.taken(command.offer))

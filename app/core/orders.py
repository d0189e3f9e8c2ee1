"""Orders (预约兑换): an offer had for points, set aside in one step with its stock and money until the voucher is used.

An order is EFFECTIVE -> USED -> EFFECTIVE (returned) | EXPIRED | CANCELLED. Past its day it is expired, whether a
job has booked that or not.
"""

from dataclasses import dataclass, replace

from app.core.book import Accepted, Book, Decision, Needs
from app.core.canonical import format_instant
from app.core.charges import charge_of, hold, release, release_kindly
from app.core.codes import Code, Rejected
from app.core.family import refuse_member, refuse_month
from app.core.family_links import FamilyKey
from app.core.ids import OfferId, OrderId, TransactionId, VolunteerId, format_id
from app.core.limits import count, uncount_points, uncount_units
from app.core.lots import take
from app.core.obstacles import order_obstacles, price_offer
from app.core.quantities import Instant
from app.core.rows import Order, OrderState, Stock, VoucherHash
from app.core.transactions import Reason, Transaction, TransactionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """A volunteer orders an offer: points, stock and money are set aside together.

    A member of the family does it with the volunteer's points: link and limit are looked at when it is decided.
    """

    order: OrderId
    transaction: TransactionId
    volunteer: VolunteerId
    offer: OfferId
    quantity: int
    code: VoucherHash
    member: VolunteerId | None = None

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        if self.member is None:
            return Needs(volunteers=frozenset((self.volunteer,)), offers=frozenset((self.offer,)))
        return Needs(
            volunteers=frozenset((self.volunteer, self.member)),
            offers=frozenset((self.offer,)),
            family=frozenset((FamilyKey(self.volunteer, self.member),)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """The volunteer, or the member who ordered, has another mind before the use; or (None) its merchant has ended."""

    order: OrderId
    transaction: TransactionId
    volunteer: VolunteerId | None

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(orders=frozenset((self.order,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireOrder:
    """The voucher's last day is over."""

    order: OrderId
    transaction: TransactionId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(orders=frozenset((self.order,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStock:
    """How many units of an offer there are in all; None: always more. Less than are taken: nothing is left."""

    offer: OfferId
    total: int | None

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(offers=frozenset((self.offer,)))


def decide_set_stock(command: SetStock, book: Book) -> Decision:
    """Decide a new total."""
    if book.offers[command.offer] is None:
        return Rejected(Code.OFFER_NOT_EXIST)
    stock = Stock(command.offer, command.total, book.stocks[command.offer].taken)
    return Accepted(rows=(stock,), answer={"total": stock.total, "taken": stock.taken})


def decide_place_order(command: PlaceOrder, book: Book, at: Instant) -> Decision:
    """Decide an order. The first refusal: a member who may not, an obstacle of `order_obstacles`, the month's limit."""
    member = command.member
    if member and (refusal := refuse_member(command.volunteer, member, book, at)):
        return refusal
    offer = book.offers[command.offer]
    if offer is None:
        return Rejected(Code.OFFER_NOT_EXIST)
    volunteer = book.volunteers[command.volunteer]
    if volunteer is None:
        return Rejected(Code.NOT_FOUND)
    merchant = book.merchants[offer.merchant]
    for obstacle in order_obstacles(offer, command.quantity, volunteer, merchant, book, at):
        return obstacle
    price = price_offer(offer, command.quantity, book)
    if member and (refusal := refuse_month(command.volunteer, member, price.points, book, at)):
        return refusal
    order = Order(
        id=command.order,
        state=OrderState.EFFECTIVE,
        volunteer=command.volunteer,
        merchant=offer.merchant,
        offer=offer.id,
        offer_version=offer.version,
        quantity=command.quantity,
        points=price.points,
        settlement_fen=price.fen,
        code=command.code,
        final_sale=offer.final_sale,
        ordered_at=at,
        valid_until=offer.voucher_valid_until(book.programme, at),
        transaction=command.transaction,
        lots=take(book.spendable(command.volunteer, book.programme.business_day(at)), price.points),
        fund=price.fund,
        member=member,
        masked_name=volunteer.masked_name,
    )
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.HOLD,
            actor=format_id("vol", member or command.volunteer),
            reason=Reason.ORDER_OPENED,
            occurred_at=at,
            transfers=hold(charge_of(order)),
            document=format_id("ord", order.id),
        ),
        rows=(order, *count(order, merchant, book, at)),
        answer={"order": format_id("ord", order.id)},
    )


def decide_cancel_order(command: CancelOrder, book: Book, at: Instant) -> Decision:
    """Decide a cancellation: before use, not of a final sale. Points go back to their lots as they are.

    When the merchant has ended, it is nobody's choice: final sales too, and lots past their day by the lapse policy.
    """
    order = book.orders[command.order]
    if order is None or (command.volunteer is not None and command.volunteer not in {order.volunteer, order.member}):
        return Rejected(Code.ORDER_NOT_EXIST)
    if order.state is OrderState.CANCELLED:
        return Accepted(answer={"order": format_id("ord", order.id)})
    if refusal := refuse_voucher(order, at):
        return refusal
    if command.volunteer is None:
        return _end(order, OrderState.CANCELLED, command.transaction, "system", Reason.MERCHANT_ENDED, book, at)
    if order.final_sale:
        return Rejected(Code.FINAL_SALE)
    actor = format_id("vol", command.volunteer)
    return _end(order, OrderState.CANCELLED, command.transaction, actor, Reason.ORDER_CANCELLED, book, at)


def decide_expire_order(command: ExpireOrder, book: Book, at: Instant) -> Decision:
    """Decide the end of a voucher's time: as of 24:00 of its last day."""
    order = book.orders[command.order]
    if order is None:
        return Rejected(Code.ORDER_NOT_EXIST)
    if order.state is not OrderState.EFFECTIVE or at < order.valid_until:
        return Rejected(Code.STATE_CONFLICT, {"state": order.state.value})
    reason = Reason.ORDER_TIMED_OUT
    return _end(order, OrderState.EXPIRED, command.transaction, "system", reason, book, order.valid_until)


def refuse_voucher(order: Order, at: Instant) -> Rejected | None:
    """Why a voucher cannot be used or cancelled now; None when it can. Used: when and where (POS.md, "Vouchers")."""
    if order.state is OrderState.USED:
        used_at = format_instant(order.used_at) if order.used_at else ""
        store = format_id("sto", order.used_store) if order.used_store else ""
        return Rejected(Code.ALREADY_USED, {"used_at": used_at, "store_id": store, "store_name": order.store_name})
    if order.state is OrderState.CANCELLED:
        return Rejected(Code.ORDER_CLOSED, {"state": order.state.value})
    if order.state is OrderState.EXPIRED or at >= order.valid_until:
        return Rejected(Code.CODE_EXPIRED, {"valid_until": format_instant(order.valid_until)})
    return None


def _end(
    order: Order,
    state: OrderState,
    transaction: TransactionId,
    actor: str,
    reason: Reason,
    book: Book,
    at: Instant,
) -> Accepted:
    charge = charge_of(order)
    kindly = reason is Reason.MERCHANT_ENDED
    return Accepted(
        transaction=Transaction(
            id=transaction,
            kind=TransactionKind.VOID,
            actor=actor,
            reason=reason,
            occurred_at=at,
            transfers=release_kindly(charge, book, at) if kindly else release(charge),
            document=format_id("ord", order.id),
            reverses=order.transaction,
        ),
        rows=(
            replace(order, state=state),
            *uncount_points(order, order.points, order.ordered_at, book),
            *uncount_units(order, order.ordered_at, book),
        ),
        answer={"order": format_id("ord", order.id)},
    )

"""Redemptions in the model: paid by code, confirmed or declined, refunded, reversed (POS.md, "Pay by code" on)."""

from datetime import timedelta

from app.core.codes import Code
from app.core.confirmations import CloseRedemption, ConfirmRedemption, DeclineRedemption
from app.core.offers import Funding, Offer
from app.core.redemptions import Redeem
from app.core.refunds import RefundRedemption, ReverseRedemption
from app.core.rows import RedemptionState, Sale
from tests.core.protocol_asks import Said
from tests.core.protocol_books import Books, Deal, ShownCode
from tests.core.protocol_refusals import (
    must_confirm,
    no,
    refuse_code,
    refuse_offer,
    refuse_often,
    refuse_refund,
    refuse_spending,
    refuse_too_many,
    yes,
)

MINUTE = timedelta(seconds=60)
A_DAY = timedelta(hours=24)


def price(books: Books, offer: Offer | None, quantity: int, points: int) -> tuple[int, int]:
    """What is paid, in points and in fen: bare points at the programme's rate, an offer as it says."""
    if offer is None:
        return points, points * books.town.programme.fen_per_hundred_points // 100
    fen = offer.face_value_fen if offer.funding is Funding.FUND_REIMBURSED else 0
    return offer.points * quantity, fen * quantity


def pay(books: Books, command: Redeem) -> Said:
    """Take points, or hold them until the volunteer has confirmed."""
    till = books.till(command.terminal)
    if till.terminal in books.off or till.merchant in books.off:
        return no(Code.SIGN_ERROR if till.terminal in books.off else Code.MERCHANT_SUSPENDED)
    code = books.codes.get(command.code)
    if code is None:
        return no(Code.CODE_INVALID)
    if refusal := refuse_code(books, code):
        return refusal
    offer = books.offer(command.offer)
    if command.offer and (offer is None or offer.merchant != till.merchant):
        return no(Code.OFFER_NOT_EXIST)
    points, fen = price(books, offer, command.quantity, command.points or 0)
    refusal = (
        (offer and refuse_offer(books, code.person, offer, command.quantity))
        or refuse_often(books, code.person)
        or (offer and refuse_too_many(books, code.person, offer, command.quantity))
        or refuse_spending(books, code.person, till, points, fen)
    )
    return refusal or _sell(books, command, code, offer, points, fen)


def _sell(books: Books, command: Redeem, code: ShownCode, offer: Offer | None, points: int, fen: int) -> Said:
    merchant = books.till(command.terminal).merchant
    waits = must_confirm(books, code.person, merchant, points)
    code.used = True
    deal = Deal(
        id=command.redemption,
        person=code.person,
        merchant=merchant,
        points=points,
        fen=fen,
        lots=books.pick(code.person, points),
        made_at=books.now,
        state=RedemptionState.AWAITING_CONFIRMATION if waits else RedemptionState.SUCCESS,
        trade_no=command.trade_no,
        offer=offer,
        quantity=command.quantity,
        ends_at=books.now + MINUTE if waits else None,
    )
    books.deals[deal.id] = deal
    books.shift(deal, "wallet", "held" if waits else "redeemed")
    return yes(**_name(deal), state=deal.state.value) if waits else yes(**_name(deal))


def _name(deal: Deal) -> dict[str, str]:
    return {"redemption": f"red_{deal.id.hex}"}


def confirm(books: Books, command: ConfirmRedemption) -> Said:
    """The volunteer says yes: in time, too late, or again."""
    deal = books.deals.get(command.redemption)
    if deal is None or deal.person != command.volunteer:
        return no(Code.ORDER_NOT_EXIST)
    if deal.state is RedemptionState.CLOSED:
        return no(Code.ORDER_CLOSED)
    if deal.state is RedemptionState.REVERSED:
        return no(Code.ORDER_REVERSED)
    if deal.state is RedemptionState.AWAITING_CONFIRMATION:
        books.shift(deal, "held", "redeemed")
        deal.state = RedemptionState.SUCCESS
    return yes(**_name(deal))


def decline(books: Books, command: DeclineRedemption) -> Said:
    """The volunteer says no: nothing is left to decline when it has ended already."""
    deal = books.deals.get(command.redemption)
    if deal is None or deal.person != command.volunteer:
        return no(Code.ORDER_NOT_EXIST)
    if deal.state is RedemptionState.AWAITING_CONFIRMATION:
        books.shift(deal, "held", "wallet")
        deal.state = RedemptionState.CLOSED
    if deal.state in (RedemptionState.CLOSED, RedemptionState.REVERSED):
        return yes(**_name(deal))
    return no(Code.STATE_CONFLICT, state=deal.state.value)


def close(books: Books, command: CloseRedemption) -> Said:
    """A job sees that the minute is over."""
    deal = books.deals.get(command.redemption)
    if deal is None or deal.ends_at is None:
        return no(Code.ORDER_NOT_EXIST)
    if not deal.is_over(books.now):
        return no(Code.STATE_CONFLICT, state=deal.state.value)
    books.end(deal)
    return yes(**_name(deal))


def refund(books: Books, command: RefundRedemption) -> Said:
    """Give a part back."""
    if command.terminal in books.off:
        return no(Code.SIGN_ERROR)
    paid = books.sold(command.sale)
    if paid is None:
        reversed_ = books.refused.get(command.sale) is Code.ORDER_REVERSED
        return no(Code.ORDER_REVERSED if reversed_ else Code.ORDER_NOT_EXIST)
    if refusal := refuse_refund(books, paid, command.points):
        return refusal
    books.give_back(paid, command.points, "redeemed")
    paid.refunds += 1
    paid.refunded += command.points
    paid.state = RedemptionState.PARTIALLY_REFUNDED if paid.left else RedemptionState.REFUNDED
    return yes(refund=f"ref_{command.refund.hex}")


def reverse(books: Books, command: ReverseRedemption) -> Said:
    """Take the whole back, whatever it is: paid, waiting, ended already, or never seen."""
    if command.terminal in books.off:
        return no(Code.SIGN_ERROR)
    paid = books.sold(command.sale)
    if paid is None:
        return _bury(books, command.sale)
    if paid.state in (RedemptionState.PARTIALLY_REFUNDED, RedemptionState.REFUNDED):
        return no(Code.ORDER_CLOSED, state=paid.state.value)
    if paid.state is RedemptionState.SUCCESS:
        if books.now > paid.made_at + A_DAY:
            return no(Code.REVERSE_EXPIRED)
        paid.refunded = paid.points
        books.give_back(paid, paid.points, "redeemed")
        paid.state = RedemptionState.REVERSED
    if paid.state is RedemptionState.AWAITING_CONFIRMATION:
        books.shift(paid, "held", "wallet")
        paid.state = RedemptionState.REVERSED
    return yes(**_name(paid), state=paid.state.value)


def _bury(books: Books, sale: Sale) -> Said:
    """A number that has no redemption gets none any more."""
    why = books.refused.setdefault(sale, Code.ORDER_REVERSED)
    return yes(state="REVERSED" if why is Code.ORDER_REVERSED else "CLOSED")

"""Redemption at the till (核销): a volunteer's points become the merchant's, priced and owed in the same step.

What is large, frequent or looks like a repetition is only held until the volunteer has confirmed it.
Pure: no clock, no randomness, no I/O. The shell has prefetched everything that `needs` names.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain

from app.core.book import Accepted, Book, Decision, Needs
from app.core.charges import charge_of, hold, pay
from app.core.codes import Code, Rejected
from app.core.family import family_obstacles
from app.core.ids import OfferId, RedemptionId, TerminalId, TransactionId, format_id
from app.core.limits import count
from app.core.lots import take
from app.core.merchants import Till
from app.core.obstacles import Price, offer_obstacles, price_offer, price_points, spending_obstacles, unlock_obstacles
from app.core.offers import Offer
from app.core.pay_codes import refuse_pay_code
from app.core.quantities import Instant, Points
from app.core.rows import PayCode, PayCodeHash, Redemption, RedemptionState, TradeNo
from app.core.transactions import Reason, Transaction, TransactionKind
from app.core.volunteers import Volunteer, VolunteerStatus

CONFIRM_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem:
    """A volunteer pays a merchant: bare points, or a quantity of an offer. Exactly one of the two."""

    redemption: RedemptionId
    transaction: TransactionId
    trade_no: TradeNo
    code: PayCodeHash
    terminal: TerminalId
    points: Points | None = None
    offer: OfferId | None = None
    quantity: int = 0

    def needs(self) -> Needs:
        """What must be in the book before this can be decided; wallet and merchant come with code and terminal."""
        return Needs(
            pay_codes=frozenset((self.code,)),
            terminals=frozenset((self.terminal,)),
            offers=frozenset((self.offer,)) if self.offer else frozenset(),
        )


def decide_redeem(command: Redeem, book: Book, at: Instant) -> Decision:
    """Decide one redemption. The first refusal, in this order, is the answer (POS.md, "Codes").

    Terminal and merchant, code, volunteer, offer, quota, points, fund. A refused redemption leaves the code usable;
    a terminal that was disabled after its request was checked is refused without keeping the answer.
    """
    till = book.tills[command.terminal]
    if till is None or till.disabled:
        return Rejected(Code.SIGN_ERROR)
    if till.suspended:
        return Rejected(Code.MERCHANT_SUSPENDED)
    code = book.pay_codes[command.code]
    if code is None:
        return Rejected(Code.CODE_INVALID)
    if refusal := refuse_pay_code(code, at):
        return Rejected(refusal)
    volunteer = book.volunteers[code.volunteer]
    if volunteer is None or volunteer.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    offer = book.offers[command.offer] if command.offer else None
    if command.offer and (offer is None or offer.merchant != till.merchant):
        return Rejected(Code.OFFER_NOT_EXIST)
    price = _price(command, offer, book)
    for obstacle in chain(
        _obstacles(command, offer, price, volunteer, till, book, at), family_obstacles(code, price.points, book, at)
    ):
        return obstacle
    redemption = _make(command, offer, price, volunteer, code, till, book, at)
    used = PayCode(code.hash, code.volunteer, code.expires_at, command.redemption, code.member)
    return Accepted(
        transaction=_transaction(command, redemption, at),
        rows=(redemption, used, *count(redemption, till.partner, book, at)),
        answer=_answer(redemption),
    )


def _price(command: Redeem, offer: Offer | None, book: Book) -> Price:
    return price_offer(offer, command.quantity, book) if offer else price_points(command.points or Points(0), book)


def _obstacles(
    command: Redeem, offer: Offer | None, price: Price, volunteer: Volunteer, till: Till, book: Book, at: Instant
) -> Iterator[Rejected]:
    most = book.programme.redemptions_a_day
    too_often = most is not None and _paid_today(volunteer, book, at) >= most
    if offer is None:
        if too_often:
            yield Rejected(Code.FREQUENCY_LIMITED, {"redemptions_a_day": most or 0})
        yield from unlock_obstacles(volunteer, book, at)
        yield from spending_obstacles(price, volunteer, till.partner, book, at)
        return
    for obstacle in offer_obstacles(offer, command.quantity, volunteer, till.partner, book, at):
        if too_often and obstacle.code not in _OF_THE_OFFER:
            break
        yield obstacle
    if too_often:
        yield Rejected(Code.FREQUENCY_LIMITED, {"redemptions_a_day": most or 0})


_OF_THE_OFFER = frozenset((Code.OFFER_NOT_OPEN, Code.NOT_ELIGIBLE, Code.OUT_OF_STOCK))


def _paid_today(volunteer: Volunteer, book: Book, at: Instant) -> int:
    today = book.programme.business_day(at)
    return sum(book.programme.business_day(spent.occurred_at) == today for spent in book.spent[volunteer.id].values())


def _must_confirm(redemption: Redemption, volunteer: Volunteer, book: Book, at: Instant) -> bool:
    """Whether the volunteer must confirm it: it is large, one of many, or looks like a second scan of the same sale."""
    programme = book.programme
    if programme.confirm_points is not None and redemption.points > programme.confirm_points:
        return True
    if programme.confirm_count is not None and _paid_today(volunteer, book, at) >= programme.confirm_count:
        return True
    since = at - timedelta(seconds=programme.same_amount_s)
    return any(
        spent.merchant == redemption.merchant and spent.points == redemption.points and spent.occurred_at > since
        for spent in book.spent[volunteer.id].values()
    )


def _make(
    command: Redeem,
    offer: Offer | None,
    price: Price,
    volunteer: Volunteer,
    code: PayCode,
    till: Till,
    book: Book,
    at: Instant,
) -> Redemption:
    lots = take(book.spendable(volunteer.id, book.programme.business_day(at)), price.points)
    redemption = Redemption(
        id=command.redemption,
        trade_no=command.trade_no,
        state=RedemptionState.SUCCESS,
        volunteer=volunteer.id,
        merchant=till.merchant,
        store=till.store,
        terminal=till.terminal,
        points=price.points,
        settlement_fen=price.fen,
        occurred_at=at,
        transaction=command.transaction,
        lots=lots,
        fund=price.fund,
        masked_name=volunteer.masked_name,
        offer=command.offer,
        offer_version=offer.version if offer else 0,
        quantity=command.quantity,
        member=code.member,
    )
    if not _must_confirm(redemption, volunteer, book, at):
        return redemption
    return replace(redemption, state=RedemptionState.AWAITING_CONFIRMATION, closes_at=at + CONFIRM_WITHIN)


def _transaction(command: Redeem, redemption: Redemption, at: Instant) -> Transaction:
    waits = redemption.state is RedemptionState.AWAITING_CONFIRMATION
    charge = charge_of(redemption)
    return Transaction(
        id=command.transaction,
        kind=TransactionKind.HOLD if waits else TransactionKind.REDEEM,
        actor=format_id("ter", command.terminal),
        reason=Reason.NEEDS_CONFIRMATION if waits else Reason.PAID_AT_TILL,
        occurred_at=at,
        transfers=hold(charge) if waits else pay(charge),
        document=format_id("red", command.redemption),
    )


def _answer(redemption: Redemption) -> dict[str, str | int | bool | None]:
    answer: dict[str, str | int | bool | None] = {"redemption": format_id("red", redemption.id)}
    if redemption.state is RedemptionState.AWAITING_CONFIRMATION:
        answer["state"] = redemption.state.value
    return answer

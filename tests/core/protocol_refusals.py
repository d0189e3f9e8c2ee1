"""Why the model says no: the refusals of POS.md, "Codes", in their order, decided from the books."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from app.core.codes import Code
from app.core.merchants import Till
from app.core.offers import LimitPeriod, Offer
from app.core.rows import OrderState, RedemptionState
from tests.core.protocol_asks import Said
from tests.core.protocol_books import NEVER_PAID, Books, Deal, ShownCode, a_year_after, day_of

NEXT_QUARTER = {1: 4, 2: 4, 3: 4, 4: 7, 5: 7, 6: 7, 7: 10, 8: 10, 9: 10}
"""The month in which the quarter after a month begins, if that is this year."""


def no(code: Code, **figures: int | str) -> Said:
    """A refusal with its figures."""
    return Said(code, figures)


def yes(**figures: int | str | None) -> Said:
    """An answer that is no refusal."""
    return Said(None, figures)


def written(moment: datetime) -> str:
    """A moment as answers write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def refuse_code(books: Books, code: ShownCode) -> Said | None:
    """Whether a pay code cannot pay now, or its owner may not."""
    if code.used or books.now >= code.expires_at:
        return no(Code.CODE_USED if code.used else Code.CODE_EXPIRED)
    return no(Code.ACCOUNT_FROZEN) if code.person in books.off else None


def refuse_offer(
    books: Books, person: UUID, offer: Offer, quantity: int, voucher_until: datetime | None = None
) -> Said | None:
    """Whether an offer cannot be had at all: paused, over, its voucher stillborn, not for this person, or gone."""
    if offer.id in books.off:
        return no(Code.OFFER_NOT_OPEN, state="paused")
    if offer.ends_at and books.now >= offer.ends_at:
        return no(Code.OFFER_NOT_OPEN, ended_at=written(offer.ends_at))
    if voucher_until and books.now >= voucher_until:
        return no(Code.OFFER_NOT_OPEN, ended_at=written(voucher_until))
    minutes, required = books.accounts["hours", person, ""], offer.gates.minutes_min
    if minutes < required:
        return no(Code.NOT_ELIGIBLE, gate="minutes", required=required, actual=minutes, missing=required - minutes)
    total = books.totals[offer.id]
    if total is not None and max(0, total - books.taken(offer.id)) < quantity:
        return no(Code.OUT_OF_STOCK, left=max(0, total - books.taken(offer.id)))
    return None


def refuse_often(books: Books, person: UUID) -> Said | None:
    """Whether a person has paid as often today as anybody may."""
    most = books.town.programme.redemptions_a_day
    if most is not None and paid_today(books, person) >= most:
        return no(Code.FREQUENCY_LIMITED, redemptions_a_day=most)
    return None


def paid_today(books: Books, person: UUID) -> int:
    """How often a person has paid or is about to, today."""
    return sum(
        deal.person == person and day_of(deal.made_at) == books.today and deal.state not in NEVER_PAID
        for deal in books.deals.values()
        if deal.trade_no
    )


def refuse_too_many(books: Books, person: UUID, offer: Offer, quantity: int) -> Said | None:
    """Whether this person has had what they may have of an offer in a period."""
    days = books.units_had(person, offer.id)
    for limit in offer.limits:
        begins, ends = _period(limit.period, books.today)
        had = sum(units for day, units in days.items() if begins <= day < ends)
        if had + quantity > limit.count:
            period = limit.period.value
            again = ends.isoformat()
            return no(Code.QUOTA_EXCEEDED, limit="person", period=period, count=limit.count, had=had, again_on=again)
    return None


def _period(period: LimitPeriod, today: date) -> tuple[date, date]:
    """The first day of a period and the first after it."""
    if period is LimitPeriod.DAY:
        return today, today + timedelta(days=1)
    if period is LimitPeriod.MONTH:
        begins, month = today.replace(day=1), today.month + 1 if today.month < 12 else None
    else:
        begins, month = date(today.year, (today.month + 2) // 3 * 3 - 2, 1), NEXT_QUARTER.get(today.month)
    return begins, date(today.year, month, 1) if month else date(today.year + 1, 1, 1)


def refuse_spending(books: Books, person: UUID, till: Till, points: int, fen: int) -> Said | None:
    """Whether quotas, points or money do not suffice."""
    programme = books.town.programme
    if points > programme.points_max:
        return no(Code.QUOTA_EXCEEDED, limit="redemption", points_max=programme.points_max)
    if till.monthly_points is not None:
        taken = books.points_taken(till.merchant)[f"{books.today:%Y-%m}"]
        left = max(0, till.monthly_points - taken)
        if points > left:
            return no(Code.QUOTA_EXCEEDED, limit="merchant", period="month", left=left)
    available = books.available(person)
    if points > available:
        return no(Code.NOT_ENOUGH, available=available, missing=points - available)
    if fen > books.accounts["fund", books.town.fund, ""]:
        return no(Code.FUND_EXHAUSTED)
    return None


def must_confirm(books: Books, person: UUID, merchant: UUID, points: int) -> bool:
    """Whether a redemption waits for its volunteer: large, one of many, or the same again within a minute."""
    programme = books.town.programme
    if programme.confirm_points is not None and points > programme.confirm_points:
        return True
    if programme.confirm_count is not None and paid_today(books, person) >= programme.confirm_count:
        return True
    return any(
        deal.person == person
        and deal.merchant == merchant
        and deal.points == points
        and books.now - deal.made_at < timedelta(minutes=1)
        and deal.state not in NEVER_PAID
        for deal in books.deals.values()
        if deal.trade_no
    )


def refuse_voucher(books: Books, order: Deal) -> Said | None:
    """Whether a voucher can be used no more; a used one says when and where."""
    if order.state is OrderState.USED and order.used_at:
        till = next(till for till in books.town.tills if till.merchant == order.merchant)
        store = f"sto_{till.store.hex}"
        return no(Code.ALREADY_USED, used_at=written(order.used_at), store_id=store, store_name=till.store_name)
    if order.state is OrderState.CANCELLED:
        return no(Code.ORDER_CLOSED, state="CANCELLED")
    if order.ends_at and (order.state is OrderState.EXPIRED or books.now >= order.ends_at):
        return no(Code.CODE_EXPIRED, valid_until=written(order.ends_at))
    return None


def refuse_refund(books: Books, paid: Deal, points: int) -> Said | None:
    """Whether a redemption cannot be given back, or not as much of it."""
    if paid.state is RedemptionState.REVERSED:
        return no(Code.ORDER_REVERSED)
    if paid.state in (RedemptionState.CLOSED, RedemptionState.AWAITING_CONFIRMATION):
        return no(Code.ORDER_CLOSED, state=paid.state.value)
    if books.now > a_year_after(paid.made_at):
        return no(Code.REFUND_EXPIRED)
    if points > paid.left or paid.refunds == 50:
        return no(Code.REFUND_TOO_MUCH, refundable=paid.left, refunds_max=50)
    return None

"""Why not? Every reason for which an offer cannot be had now, in the order in which they are checked.

The same functions decide an order and explain the catalogue: the first obstacle is the refusal, all of them are
the explanation. Free of side effects.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Book
from app.core.canonical import format_instant
from app.core.codes import Code, Rejected
from app.core.ids import FundId
from app.core.merchants import Merchant
from app.core.offers import (
    Funding,
    Gates,
    Offer,
    OfferState,
    had_scope,
    next_period,
    period_start,
    taken_key,
)
from app.core.quantities import Fen, Instant, Points, price_fen
from app.core.volunteers import Volunteer, VolunteerStatus


@dataclass(frozen=True, slots=True)
class Price:
    """What something costs: the volunteer's points, and the money that a fund owes for it."""

    points: Points
    fen: Fen
    fund: FundId | None


def price_points(points: Points, book: Book) -> Price:
    """Price bare points at the programme's rate."""
    programme = book.programme
    return Price(points, price_fen(points, programme.fen_per_hundred_points), programme.settlement_fund)


def price_offer(offer: Offer, quantity: int, book: Book) -> Price:
    """Price an offer. The first of its funds that can bear the whole is asked; with none, the first is named."""
    points = Points(offer.points * quantity)
    if offer.funding is not Funding.FUND_REIMBURSED:
        return Price(points, Fen(0), None)
    fen = Fen(offer.face_value_fen * quantity)
    able = (fund for fund in offer.funds if book.balance(AccountKey(AccountKind.FUND, fund)) >= fen)
    return Price(points, fen, next(able, offer.funds[0]))


def offer_obstacles(
    offer: Offer, quantity: int, volunteer: Volunteer, merchant: Merchant, book: Book, at: Instant
) -> Iterator[Rejected]:
    """All that stands between a volunteer at a till and an offer, in the order of POS.md, "Codes"."""
    yield from _partners(volunteer, merchant)
    yield from _closed(offer, at)
    yield from _conditions(offer, quantity, volunteer, merchant, book, at)


def order_obstacles(
    offer: Offer, quantity: int, volunteer: Volunteer, merchant: Merchant, book: Book, at: Instant
) -> Iterator[Rejected]:
    """All that stands between a volunteer and an order: the same, and a voucher must have days left to be used."""
    yield from _partners(volunteer, merchant)
    yield from _closed(offer, at)
    if (valid_until := offer.voucher_valid_until(book.programme, at)) <= at:
        yield Rejected(Code.OFFER_NOT_OPEN, {"ended_at": format_instant(valid_until)})
    yield from _conditions(offer, quantity, volunteer, merchant, book, at)


def _partners(volunteer: Volunteer, merchant: Merchant) -> Iterator[Rejected]:
    if merchant.suspended:
        yield Rejected(Code.MERCHANT_SUSPENDED)
    if volunteer.status is not VolunteerStatus.ACTIVE:
        yield Rejected(Code.ACCOUNT_FROZEN, {"status": volunteer.status.value})


def _conditions(
    offer: Offer, quantity: int, volunteer: Volunteer, merchant: Merchant, book: Book, at: Instant
) -> Iterator[Rejected]:
    yield from unlock_obstacles(volunteer, book, at)
    yield from _gates(offer.gates, volunteer, book, at)
    left = book.stocks[offer.id].left
    if left is not None and left < quantity:
        yield Rejected(Code.OUT_OF_STOCK, {"left": left})
    yield from _limits(offer, quantity, volunteer, book, at)
    yield from spending_obstacles(price_offer(offer, quantity, book), volunteer, merchant, book, at)


def unlock_obstacles(volunteer: Volunteer, book: Book, at: Instant) -> Iterator[Rejected]:
    """Points that cannot be spent yet: the policy opens spending from so many hours on (广州: 100 h, DOMAIN.md 2.1)."""
    required = book.programme.unlock_on(book.programme.business_day(at))
    if required:
        yield from _at_least("minutes", required, book.served_minutes(volunteer.id))


def spending_obstacles(
    price: Price, volunteer: Volunteer, merchant: Merchant, book: Book, at: Instant
) -> Iterator[Rejected]:
    """What stands between a volunteer and spending at a merchant: quotas, points, the fund."""
    today = book.programme.business_day(at)
    if price.points > book.programme.points_max:
        yield Rejected(Code.QUOTA_EXCEEDED, {"limit": "redemption", "points_max": book.programme.points_max})
    if merchant.monthly_points is not None:
        left = max(0, merchant.monthly_points - book.tally(taken_key(merchant.id, today)))
        if price.points > left:
            yield Rejected(Code.QUOTA_EXCEEDED, {"limit": "merchant", "period": "month", "left": left})
    available = book.available(volunteer.id, today)
    if available < price.points:
        yield Rejected(Code.NOT_ENOUGH, {"available": available, "missing": price.points - available})
    if price.fen and (price.fund is None or price.fen > book.balance(AccountKey(AccountKind.FUND, price.fund))):
        yield Rejected(Code.FUND_EXHAUSTED)


def _closed(offer: Offer, at: Instant) -> Iterator[Rejected]:
    if offer.state is not OfferState.PUBLISHED:
        yield Rejected(Code.OFFER_NOT_OPEN, {"state": offer.state.value})
    if offer.starts_at and at < offer.starts_at:
        yield Rejected(Code.OFFER_NOT_OPEN, {"opens_at": format_instant(offer.starts_at)})
    if offer.ends_at and at >= offer.ends_at:
        yield Rejected(Code.OFFER_NOT_OPEN, {"ended_at": format_instant(offer.ends_at)})


def _gates(gates: Gates, volunteer: Volunteer, book: Book, at: Instant) -> Iterator[Rejected]:
    minutes = book.served_minutes(volunteer.id)
    yield from _at_least("stars", gates.stars_min, book.programme.stars.stars(minutes, volunteer.quality))
    yield from _at_least("minutes", gates.minutes_min, minutes)
    if gates.region_codes and not volunteer.region_code.startswith(gates.region_codes):
        required = ",".join(gates.region_codes)
        yield Rejected(Code.NOT_ELIGIBLE, {"gate": "region", "required": required, "actual": volunteer.region_code})
    if gates.age_min is None and gates.age_max is None:
        return
    age = volunteer.age_on(book.programme.business_day(at))
    if age is None:
        yield Rejected(Code.NOT_ELIGIBLE, {"gate": "age", "actual": "unknown"})
    elif gates.age_min is not None and age < gates.age_min:
        yield Rejected(Code.NOT_ELIGIBLE, {"gate": "age", "required": gates.age_min, "actual": age})
    elif gates.age_max is not None and age > gates.age_max:
        yield Rejected(Code.NOT_ELIGIBLE, {"gate": "age", "required_at_most": gates.age_max, "actual": age})


def _at_least(gate: str, required: int, actual: int) -> Iterator[Rejected]:
    if actual < required:
        detail: dict[str, int | str] = {
            "gate": gate,
            "required": required,
            "actual": actual,
            "missing": required - actual,
        }
        yield Rejected(Code.NOT_ELIGIBLE, detail)


def _limits(offer: Offer, quantity: int, volunteer: Volunteer, book: Book, at: Instant) -> Iterator[Rejected]:
    today = book.programme.business_day(at)
    for limit in offer.limits:
        since = period_start(limit.period, today).isoformat()
        had = book.tally_since(volunteer.id, had_scope(offer.id), since)
        if had + quantity > limit.count:
            detail: dict[str, int | str] = {
                "limit": "person",
                "period": limit.period.value,
                "count": limit.count,
                "had": had,
            }
            if again := next_period(limit.period, today):
                detail["again_on"] = again.isoformat()
            yield Rejected(Code.QUOTA_EXCEEDED, detail)

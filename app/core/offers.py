"""Offers (礼遇商品): what a merchant gives for points, who may have it, how often, and who pays for it.

The catalogue edits offers in versions; an order keeps the version that it was made under. Stock and what each
volunteer has had are limited quantities: they change by commands only.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from app.core.ids import FundId, MerchantId, OfferId, VolunteerId
from app.core.programmes import Programme
from app.core.quantities import Fen, Instant, Points
from app.core.rows import TallyKey

_MONTHS_A_QUARTER = 3


class OfferKind(StrEnum):
    """What is given."""

    GOODS = "goods"
    SERVICE = "service"
    DISCOUNT = "discount"
    EVENT_TICKET = "event_ticket"


class Funding(StrEnum):
    """Who bears the cost (DOMAIN.md 2.5): only reimbursed offers make the programme owe money."""

    MERCHANT_DONATED = "MERCHANT_DONATED"
    FUND_REIMBURSED = "FUND_REIMBURSED"
    DISCOUNT = "DISCOUNT"
    CIRCULATING = "CIRCULATING"


class OfferState(StrEnum):
    """The life of an offer. An ended one never comes back."""

    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"
    ENDED = "ended"


class Fulfilment(StrEnum):
    """What the voucher's code is for: shown in the shop, for picking up, or told to who delivers."""

    VOUCHER = "voucher"
    PICK_UP = "pick_up"
    DELIVERY = "delivery"


class LimitPeriod(StrEnum):
    """How long a person's limit counts, in calendar periods of the programme."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    EVER = "ever"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many units a person and period at most."""

    period: LimitPeriod
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """Who may have it. Regions count with all below them; ages are full years; a gate that is not set lets all in."""

    stars_min: int = 0
    minutes_min: int = 0
    region_codes: tuple[str, ...] = ()
    age_min: int | None = None
    age_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One version of an offer, with the state the offer is in."""

    id: OfferId
    merchant: MerchantId
    version: int
    state: OfferState
    points: Points
    funding: Funding
    face_value_fen: Fen = Fen(0)
    funds: tuple[FundId, ...] = ()
    """Which funds may reimburse it, in the order in which they are asked."""
    limits: tuple[Limit, ...] = ()
    gates: Gates = Gates()
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    voucher_days: int = 30
    voucher_until: date | None = None
    final_sale: bool = False

    def voucher_valid_until(self, programme: Programme, at: Instant) -> Instant:
        """24:00 of the last day of a voucher ordered now: so many days from today, or the offer's own last day."""
        last = programme.business_day(at) + timedelta(days=self.voucher_days)
        if self.voucher_until is not None:
            last = min(last, self.voucher_until)
        return datetime.combine(last + timedelta(days=1), time(), programme.zone).astimezone(UTC)


def period_start(period: LimitPeriod, day: date) -> date:
    """The first day of the calendar period in which a day lies."""
    match period:
        case LimitPeriod.DAY:
            return day
        case LimitPeriod.MONTH:
            return day.replace(day=1)
        case LimitPeriod.QUARTER:
            return date(day.year, (day.month - 1) // _MONTHS_A_QUARTER * _MONTHS_A_QUARTER + 1, 1)
        case LimitPeriod.YEAR:
            return date(day.year, 1, 1)
        case LimitPeriod.EVER:
            return date.min


def next_period(period: LimitPeriod, day: date) -> date | None:
    """The first day of the period after; None when there is none."""
    match period:
        case LimitPeriod.DAY:
            return day + timedelta(days=1)
        case LimitPeriod.MONTH:
            return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        case LimitPeriod.QUARTER:
            return next_period(LimitPeriod.MONTH, period_start(period, day) + timedelta(days=62))
        case LimitPeriod.YEAR:
            return date(day.year + 1, 1, 1)
        case LimitPeriod.EVER:
            return None


def had_scope(offer: OfferId) -> str:
    """Under which scope a volunteer's units of an offer are counted."""
    return f"offer:{offer.hex}"


def had_key(volunteer: VolunteerId, offer: OfferId, day: date) -> TallyKey:
    """Where the units are counted that a volunteer had of an offer on one day."""
    return TallyKey(volunteer, had_scope(offer), day.isoformat())


def taken_key(merchant: MerchantId, day: date) -> TallyKey:
    """Where the points are counted that a merchant with a quota took in the month of a day."""
    return TallyKey(merchant, "points", day.isoformat()[:7])

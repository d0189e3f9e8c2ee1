"""The town in which the protocol is walked through: its people, tills, offers and terms. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from app.core.ids import FundId, MerchantId, OfferId, ProgrammeId, StoreId, TerminalId, UserId, VolunteerId
from app.core.merchants import Till
from app.core.offers import Funding, Gates, Limit, LimitPeriod, Offer, OfferState
from app.core.programmes import LapsePolicy, Programme
from app.core.quantities import Fen, Points
from tests.core.builders import SHANGHAI, named

START = datetime(2026, 12, 30, 1, tzinfo=UTC)
"""The last day but one of the year, 09:00 in Shanghai: the oldest points are about to expire."""

QUOTA = 260
STOCK = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Under which ids a system knows who and what is there."""

    programme: ProgrammeId
    fund: FundId
    people: tuple[VolunteerId, ...]
    tills: tuple[tuple[TerminalId, StoreId, MerchantId], ...]
    offers: tuple[OfferId, ...]
    recorder: UserId
    verifier: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """What is there before anything happens. Nobody has points yet, the fund is empty."""

    programme: Programme
    fund: FundId
    people: tuple[VolunteerId, ...]
    tills: tuple[Till, ...]
    offers: tuple[Offer, ...]
    stocks: Mapping[UUID, int | None]
    recorder: UserId
    verifier: UserId

    def till_of(self, offer: Offer) -> Till:
        """The till at which an offer is had."""
        return next(till for till in self.tills if till.merchant == offer.merchant)


NAMES = Names(
    programme=ProgrammeId("cixi"),
    fund=FundId(named("fund")),
    people=tuple(VolunteerId(named("person", number)) for number in range(2)),
    tills=tuple(
        (TerminalId(named("till", number)), StoreId(named("store", number)), MerchantId(named("shop", number)))
        for number in range(2)
    ),
    offers=tuple(OfferId(named("offer", number)) for number in range(3)),
    recorder=UserId(named("recorder")),
    verifier=UserId(named("verifier")),
)


def a_town(lapse: LapsePolicy, names: Names = NAMES) -> Town:
    """Two people, two merchants with a till each, three offers; the first merchant has a quota.

    A hundred points cost 133 fen, so that rounding shows. One point is one minute of service.
    """
    quotas = (Points(QUOTA), None)
    tills = tuple(
        Till(terminal, store, merchant, disabled=False, suspended=False, monthly_points=quota, store_name="总店")
        for (terminal, store, merchant), quota in zip(names.tills, quotas, strict=True)
    )
    return Town(
        programme=Programme(
            id=names.programme,
            zone=SHANGHAI,
            fen_per_hundred_points=133,
            settlement_fund=names.fund,
            lapse_policy=lapse,
            points_max=Points(150),
            confirm_points=Points(54),
            confirm_count=3,
            same_amount_s=60,
            redemptions_a_day=4,
        ),
        fund=names.fund,
        people=names.people,
        tills=tills,
        offers=_offers(names),
        stocks=dict(zip(names.offers, (STOCK, None, None), strict=True)),
        recorder=names.recorder,
        verifier=names.verifier,
    )


def _offers(names: Names) -> tuple[Offer, ...]:
    """A gift for tonight, of which there are few; one that the fund pays for; one for the diligent, and no returns."""
    published = OfferState.PUBLISHED
    (_, _, first), (_, _, second) = names.tills
    tonight, reimbursed, final = names.offers
    return (
        Offer(
            id=tonight,
            merchant=first,
            version=1,
            state=published,
            points=Points(30),
            funding=Funding.MERCHANT_DONATED,
            limits=(Limit(LimitPeriod.DAY, 2), Limit(LimitPeriod.MONTH, 4)),
            voucher_days=0,
        ),
        Offer(
            id=reimbursed,
            merchant=second,
            version=1,
            state=published,
            points=Points(10),
            funding=Funding.FUND_REIMBURSED,
            face_value_fen=Fen(33),
            funds=(names.fund,),
            limits=(Limit(LimitPeriod.QUARTER, 7),),
            voucher_days=20,
        ),
        Offer(
            id=final,
            merchant=first,
            version=1,
            state=published,
            points=Points(15),
            funding=Funding.MERCHANT_DONATED,
            gates=Gates(minutes_min=160),
            ends_at=datetime(2027, 1, 4, 4, tzinfo=UTC),
            voucher_until=date(2027, 1, 2),
            final_sale=True,
        ),
    )

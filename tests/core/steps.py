"""Steps of a city's history drawn at random, and the city in which they are taken."""

from dataclasses import dataclass, replace
from random import Random

from hypothesis import strategies as st

from app.core.honours import HonourLevel
from app.core.ids import MerchantId, TerminalId, VolunteerId
from app.core.offers import LimitPeriod
from app.core.policies import Band, Bonuses, Caps, Expiry, ExpiryKind, Overlay, Scale, ScalePeriod
from app.core.programmes import Programme
from app.core.rows import Stock
from app.core.volunteers import VolunteerStatus
from tests.core.builders import FUND, a_policy, a_till, a_volunteer, an_offer, named
from tests.core.ledger import MemoryLedger

VERBS = (
    *("serve", "serve", "serve", "pay", "pay", "pay", "pay", "pay again", "refund", "refund", "refund", "reverse"),
    "open",
    "arrive",
    *("order", "order", "order", "use", "use", "return", "cancel", "confirm", "confirm", "decline", "close", "close"),
    *(
        "expire order",
        "expire order",
        "expire order",
        "expire order",
        "stock",
        "mature",
        "mature",
        "mature",
        "mature",
        "mature",
    ),
    *(
        "expire",
        "claw back",
        "donate",
        "donate",
        "grant",
        "grant",
        "deposit",
        "reward",
        "reward",
        "penalise",
        "penalise",
    ),
    *("reject", "wait", "wait", "wait long"),
)

PEOPLE = tuple(VolunteerId(named("volunteer", number)) for number in range(3))
FROZEN = VolunteerId(named("volunteer", "frozen"))
MERCHANTS = tuple(MerchantId(named("merchant", number)) for number in range(2))
TERMINALS = tuple(TerminalId(named("terminal", number)) for number in range(2))
OFFERS = (
    an_offer("donated", merchant=MERCHANTS[0], points=15, limits=((LimitPeriod.MONTH, 3),), voucher_days=3),
    an_offer("reimbursed", merchant=MERCHANTS[1], points=10, face_value_fen=33, funds=(FUND,), voucher_days=300),
)
TOWN = "330282001"
POLICY = replace(
    a_policy(rate=600),
    scale=Scale(period=ScalePeriod.EVER, bands=(Band(until_minutes=200, per=1), Band(until_minutes=None, per=2))),
    caps=Caps(day_minutes=150),
    overlays=(Overlay(region_code=TOWN, extra_bp=1_000, year_budget=150),),
    expiry=Expiry(kind=ExpiryKind.ROLLING_MONTHS, months=14),
    bonuses=Bonuses(
        start_grant=5, referral=7, referrals_a_year=1, honour={HonourLevel.CITY: 50, HonourLevel.COUNTY: 20}
    ),
)
"""Ten points a minute; after 200 minutes in all they count half. The town adds a tenth while its budget lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens: who, how much in percent of what is possible, about which.

    A blind step looks no further than what exists at all, so it is often refused.
    """

    verb: str
    who: int
    percent: int
    about: int
    blind: bool


step_lists = st.lists(
    st.builds(
        Step,
        verb=st.sampled_from(VERBS),
        who=st.integers(0, 2),
        percent=st.integers(1, 100),
        about=st.integers(0, 3),
        blind=st.sampled_from([False] * 7 + [True]),
    ),
    min_size=20,
    max_size=60,
)


def draw_steps(seed: int, count: int) -> list[Step]:
    """Steps that are the same for the same seed."""
    random = Random(seed)
    return [
        Step(
            verb=random.choice(VERBS),
            who=random.randrange(3),
            percent=random.randint(1, 100),
            about=random.randrange(4),
            blind=random.randrange(8) == 0,
        )
        for _ in range(count)
    ]


def a_city(programme: Programme) -> MemoryLedger:
    """A city at rest: three volunteers and a frozen one, two merchants with a till and an offer each, an empty fund.

    The first merchant has a quota, its offer a stock and a limit; the second's offer is paid by the fund.
    """
    return MemoryLedger(
        programme=programme,
        policies=(POLICY,),
        volunteers={
            **{person: a_volunteer(person) for person in PEOPLE},
            FROZEN: a_volunteer(FROZEN, status=VolunteerStatus.FROZEN),
        },
        tills={
            terminal: a_till(terminal, merchant, monthly_points=quota)
            for terminal, merchant, quota in zip(TERMINALS, MERCHANTS, (400, None), strict=True)
        },
        offers={offer.id: offer for offer in OFFERS},
        stocks={offer.id: Stock(offer.id, total, 0) for offer, total in zip(OFFERS, (8, None), strict=True)},
    )

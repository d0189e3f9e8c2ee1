"""The model's books: what became of each redemption and order, and where every point and fen is.

Nothing here is kept twice: stock, limits and quotas are counted from the deals each time somebody asks.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from app.core.codes import Code
from app.core.merchants import Till
from app.core.offers import Offer
from app.core.programmes import LapsePolicy
from app.core.rows import OrderState, RedemptionState, Sale
from tests.core.protocol_town import START, Town

Account = tuple[str, UUID, str]
"""Kind, owner and part, as the chart of accounts names them."""

State = RedemptionState | OrderState

CITY = UUID(int=0)
MONEY_BESIDE = {"wallet": "fund", "held": "committed", "redeemed": "payable"}
"""Where a deal's money is while its points are here."""

OPEN = (RedemptionState.AWAITING_CONFIRMATION, OrderState.EFFECTIVE)
STANDING = (*OPEN, RedemptionState.SUCCESS, RedemptionState.PARTIALLY_REFUNDED, OrderState.USED)
NEVER_PAID = (RedemptionState.CLOSED, RedemptionState.REVERSED)


@dataclass(slots=True, kw_only=True)
class Deal:
    """A redemption or an order. `lots` is what was taken and has not come back, what was taken last at the end."""

    id: UUID
    person: UUID
    merchant: UUID
    points: int
    fen: int
    lots: list[tuple[date, int]]
    made_at: datetime
    state: State
    trade_no: str = ""
    code: bytes = b""
    offer: Offer | None = None
    quantity: int = 0
    ends_at: datetime | None = None
    refunds: int = 0
    refunded: int = 0
    used_at: datetime | None = None

    @property
    def left(self) -> int:
        """The points that have not come back."""
        return sum(points for _, points in self.lots)

    @property
    def owed(self) -> int:
        """The fen that go with them: the price of the whole, in proportion, rounded down."""
        return self.fen * self.left // self.points

    def is_over(self, now: datetime) -> bool:
        """Whether it waits past its time."""
        return self.state in OPEN and self.ends_at is not None and now >= self.ends_at

    def state_at(self, now: datetime) -> State:
        """The state that everybody sees: what is over is over, booked or not."""
        if not self.is_over(now):
            return self.state
        return OrderState.EXPIRED if self.code else RedemptionState.CLOSED


def day_of(moment: datetime) -> date:
    """The day in Shanghai, which has been eight hours ahead since 1991."""
    return (moment + timedelta(hours=8)).date()


def midnight_after(day: date) -> datetime:
    """24:00 of a day in Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=16)


def a_year_after(moment: datetime) -> datetime:
    """The same time of the same day in Shanghai next year; the day before a 29 February that is not there."""
    local = moment + timedelta(hours=8)
    day = 28 if (local.month, local.day) == (2, 29) else local.day
    return local.replace(year=local.year + 1, day=day) - timedelta(hours=8)


@dataclass(slots=True)
class ShownCode:
    """A pay code: whose, until when, and whether it has paid."""

    person: UUID
    expires_at: datetime
    used: bool = False


@dataclass(slots=True)
class Books:
    """Who has what, as of the last thing that happened."""

    town: Town
    now: datetime = START
    accounts: Counter[Account] = field(default_factory=Counter)
    deals: dict[UUID, Deal] = field(default_factory=dict)
    codes: dict[bytes, ShownCode] = field(default_factory=dict)
    refused: dict[Sale, Code] = field(default_factory=dict)
    """The numbers under which nothing was sold, and why."""
    totals: dict[UUID, int | None] = field(default_factory=dict)
    off: set[UUID] = field(default_factory=set)
    """Who is frozen, suspended, disabled or paused."""

    @property
    def today(self) -> date:
        """The day in Shanghai."""
        return day_of(self.now)

    def sold(self, sale: Sale) -> Deal | None:
        """The redemption under a merchant's number."""
        return next((deal for deal in self.deals.values() if (deal.merchant, deal.trade_no) == sale), None)

    def ordered(self, code: bytes) -> Deal | None:
        """The order behind a voucher's code."""
        return next((deal for deal in self.deals.values() if deal.code == code), None)

    def offer(self, offer: UUID | None) -> Offer | None:
        """An offer of the town."""
        return next((each for each in self.town.offers if each.id == offer), None)

    def till(self, terminal: UUID) -> Till:
        """A till of the town."""
        return next(till for till in self.town.tills if till.terminal == terminal)

    def lots_of(self, person: UUID) -> list[tuple[date, int]]:
        """What a person can spend today, what expires first in front."""
        days = [
            (date.fromisoformat(part), points)
            for (kind, owner, part), points in self.accounts.items()
            if kind == "wallet" and owner == person and points
        ]
        return sorted((day, points) for day, points in days if day >= self.today)

    def available(self, person: UUID) -> int:
        """How much that is."""
        return sum(points for _, points in self.lots_of(person))

    def money_of(self, deal: Deal, where: str) -> Account:
        """The account of a deal's money while its points are `where`."""
        kind = MONEY_BESIDE[where]
        return (kind, deal.merchant if kind == "payable" else self.town.fund, "")

    def shift(self, deal: Deal, source: str, target: str) -> None:
        """Move all of a deal: its points from one place to another, its money beside them."""
        for day, points in deal.lots:
            self._move(_points_of(deal, source, day), _points_of(deal, target, day), points)
        self._move(self.money_of(deal, source), self.money_of(deal, target), deal.owed)

    def give_back(self, deal: Deal, points: int, source: str) -> None:
        """Return points home, what was taken last first; what lapsed meanwhile as the programme promises."""
        owed = deal.owed
        while points:
            day, there = deal.lots.pop()
            back = min(there, points)
            if back < there:
                deal.lots.append((day, there - back))
            points -= back
            self._move(_points_of(deal, source, day), self._home(deal.person, day), back)
        self._move(self.money_of(deal, source), self.money_of(deal, "wallet"), owed - deal.owed)

    def _home(self, person: UUID, day: date) -> Account:
        if day >= self.today:
            return ("wallet", person, day.isoformat())
        if self.town.programme.lapse_policy is LapsePolicy.GRACE:
            return ("wallet", person, (self.today + timedelta(days=30)).isoformat())
        return ("breakage", CITY, "")

    def _move(self, source: Account, target: Account, amount: int) -> None:
        self.accounts[source] -= amount
        self.accounts[target] += amount

    def expire(self, person: UUID) -> int:
        """Empty a person's lots that are past their day; how much that was."""
        past = [
            (account, points)
            for account, points in self.accounts.items()
            if account[:2] == ("wallet", person) and points and date.fromisoformat(account[2]) < self.today
        ]
        for account, points in past:
            self._move(account, ("breakage", CITY, ""), points)
        return sum(points for _, points in past)

    def pick(self, person: UUID, points: int) -> list[tuple[date, int]]:
        """Choose points from what a person can spend, what expires first in front. There is enough."""
        picked = []
        for day, there in self.lots_of(person):
            if points:
                picked.append((day, min(there, points)))
                points -= picked[-1][1]
        return picked

    def end(self, deal: Deal) -> None:
        """End what is over: points and money back to where they were, whatever day it is."""
        deal.state = deal.state_at(self.now)
        self.shift(deal, "held", "wallet")

    def standing(self) -> Iterator[Deal]:
        """The deals that count against limits: neither closed nor taken back in full."""
        return (deal for deal in self.deals.values() if deal.state in STANDING)

    def taken(self, offer: UUID) -> int:
        """How many units of an offer are gone."""
        return sum(deal.quantity for deal in self.standing() if deal.offer and deal.offer.id == offer)

    def units_had(self, person: UUID, offer: UUID) -> Counter[date]:
        """How many units of an offer a person had on which day."""
        had: Counter[date] = Counter()
        for deal in self.standing():
            if deal.person == person and deal.offer and deal.offer.id == offer:
                had[day_of(deal.made_at)] += deal.quantity
        return had

    def points_taken(self, merchant: UUID) -> Counter[str]:
        """How many points a merchant took in which month, without what came back."""
        taken: Counter[str] = Counter()
        for deal in self.standing():
            if deal.merchant == merchant:
                taken[f"{day_of(deal.made_at):%Y-%m}"] += deal.left
        return taken


def _points_of(deal: Deal, where: str, day: date) -> Account:
    return ("redeemed", deal.merchant, "") if where == "redeemed" else (where, deal.person, day.isoformat())

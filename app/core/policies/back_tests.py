"""Back-tests (回测): what a draft would have given for service of the past, record by record. Pure.

Records come as they were verified, in that order where the draft looks at standing. Within the period the draft
prices them; outside of it they count for caps and scales as they were priced. Spending, expiry and everything else
that moved points stay as they were. Prices come from `policies.price` and `standings.sum_up`, as in production.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from heapq import heappop, heappush
from typing import NamedTuple
from uuid import UUID

from app.core.accounts import AccountKind
from app.core.accruals import Earned
from app.core.conditions import names_in
from app.core.policies import AccrualPolicy, Caps
from app.core.policies.back_test_counts import Counts, PastRecord
from app.core.policies.back_test_prices import Pricer, price_whole
from app.core.policies.back_test_reports import Tally
from app.core.programmes import Programme
from app.core.quantities import Minutes, Points
from app.core.standings import Sums, last_day_of, sum_up

_NOTHING = sum_up(date.min, "", ())


class LotMove(NamedTuple):
    """One move in or out of a lot, or of the debt, of a volunteer, as the journal has it."""

    seq: int
    volunteer: UUID
    kind: AccountKind
    part: str
    points: int


class Order(StrEnum):
    """In which order a draft needs the records."""

    ANY = "any"
    VOLUNTEER = "volunteer"
    """Each volunteer's together, in the order of verification."""
    JOURNAL = "journal"
    """All in the order of verification: towns' budgets are shared."""


def order_for(draft: AccrualPolicy) -> Order:
    """The least order that a draft can do with."""
    if draft.overlays:
        return Order.JOURNAL
    return Order.VOLUNTEER if draft.needs_standing else Order.ANY


def needs_lots(draft: AccrualPolicy) -> bool:
    """Whether the draft looks at what is stored."""
    return draft.caps.balance_points is not None


def needs_activities(draft: AccrualPolicy) -> bool:
    """Whether the draft looks at which activity it was."""
    return draft.caps.activity_minutes is not None or any("activity" in names_in(rule.when) for rule in draft.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: a draft, over service of which days, in which programme, beside which published versions."""

    draft: AccrualPolicy
    since: date
    until: date
    programme: Programme
    published: Mapping[str, AccrualPolicy] = field(default_factory=dict)


class _Taken(NamedTuple):
    """What a record that was withdrawn later leaves behind when it goes."""

    gone_seq: int
    earned: Earned | None
    past: PastRecord
    points: int
    last_day: date | None


@dataclass(slots=True)
class _Person:
    """Where one volunteer stands while the history is replayed."""

    earned: list[Earned] = field(default_factory=list)
    leaving: list[_Taken] = field(default_factory=list)
    lots: dict[date, int] = field(default_factory=dict)
    debt: int = 0

    def add_lot(self, last_day: date | None, points: int) -> None:
        if last_day is not None:
            self.lots[last_day] = self.lots.get(last_day, 0) + points

    def forget(self, seq: int) -> int:
        """Drop what was withdrawn by now; what the same transaction takes is not in the journal's balance yet."""
        at_once = 0
        for taken in [each for each in self.leaving if each.gone_seq <= seq]:
            self.leaving.remove(taken)
            if taken.earned is not None:
                self.earned.remove(taken.earned)
            self.add_lot(taken.last_day, -taken.points)
            self.add_lot(taken.past.expires_on, taken.past.points)
            at_once += taken.past.points if taken.gone_seq == seq else 0
        return at_once

    def balance(self, today: date) -> int:
        return sum(points for last_day, points in self.lots.items() if last_day >= today) - self.debt


class Replay:
    """Counts records one after the other; the tally is what they come to."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._draft = question.draft
        self._order = order_for(question.draft)
        self._standing_asked = question.draft.needs_standing
        self._lots = needs_lots(question.draft)
        self._people: dict[UUID, _Person] = {}
        self._budgets: dict[tuple[str, int], int] = {}
        self._give_back: list[tuple[int, str, int, int]] = []
        # Kept of everybody at once, records without their activities are mostly alike: each is kept once.
        self._alike = self._order is Order.JOURNAL and not needs_activities(question.draft)
        self._same: dict[Earned, Earned] = {}
        self._pricer = Pricer(question.draft)
        self._counts = Counts(question.programme.stars)

    def move(self, moved: LotMove) -> None:
        """Take in a move of points: it came before every record that is still to be added."""
        person = self._person(moved.volunteer)
        if moved.kind is AccountKind.DEBT:
            person.debt += moved.points
        else:
            person.add_lot(date.fromisoformat(moved.part), moved.points)

    def add(self, past: PastRecord) -> None:
        """Take in a record."""
        inside = self._question.since <= past.day <= self._question.until
        if self._order is Order.ANY:
            points = self._alone(past) if inside else None
        else:
            points = self._replayed(past, inside=inside)
        if inside and past.gone_seq is None:
            self._counts.add(past, points)
            self._count_cut_in_force(past)

    def tally(self) -> Tally:
        """What was counted so far."""
        return self._counts.tally()

    def _count_cut_in_force(self, past: PastRecord) -> None:
        policy = self._question.published.get(past.policy)
        if past.cut is not None and policy is not None:
            outcome = price_whole(policy, replace(policy, caps=Caps()), *past.cut)
            self._counts.add_cut(outcome.cuts, outcome.uncapped - outcome.points, draft=False)

    def _alone(self, past: PastRecord) -> int | None:
        """The price where nothing but the record's own facts matters."""
        return self._pricer.price(past, _NOTHING).points if past.level in self._draft.coefficients_bp else None

    def _replayed(self, past: PastRecord, *, inside: bool) -> int | None:
        """The price where the volunteer's history or a town's budget matters; the history goes on with it."""
        person = self._person(past.volunteer)
        at_once = person.forget(past.seq) if person.leaving else 0
        self._return_budgets(past.seq)
        if not inside:
            credited = Earned(past.day, past.activity, Minutes(past.counted), Points(past.points))
            self._keep(person, past, credited, past.overlay_region, past.overlay_points)
            return None
        if past.level not in self._draft.coefficients_bp:
            self._keep(person, past, None, "", 0)
            return None
        overlay = self._draft.overlay_for(past.region) if self._draft.overlays else None
        town, left = (overlay.region_code, overlay.year_budget) if overlay else ("", 0)
        left -= self._budgets.get((town, past.day.year), 0)
        outcome = self._pricer.price(past, *self._before(person, past, at_once), left)
        earned = Earned(past.day, past.activity, Minutes(outcome.counted), Points(outcome.points))
        self._keep(person, past, earned, town, outcome.overlay_points)
        if outcome.cuts and past.gone_seq is None:
            self._counts.add_cut(outcome.cuts, outcome.uncapped - outcome.points, draft=True)
        return outcome.points

    def _before(self, person: _Person, past: PastRecord, at_once: int) -> tuple[Sums, int]:
        if not self._standing_asked:
            return _NOTHING, 0
        balance = 0
        if self._lots and past.verified_at is not None:
            balance = person.balance(self._question.programme.business_day(past.verified_at)) - at_once
        return sum_up(past.day, past.activity, person.earned), balance

    def _keep(self, person: _Person, past: PastRecord, earned: Earned | None, town: str, town_points: int) -> None:
        """Let a record count for those after it, as long as it stands."""
        if town_points:
            key = (town, past.day.year)
            self._budgets[key] = self._budgets.get(key, 0) + town_points
            if past.gone_seq is not None:
                heappush(self._give_back, (past.gone_seq, town, past.day.year, town_points))
        if not self._standing_asked:
            return
        if earned is not None:
            if self._alike:
                earned = self._same.setdefault(earned, earned)
            person.earned.append(earned)
        points = earned.points if earned is not None else 0
        last_day = None
        if self._lots:
            last_day = self._last_day(past) if points else None
            person.add_lot(last_day, points)
            person.add_lot(past.expires_on, -past.points)
        if past.gone_seq is not None:
            person.leaving.append(_Taken(past.gone_seq, earned, past, points, last_day))

    def _last_day(self, past: PastRecord) -> date | None:
        inside = self._question.since <= past.day <= self._question.until
        if not inside or past.ended_at is None:
            return past.expires_on
        return last_day_of(self._draft, self._question.programme, past.ended_at)

    def _return_budgets(self, seq: int) -> None:
        while self._give_back and self._give_back[0][0] <= seq:
            _, region, year, points = heappop(self._give_back)
            self._budgets[region, year] -= points

    def _person(self, volunteer: UUID) -> _Person:
        person = self._people.get(volunteer)
        if person is None:
            if self._order is Order.VOLUNTEER:
                self._people.clear()
            person = self._people[volunteer] = _Person()
        return person

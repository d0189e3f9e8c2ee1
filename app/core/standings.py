"""Where a volunteer stands when a record is priced: what was counted before, what is stored, what a town has left."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from app.core.accounts import AccountKey, AccountKind
from app.core.accruals import Accrual, Earned
from app.core.book import Book, Needs
from app.core.ids import NOBODY, VolunteerId
from app.core.policies import AccrualPolicy, Priced, Service, Standing, policy_on
from app.core.programmes import Programme
from app.core.quantities import Instant, Points
from app.core.rows import RecordState, ServiceRecord, ServiceRole, Tally, TallyKey

OVERLAY_SCOPE = "overlay:"


def service_of(record: ServiceRecord, programme: Programme) -> Service:
    """The facts of a record that a price depends on. A record without an activity of its own name is one by itself."""
    return Service(
        minutes=record.minutes,
        level=record.level,
        day=programme.business_day(record.started_at),
        category=record.category,
        organiser=record.role is ServiceRole.ORGANISER,
        activity=f"{record.team.hex}/{record.activity_id}" if record.activity_id else record.id.hex,
        region=record.region,
    )


def whose_standing(book: Book, needs: Needs) -> set[VolunteerId]:
    """The volunteers for whom a price looks at what they have served before: that must be fetched."""
    named = [record for record in book.records.values() if record]
    asking = {each.volunteer for each in named if is_standing_asked(each, book.policies, book.programme)}
    if any(policy.needs_standing for policy in book.policies):
        asking.update(each.volunteer for each in named if each.id in needs.repriced)
        asking.update(arrival.volunteer for arrival in needs.arrivals)
    return asking


def is_standing_asked(record: ServiceRecord, policies: tuple[AccrualPolicy, ...], programme: Programme) -> bool:
    """Whether pricing this record looks at what its volunteer has served before."""
    policy = policy_on(policies, programme.business_day(record.started_at), record.level)
    return record.state is RecordState.ENTERED and policy is not None and policy.needs_standing


def overlay_key(region_code: str, day: date) -> TallyKey:
    """Where the points are counted that a town has added in the year of a day."""
    return TallyKey(NOBODY, f"{OVERLAY_SCOPE}{region_code}", str(day.year))


def standing_of(record: ServiceRecord, service: Service, policy: AccrualPolicy, book: Book, at: Instant) -> Standing:
    """The standing, as far as the policy asks for it; what it does not ask for is not looked up."""
    overlay = policy.overlay_for(service.region)
    left = overlay.year_budget - book.tally(overlay_key(overlay.region_code, service.day)) if overlay else 0
    if not policy.needs_standing:
        return Standing(overlay_left=left)
    sums = sum_up(service.day, service.activity, book.earned_by(record.volunteer))
    return sums.standing(_balance(record, book, at), left)


class Sums(NamedTuple):
    """What was counted before: for the activity on its day, on the day, in the year, in all; `first`: nothing was."""

    activity_minutes: int
    day_minutes: int
    year_minutes: int
    minutes: int
    day_points: int
    year_points: int
    first: bool

    def standing(self, balance: int, overlay_left: int) -> Standing:
        """The standing with what is stored and what a town has left."""
        return Standing(
            activity_minutes=self.activity_minutes,
            day_minutes=self.day_minutes,
            year_minutes=self.year_minutes,
            minutes=self.minutes,
            day_points=Points(self.day_points),
            year_points=Points(self.year_points),
            balance=balance,
            first=self.first,
            overlay_left=overlay_left,
        )


def sum_up(on: date, activity: str, earned: Collection[Earned]) -> Sums:
    """What was earned before, summed by activity, day and year, and in all. One pass: back-tests do it millionfold."""
    by_activity = day_minutes = day_points = year_minutes = year_points = minutes = 0
    for day, name, counted, points in earned:
        minutes += counted
        if day.year == on.year:
            year_minutes += counted
            year_points += points
            if day == on:
                day_minutes += counted
                day_points += points
                by_activity += counted if name == activity else 0
    return Sums(by_activity, day_minutes, year_minutes, minutes, day_points, year_points, not earned)


def last_day_of(policy: AccrualPolicy, programme: Programme, ended_at: Instant) -> date:
    """The last day of the points of service that ended at a moment; the programme's where the policy is silent."""
    if policy.expiry is None:
        return programme.expiry_of(ended_at)
    return policy.expiry.last_day(programme.business_day(ended_at))


def accrual_of(
    record: ServiceRecord, policy: AccrualPolicy, service: Service, standing: Standing, priced: Priced
) -> Accrual:
    """The row that keeps how a record was priced."""
    overlay = policy.overlay_for(service.region)
    return Accrual(
        record=record.id,
        volunteer=record.volunteer,
        policy=policy.version,
        service=service,
        standing=standing,
        counted=priced.counted,
        points=priced.points,
        steps=priced.steps,
        overlay_region=overlay.region_code if overlay and priced.overlay_points else "",
        overlay_points=priced.overlay_points,
    )


def count_overlay(accrual: Accrual, book: Book) -> Iterator[Tally]:
    """What an accrual takes of a town's budget of the year."""
    if accrual.overlay_points:
        key = overlay_key(accrual.overlay_region, accrual.service.day)
        yield Tally(key, book.tally(key) + accrual.overlay_points)


def uncount_overlay(record: ServiceRecord, book: Book) -> Iterator[Tally]:
    """What a withdrawn record gives back to a town's budget."""
    if taken := book.overlaid[record.id]:
        key = overlay_key(taken.region_code, taken.day)
        yield Tally(key, max(0, book.tally(key) - taken.points))


def _balance(record: ServiceRecord, book: Book, at: Instant) -> int:
    """What is stored: spendable, pending and held points that still live, less what is owed."""
    today = book.programme.business_day(at)
    kinds = (AccountKind.WALLET, AccountKind.PENDING, AccountKind.HELD)
    lots = (part for kind in kinds for part in book.lots(kind, record.volunteer) if part.expires_on >= today)
    return sum(part.points for part in lots) - book.balance(AccountKey(AccountKind.DEBT, record.volunteer))

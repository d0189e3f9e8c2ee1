"""Granting a benefit (礼遇授予) that people have approved: quota, waiting list and hours in one step.

The quota of a batch is its round's capacity: when it is taken, the grant waits, by stars, hours and the time of the
application. The hours that a benefit consumes are taken when it is approved, waiting or not, so that two grants never
count the same ones and moving up cannot fail; whoever leaves the list without a grant has them back.
"""

from dataclasses import dataclass, replace
from datetime import date

from app.core.accounts import AccountKey, AccountKind
from app.core.benefit_grants import UNLIMITED, BenefitGrant, GrantQuota, GrantState, Window
from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.holding import NOTHING_APART, Apart, HeldSought
from app.core.ids import (
    NOBODY,
    ApplicationId,
    BenefitGrantId,
    PlaceId,
    RoundId,
    TransactionId,
    UserId,
    VolunteerId,
    format_id,
)
from app.core.quantities import Instant, Minutes
from app.core.rounds import Place, PlaceState, Round, RoundMode, RoundStand, TicketHash
from app.core.rows import Row
from app.core.seating import GrantSought, HoldersSought, QueueSought, Sought
from app.core.seats import benefit_key, had_of, moved, refuse_apart, refuse_limits, round_key, seat_or_wait
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from app.core.volunteers import VolunteerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """So many minutes of the service from one business day to another, both counted, are used up."""

    minutes: Minutes
    since: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveGrant:
    """People have approved an application. It has one grant at most, which bears the application's own UUID.

    `facts_hash`, `stars`, `served` (verified minutes) and `submitted_at` are of the facts frozen at submission. `code`:
    the hash of the ticket (`app/security/tickets.py`, of the place with the same UUID) when the round is an event.
    """

    application: ApplicationId
    transaction: TransactionId
    volunteer: VolunteerId
    benefit: str
    version: str
    facts_hash: bytes
    approved_by: UserId
    submitted_at: Instant
    valid_until: Instant | None = None
    quota: GrantQuota = UNLIMITED
    consumes: Consumption | None = None
    round: RoundId | None = None
    stars: int = 0
    served: Minutes = Minutes(0)
    code: TicketHash | None = None
    apart: Apart = NOTHING_APART

    @property
    def grant(self) -> BenefitGrantId:
        """The grant's id."""
        return BenefitGrantId(self.application)

    @property
    def window(self) -> Window | None:
        """Whose service of which time it uses up, if any."""
        used = self.consumes
        return Window(self.volunteer, used.since, used.until) if used else None

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        sought: set[Sought] = {GrantSought(self.grant)}
        if self.round:
            sought.add(QueueSought(self.round))
        if self.quota.held is not None:
            sought.add(HoldersSought(self.benefit))
        if self.window:
            sought.add(self.window)
        if self.apart != NOTHING_APART:
            sought.add(HeldSought(self.volunteer))
        return Needs(volunteers=frozenset((self.volunteer,)), seating=frozenset(sought))


def decide_approve_grant(command: ApproveGrant, book: Book, at: Instant) -> Decision:
    """Decide a grant. The first of: decided already, unknown, frozen, no such round, closed, excluded, quota, hours.

    The answer says `granted` or `waiting`, there with the position.
    """
    if (known := book.seating.grants[command.grant]) is not None:
        return Rejected(Code.STATE_CONFLICT, {"state": known.state.value})
    volunteer = book.volunteers[command.volunteer]
    if volunteer is None:
        return Rejected(Code.NOT_FOUND)
    if volunteer.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    terms = book.seating.rounds[command.round] if command.round else None
    if command.round and (terms is None or terms.published_at is None or not _is_for(terms, command)):
        return Rejected(Code.NOT_FOUND)
    if refusal := (_refuse_quota(command, terms, book, at) or _refuse_hours(command, book)):
        return refusal
    grant = _granted(command, at)
    own = benefit_key(command.volunteer, command.benefit, at, book)
    rows: list[Row] = [
        grant,
        moved(own, 1, book),
        moved(benefit_key(NOBODY, command.benefit, at, book), 1, book),
    ]
    told: dict[str, str | int | None] = {"grant": format_id("bgr", grant.id), "state": "granted", "position": None}
    if terms:
        stand, place = _seat(command, terms, book, at)
        rows += [stand, place, moved(round_key(terms.id, command.volunteer), 1, book)]
        if place.state is PlaceState.WAITING:
            ahead = sum(each.rank < place.rank for each in book.seating.in_state(terms.id, PlaceState.WAITING))
            told |= {"state": "waiting", "position": ahead + 1}
    return Accepted(transaction=_consume(command, grant, at), rows=tuple(rows), answer=told)


def _is_for(terms: Round, command: ApproveGrant) -> bool:
    return terms.mode is RoundMode.REVIEWED and terms.benefit == command.benefit


def _refuse_quota(command: ApproveGrant, terms: Round | None, book: Book, at: Instant) -> Rejected | None:
    quota, benefit = command.quota, command.benefit
    if terms and book.seating.stand_of(terms).closed_at is not None:
        return Rejected(Code.ROUND_NOT_OPEN)
    if refusal := refuse_apart(command.apart, command.volunteer, book, at):
        return refusal
    if terms and (refusal := refuse_limits(terms, command.volunteer, book, at, command.apart)):
        return refusal
    for limit, most, had in (
        ("person", quota.per_person, had_of(command.apart, command.volunteer, benefit, at, book)),
        ("benefit", quota.per_year, book.tally(benefit_key(NOBODY, benefit, at, book))),
        ("held", quota.held, book.seating.holders_of(benefit) if quota.held is not None else 0),
    ):
        if most is not None and had >= most:
            return Rejected(Code.QUOTA_EXCEEDED, {"limit": limit, "had": had, "max": most})
    return None


def _refuse_hours(command: ApproveGrant, book: Book) -> Rejected | None:
    """The hours of a window less what grants have used of any window that shares a day with it: no hour twice."""
    window, used = command.window, command.consumes
    if window is None or used is None:
        return None
    taken = sum(
        balance
        for key, balance in book.accounts[command.volunteer].items()
        if key.kind is AccountKind.CONSUMED and window.overlaps(key.part)
    )
    free = max(0, book.seating.served_in(window) - taken)
    free = min(free, book.balance(AccountKey(AccountKind.HOURS, command.volunteer)))
    return Rejected(Code.HOURS_CONSUMED, {"free": free, "required": used.minutes}) if free < used.minutes else None


def _granted(command: ApproveGrant, at: Instant) -> BenefitGrant:
    used = command.consumes
    return BenefitGrant(
        id=command.grant,
        state=GrantState.APPROVED,
        application=command.application,
        volunteer=command.volunteer,
        benefit=command.benefit,
        version=command.version,
        facts_hash=command.facts_hash,
        approved_by=command.approved_by,
        approved_at=at,
        valid_until=command.valid_until,
        round=command.round,
        minutes=used.minutes if used else Minutes(0),
        since=used.since if used else None,
        until=used.until if used else None,
        transaction=command.transaction if used else None,
    )


def _seat(command: ApproveGrant, terms: Round, book: Book, at: Instant) -> tuple[RoundStand, Place]:
    stand = book.seating.stand_of(terms)
    stand = replace(stand, number=stand.number + 1)
    place = Place(
        id=PlaceId(command.grant),
        round=terms.id,
        volunteer=command.volunteer,
        state=PlaceState.WAITING,
        number=stand.number,
        claimed_at=at,
        facts_hash=command.facts_hash,
        submitted_at=command.submitted_at,
        stars=command.stars,
        minutes=command.served,
        grant=command.grant,
        code=command.code,
    )
    return seat_or_wait(place, stand, at)


def _consume(command: ApproveGrant, grant: BenefitGrant, at: Instant) -> Transaction | None:
    if grant.window is None:
        return None
    hours = AccountKey(AccountKind.HOURS, grant.volunteer)
    return Transaction(
        id=command.transaction,
        kind=TransactionKind.CONSUME,
        actor=format_id("usr", command.approved_by),
        reason=Reason.BENEFIT_GRANTED,
        occurred_at=at,
        transfers=(Transfer(hours, grant.window.account, grant.minutes),),
        document=format_id("bgr", grant.id),
        policy=f"{command.benefit}@{command.version}",
    )

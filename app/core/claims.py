"""Claims (报名、抢票): a volunteer claims a place of a round, or gives it back and the next moves up at once.

First come, first served: a place or the waiting list, in the order of the claims. A lottery takes entries until it
closes. Whoever waits or has entered has used up their share of the limits until they leave or the list ends, so moving
up can never be refused.
"""

from dataclasses import dataclass, replace

from app.core.book import Accepted, Book, Decision, Needs
from app.core.canonical import format_instant
from app.core.codes import Code, Rejected
from app.core.holding import NOTHING_APART, Apart, HeldSought
from app.core.ids import PlaceId, RoundId, VolunteerId, format_id
from app.core.quantities import Instant
from app.core.rounds import LIVE, Place, PlaceState, Round, RoundMode, RoundStand, TicketHash
from app.core.seating import PlaceSought, RoundSought, Sought
from app.core.seats import benefit_key, give_up, moved, refuse_apart, refuse_limits, round_key, seat_or_wait
from app.core.volunteers import VolunteerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPlace:
    """A volunteer claims a place. `eligible` is what the benefit's criteria say of the facts behind `facts_hash`.

    What excludes it is looked at again here, under the lock: of two claims at once only one may go through.
    """

    place: PlaceId
    round: RoundId
    volunteer: VolunteerId
    code: TicketHash
    eligible: bool
    facts_hash: bytes
    apart: Apart = NOTHING_APART

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        sought: set[Sought] = {RoundSought(self.round)}
        if self.apart != NOTHING_APART:
            sought.add(HeldSought(self.volunteer))
        return Needs(volunteers=frozenset((self.volunteer,)), seating=frozenset(sought))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlace:
    """The volunteer gives a claim up; or (None) its round is closed and the list has ended."""

    place: PlaceId
    volunteer: VolunteerId | None

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(seating=frozenset((PlaceSought(self.place),)))


def decide_claim_place(command: ClaimPlace, book: Book, at: Instant) -> Decision:
    """Decide a claim. The first of: unknown, frozen, not open, not eligible, excluded, above a limit.

    A full round lets wait.
    """
    terms = book.seating.rounds[command.round]
    if terms is None or terms.published_at is None or terms.mode is RoundMode.REVIEWED:
        return Rejected(Code.NOT_FOUND)
    volunteer = book.volunteers[command.volunteer]
    if volunteer is None:
        return Rejected(Code.NOT_FOUND)
    if volunteer.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    stand = book.seating.stand_of(terms)
    if refusal := _refuse_time(terms, stand, at):
        return refusal
    if not command.eligible:
        return Rejected(Code.NOT_ELIGIBLE)
    refusal = refuse_apart(command.apart, command.volunteer, book, at)
    if refusal := refusal or refuse_limits(terms, command.volunteer, book, at, command.apart):
        return refusal
    stand = replace(stand, number=stand.number + 1)
    place = Place(
        id=command.place,
        round=terms.id,
        volunteer=command.volunteer,
        state=PlaceState.ENTERED,
        number=stand.number,
        claimed_at=at,
        submitted_at=at,
        facts_hash=command.facts_hash,
        code=command.code,
    )
    if terms.mode is RoundMode.LOTTERY:
        stand = replace(stand, entered=stand.entered + 1)
    else:
        stand, place = seat_or_wait(place, stand, at)
    own = (round_key(terms.id, place.volunteer), benefit_key(place.volunteer, terms.benefit, at, book))
    return Accepted(
        rows=(stand, place, *(moved(key, 1, book) for key in own)),
        answer={
            "place": format_id("plc", place.id),
            "state": place.state.value,
            "position": stand.waiting if place.state is PlaceState.WAITING else None,
            "seat": place.seat,
        },
    )


def _refuse_time(terms: Round, stand: RoundStand, at: Instant) -> Rejected | None:
    if stand.closed_at is None and terms.opens_at <= at < terms.closes_at:
        return None
    times = {"opens_at": format_instant(terms.opens_at), "closes_at": format_instant(terms.closes_at)}
    return Rejected(Code.ROUND_NOT_OPEN, times)


def decide_release_place(command: ReleasePlace, book: Book, at: Instant) -> Decision:
    """Decide a giving back: before the event begins, not what has been used, not what people have granted."""
    place = book.seating.places[command.place]
    if place is None or (command.volunteer is not None and place.volunteer != command.volunteer):
        return Rejected(Code.NOT_FOUND)
    terms = book.seating.rounds[place.round]
    if terms is None:
        return Rejected(Code.NOT_FOUND)
    if refusal := _refuse_release(command, place, terms, book, at):
        return refusal
    ended = PlaceState.RELEASED if command.volunteer else PlaceState.LAPSED
    own = (round_key(terms.id, place.volunteer), benefit_key(place.volunteer, terms.benefit, place.claimed_at, book))
    return Accepted(
        rows=(*give_up(place, ended, terms, book, at), *(moved(key, -1, book) for key in own)),
        answer={"place": format_id("plc", place.id)},
    )


def _refuse_release(command: ReleasePlace, place: Place, terms: Round, book: Book, at: Instant) -> Rejected | None:
    if place.state not in LIVE or place.grant is not None:
        return Rejected(Code.STATE_CONFLICT, {"state": place.state.value})
    if place.attended_at is not None:
        return Rejected(Code.ALREADY_USED, {"used_at": format_instant(place.attended_at), "door": place.door or ""})
    if command.volunteer is None:
        closed = book.seating.stand_of(terms).closed_at is not None or terms.has_begun(at)
        over = closed and place.state is not PlaceState.HELD
        return None if over else Rejected(Code.STATE_CONFLICT, {"state": place.state.value})
    if terms.has_begun(at):
        return Rejected(Code.ROUND_NOT_OPEN, {"starts_at": format_instant(terms.starts_at or at)})
    return None

"""Seats of a round: taken, given back, and who moves up. Nobody waits while a seat is free and the round is open."""

from dataclasses import replace
from uuid import UUID

from app.core.book import Book
from app.core.codes import Code, Rejected
from app.core.holding import NOTHING_APART, Apart
from app.core.ids import RoundId, VolunteerId
from app.core.quantities import BrokenInvariant, Instant
from app.core.rounds import Place, PlaceState, Round, RoundStand
from app.core.rows import Tally, TallyKey

SeatRows = tuple[RoundStand | Place, ...]


def take_seat(stand: RoundStand) -> tuple[RoundStand, int]:
    """The next seat: the lowest that came back, else the one behind the highest."""
    if stand.left <= 0:
        raise BrokenInvariant("a seat that is not there")
    if stand.freed:
        seat = min(stand.freed)
        freed = tuple(each for each in stand.freed if each != seat)
        return replace(stand, taken=stand.taken + 1, freed=freed), seat
    return replace(stand, taken=stand.taken + 1, seats=stand.seats + 1), stand.seats + 1


def seat_or_wait(place: Place, stand: RoundStand, at: Instant) -> tuple[RoundStand, Place]:
    """Give a new claim the next seat, or let it wait."""
    if stand.left <= 0:
        return replace(stand, waiting=stand.waiting + 1), replace(place, state=PlaceState.WAITING)
    stand, seat = take_seat(stand)
    return stand, replace(place, state=PlaceState.HELD, seat=seat, held_at=at)


def move_up(terms: Round, stand: RoundStand, book: Book, at: Instant, but: Place | None = None) -> SeatRows:
    """Give free seats to those who wait, in their order; the stand comes first. `but` has just left."""
    gone = but.id if but else None
    queue = [each for each in book.seating.in_state(terms.id, PlaceState.WAITING) if each.id != gone]
    up = []
    while stand.waiting and stand.left > 0 and stand.closed_at is None and not terms.has_begun(at):
        if not queue:
            raise BrokenInvariant(f"who waits for {terms.id} was not fetched")
        stand, seat = take_seat(replace(stand, waiting=stand.waiting - 1))
        up.append(replace(queue.pop(0), state=PlaceState.HELD, seat=seat, held_at=at))
    return (stand, *up)


def give_up(place: Place, state: PlaceState, terms: Round, book: Book, at: Instant) -> SeatRows:
    """End a claim that is alive: its seat goes to the next who waits."""
    stand = book.seating.stand_of(terms)
    match place.state:
        case PlaceState.ENTERED:
            stand = replace(stand, entered=stand.entered - 1)
        case PlaceState.WAITING:
            stand = replace(stand, waiting=stand.waiting - 1)
        case _:
            stand = replace(stand, taken=stand.taken - 1, freed=(*stand.freed, place.seat or 0))
    left = replace(place, state=state, seat=None, ended_at=at)
    return (*move_up(terms, stand, book, at, but=place), left)


def refuse_apart(apart: Apart, volunteer: VolunteerId, book: Book, at: Instant) -> Rejected | None:
    """Why a person may not have a benefit beside what they hold; None when nothing excludes it."""
    if apart == NOTHING_APART:
        return None
    held = apart.first_of(book.seating.held_by(volunteer), at)
    return Rejected(Code.NOT_ELIGIBLE, {"excluded_by": held}) if held else None


def had_of(apart: Apart, volunteer: VolunteerId, benefit: str, at: Instant, book: Book) -> int:
    """How often a person had a benefit this calendar year, or another that it names as excluding it."""
    codes = {benefit, *apart.named}
    return sum(book.tally(benefit_key(volunteer, code, at, book)) for code in codes)


def refuse_limits(
    terms: Round, volunteer: VolunteerId, book: Book, at: Instant, apart: Apart = NOTHING_APART
) -> Rejected | None:
    """Why a person may not have one place more of a round; None when they may. Who waits counts as having it."""
    if (had := book.tally(round_key(terms.id, volunteer))) >= terms.person_max:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "round", "had": had, "max": terms.person_max})
    had = had_of(apart, volunteer, terms.benefit, at, book)
    if terms.year_max is not None and had >= terms.year_max:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "year", "had": had, "max": terms.year_max})
    return None


def round_key(round_id: RoundId, volunteer: VolunteerId) -> TallyKey:
    """Where a person's claims on a round are counted."""
    return TallyKey(volunteer, f"round:{round_id.hex}", "")


def benefit_key(subject: UUID, benefit: str, at: Instant, book: Book) -> TallyKey:
    """Where claims and grants of a benefit in a moment's calendar year are counted: a person's, or (NOBODY) all."""
    return TallyKey(subject, f"benefit:{benefit}", str(book.programme.business_day(at).year))


def moved(key: TallyKey, by: int, book: Book) -> Tally:
    """A count that rises or falls."""
    return Tally(key, book.tally(key) + by)

"""Bugs to plant where places and grants are decided: the property of case 20 has to catch each."""

from dataclasses import replace

import pytest

from app.core import claims, draws, grants, seats, tickets
from app.core.benefit_grants import Window
from app.core.book import Book
from app.core.codes import Code, Rejected
from app.core.quantities import BrokenInvariant, Instant
from app.core.rounds import Place, PlaceState, Round, RoundStand
from app.core.rows import Tally, TallyKey
from app.core.seating import Seating
from tests.core.planted_bugs import Bug


def _there_is_always_a_seat(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RoundStand, "left", property(lambda _: 1))


def _the_last_in_line_moves_up(patch: pytest.MonkeyPatch) -> None:
    right = Seating.in_state
    patch.setattr(Seating, "in_state", lambda seating, each, state: right(seating, each, state)[::-1])


def _an_hour_is_used_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Window, "overlaps", lambda _window, _part: False)


def _a_place_given_back_stays_counted(patch: pytest.MonkeyPatch) -> None:
    right = seats.moved

    def wrong(key: TallyKey, by: int, book: Book) -> Tally:
        return right(key, max(0, by), book)

    patch.setattr(claims, "moved", wrong)


def _the_first_entries_win(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(draws, "draw_lots", lambda _seed, entries: list(entries))


def _a_ticket_lets_in_twice(patch: pytest.MonkeyPatch) -> None:
    right = tickets._refuse

    def wrong(place: Place, terms: Round, at: Instant) -> Rejected | None:
        refused = right(place, terms, at)
        return None if refused and refused.code is Code.ALREADY_USED else refused

    patch.setattr(tickets, "_refuse", wrong)


def _a_seat_given_back_is_lost(patch: pytest.MonkeyPatch) -> None:
    right = seats.move_up

    def wrong(terms: Round, stand: RoundStand, book: Book, at: Instant, but: Place | None = None) -> seats.SeatRows:
        return right(terms, replace(stand, freed=()), book, at, but)

    patch.setattr(seats, "move_up", wrong)


def _nobody_moves_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(seats, "move_up", lambda _terms, stand, _book, _at, but=None: (stand,))


def _who_waits_is_forgotten_by_limits(patch: pytest.MonkeyPatch) -> None:
    right = seats.seat_or_wait

    def wrong(place: Place, stand: RoundStand, at: Instant) -> tuple[RoundStand, Place]:
        stand, seated = right(place, stand, at)
        return (replace(stand, waiting=0), seated) if seated.state is PlaceState.WAITING else (stand, seated)

    patch.setattr(claims, "seat_or_wait", wrong)
    patch.setattr(grants, "seat_or_wait", wrong)


def _a_batch_forgets_its_places(patch: pytest.MonkeyPatch) -> None:
    right = Seating.put
    patch.setattr(Seating, "put", lambda seating, row: None if isinstance(row, Place) else right(seating, row))


def _a_batch_forgets_what_it_verified(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Seating, "note_record", lambda _seating, _row: None)


def _a_batch_forgets_who_holds(patch: pytest.MonkeyPatch) -> None:
    right = Seating._put_grant

    def wrong(seating: Seating, row: object) -> None:
        before = dict(seating.holders)
        right(seating, row)  # type: ignore[arg-type]  # as it is called
        seating.holders.update(before)

    patch.setattr(Seating, "_put_grant", wrong)


_EITHER = (AssertionError, BrokenInvariant)
SEAT_BUGS = (
    Bug("there is always a seat", _there_is_always_a_seat),
    Bug("the last in line moves up", _the_last_in_line_moves_up, _EITHER),
    Bug("an hour is used twice", _an_hour_is_used_twice),
    Bug("a place given back stays counted", _a_place_given_back_stays_counted),
    Bug("the first entries win the draw", _the_first_entries_win),
    Bug("a ticket lets in twice", _a_ticket_lets_in_twice),
    Bug("a seat given back is lost", _a_seat_given_back_is_lost),
    Bug("nobody moves up", _nobody_moves_up),
    Bug("who waits is not counted", _who_waits_is_forgotten_by_limits, _EITHER),
    Bug("a batch forgets its places", _a_batch_forgets_its_places, (AssertionError, BrokenInvariant, KeyError)),
    Bug("a batch forgets what it verified", _a_batch_forgets_what_it_verified),
    Bug("a batch forgets who holds a grant", _a_batch_forgets_who_holds),
)

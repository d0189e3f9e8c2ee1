"""Bugs to plant where places and grants are decided: the property of case 20 has to catch each."""

from dataclasses import replace

import pytest

from app.core import claims, consumed, draws, grants, revocations, seats, tickets
from app.core.benefit_grants import BenefitGrant, SeatRow, Window
from app.core.book import Accepted, Book
from app.core.codes import Code, Rejected
from app.core.holding import Apart
from app.core.ids import VolunteerId
from app.core.quantities import BrokenInvariant, Instant
from app.core.revocations import RevokeGrant
from app.core.rounds import Place, PlaceState, Round, RoundStand
from app.core.rows import ServiceRecord, Tally, TallyKey
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


def _an_annulled_grant_stays_counted(patch: pytest.MonkeyPatch) -> None:
    right = revocations._annul_revoked

    def wrong(command: RevokeGrant, grant: BenefitGrant, book: Book, at: Instant) -> Accepted:
        accepted = right(command, grant, book, at)
        return replace(accepted, rows=accepted.rows[:1])

    patch.setattr(revocations, "_annul_revoked", wrong)


def _used_hours_are_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(consumed, "_left_around", lambda _record, _book: ())


def _a_batch_forgets_what_hours_lie_on(patch: pytest.MonkeyPatch) -> None:
    right = Seating.note_record

    def wrong(seating: Seating, row: ServiceRecord) -> None:
        laid = {who: dict(records) for who, records in seating.laid.items()}
        right(seating, row)
        seating.laid = laid

    patch.setattr(Seating, "note_record", wrong)


def _a_batch_forgets_what_is_held(patch: pytest.MonkeyPatch) -> None:
    right = Seating.put

    def wrong(seating: Seating, row: SeatRow) -> None:
        held = {who: dict(things) for who, things in seating.held.items()}
        right(seating, row)
        seating.held = held

    patch.setattr(Seating, "put", wrong)


def _the_other_benefit_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    right = seats.had_of

    def wrong(apart: Apart, volunteer: VolunteerId, benefit: str, at: Instant, book: Book) -> int:
        return right(replace(apart, named=()), volunteer, benefit, at, book)

    patch.setattr(seats, "had_of", wrong)


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
    Bug("an annulled grant stays counted", _an_annulled_grant_stays_counted),
    Bug("used hours are taken away", _used_hours_are_taken),
    Bug("a batch forgets what used hours lie on", _a_batch_forgets_what_hours_lie_on),
    Bug("both benefits at a time", lambda patch: patch.setattr(Apart, "first_of", lambda *_: None)),
    Bug("a batch forgets what is held", _a_batch_forgets_what_is_held),
    Bug("what was had of the other benefit is not counted", _the_other_benefit_is_not_counted),
    Bug("a batch forgets who holds a grant", _a_batch_forgets_who_holds),
)

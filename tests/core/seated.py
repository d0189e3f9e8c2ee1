"""Rounds, places and grants in memory, handed to a book as the store hands them."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from app.core.benefit_grants import BenefitGrant, SeatRow, Window
from app.core.book import Book, Needs
from app.core.consumed import windows_to_lay
from app.core.holding import Held, HeldSought
from app.core.ids import BenefitGrantId, PlaceId, RoundId, VolunteerId
from app.core.programmes import Programme
from app.core.quantities import Instant
from app.core.rounds import Place, PlaceState, Round, RoundStand
from app.core.rows import RecordState, ServiceRecord
from app.core.seating import (
    GrantSought,
    HoldersSought,
    Laid,
    PlaceSought,
    QueueSought,
    RoundSought,
    Seating,
    Sought,
    TicketSought,
)

_ALIVE = ("entered", "waiting", "held")


@dataclass(slots=True)
class SeatStore:
    """All rounds, what is taken of them, all places and all grants."""

    rounds: dict[RoundId, Round] = field(default_factory=dict)
    stands: dict[RoundId, RoundStand] = field(default_factory=dict)
    places: dict[PlaceId, Place] = field(default_factory=dict)
    grants: dict[BenefitGrantId, BenefitGrant] = field(default_factory=dict)

    def put(self, row: SeatRow) -> None:
        """Keep a row."""
        match row:
            case RoundStand():
                self.stands[row.round] = row
            case Place():
                self.places[row.id] = row
            case BenefitGrant():
                self.grants[row.id] = row

    def look_up(
        self, sought: Collection[Sought], records: Iterable[ServiceRecord], programme: Programme, now: Instant
    ) -> Seating:
        """What is asked for and nothing else; of those who wait no more than can move up."""
        seating = Seating(zone=programme.zone)
        listed = list(records)
        leaving = sum(isinstance(each, PlaceSought | GrantSought) for each in sought)
        for each in sought:
            match each:
                case RoundSought(round_id):
                    self._add_round(seating, round_id, leaving)
                case QueueSought(round_id):
                    self._add_round(seating, round_id, None)
                case PlaceSought(place):
                    self._add_place(seating, place, leaving)
                case GrantSought(grant):
                    seating.grants[grant] = self.grants.get(grant)
                    if PlaceId(grant) in self.places:
                        self._add_place(seating, PlaceId(grant), leaving)
                case TicketSought(code):
                    found = next((place.id for place in self.places.values() if place.code == code), None)
                    seating.tickets[code] = found
                    if found:
                        self._add_place(seating, found, leaving)
                case HoldersSought(benefit):
                    valid = [row for row in self.grants.values() if row.benefit == benefit and row.is_valid(now)]
                    seating.holders[benefit] = len(valid)
                case HeldSought(volunteer):
                    seating.held[volunteer] = dict(self._held_by(volunteer))
                case Window():
                    seating.windows[each] = {row.id: row.minutes for row in listed if _counts(row, each)}
        return seating

    def _held_by(self, volunteer: VolunteerId) -> Iterator[tuple[UUID, Held]]:
        for grant in self.grants.values():
            if grant.volunteer == volunteer and grant.state.value == "approved":
                yield grant.id, Held(grant.benefit, grant.valid_until)
        for place in self.places.values():
            if place.volunteer == volunteer and place.grant is None and place.state.value in _ALIVE:
                terms = self.rounds[place.round]
                yield place.id, Held(terms.benefit, terms.ends_at)

    def _add_place(self, seating: Seating, place: PlaceId, leaving: int) -> None:
        found = self.places.get(place)
        seating.places[place] = found
        if found:
            self._add_round(seating, found.round, leaving)

    def _add_round(self, seating: Seating, round_id: RoundId, most: int | None) -> None:
        seating.rounds[round_id] = self.rounds.get(round_id)
        if round_id in self.stands:
            seating.stands[round_id] = self.stands[round_id]
        of_round = [row for row in self.places.values() if row.round == round_id]
        waiting = sorted((row for row in of_round if row.state is PlaceState.WAITING), key=lambda row: row.rank)
        entered = [row for row in of_round if row.state is PlaceState.ENTERED]
        found = [*waiting, *entered] if most is None else waiting[:most]
        seating.places.update((row.id, row) for row in found)


def add_laid(book: Book, needs: Needs, records: Iterable[ServiceRecord]) -> None:
    """The records around what benefits have used up, of those whose hours may be taken."""
    listed = list(records)
    for window in windows_to_lay(book, needs):
        book.seating.zone = book.programme.zone
        book.seating.laid[window.volunteer] = {
            row.id: Laid((row.started_at + timedelta(hours=8)).date(), row.minutes)
            for row in listed
            if _counts(row, window)
        }


def _counts(record: ServiceRecord, window: Window) -> bool:
    day = (record.started_at + timedelta(hours=8)).date()
    verified = record.state is RecordState.VERIFIED
    return verified and record.volunteer == window.volunteer and window.since <= day <= window.until

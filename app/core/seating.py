"""What a batch must know of rounds, places and grants, and what becomes of it as it goes on; part of the book."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import NamedTuple
from uuid import UUID

from app.core.benefit_grants import BenefitGrant, GrantState, SeatRow, Window
from app.core.holding import Held, HeldSought
from app.core.ids import BenefitGrantId, PlaceId, RecordId, RoundId, VolunteerId
from app.core.quantities import BrokenInvariant, Minutes
from app.core.rounds import LIVE, Place, PlaceState, Round, RoundStand, TicketHash
from app.core.rows import RecordState, ServiceRecord


@dataclass(frozen=True, slots=True)
class RoundSought:
    """A round's terms and what is taken of it."""

    round: RoundId


@dataclass(frozen=True, slots=True)
class QueueSought:
    """A round, and all who have entered or wait for it."""

    round: RoundId


@dataclass(frozen=True, slots=True)
class PlaceSought:
    """A place that may be given up: its round, its grant, and who would move up."""

    place: PlaceId


@dataclass(frozen=True, slots=True)
class GrantSought:
    """A grant that may be revoked: its place with all that goes with it."""

    grant: BenefitGrantId


@dataclass(frozen=True, slots=True)
class TicketSought:
    """The place behind a ticket, and its round."""

    code: TicketHash


@dataclass(frozen=True, slots=True)
class HoldersSought:
    """How many valid grants of a benefit there are."""

    benefit: str


Sought = RoundSought | QueueSought | PlaceSought | GrantSought | TicketSought | HoldersSought | HeldSought | Window
"""What a command about rounds asks for. Of a window: the verified records in it."""


class Laid(NamedTuple):
    """A verified record, as hours that benefits use up can lie on it."""

    day: date
    minutes: Minutes


@dataclass(slots=True)
class Seating:
    """What was looked up: None where nothing was found, so that it differs from what nobody asked for."""

    zone: tzinfo | None = None
    rounds: dict[RoundId, Round | None] = field(default_factory=dict)
    stands: dict[RoundId, RoundStand] = field(default_factory=dict)
    places: dict[PlaceId, Place | None] = field(default_factory=dict)
    grants: dict[BenefitGrantId, BenefitGrant | None] = field(default_factory=dict)
    tickets: dict[TicketHash, PlaceId | None] = field(default_factory=dict)
    holders: dict[str, int] = field(default_factory=dict)
    windows: dict[Window, dict[RecordId, Minutes]] = field(default_factory=dict)
    held: dict[VolunteerId, dict[UUID, Held]] = field(default_factory=dict)
    """What volunteers hold of benefits, by grant or place, of those who were asked for."""
    laid: dict[VolunteerId, dict[RecordId, Laid]] = field(default_factory=dict)
    """Verified records around what benefits have used up, of those whose hours may be taken."""

    def stand_of(self, terms: Round) -> RoundStand:
        """What is taken of a round; of one that nobody has claimed yet, nothing."""
        return self.stands.get(terms.id) or RoundStand(round=terms.id, capacity=terms.capacity)

    def in_state(self, round_id: RoundId, state: PlaceState) -> list[Place]:
        """The places of a round in a state, those first that come first, as far as they were asked for."""
        found = [each for each in self.places.values() if each and each.round == round_id and each.state is state]
        return sorted(found, key=lambda place: place.rank)

    def served_in(self, window: Window) -> int:
        """The verified minutes of a window that was asked for."""
        served = self.windows.get(window)
        if served is None:
            raise BrokenInvariant(f"records of {window.account.path} were not fetched")
        return sum(served.values())

    def held_by(self, volunteer: VolunteerId) -> Collection[Held]:
        """What a volunteer holds, of one that was asked for."""
        held = self.held.get(volunteer)
        if held is None:
            raise BrokenInvariant(f"what {volunteer} holds was not fetched")
        return held.values()

    def laid_of(self, volunteer: VolunteerId) -> Collection[Laid]:
        """What hours that benefits have used up can lie on, of a volunteer that was asked for."""
        laid = self.laid.get(volunteer)
        if laid is None:
            raise BrokenInvariant(f"records around used hours of {volunteer} were not fetched")
        return laid.values()

    def holders_of(self, benefit: str) -> int:
        """How many grants of a benefit are valid, of one that was asked for."""
        if benefit not in self.holders:
            raise BrokenInvariant(f"grants of {benefit} were not counted")
        return self.holders[benefit]

    def put(self, row: SeatRow) -> None:
        """Take a changed row in."""
        match row:
            case RoundStand():
                self.stands[row.round] = row
            case Place():
                self._put_place(row)
            case BenefitGrant():
                self._put_grant(row)

    def _put_place(self, row: Place) -> None:
        self.places[row.id] = row
        if row.code:
            self.tickets[row.code] = row.id
        held, terms = self.held.get(row.volunteer), self.rounds.get(row.round)
        if held is None or row.grant is not None:
            return
        held.pop(row.id, None)
        if terms and row.state in LIVE:
            held[row.id] = Held(terms.benefit, terms.ends_at)

    def _put_grant(self, row: BenefitGrant) -> None:
        before = self.grants.get(row.id)
        self.grants[row.id] = row
        if (held := self.held.get(row.volunteer)) is not None:
            held.pop(row.id, None)
            if row.state is GrantState.APPROVED:
                held[row.id] = Held(row.benefit, row.valid_until)
        if row.benefit not in self.holders:
            return
        if row.state is GrantState.APPROVED and before is None:
            self.holders[row.benefit] += 1
        if row.revoked_at and before and before.is_valid(row.revoked_at):
            self.holders[row.benefit] -= 1

    def note_record(self, row: ServiceRecord) -> None:
        """Take in that a record was verified, or counts no longer."""
        for window, served in self.windows.items():
            if window.volunteer != row.volunteer:
                continue
            served.pop(row.id, None)
            if row.state is RecordState.VERIFIED and window.holds(row.started_at.astimezone(self.zone).date()):
                served[row.id] = row.minutes
        if (laid := self.laid.get(row.volunteer)) is not None:
            laid.pop(row.id, None)
            if row.state is RecordState.VERIFIED:
                laid[row.id] = Laid(row.started_at.astimezone(self.zone).date(), row.minutes)


def seated(needs: Iterable[Sought], seating: Seating) -> frozenset[VolunteerId]:
    """Whose accounts and counts the commands that ask so may change: those of the places and grants that they name."""
    people: set[VolunteerId] = set()
    for need in needs:
        match need:
            case PlaceSought(place) if claimed := seating.places.get(place):
                people.add(claimed.volunteer)
            case GrantSought(grant) if granted := seating.grants.get(grant):
                people.add(granted.volunteer)
            case _:
                pass
    return frozenset(people)

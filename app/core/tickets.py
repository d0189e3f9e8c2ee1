"""Tickets (入场券) at the door: each once. Of many scanners one lets in; the others learn when, and at which door."""

from dataclasses import dataclass, replace

from app.core.book import Accepted, Book, Decision, Needs
from app.core.canonical import format_instant
from app.core.codes import Code, Rejected
from app.core.ids import TeamId, format_id
from app.core.quantities import Instant
from app.core.rounds import Place, PlaceState, Round, TicketHash
from app.core.seating import TicketSought


@dataclass(frozen=True, slots=True, kw_only=True)
class Attend:
    """A ticket is shown at a door. `teams`: at whose events the scanner may stand; None: at any."""

    code: TicketHash
    door: str
    teams: frozenset[TeamId] | None

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(seating=frozenset((TicketSought(self.code),)))


def decide_attend(command: Attend, book: Book, at: Instant) -> Decision:
    """Decide an entry. The first of: unknown at this door, no place, used, doors not open."""
    found = book.seating.tickets[command.code]
    place = book.seating.places[found] if found else None
    terms = book.seating.rounds[place.round] if place else None
    if place is None or terms is None or (command.teams is not None and terms.team not in command.teams):
        return Rejected(Code.TICKET_NOT_EXIST)
    if refusal := _refuse(place, terms, at):
        return refusal
    return Accepted(
        rows=(replace(place, attended_at=at, door=command.door),),
        answer={"place": format_id("plc", place.id), "seat": place.seat, "attended_at": format_instant(at)},
    )


def _refuse(place: Place, terms: Round, at: Instant) -> Rejected | None:
    if place.attended_at is not None:
        return Rejected(Code.ALREADY_USED, {"used_at": format_instant(place.attended_at), "door": place.door or ""})
    if place.state is not PlaceState.HELD:
        return Rejected(Code.STATE_CONFLICT, {"state": place.state.value})
    if terms.doors_at is None or terms.ends_at is None:
        return Rejected(Code.ROUND_NOT_OPEN)
    if not terms.doors_at <= at < terms.ends_at:
        times = {"opens_at": format_instant(terms.doors_at), "closes_at": format_instant(terms.ends_at)}
        return Rejected(Code.ROUND_NOT_OPEN, times)
    return None

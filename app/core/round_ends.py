"""What is changed of a round while people claim it: more places, and its end."""

from dataclasses import dataclass, replace

from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.ids import RoundId, format_id
from app.core.quantities import Instant
from app.core.rounds import Round, RoundStand
from app.core.seating import QueueSought, RoundSought
from app.core.seats import move_up


@dataclass(frozen=True, slots=True, kw_only=True)
class EnlargeRound:
    """A round gets more places: those who wait move up at once. It never gets fewer, for they may be taken."""

    round: RoundId
    capacity: int

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(seating=frozenset((QueueSought(self.round),)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRound:
    """Nobody claims a place any more, and nobody moves up. Places that are held stay."""

    round: RoundId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(seating=frozenset((RoundSought(self.round),)))


def decide_enlarge_round(command: EnlargeRound, book: Book, at: Instant) -> Decision:
    """Decide a new capacity: larger than before, of a round that is published and not closed."""
    terms = book.seating.rounds[command.round]
    if terms is None or terms.published_at is None:
        return Rejected(Code.NOT_FOUND)
    stand = book.seating.stand_of(terms)
    if refusal := _refuse_closed(terms, stand):
        return refusal
    if command.capacity <= stand.capacity:
        return Rejected(Code.STATE_CONFLICT, {"capacity": stand.capacity})
    rows = move_up(terms, replace(stand, capacity=command.capacity), book, at)
    return Accepted(
        rows=rows,
        answer={"round": format_id("rnd", terms.id), "capacity": command.capacity, "moved_up": len(rows) - 1},
    )


def decide_close_round(command: CloseRound, book: Book, at: Instant) -> Decision:
    """Decide the end of a round. Closed twice is closed."""
    terms = book.seating.rounds[command.round]
    if terms is None or terms.published_at is None:
        return Rejected(Code.NOT_FOUND)
    answer = {"round": format_id("rnd", terms.id)}
    stand = book.seating.stand_of(terms)
    if stand.closed_at is not None:
        return Accepted(answer=answer)
    return Accepted(rows=(replace(stand, closed_at=at),), answer=answer)


def _refuse_closed(terms: Round, stand: RoundStand) -> Rejected | None:
    return Rejected(Code.STATE_CONFLICT, {"state": "closed", "capacity": terms.capacity}) if stand.closed_at else None

"""Drawing lots (抽签) so that anybody can draw them again.

Before the round opens, the hash of a seed is published; entries close; then the seed is told, and the order of the
entries is that of SHA-256(seed | entry id). The seed was fixed before anybody could enter, and the entries before the
seed was known: neither can be chosen to suit the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from app.core.book import Accepted, Book, Decision, Needs
from app.core.canonical import format_instant
from app.core.codes import Code, Rejected
from app.core.ids import RoundId, format_id
from app.core.quantities import Instant
from app.core.rounds import Place, PlaceState, Round, RoundMode, RoundStand
from app.core.seating import QueueSought
from app.core.seats import seat_or_wait


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawLots:
    """The entries of a lottery are put in order: the first get the places, the others wait in that order."""

    round: RoundId
    seed: bytes

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(seating=frozenset((QueueSought(self.round),)))


def hash_seed(seed: bytes) -> bytes:
    """What is published of a seed beforehand."""
    return sha256(seed).digest()


def lot_of(seed: bytes, entry: str) -> str:
    """The lot of one entry, in hexadecimal digits: SHA-256 of the seed's digits, a bar, and the entry's id."""
    return sha256(f"{seed.hex()}|{entry}".encode()).hexdigest()


def draw_lots(seed: bytes, entries: Iterable[str]) -> Sequence[str]:
    """The entries in the order of their lots: the same from anybody's hands, in whatever order they are listed."""
    return sorted(entries, key=lambda entry: lot_of(seed, entry))


def decide_draw_lots(command: DrawLots, book: Book, at: Instant) -> Decision:
    """Decide a draw: once, when entries are closed, with the seed whose hash was published."""
    terms = book.seating.rounds[command.round]
    if terms is None or terms.published_at is None or terms.mode is not RoundMode.LOTTERY:
        return Rejected(Code.NOT_FOUND)
    stand = book.seating.stand_of(terms)
    if refusal := _refuse(command, terms, stand, at):
        return refusal
    entries = {format_id("plc", each.id): each for each in book.seating.in_state(terms.id, PlaceState.ENTERED)}
    drawn: list[Place] = []
    stand = replace(stand, drawn_at=at, seed=command.seed, entered=0)
    for number, entry in enumerate(draw_lots(command.seed, entries), start=1):
        stand, place = seat_or_wait(replace(entries[entry], drawn=number), stand, at)
        drawn.append(place)
    return Accepted(
        rows=(stand, *drawn),
        answer={"round": format_id("rnd", terms.id), "entries": len(drawn), "places": stand.taken},
    )


def _refuse(command: DrawLots, terms: Round, stand: RoundStand, at: Instant) -> Rejected | None:
    if hash_seed(command.seed) != terms.seed_hash:
        return Rejected(Code.STATE_CONFLICT, {"state": "another seed was published"})
    if at < terms.closes_at:
        return Rejected(Code.ROUND_NOT_OPEN, {"closes_at": format_instant(terms.closes_at)})
    if stand.drawn_at is not None or stand.closed_at is not None or terms.has_begun(at):
        return Rejected(Code.STATE_CONFLICT, {"state": "drawn" if stand.drawn_at else "closed"})
    return None

"""What the rules of suspicion look at (疑点): a record beside those of the same volunteer around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo

from app.core.ids import UserId, format_id
from app.core.quantities import Instant, Minutes
from app.core.record_items import Served
from app.core.reviews import Stretch, minutes_by_day
from app.core.suspicions import EntryFacts, Mark, Neighbour


@dataclass(frozen=True, slots=True)
class Clearing:
    """That somebody looked into a mark and found it harmless (排除疑点): who, when and why."""

    by: UserId
    at: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class SetMark:
    """A mark as it stands: open, or cleared."""

    mark: Mark
    clearing: Clearing | None = None


_MINUTE = timedelta(minutes=1)
NOBODY_ENTERED = 0
"""For records that no person entered one by one: the rule about mass entry has nothing to say of them."""


def facts_of(served: Served, near: Sequence[Served], zone: tzinfo, entries_lately: int) -> EntryFacts:
    """The facts of a record. `near` is without the record itself."""
    return EntryFacts(
        minutes_by_day=minutes_by_day(_stretch(served), [_stretch(other) for other in near], zone),
        entries_lately=entries_lately,
        place=served.place,
        neighbours=tuple(_neighbour(served, other) for other in near),
    )


def _stretch(served: Served) -> Stretch:
    return Stretch(served.started_at, served.ended_at, Minutes(served.minutes))


def _neighbour(served: Served, other: Served) -> Neighbour:
    apart = max(served.started_at - other.ended_at, other.started_at - served.ended_at, timedelta())
    return Neighbour(format_id("rec", other.id), apart // _MINUTE, other.place)

"""Suspicion (疑点): rules over facts that mark a record for its reviewer, and never refuse it.

Each rule answers with the figures that made it speak; the words are the edge's. The limits are data.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from app.core.codes import Detail


class Suspicion(StrEnum):
    """What is odd about a record."""

    IMPOSSIBLE_DAY = "impossible-day"
    MASS_ENTRY = "mass-entry"
    TWO_PLACES = "two-places"
    VERIFIER_SPIKE = "verifier-spike"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspicionLimits:
    """From where on a rule speaks. Each is the most that is still ordinary."""

    day_minutes: int = 16 * 60
    entries: int = 60
    entries_within_min: int = 10
    travel_min: int = 30
    """Between two regions so much time is needed at least."""
    spike_times: int = 5
    """So many times the verifier's own average."""
    spike_floor: int = 50
    """Fewer verifications a day than this are never a spike."""


class Place(NamedTuple):
    """Where a service was given: region code and place, each empty where nobody said."""

    region: str
    name: str


SOMEWHERE = Place("", "")
"""A place that nobody named."""


class Neighbour(NamedTuple):
    """Another record of the same volunteer: minutes between the two, 0 when they touch, and where it was."""

    record: str
    gap_min: int
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """What the rules look at when a record is entered."""

    minutes_by_day: Mapping[date, int] = field(default_factory=dict)
    """All that the volunteer has given on the days of the record, the record included."""
    entries_lately: int = 1
    """How many records the same enterer has entered within the window, this one included."""
    place: Place = SOMEWHERE
    neighbours: Sequence[Neighbour] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A rule that spoke, with its figures."""

    kind: Suspicion
    figures: Detail


def _impossible_day(facts: EntryFacts, limits: SuspicionLimits) -> Detail | None:
    day, minutes = max(facts.minutes_by_day.items(), key=lambda item: (item[1], item[0]), default=(date.min, 0))
    if minutes <= limits.day_minutes:
        return None
    return {"day": day.isoformat(), "minutes": minutes, "limit": limits.day_minutes}


def _mass_entry(facts: EntryFacts, limits: SuspicionLimits) -> Detail | None:
    if facts.entries_lately <= limits.entries:
        return None
    return {"entries": facts.entries_lately, "within_min": limits.entries_within_min, "limit": limits.entries}


def _two_places(facts: EntryFacts, limits: SuspicionLimits) -> Detail | None:
    for other in facts.neighbours:
        if _is_elsewhere(facts.place, other, limits):
            return {"record": other.record, "gap_min": other.gap_min}
    return None


def _is_elsewhere(place: Place, other: Neighbour, limits: SuspicionLimits) -> bool:
    """Another region within less than the way there, or another place with no time between at all."""
    if place.region and other.place.region and place.region != other.place.region:
        return other.gap_min < limits.travel_min
    named = place.name and other.place.name
    return bool(named) and place.name != other.place.name and other.gap_min == 0


Rule = Callable[[EntryFacts, SuspicionLimits], Detail | None]
ENTRY_RULES: Mapping[Suspicion, Rule] = MappingProxyType(
    {
        Suspicion.IMPOSSIBLE_DAY: _impossible_day,
        Suspicion.MASS_ENTRY: _mass_entry,
        Suspicion.TWO_PLACES: _two_places,
    }
)
"""The rules that look at a record when it is entered."""


def mark_entry(facts: EntryFacts, limits: SuspicionLimits) -> tuple[Mark, ...]:
    """The marks of a record just entered."""
    spoken = ((kind, rule(facts, limits)) for kind, rule in ENTRY_RULES.items())
    return tuple(Mark(kind, figures) for kind, figures in spoken if figures is not None)


def mark_verification(today: int, before: Sequence[int], limits: SuspicionLimits) -> tuple[Mark, ...]:
    """The mark of a record just verified, when its verifier does far more today than on the days before.

    `before` are the counts of the earlier days on which they verified anything; without any there is no average to
    be far from.
    """
    if not before or today <= limits.spike_floor or today * len(before) <= limits.spike_times * sum(before):
        return ()
    average = sum(before) // len(before)
    return (Mark(Suspicion.VERIFIER_SPIKE, {"today": today, "average": average, "limit_times": limits.spike_times}),)

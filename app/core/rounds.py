"""Rounds (批次、场次): a benefit's batch or an event with so many places, who claims them, and who waits.

The terms of a round are data that people set; what is taken of it is a limited quantity that only commands change.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, NewType

from app.core.ids import BenefitGrantId, PlaceId, RoundId, TeamId, VolunteerId
from app.core.quantities import Instant, Minutes

TicketHash = NewType("TicketHash", bytes)


class RoundMode(StrEnum):
    """How places are given: to the first who come, by lot, or by people who review applications."""

    FIRST_COME = "first_come"
    LOTTERY = "lottery"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The terms of one round, for one version of a benefit.

    `person_max` places of it may one person have, `year_max` of the benefit in a calendar year (None: no limit).
    Tickets are taken from `doors_at` to `ends_at`; until `starts_at` a place can be given back and the next moves up.
    A batch that is no event has none of the three. `team`: whose people stand at the doors; None: administrators.
    """

    id: RoundId
    benefit: str
    benefit_version: str
    mode: RoundMode
    capacity: int
    opens_at: Instant
    closes_at: Instant
    person_max: int = 1
    year_max: int | None = None
    doors_at: Instant | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    team: TeamId | None = None
    seed_hash: bytes | None = None
    """SHA-256 of a lottery's seed: published with the round, before anybody can enter."""
    published_at: Instant | None = None

    def has_begun(self, at: Instant) -> bool:
        """Whether the event has begun: from then on nobody moves up."""
        return self.starts_at is not None and at >= self.starts_at


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStand:
    """What is taken of a round. `number` is the last that was given out, `seats` the highest, `freed` come back."""

    round: RoundId
    capacity: int
    entered: int = 0
    waiting: int = 0
    taken: int = 0
    number: int = 0
    seats: int = 0
    freed: tuple[int, ...] = ()
    drawn_at: Instant | None = None
    seed: bytes | None = None
    closed_at: Instant | None = None

    @property
    def left(self) -> int:
        """The places that can still be given."""
        return self.capacity - self.taken


class PlaceState(StrEnum):
    """The life of a claim: entered for the draw, waiting, held; given back by its person, or ended with the list."""

    ENTERED = "entered"
    WAITING = "waiting"
    HELD = "held"
    RELEASED = "released"
    LAPSED = "lapsed"
    REVOKED = "revoked"


LIVE = frozenset((PlaceState.ENTERED, PlaceState.WAITING, PlaceState.HELD))
"""The states in which a claim counts against its person's limits."""


class Rank(NamedTuple):
    """Where somebody waits: by the draw's order where lots were drawn, then stars, minutes, the day of application."""

    drawn: int
    stars_below: int
    minutes_below: int
    submitted_at: Instant
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One person's claim on a round. `number` is the order in which claims came; `drawn` the lot's place in the draw.

    `stars`, `minutes` and `submitted_at` are of the frozen facts of a reviewed application: they order those who wait.
    """

    id: PlaceId
    round: RoundId
    volunteer: VolunteerId
    state: PlaceState
    number: int
    claimed_at: Instant
    facts_hash: bytes
    submitted_at: Instant
    stars: int = 0
    minutes: Minutes = Minutes(0)
    drawn: int | None = None
    grant: BenefitGrantId | None = None
    code: TicketHash | None = None
    seat: int | None = None
    held_at: Instant | None = None
    ended_at: Instant | None = None
    attended_at: Instant | None = None
    door: str | None = None

    @property
    def rank(self) -> Rank:
        """Its place among those who wait: the smallest is the next."""
        return Rank(self.drawn or 0, -self.stars, -self.minutes, self.submitted_at, self.number)

"""What a back-test (回测) reports: points under a draft beside what was really credited. Pure; integers only.

A tally counts each record once, under every heading, so that months, towns, categories, levels and stars add up to
the same totals. Tallies of different volunteers can be put together in any order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from heapq import nsmallest
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from app.core.quantities import BrokenInvariant

LARGEST = 10
"""How many of the largest differences are named, each way."""

BUCKETS: tuple[int | None, ...] = (None, -999, -99, -9, 0, 1, 10, 100, 1000)
"""The least difference of each class of the distribution: -1000 and less, -999 to -100, …, 1000 and more."""


class Heading(StrEnum):
    """By what points are told."""

    MONTH = "month"
    TOWN = "town"
    CATEGORY = "category"
    LEVEL = "level"
    STARS = "stars"
    VERSION = "version"
    """The version of the policy that priced the record when it was verified, superseded since or not."""


class Cell(NamedTuple):
    """Records, the points that were credited for them, and the points that the draft would have given."""

    records: int = 0
    in_force: int = 0
    draft: int = 0

    def plus(self, other: "Cell") -> "Cell":
        """Both together."""
        return Cell(self.records + other.records, self.in_force + other.in_force, self.draft + other.draft)


class Change(NamedTuple):
    """One volunteer's points under both rules."""

    volunteer: UUID
    in_force: int
    draft: int

    @property
    def difference(self) -> int:
        """What the draft gives more; less than zero when it gives less."""
        return self.draft - self.in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """What caps took: how many records each cap cut, and the points they would have had without any cap."""

    records: Mapping[str, int] = field(default_factory=dict)
    points: int = 0

    def plus(self, other: "Cuts") -> "Cuts":
        """Both together."""
        return Cuts(records=_added(self.records, other.records), points=self.points + other.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Who gets more, less, the same: how many volunteers, how many points, in which classes, and the largest."""

    more: int = 0
    less: int = 0
    same: int = 0
    points_more: int = 0
    points_less: int = 0
    classes: tuple[int, ...] = (0,) * len(BUCKETS)
    winners: tuple[Change, ...] = ()
    losers: tuple[Change, ...] = ()

    @classmethod
    def of(cls, changes: Iterable[Change]) -> "Changes":
        """Those of some volunteers, each named once."""
        listed = list(changes)
        differences = [change.difference for change in listed]
        classes = [0] * len(BUCKETS)
        for difference in differences:
            classes[_class_of(difference)] += 1
        return cls(
            more=sum(difference > 0 for difference in differences),
            less=sum(difference < 0 for difference in differences),
            same=differences.count(0),
            points_more=sum(difference for difference in differences if difference > 0),
            points_less=-sum(difference for difference in differences if difference < 0),
            classes=tuple(classes),
            winners=_largest(change for change in listed if change.difference > 0),
            losers=_largest(change for change in listed if change.difference < 0),
        )

    def plus(self, other: "Changes") -> "Changes":
        """Both together; no volunteer is in both."""
        return Changes(
            more=self.more + other.more,
            less=self.less + other.less,
            same=self.same + other.same,
            points_more=self.points_more + other.points_more,
            points_less=self.points_less + other.points_less,
            classes=tuple(one + two for one, two in zip(self.classes, other.classes, strict=True)),
            winners=_largest(chain(self.winners, other.winners)),
            losers=_largest(chain(self.losers, other.losers)),
        )


def _class_of(difference: int) -> int:
    return sum(least is not None and least <= difference for least in BUCKETS)


def _largest(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The largest differences first; of equal ones the order is that of the ids, so a report repeats exactly."""
    return tuple(nsmallest(LARGEST, changes, key=lambda change: (-abs(change.difference), change.volunteer.int)))


def _added(one: Mapping[str, int], two: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + two.get(name, 0) for name in sorted({*one, *two})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted: the same records under each heading, those that have no price, caps, winners and losers."""

    by: Mapping[Heading, Mapping[str, Cell]] = field(default_factory=dict)
    unpriced: Mapping[str, int] = field(default_factory=dict)
    cuts_in_force: Cuts = Cuts()
    cuts_draft: Cuts = Cuts()
    changes: Changes = Changes()

    @property
    def total(self) -> Cell:
        """All records. Raises BrokenInvariant when two headings do not add up to the same."""
        sums = {total_of(self.by.get(heading, {})) for heading in Heading}
        if len(sums) > 1:
            raise BrokenInvariant(f"the headings of a back-test add up to different totals: {sorted(sums)}")
        return sums.pop()

    @property
    def volunteers(self) -> int:
        """How many volunteers the records are of."""
        return self.changes.more + self.changes.less + self.changes.same

    def plus(self, other: "Tally") -> "Tally":
        """Both together; no volunteer is in both."""
        return Tally(
            by={heading: _together(self.by.get(heading, {}), other.by.get(heading, {})) for heading in Heading},
            unpriced=_added(self.unpriced, other.unpriced),
            cuts_in_force=self.cuts_in_force.plus(other.cuts_in_force),
            cuts_draft=self.cuts_draft.plus(other.cuts_draft),
            changes=self.changes.plus(other.changes),
        )


def total_of(cells: Mapping[str, Cell]) -> Cell:
    """The sum of one heading."""
    total = Cell()
    for cell in cells.values():
        total = total.plus(cell)
    return total


def _together(one: Mapping[str, Cell], two: Mapping[str, Cell]) -> dict[str, Cell]:
    return {name: one.get(name, Cell()).plus(two.get(name, Cell())) for name in sorted({*one, *two})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """A fund's free balance, and what it came to owe for redemptions in the period, refunds taken off. In fen."""

    fund: UUID
    balance_fen: int
    spent_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Runway:
    """The day a fund would run dry under both rules; None: never."""

    fund: UUID
    balance_fen: int
    spent_fen: int
    dry_in_force: date | None
    dry_draft: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A back-test's outcome. Liability is `points x fen_per_hundred_points / 100`, rounded down once on the total."""

    since: date
    until: date
    as_of: date
    tally: Tally
    attested: int
    fen_per_hundred_points: int
    liability_in_force_fen: int
    liability_draft_fen: int
    runways: tuple[Runway, ...]


def make_report(
    tally: Tally, *, since: date, until: date, as_of: date, attested: int, rate: int, drains: Iterable[Drain]
) -> Report:
    """Put a report together; what does not add up raises BrokenInvariant."""
    total = tally.total
    days = (until - since).days + 1
    return Report(
        since=since,
        until=until,
        as_of=as_of,
        tally=tally,
        attested=attested,
        fen_per_hundred_points=rate,
        liability_in_force_fen=total.in_force * rate // 100,
        liability_draft_fen=total.draft * rate // 100,
        runways=tuple(_runway(drain, total, days, as_of) for drain in drains),
    )


def _runway(drain: Drain, total: Cell, days: int, as_of: date) -> Runway:
    """In the period, the fund paid `spent_fen` while `in_force` points were credited: so much a day, so much a point.

    With the draft as many fen are spent for each point credited, so the pace goes with the points.
    """
    return Runway(
        fund=drain.fund,
        balance_fen=drain.balance_fen,
        spent_fen=drain.spent_fen,
        dry_in_force=_dry_on(drain, days, as_of, 1, 1),
        dry_draft=_dry_on(drain, days, as_of, total.draft, total.in_force),
    )


def _dry_on(drain: Drain, days: int, as_of: date, points: int, per: int) -> date | None:
    pace = drain.spent_fen * points
    if pace <= 0 or per <= 0:
        return None
    left = max(0, drain.balance_fen) * days * per // pace
    return as_of + timedelta(days=left) if left <= (date.max - as_of).days else None

"""Counting the records of a back-test: each once, under every heading, both ways of pricing side by side. Pure."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from app.core.policies import Service, Standing
from app.core.policies.back_test_reports import Cell, Change, Changes, Cuts, Heading, Tally
from app.core.quantities import Instant, Minutes
from app.core.stars import StarScale

NO_COEFFICIENT = "NO_COEFFICIENT"
"""The draft has no coefficient for the record's level: it gives nothing for it."""


class PastRecord(NamedTuple):
    """A record as it was verified and priced. What the order asked for does not need is left empty."""

    seq: int
    """Of the transaction that verified it."""
    volunteer: UUID
    day: date
    minutes: int
    level: int
    category: str
    organiser: bool
    activity: str
    region: str
    town: str
    counted: int
    points: int
    policy: str
    hours: int
    """Verified minutes of the volunteer as they are now."""
    gone_seq: int | None = None
    """Of the transaction that withdrew it; None for one that stands."""
    overlay_region: str = ""
    overlay_points: int = 0
    cut: tuple[Service, Standing] | None = None
    """What it was priced from, where a cap cut it."""
    ended_at: Instant | None = None
    verified_at: Instant | None = None
    expires_on: date | None = None

    @property
    def service(self) -> Service:
        """The facts that a price depends on."""
        return Service(
            minutes=Minutes(self.minutes),
            level=self.level,
            day=self.day,
            category=self.category,
            organiser=self.organiser,
            activity=self.activity,
            region=self.region,
        )


_PARTS = (Heading.MONTH, Heading.TOWN, Heading.CATEGORY, Heading.LEVEL, Heading.STARS, Heading.VERSION)
"""A record is counted once under all of these together; a heading is one part of the key."""


class Counts:
    """Counts records one after the other; the tally is what they come to."""

    def __init__(self, stars: StarScale) -> None:
        self._stars = stars
        self._stars_of: dict[int, int] = {}
        self._cells: dict[tuple[int, str, str, int, int, str], list[int]] = {}
        self._sums: dict[UUID, list[int]] = {}
        self._unpriced = 0
        self._cut_records: tuple[dict[str, int], dict[str, int]] = ({}, {})
        self._cut_points = [0, 0]

    def add(self, past: PastRecord, points: int | None) -> None:
        """Count a record with what the draft gives; None where it has no price for it."""
        day = past.day
        stars = self._stars_of.get(past.hours)
        if stars is None:
            stars = self._stars_of[past.hours] = self._stars.stars(past.hours)
        key = (day.year * 100 + day.month, past.town, past.category, past.level, stars, past.policy)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = [0, 0, 0]
        sums = self._sums.get(past.volunteer)
        if sums is None:
            sums = self._sums[past.volunteer] = [0, 0]
        cell[0] += 1
        cell[1] += past.points
        sums[0] += past.points
        if points is None:
            self._unpriced += 1
        else:
            cell[2] += points
            sums[1] += points

    def add_cut(self, cuts: tuple[str, ...], lost: int, *, draft: bool) -> None:
        """Count which caps have cut a record, and what it lost to them: by the draft, or by the policy in force."""
        records = self._cut_records[draft]
        for kind in cuts:
            records[kind] = records.get(kind, 0) + 1
        self._cut_points[draft] += lost

    def tally(self) -> Tally:
        """What was counted so far."""
        in_force, draft = (
            Cuts(records=records, points=points)
            for records, points in zip(self._cut_records, self._cut_points, strict=True)
        )
        return Tally(
            by={heading: self._by(heading) for heading in Heading},
            unpriced={NO_COEFFICIENT: self._unpriced} if self._unpriced else {},
            cuts_in_force=in_force,
            cuts_draft=draft,
            changes=Changes.of(Change(volunteer, *sums) for volunteer, sums in self._sums.items()),
        )

    def _by(self, heading: Heading) -> dict[str, Cell]:
        position = _PARTS.index(heading)
        cells: dict[str, Cell] = {}
        for key, counted in sorted(self._cells.items()):
            name = _month(key[0]) if heading is Heading.MONTH else str(key[position])
            cells[name] = cells.get(name, Cell()).plus(Cell(*counted))
        return cells


def _month(number: int) -> str:
    return f"{number // 100:04d}-{number % 100:02d}"

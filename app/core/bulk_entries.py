"""Records that arrive many at once (批量录入), decided one after the other, each seeing those before it.

Pure. A row that is refused changes nothing for the others. A number of another system stands for one record: told
again it is the same record, told otherwise it is refused.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from typing import NamedTuple, assert_never

from app.core.codes import Code, Detail, Rejected
from app.core.entering import NEAR, Telling, count_time, decide_entry
from app.core.ids import RecordId, TeamId, VolunteerId
from app.core.marks import facts_of
from app.core.quantities import Instant
from app.core.record_items import Filing, Served
from app.core.record_numbers import RecordNumber
from app.core.suspicions import EntryFacts
from app.core.working_days import RECORDING_DAYS, WorkingCalendar, deadline


class Fault(NamedTuple):
    """What is wrong with a field of a row: where, and what was expected. Never what stood there."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was refused by itself, before anything was looked up."""

    code: Code
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A row that was understood, with its number elsewhere if it has one."""

    telling: Telling
    number: RecordNumber | None = None


BulkRow = RefusedRow | ToldRow


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What became of a row: its record, or why it was refused. `added`: the record is new."""

    record: RecordId | None = None
    code: Code | None = None
    detail: Detail = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    added: bool = False


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to write: its number, and the facts its marks follow from (`entries_lately`: within these rows)."""

    filing: Filing
    number: RecordNumber | None
    facts: EntryFacts


class Neighbourhood:
    """The records of some volunteers in the order they began; those that last longer than a day stand apart."""

    def __init__(self, records: Iterable[tuple[VolunteerId, Served]] = ()) -> None:
        self._short: dict[VolunteerId, list[tuple[Instant, RecordId, Served]]] = defaultdict(list)
        self._long: dict[VolunteerId, list[Served]] = defaultdict(list)
        for volunteer, served in records:
            self.add(volunteer, served)

    def add(self, volunteer: VolunteerId, served: Served) -> None:
        """Take a record in."""
        if served.ended_at - served.started_at > NEAR:
            self._long[volunteer].append(served)
        else:
            insort(self._short[volunteer], (served.started_at, served.id, served), key=_place_in_time)

    def between(self, volunteer: VolunteerId, since: Instant, until: Instant) -> list[Served]:
        """Those that share time with a period, in the order they began."""
        short = self._short[volunteer]
        first = bisect_left(short, (since - NEAR,), key=_begin_only)
        last = bisect_left(short, (until,), key=_begin_only)
        found = [served for _, _, served in short[first:last] if served.ended_at > since]
        found += [each for each in self._long[volunteer] if each.started_at < until and each.ended_at > since]
        return sorted(found, key=lambda served: (served.started_at, served.id))


def _place_in_time(entry: tuple[Instant, RecordId, Served]) -> tuple[Instant, RecordId]:
    return entry[:2]


def _begin_only(entry: tuple[Instant, RecordId, Served]) -> tuple[Instant]:
    return entry[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """All that was looked up for some rows. Numbers and neighbours grow while the rows are decided."""

    people: Mapping[VolunteerId, date | None]
    """Those who are there, with the day of birth where it is known."""
    teams: frozenset[TeamId]
    """Those that are there and within the part of whoever enters."""
    numbers: dict[RecordNumber, Filing]
    near: Neighbourhood
    zone: tzinfo
    calendar: WorkingCalendar


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of some rows: an answer for each, in order, and the records to write."""

    answers: tuple[RowAnswer, ...]
    new: tuple[NewRecord, ...]


def decide_rows(rows: Sequence[BulkRow], ground: Ground) -> Decided:
    """Decide rows in order: as many requests of one row would have been decided one after the other."""
    answers: list[RowAnswer] = []
    new: list[NewRecord] = []
    for row in rows:
        match row:
            case RefusedRow():
                answers.append(RowAnswer(code=row.code, faults=row.faults))
            case ToldRow():
                decided = _decide_row(row, ground, len(new) + 1)
                answers.append(_answer(decided))
                if isinstance(decided, NewRecord):
                    new.append(decided)
            case _:
                assert_never(row)
    return Decided(tuple(answers), tuple(new))


def _answer(decided: NewRecord | RecordId | Rejected) -> RowAnswer:
    if isinstance(decided, NewRecord):
        return RowAnswer(record=decided.filing.record.id, added=True)
    if isinstance(decided, Rejected):
        return RowAnswer(code=decided.code, detail=decided.detail)
    return RowAnswer(record=decided)


def _decide_row(row: ToldRow, ground: Ground, entries: int) -> NewRecord | RecordId | Rejected:
    """A new record, the one that is there under this number, or the first refusal: volunteer, team, number, rules."""
    telling, record = row.telling, row.telling.filing.record
    if record.volunteer not in ground.people:
        return Rejected(Code.NOT_FOUND, {"volunteer_id": record.volunteer.hex})
    if record.team not in ground.teams:
        return Rejected(Code.NOT_FOUND, {"team_id": record.team.hex})
    if row.number and (known := ground.numbers.get(row.number)):
        again = count_time(telling, ground.zone)
        same = isinstance(again, Filing) and known.says_the_same(again)
        return known.record.id if same else Rejected(Code.EXTERNAL_NO_USED)
    near = ground.near.between(record.volunteer, telling.begins, telling.ends)
    counted = decide_entry(telling, ground.people[record.volunteer], near, ground.zone)
    if isinstance(counted, Rejected):
        return counted
    due_at = deadline(record.ended_at, RECORDING_DAYS, ground.calendar, ground.zone)
    filing = replace(counted, items=replace(counted.items, due_at=due_at))
    ground.near.add(record.volunteer, filing.served)
    if row.number:
        ground.numbers[row.number] = filing
    return NewRecord(filing, row.number, facts_of(filing.served, near, ground.zone, entries))

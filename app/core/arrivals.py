"""What is looked at when a record arrives from elsewhere: its number, its team, and when its volunteer was busy."""

from dataclasses import dataclass, field
from typing import NamedTuple

from app.core.check_ins import CheckIn
from app.core.ids import RecordId, TeamId, VolunteerId
from app.core.quantities import Instant, Minutes
from app.core.record_numbers import RecordNumber
from app.core.rows import ImportedRecord, RecordState, ServiceRecord


class Arrival(NamedTuple):
    """What must be looked up before a record that arrives can be decided."""

    number: RecordNumber
    volunteer: VolunteerId
    team: TeamId
    begin: Instant
    end: Instant


class KnownRecord(NamedTuple):
    """A record that has come before, as far as it says whether the same came again."""

    id: RecordId
    volunteer: VolunteerId
    team: TeamId
    minutes: Minutes
    started_at: Instant
    ended_at: Instant

    def says_the_same(self, record: ServiceRecord) -> bool:
        """Whether a record that arrives under this number is this one."""
        told = (record.volunteer, record.team, record.minutes, record.started_at, record.ended_at)
        return told == self[1:]


@dataclass(slots=True)
class Arrivals:
    """What was looked up: None where nothing was found, so that it differs from what nobody asked for."""

    numbers: dict[RecordNumber, KnownRecord | None] = field(default_factory=dict)
    busy: dict[VolunteerId, dict[RecordId, tuple[CheckIn, ...]] | None] = field(default_factory=dict)
    """When volunteers served about the time that was asked for: stays of records that count or are about to."""
    teams: dict[TeamId, bool] = field(default_factory=dict)

    def note_arrival(self, row: ImportedRecord) -> None:
        """Take an arrived record in."""
        record = row.record
        self.numbers[row.number] = KnownRecord(
            record.id, record.volunteer, record.team, record.minutes, record.started_at, record.ended_at
        )
        if (busy := self.busy.get(record.volunteer)) is not None:
            busy[record.id] = stays_of(row)

    def note_change(self, record: ServiceRecord) -> None:
        """Take in that a record changed its state, or replaces another."""
        busy = self.busy.get(record.volunteer)
        if busy is None:
            return
        before = busy.pop(record.id, None)
        if record.replaces and before is None:
            before = busy.pop(record.replaces, None)
        if record.state in {RecordState.ENTERED, RecordState.VERIFIED}:
            busy[record.id] = before or (CheckIn(record.started_at, record.ended_at),)

    def take_in(self, looked_up: "Arrivals") -> None:
        """Add what was looked up for more arrivals; what has arrived meanwhile stays."""
        for number, known in looked_up.numbers.items():
            if self.numbers.get(number) is None:
                self.numbers[number] = known
        for volunteer, busy in looked_up.busy.items():
            before = self.busy.get(volunteer)
            if before is None or busy is None:
                self.busy[volunteer] = busy
            else:
                before.update(busy)
        self.teams.update(looked_up.teams)

    def recall(self, kept: "Arrivals") -> None:
        """Add what was kept in mind to what was looked up."""
        for number in self.numbers:
            self.numbers[number] = self.numbers[number] or kept.numbers.get(number)
        for volunteer, busy in self.busy.items():
            if busy is not None:
                busy.update(kept.busy.get(volunteer) or {})


def stays_of(row: ImportedRecord) -> tuple[CheckIn, ...]:
    """When the volunteer was there: the check-ins, or else the whole period."""
    return row.items.check_ins or (CheckIn(row.record.started_at, row.record.ended_at),)

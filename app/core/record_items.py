"""What is told of a service record beside the figures that decisions read: the items of order 67 (Art. 7)."""

from dataclasses import dataclass
from datetime import datetime

from app.core.check_ins import CheckIn
from app.core.ids import RecordId
from app.core.minors import Guardian
from app.core.quantities import Instant
from app.core.rows import ServiceRecord
from app.core.suspicions import SOMEWHERE, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordItems:
    """The items of order 67 that no decision of the ledger depends on; empty where nobody said."""

    place: str = ""
    content: str = ""
    in_charge: str = ""
    """A reference (`usr_…`, `vol_…`), never a name."""
    guardian: Guardian = Guardian.NONE
    hazardous: bool = False
    check_ins: tuple[CheckIn, ...] = ()
    due_at: datetime | None = None
    """Until when the record had to be entered; None: nobody counted."""


NOTHING = RecordItems()


@dataclass(frozen=True, slots=True)
class Served:
    """A record that is there, as far as another one of the same volunteer is judged by it."""

    id: RecordId
    started_at: Instant
    ended_at: Instant
    minutes: int
    activity_id: str = ""
    check_ins: tuple[CheckIn, ...] = ()
    place: Place = SOMEWHERE

    @property
    def stays(self) -> tuple[CheckIn, ...]:
        """When the volunteer was there: the check-ins, or else the whole period."""
        return self.check_ins or (CheckIn(self.started_at, self.ended_at),)


@dataclass(frozen=True, slots=True)
class Filing:
    """A record with all that was told of it."""

    record: ServiceRecord
    activity: str
    items: RecordItems = NOTHING

    @property
    def served(self) -> Served:
        """What others of the volunteer are judged by."""
        record = self.record
        return Served(
            record.id,
            record.started_at,
            record.ended_at,
            record.minutes,
            record.activity_id,
            self.items.check_ins,
            Place(record.region, self.items.place),
        )

    def says_the_same(self, other: "Filing") -> bool:
        """Whether both tell the same service, whoever brought it and whatever became of it since."""
        return _told(self) == _told(other)


def _told(filing: Filing) -> tuple[object, ...]:
    record, items = filing.record, filing.items
    return (
        *(record.volunteer, record.team, record.evidence, record.minutes, record.level, record.role),
        *(record.started_at, record.ended_at, record.activity_id, record.category, record.region),
        *(filing.activity, items.place, items.content, items.in_charge, items.guardian, items.hazardous),
        items.check_ins,
    )

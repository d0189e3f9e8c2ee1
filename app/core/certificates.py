"""Certificates of service (志愿服务证明): what the recording units say of a volunteer's verified records.

Who organises records, who records certifies (谁组织谁记录，谁记录谁证明; order 67, Art. 14-17 and 26): the records
stand under the team that organised the activity, and no unit certifies another's. Nothing here is about points.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from app.core.ids import RecordId, TeamId, VolunteerId
from app.core.quantities import Minutes
from app.core.rows import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedRecord:
    """One verified record: which unit organised it, what was done, when, and the time given."""

    id: RecordId
    team: TeamId
    team_name: str
    activity: str
    content: str
    served_on: date
    minutes: Minutes
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class CertifyingUnit:
    """A recording unit (记录单位) with what it certifies, the oldest first."""

    team: TeamId
    name: str
    records: tuple[CertifiedRecord, ...]

    @property
    def minutes(self) -> Minutes:
        """The time that this unit certifies."""
        return Minutes(sum(record.minutes for record in self.records))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """All that one certificate says: of whom, of which days (None: without a limit), by which units."""

    volunteer: VolunteerId
    since: date | None
    until: date | None
    units: tuple[CertifyingUnit, ...]

    @property
    def minutes(self) -> Minutes:
        """The time of all units."""
        return Minutes(sum(unit.minutes for unit in self.units))

    @property
    def records(self) -> tuple[tuple[RecordId, Minutes], ...]:
        """All records it speaks of with their minutes, in the order of their ids."""
        return tuple(sorted((record.id, record.minutes) for unit in self.units for record in unit.records))

    def encode(self) -> bytes:
        """What is said, as bytes: the same records with the same minutes give the same, in whatever order they came."""
        head = ["liyu certificate v1", self.volunteer.hex, str(self.since or ""), str(self.until or "")]
        said = (f"{record.hex} {minutes}" for record, minutes in self.records)
        return "\n".join([*head, *said]).encode()


def certify(
    volunteer: VolunteerId, since: date | None, until: date | None, records: Iterable[CertifiedRecord]
) -> Certified:
    """Put records under the units that organised them."""
    by_team = sorted(records, key=lambda record: (record.team, record.served_on, record.id))
    groups = (tuple(group) for _, group in groupby(by_team, key=lambda record: record.team))
    units = (CertifyingUnit(group[0].team, group[0].team_name, group) for group in groups)
    return Certified(volunteer=volunteer, since=since, until=until, units=tuple(units))


class Validity(StrEnum):
    """What the public check says of a number."""

    VALID = "valid"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


def judge(certified: int, standing: int) -> Validity:
    """Superseded as soon as the certified records no longer stand for all of the minutes; more hours do no harm."""
    return Validity.VALID if standing >= certified else Validity.SUPERSEDED

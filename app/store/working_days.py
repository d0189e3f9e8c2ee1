"""The days that a programme knows better than the announced calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.core.working_days import WorkingCalendar
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day with the programme's own word on it."""

    day: date
    worked: bool
    note: str


_FETCH = text("SELECT day, worked, note FROM working_days WHERE programme_id = :programme ORDER BY day")


async def fetch_own_days(reader: Reader | Tx, programme: ProgrammeId) -> Sequence[OwnDay]:
    """All of the programme's own days."""
    return [OwnDay(*row) for row in await reader.execute(_FETCH, {"programme": programme})]


async def fetch_calendar(reader: Reader | Tx, programme: ProgrammeId) -> WorkingCalendar:
    """The programme's calendar of working days."""
    return WorkingCalendar({own.day: own.worked for own in await fetch_own_days(reader, programme)})


_SET = text("""
INSERT INTO working_days (programme_id, day, worked, note, set_at) VALUES (:programme, :day, :worked, :note, :at)
ON CONFLICT (programme_id, day) DO UPDATE SET worked = excluded.worked, note = excluded.note, set_at = excluded.set_at
""")


async def set_own_day(tx: Tx, programme: ProgrammeId, own: OwnDay, at: datetime) -> None:
    """Say whether a day is worked."""
    await tx.execute(_SET, {"programme": programme, "day": own.day, "worked": own.worked, "note": own.note, "at": at})

"""Rows of a file of service records as typed values: what could not be read is refused by field, the rest stands."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta, tzinfo
from hashlib import sha256

from app.core.check_ins import CheckIn
from app.core.imports import ImportRow
from app.core.minors import Guardian
from app.core.quantities import Instant
from app.core.record_numbers import EXTERNAL_NO_MAX
from app.core.rows import Evidence, ServiceRole
from app.importing.mapping import Layout, Mapping_
from app.importing.values import CellFault, Fault, read_day, read_hours, read_moment, read_whole

TEXT_MAX = {
    "external_no": EXTERNAL_NO_MAX,
    "volunteer": 64,
    "team": 128,
    "activity": 200,
    "activity_id": 64,
    "category": 64,
    "region": 12,
    "place": 200,
    "content": 1000,
    "in_charge": 64,
}
_LEVEL_MAX = 9
_MINUTE = timedelta(minutes=1)
_EVIDENCE = {evidence.value: evidence for evidence in Evidence}
_ROLES = {role.value: role for role in ServiceRole}
_GUARDIANS = {guardian.value: guardian for guardian in Guardian}
_YES_NO = {"yes": True, "no": False}
_DIGEST_CHARS = 32


class RecordReader:
    """Reads the rows of one file."""

    def __init__(self, mapping: Mapping_, layout: Layout, zone: tzinfo) -> None:
        self._at = layout.positions
        self._constants = layout.constants
        self._values = mapping.values
        self._day_begins = mapping.day_begins
        self._zone = zone
        self._numbered = "external_no" in layout.positions
        self._texts = {field: self._text_getter(field) for field in TEXT_MAX}
        self._timed = "start" in layout.positions
        self._guarded, self._dangers = (
            field in layout.positions or field in layout.constants for field in ("guardian", "hazardous")
        )

    def _text_getter(self, field: str) -> Callable[[Sequence[str]], str]:
        position, constant, most = self._at.get(field), self._constants.get(field, ""), TEXT_MAX[field]
        words = self._values.get(field)
        if position is None:
            return lambda _cells: constant

        def get(cells: Sequence[str]) -> str:
            text = cells[position].strip() if position < len(cells) else ""
            text = text or constant
            if len(text) > most:
                raise CellFault(field, Fault.TOO_LONG)
            if "\0" in text:
                raise CellFault(field, Fault.NOT_ALLOWED)
            return words.get(text, text) if words else text

        return get

    def _cell(self, cells: Sequence[str], field: str) -> str:
        position = self._at.get(field)
        text = cells[position].strip() if position is not None and position < len(cells) else ""
        return text or self._constants.get(field, "")

    def _word(self, cells: Sequence[str], field: str) -> str:
        text = self._cell(cells, field)
        return self._values[field].get(text, text)

    def _needed(self, cells: Sequence[str], field: str) -> str:
        text = self._texts[field](cells)
        if not text:
            raise CellFault(field, Fault.MISSING)
        return text

    def read(self, cells: Sequence[str]) -> ImportRow:
        """Read one row. Raises CellFault for the first cell that cannot be read."""
        texts = self._texts
        volunteer, team = self._needed(cells, "volunteer"), self._needed(cells, "team")
        activity = self._needed(cells, "activity")
        stays = self._check_ins(cells)
        evidence = self._evidence(cells, stays)
        began, ended, minutes = self._period(cells, stays)
        level = read_whole(self._word(cells, "level"))
        if level is None or not 1 <= level <= _LEVEL_MAX:
            raise CellFault("level", Fault.UNKNOWN_WORD)
        role = _ROLES.get(self._word(cells, "role"))
        if role is None:
            raise CellFault("role", Fault.UNKNOWN_WORD)
        row = ImportRow(
            external_no=texts["external_no"](cells),
            volunteer_no=volunteer,
            team_no=team,
            started_at=began,
            ended_at=ended,
            minutes=minutes,
            level=level,
            evidence=evidence,
            role=role,
            activity=activity,
            activity_id=texts["activity_id"](cells),
            category=texts["category"](cells),
            region=texts["region"](cells),
            place=texts["place"](cells),
            content=texts["content"](cells),
            in_charge=texts["in_charge"](cells),
            check_ins=stays if evidence is Evidence.CHECKED_IN else (),
            guardian=self._guardian(cells) if self._guarded else Guardian.NONE,
            hazardous=self._hazardous(cells) if self._dangers else False,
        )
        return row if row.external_no else row._replace(external_no=derive_number(row))

    def _guardian(self, cells: Sequence[str]) -> Guardian:
        found = _GUARDIANS.get(self._word(cells, "guardian"))
        if found is None:
            raise CellFault("guardian", Fault.UNKNOWN_WORD)
        return found

    def _hazardous(self, cells: Sequence[str]) -> bool:
        found = _YES_NO.get(self._word(cells, "hazardous"))
        if found is None:
            raise CellFault("hazardous", Fault.UNKNOWN_WORD)
        return found

    def _evidence(self, cells: Sequence[str], stays: tuple[CheckIn, ...]) -> Evidence:
        found = _EVIDENCE.get(self._word(cells, "evidence"))
        if found is None:
            raise CellFault("evidence", Fault.UNKNOWN_WORD)
        if found is Evidence.CHECKED_IN and not stays:
            raise CellFault("check_in", Fault.MISSING)
        return Evidence.CHECKED_IN if found is Evidence.IMPORTED and stays else found

    def _check_ins(self, cells: Sequence[str]) -> tuple[CheckIn, ...]:
        if "check_in" not in self._at:
            return ()
        came, left = self._cell(cells, "check_in"), self._cell(cells, "check_out")
        if not came and not left:
            return ()
        day = self._day(cells)
        return (CheckIn(self._moment("check_in", came, day), self._moment("check_out", left, day)),)

    def _day(self, cells: Sequence[str]) -> date | None:
        text = self._cell(cells, "date")
        if not text:
            return None
        day = read_day(text.partition(" ")[0].partition("T")[0])
        if day is None:
            raise CellFault("date", Fault.NOT_A_DAY)
        return day

    def _moment(self, field: str, text: str, day: date | None) -> Instant:
        moment = read_moment(text, day, self._zone)
        if moment is None:
            raise CellFault(field, Fault.NOT_A_TIME if text else Fault.MISSING)
        return moment

    def _period(self, cells: Sequence[str], stays: tuple[CheckIn, ...]) -> tuple[Instant, Instant, int]:
        """From when to when, and how much of it counts. Check-ins say it best; the end may follow from the duration."""
        told = self._duration(cells)
        if stays:
            [(began, ended)] = stays
            return began, ended, (ended - began) // _MINUTE if told is None else told
        day = self._day(cells)
        start = self._cell(cells, "start") or ("" if day is None else self._day_begins)
        began = self._moment("start" if self._timed or day else "date", start, day)
        end = self._cell(cells, "end")
        if end:
            ended = self._moment("end", end, day)
            return began, ended, (ended - began) // _MINUTE if told is None else told
        if told is None:
            raise CellFault("hours", Fault.MISSING)
        return began, began + told * _MINUTE, told

    def _duration(self, cells: Sequence[str]) -> int | None:
        """The minutes that count, where the row says them: given as minutes, or else as hours."""
        if text := self._cell(cells, "minutes"):
            minutes, field = read_whole(text), "minutes"
        elif text := self._cell(cells, "hours"):
            minutes, field = read_hours(text), "hours"
        else:
            return None
        if minutes is None:
            raise CellFault(field, Fault.NOT_A_DURATION)
        return minutes


def derive_number(row: ImportRow) -> str:
    """The number of a record whose system gave it none: a hash of what makes it this record and no other.

    Volunteer, team, activity, begin, end and minutes. Two rows that agree in all of these are one record.
    """
    period = (row.started_at.isoformat(), row.ended_at.isoformat(), str(row.minutes))
    told = "\x1f".join((row.volunteer_no, row.team_no, row.activity, row.activity_id, *period))
    return "h:" + sha256(told.encode()).hexdigest()[:_DIGEST_CHARS]

"""Rows of files of volunteers and of teams as typed values. Of a person: a number, never a name."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, tzinfo
from typing import NamedTuple

from app.core.quantities import Instant
from app.core.volunteers import VolunteerStatus
from app.importing.mapping import Layout, Mapping_
from app.importing.values import CellFault, Fault, read_day

NUMBER_MAX = 64
NAME_MAX = 100
KIND_MAX = 50
_STATES = {status.value: status for status in VolunteerStatus}


class VolunteerLine(NamedTuple):
    """A volunteer as a file tells of them."""

    external_no: str
    region: str
    team_no: str
    born_on: date | None
    registered_at: Instant | None
    status: VolunteerStatus


class TeamLine(NamedTuple):
    """A team as a file tells of it."""

    external_no: str
    name: str
    kind: str
    region: str
    parent_no: str


class Cells:
    """Looks cells up by field, by the mapping's words and constants."""

    def __init__(self, mapping: Mapping_, layout: Layout) -> None:
        self._at = layout.positions
        self._constants = layout.constants
        self._values = mapping.values

    def cell(self, cells: Sequence[str], field: str, most: int = NUMBER_MAX) -> str:
        """The text of a cell; empty where there is none. Raises CellFault."""
        position = self._at.get(field)
        text = cells[position].strip() if position is not None and position < len(cells) else ""
        text = text or self._constants.get(field, "")
        if len(text) > most:
            raise CellFault(field, Fault.TOO_LONG)
        if "\0" in text:
            raise CellFault(field, Fault.NOT_ALLOWED)
        return self._values.get(field, {}).get(text, text)

    def needed(self, cells: Sequence[str], field: str, most: int = NUMBER_MAX) -> str:
        """The text of a cell that must not be empty."""
        text = self.cell(cells, field, most)
        if not text:
            raise CellFault(field, Fault.MISSING)
        return text

    def day(self, cells: Sequence[str], field: str) -> date | None:
        """The day in a cell; None where it is empty."""
        text = self.cell(cells, field)
        day = read_day(text.partition(" ")[0].partition("T")[0]) if text else None
        if text and day is None:
            raise CellFault(field, Fault.NOT_A_DAY)
        return day


class VolunteerReader:
    """Reads the rows of a file of volunteers."""

    def __init__(self, mapping: Mapping_, layout: Layout, zone: tzinfo) -> None:
        self._cells = Cells(mapping, layout)
        self._zone = zone

    def read(self, cells: Sequence[str]) -> VolunteerLine:
        """Read one row. Raises CellFault."""
        get = self._cells
        status = _STATES.get(get.cell(cells, "status") or VolunteerStatus.ACTIVE.value)
        if status is None:
            raise CellFault("status", Fault.UNKNOWN_WORD)
        registered = get.day(cells, "registered_on")
        return VolunteerLine(
            external_no=get.needed(cells, "external_no"),
            region=get.needed(cells, "region"),
            team_no=get.cell(cells, "team", NAME_MAX),
            born_on=get.day(cells, "born_on"),
            registered_at=datetime.combine(registered, time(), self._zone).astimezone(UTC) if registered else None,
            status=status,
        )


class TeamReader:
    """Reads the rows of a file of teams."""

    def __init__(self, mapping: Mapping_, layout: Layout) -> None:
        self._cells = Cells(mapping, layout)

    def read(self, cells: Sequence[str]) -> TeamLine:
        """Read one row. Raises CellFault."""
        get = self._cells
        return TeamLine(
            external_no=get.needed(cells, "external_no"),
            name=get.needed(cells, "name", NAME_MAX),
            kind=get.cell(cells, "kind", KIND_MAX),
            region=get.needed(cells, "region"),
            parent_no=get.cell(cells, "parent"),
        )

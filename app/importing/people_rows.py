"""Rows of files of volunteers and of teams as typed values. What identifies a person is read apart, to be sealed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, tzinfo
from typing import NamedTuple

from app.core.consents import GivenBy
from app.core.personal_data import PersonalData
from app.core.quantities import Instant
from app.core.volunteers import VolunteerStatus
from app.importing.cells import Cells
from app.importing.mapping import Layout, Mapping_
from app.importing.person_cells import PersonCells, holds_document
from app.importing.values import CellFault, Fault

NAME_MAX = 100
KIND_MAX = 50
_STATES = {status.value: status for status in VolunteerStatus}
_GIVERS = {giver.value: giver for giver in GivenBy}
NOTHING_PERSONAL = PersonalData()


class VolunteerLine(NamedTuple):
    """A volunteer as a file tells of them."""

    external_no: str
    region: str
    team_no: str
    born_on: date | None
    registered_at: Instant | None
    status: VolunteerStatus
    data: PersonalData = NOTHING_PERSONAL
    consent_by: GivenBy = GivenBy.SELF
    """Who agreed to the keeping of it, where the import says that it was agreed to."""


class TeamLine(NamedTuple):
    """A team as a file tells of it."""

    external_no: str
    name: str
    kind: str
    region: str
    parent_no: str


class VolunteerReader:
    """Reads the rows of a file of volunteers."""

    def __init__(self, mapping: Mapping_, layout: Layout, zone: tzinfo, today: date) -> None:
        self._cells = Cells(mapping, layout)
        self._person = PersonCells(self._cells, today)
        self._zone = zone

    def read(self, cells: Sequence[str]) -> VolunteerLine:
        """Read one row. Raises CellFault."""
        get = self._cells
        status = _STATES.get(get.cell(cells, "status") or VolunteerStatus.ACTIVE.value)
        if status is None:
            raise CellFault("status", Fault.UNKNOWN_WORD)
        consent_by = _GIVERS.get(get.cell(cells, "consent_by") or GivenBy.SELF.value)
        if consent_by is None:
            raise CellFault("consent_by", Fault.UNKNOWN_WORD)
        registered = get.day(cells, "registered_on")
        data = self._person.read(cells)
        return VolunteerLine(
            external_no=self._number(cells),
            region=get.needed(cells, "region"),
            team_no=get.cell(cells, "team", NAME_MAX),
            born_on=self._person.birthday(cells, data.document),
            registered_at=datetime.combine(registered, time(), self._zone).astimezone(UTC) if registered else None,
            status=status,
            data=data,
            consent_by=consent_by,
        )

    def _number(self, cells: Sequence[str]) -> str:
        """The number by which the older system names the volunteer: it is kept in clear, so it may be no document's."""
        number = self._cells.needed(cells, "external_no")
        if holds_document(number):
            raise CellFault("external_no", Fault.OF_A_DOCUMENT)
        return number


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

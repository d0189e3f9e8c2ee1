"""What a row tells of the person: name, phone, document. Checked where it is read, as a registration is; never told on.

A fault names the column and what is wrong. The value itself goes into no message, no log and no file.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import assert_never

from app.core.codes import Rejected
from app.core.identity_numbers import Document, IdType, NumberProblem, check_document, normalise_number
from app.core.personal_data import PersonalData, correct_birthday
from app.core.phones import normalise_phone
from app.importing.cells import Cells
from app.importing.values import CellFault, Fault

MASK = "***"
"""What stands for a value that may not be shown."""
_STARS = "*＊"
_NAME_MAX = 80
_OLDEST = date(1900, 1, 1)
_KINDS: Mapping[str, IdType] = {kind.value: kind for kind in IdType}
_RESIDENT = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])", re.ASCII)


def holds_document(text: str) -> bool:
    """Whether a text holds the number of a resident's card, check character and all."""
    found = _RESIDENT.search(text)
    if found is None:
        return False
    document = Document(IdType.RESIDENT_ID, normalise_number(found[0]))
    return check_document(document, date.max) is None


def _fault_of(problem: NumberProblem) -> Fault:
    match problem:
        case NumberProblem.FORM:
            return Fault.DOCUMENT_FORM
        case NumberProblem.KIND:
            return Fault.DOCUMENT_KIND
        case NumberProblem.BIRTHDAY:
            return Fault.DOCUMENT_BIRTHDAY
        case NumberProblem.CHECK_CHARACTER:
            return Fault.DOCUMENT_CHECK
        case _:
            assert_never(problem)


class PersonCells:
    """Reads what identifies a person out of the cells of a row."""

    def __init__(self, cells: Cells, today: date) -> None:
        self._cells = cells
        self._today = today

    def read(self, cells: Sequence[str]) -> PersonalData:
        """What the row tells; None for an empty cell. Raises CellFault."""
        return PersonalData(name=self._name(cells), phone=self._phone(cells), document=self._document(cells))

    def birthday(self, cells: Sequence[str], document: Document | None) -> date | None:
        """The birthday of the row: the document's, where it tells one. Raises CellFault."""
        given = self._cells.day(cells, "born_on")
        if given and not _OLDEST <= given <= self._today:
            raise CellFault("born_on", Fault.NO_BIRTHDAY)
        born_on = correct_birthday(given, document)
        if isinstance(born_on, Rejected):
            raise CellFault("born_on", Fault.OTHER_BIRTHDAY)
        return born_on

    def _whole(self, cells: Sequence[str], field: str, most: int) -> str:
        """A cell that is not masked: systems that hide names in their exports leave asterisks."""
        text = self._cells.cell(cells, field, most)
        if any(star in text for star in _STARS):
            raise CellFault(field, Fault.MASKED)
        return text

    def _name(self, cells: Sequence[str]) -> str | None:
        name = self._whole(cells, "name", _NAME_MAX)
        if not name.isprintable():
            raise CellFault("name", Fault.NOT_ALLOWED)
        return name or None

    def _phone(self, cells: Sequence[str]) -> str | None:
        text = self._whole(cells, "phone", _NAME_MAX)
        phone = normalise_phone(text)
        if text and phone is None:
            raise CellFault("phone", Fault.NOT_A_PHONE)
        return phone

    def _document(self, cells: Sequence[str]) -> Document | None:
        """The document; a kind without a number is none. Without a kind it is a resident's card."""
        number = self._whole(cells, "id_number", _NAME_MAX)
        if not number:
            return None
        kind = _KINDS.get(self._cells.cell(cells, "id_type"))
        if kind is None:
            raise CellFault("id_type", Fault.UNKNOWN_WORD)
        document = Document(kind, normalise_number(number))
        if problem := check_document(document, self._today):
            raise CellFault("id_number", _fault_of(problem))
        return document

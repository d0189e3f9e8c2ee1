"""Cells of a row found by field: by the columns of the file, by the words and constants of its mapping."""

from collections.abc import Sequence
from datetime import date

from app.importing.mapping import Layout, Mapping_
from app.importing.values import CellFault, Fault, read_day

NUMBER_MAX = 64


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

"""Rows of a file of opening balances as typed values: whose, as of when, points with their last day, minutes."""

import re
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from app.core.accounts import NEVER
from app.importing.cells import Cells
from app.importing.mapping import Layout, Mapping_
from app.importing.values import CellFault, Fault, read_hours, read_whole

FOR_EVER = "never"
"""What a word for points that do not expire is mapped to: it is said, never assumed."""

_WHOLE = re.compile(r"(\d{1,9})(?:\.0+)?")
_DIGEST_CHARS = 32


class OpeningLine(NamedTuple):
    """A balance as a file tells of it."""

    external_no: str
    volunteer_no: str
    dated_on: date
    points: int
    minutes: int
    expires_on: date | None


class OpeningReader:
    """Reads the rows of a file of opening balances."""

    def __init__(self, mapping: Mapping_, layout: Layout) -> None:
        self._cells = Cells(mapping, layout)

    def read(self, cells: Sequence[str]) -> OpeningLine:
        """Read one row. Raises CellFault for the first cell that cannot be read."""
        get = self._cells
        volunteer = get.needed(cells, "volunteer")
        dated_on = get.day(cells, "dated_on")
        if dated_on is None:
            raise CellFault("dated_on", Fault.MISSING)
        points = self._points(cells)
        expires_on = self._expires_on(cells, points)
        number = get.cell(cells, "external_no") or derive_opening_number(volunteer, dated_on, expires_on)
        return OpeningLine(number, volunteer, dated_on, points, self._minutes(cells), expires_on)

    def _points(self, cells: Sequence[str]) -> int:
        text = self._cells.cell(cells, "points")
        found = _WHOLE.fullmatch(text) if text.isascii() else None
        if text and found is None:
            raise CellFault("points", Fault.NOT_A_NUMBER)
        return int(found[1]) if found else 0

    def _expires_on(self, cells: Sequence[str], points: int) -> date | None:
        """The last day of the points. A row without points needs none, whatever stands there."""
        if not points:
            return None
        text = self._cells.cell(cells, "expires_on")
        if text == FOR_EVER:
            return NEVER
        if not text:
            raise CellFault("expires_on", Fault.MISSING)
        return self._cells.day(cells, "expires_on")

    def _minutes(self, cells: Sequence[str]) -> int:
        """The minutes: given as minutes, or else as hours; none where neither is."""
        if text := self._cells.cell(cells, "minutes"):
            minutes, field = read_whole(text), "minutes"
        elif text := self._cells.cell(cells, "hours"):
            minutes, field = read_hours(text), "hours"
        else:
            return 0
        if minutes is None:
            raise CellFault(field, Fault.NOT_A_DURATION)
        return minutes


def derive_opening_number(volunteer_no: str, dated_on: date, expires_on: date | None) -> str:
    """The number of a balance whose system gave it none: whose, as of when, until when.

    The figures are no part of it: a file that says other figures of the same lot is refused, not added to it.
    """
    told = "\x1f".join((volunteer_no, dated_on.isoformat(), expires_on.isoformat() if expires_on else ""))
    return "h:" + sha256(told.encode()).hexdigest()[:_DIGEST_CHARS]

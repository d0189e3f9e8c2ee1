"""The lines of opening sheets: as they were entered, and what became of each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, text

from app.core.codes import Code
from app.core.ids import OpeningId, OpeningSheetId, ProgrammeId, VolunteerId
from app.core.opening_sheets import LineState, SheetLine
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class LineView:
    """A line and what became of it."""

    line: SheetLine
    state: LineState
    code: Code | None = None
    opening: OpeningId | None = None


@dataclass(frozen=True, slots=True)
class OpeningOutcome:
    """What became of a line: a balance, new or known; or a refusal."""

    line_no: int
    state: LineState
    code: Code | None = None
    opening: OpeningId | None = None


_INSERT = text("""
INSERT INTO opening_lines (programme_id, sheet_id, line_no, external_no, volunteer_id, dated_on, points, minutes,
                           expires_on)
SELECT :programme, :sheet, t.*
FROM unnest(CAST(:numbers AS integer[]), CAST(:names AS text[]), CAST(:volunteers AS uuid[]), CAST(:days AS date[]),
            CAST(:points AS bigint[]), CAST(:minutes AS bigint[]), CAST(:expiries AS date[])) AS t
""")


async def insert_lines(tx: Tx, programme: ProgrammeId, sheet: OpeningSheetId, lines: Sequence[SheetLine]) -> None:
    """Add the lines of a new sheet."""
    values = {
        "programme": programme,
        "sheet": sheet,
        "numbers": [line.line_no for line in lines],
        "names": [line.external_no for line in lines],
        "volunteers": [line.volunteer for line in lines],
        "days": [line.dated_on for line in lines],
        "points": [line.points for line in lines],
        "minutes": [line.minutes for line in lines],
        "expiries": [line.expires_on for line in lines],
    }
    await tx.execute(_INSERT, values)


_LIST = text("""
SELECT line_no, external_no, volunteer_id AS volunteer, dated_on, points, minutes, expires_on, state, code, opening_id
FROM opening_lines
WHERE programme_id = :programme AND sheet_id = :sheet AND line_no > :after
  AND (CAST(:state AS text) IS NULL OR state = :state)
ORDER BY line_no LIMIT :limit
""")


def _view(row: RowMapping) -> LineView:
    values = dict(row)
    state, code, opening = LineState(values.pop("state")), values.pop("code"), values.pop("opening_id")
    return LineView(SheetLine(**values), state, Code(code) if code else None, opening)


async def fetch_lines(
    reader: Reader | Tx,
    programme: ProgrammeId,
    sheet: OpeningSheetId,
    limit: int,
    *,
    after: int = 0,
    state: LineState | None = None,
) -> Sequence[LineView]:
    """The lines of a sheet after a given one, in the order they were entered; those in a state."""
    values = {
        "programme": programme,
        "sheet": sheet,
        "limit": limit,
        "after": after,
        "state": state.value if state else None,
    }
    return [_view(row) for row in (await reader.execute(_LIST, values)).mappings()]


_NOTE = text("""
UPDATE opening_lines SET state = :state, code = :code, opening_id = :opening
WHERE programme_id = :programme AND sheet_id = :sheet AND line_no = :line_no
""")


async def note_line_outcomes(
    tx: Tx, programme: ProgrammeId, sheet: OpeningSheetId, outcomes: Sequence[OpeningOutcome]
) -> None:
    """Write down what became of lines."""
    rows = [
        {
            "programme": programme,
            "sheet": sheet,
            "line_no": each.line_no,
            "state": each.state.value,
            "code": each.code.value if each.code else "",
            "opening": each.opening,
        }
        for each in outcomes
    ]
    await tx.execute(_NOTE, rows)


_PROGRESS = text("""
SELECT state, count(*) AS lines FROM opening_lines
WHERE programme_id = :programme AND sheet_id = :sheet GROUP BY state
""")


async def fetch_line_counts(
    reader: Reader | Tx, programme: ProgrammeId, sheet: OpeningSheetId
) -> Mapping[LineState, int]:
    """How many lines of a sheet there are in each state."""
    rows = await reader.execute(_PROGRESS, {"programme": programme, "sheet": sheet})
    return {**dict.fromkeys(LineState, 0), **{LineState(row.state): row.lines for row in rows}}


_PEOPLE = text("SELECT id FROM volunteers WHERE programme_id = :programme AND id = ANY(:ids)")


async def fetch_unknown_volunteers(
    reader: Reader | Tx, programme: ProgrammeId, named: Collection[VolunteerId]
) -> frozenset[VolunteerId]:
    """Those of these volunteers whom the programme does not have."""
    rows = await reader.execute(_PEOPLE, {"programme": programme, "ids": list(named)})
    return frozenset(named) - {VolunteerId(row.id) for row in rows}

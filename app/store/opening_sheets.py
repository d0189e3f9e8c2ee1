"""Opening sheets as they are stored: drafted, decided, done."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, text

from app.core.ids import OpeningSheetId, ProgrammeId
from app.core.opening_sheets import OpeningSheet, SheetState
from app.store.database import Reader, Tx

_COLUMNS = """id, state, source, reason, lines, points, minutes, drafted_by, drafted_at, decided_by, decided_at,
       finished_at"""


def _sheet(row: RowMapping) -> OpeningSheet:
    return OpeningSheet(**{**row, "state": SheetState(row["state"])})


_FETCH = text(f"SELECT {_COLUMNS} FROM opening_sheets WHERE programme_id = :programme AND id = :id")
_LOCK = text(f"{_FETCH.text} FOR UPDATE")


async def fetch_sheet(reader: Reader | Tx, programme: ProgrammeId, sheet: OpeningSheetId) -> OpeningSheet | None:
    """One sheet."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": sheet})).mappings().one_or_none()
    return _sheet(row) if row else None


async def lock_sheet(tx: Tx, programme: ProgrammeId, sheet: OpeningSheetId) -> OpeningSheet | None:
    """One sheet, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCK, {"programme": programme, "id": sheet})).mappings().one_or_none()
    return _sheet(row) if row else None


_LIST = text(f"""
SELECT {_COLUMNS} FROM opening_sheets
WHERE programme_id = :programme AND id > :after AND (CAST(:state AS text) IS NULL OR state = :state)
ORDER BY id LIMIT :limit
""")


async def fetch_sheets(
    reader: Reader, programme: ProgrammeId, after: OpeningSheetId, limit: int, state: SheetState | None = None
) -> Sequence[OpeningSheet]:
    """The sheets after a given one, in the order they were drafted; those in a state."""
    values = {"programme": programme, "after": after, "limit": limit, "state": state.value if state else None}
    return [_sheet(row) for row in (await reader.execute(_LIST, values)).mappings()]


_EXECUTING = text("SELECT id FROM opening_sheets WHERE programme_id = :programme AND state = 'executing' ORDER BY id")


async def fetch_executing_sheets(reader: Reader, programme: ProgrammeId) -> Sequence[OpeningSheetId]:
    """The sheets that are approved and not done."""
    return [OpeningSheetId(row.id) for row in await reader.execute(_EXECUTING, {"programme": programme})]


_INSERT = text("""
INSERT INTO opening_sheets (programme_id, id, state, source, reason, lines, points, minutes, drafted_by, drafted_at)
VALUES (:programme, :id, :state, :source, :reason, :lines, :points, :minutes, :drafted_by, :drafted_at)
""")


async def insert_sheet(tx: Tx, programme: ProgrammeId, sheet: OpeningSheet) -> None:
    """Add a draft."""
    values = {
        "programme": programme,
        "id": sheet.id,
        "state": sheet.state.value,
        "source": sheet.source,
        "reason": sheet.reason,
        "lines": sheet.lines,
        "points": sheet.points,
        "minutes": sheet.minutes,
        "drafted_by": sheet.drafted_by,
        "drafted_at": sheet.drafted_at,
    }
    await tx.execute(_INSERT, values)


_UPDATE = text("""
UPDATE opening_sheets
SET state = :state, decided_by = :decided_by, decided_at = :decided_at, finished_at = :finished_at
WHERE programme_id = :programme AND id = :id
""")


async def update_sheet(tx: Tx, programme: ProgrammeId, sheet: OpeningSheet) -> None:
    """Write the new state of a sheet that is locked. Its lines and sums never change."""
    values = {
        "programme": programme,
        "id": sheet.id,
        "state": sheet.state.value,
        "decided_by": sheet.decided_by,
        "decided_at": sheet.decided_at,
        "finished_at": sheet.finished_at,
    }
    await tx.execute(_UPDATE, values)

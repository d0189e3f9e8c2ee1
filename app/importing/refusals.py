"""The file of refused rows: why, beside what stood in them, so that it can be put right and imported again.

Only columns that are read are shown, and of those nothing that goes into the vault: asterisks stand for it, which are
refused when they come back unfilled. A cell that a spreadsheet would run as a formula is quoted.
"""

import csv
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from app.core.ids import parse_id
from app.importing.feeding import FeedPlan, find_layout
from app.importing.fields import PERSONAL_FIELDS, ImportKind
from app.importing.mapping import Layout
from app.importing.messages import told
from app.importing.person_cells import MASK, holds_document
from app.importing.tables import QUOTED_HEADER, quote_cell, read_table
from app.store.imports import RefusedRow

HEADER = (QUOTED_HEADER, "出错列", "代码", "原因", "Reason")
_REFERENCE_ONLY = "in_charge"


async def write_refusals(plan: FeedPlan, refusals: AsyncIterator[RefusedRow], path: Path) -> int:
    """Write the refused rows, which come in the order of the file; how many there were."""
    layout = find_layout(plan)
    hidden = PERSONAL_FIELDS if plan.mapping.kind is ImportKind.VOLUNTEERS else ()
    rows = read_table(plan.table)
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow((*HEADER, *layout.headers.values()))
        number, cells = next(rows)
        async for refusal in refusals:
            while number < refusal.row_no:
                number, cells = next(rows)
            writer.writerow(_line(refusal, layout, hidden, cells))
            count += 1
    return count


def _line(refusal: RefusedRow, layout: Layout, hidden: Sequence[str], cells: Sequence[str]) -> list[str]:
    chinese, english = told(refusal.code, refusal.fault)
    column = layout.headers.get(refusal.field, refusal.field)
    shown = [
        _shown(field, hidden, cells[place] if place < len(cells) else "") for field, place in layout.positions.items()
    ]
    return [str(refusal.row_no), quote_cell(column), refusal.code, chinese, english, *map(quote_cell, shown)]


def _shown(field: str, hidden: Sequence[str], cell: str) -> str:
    """A cell as it may be shown: who was in charge only as a reference, what identifies a person not at all."""
    if field == _REFERENCE_ONLY:
        return cell if parse_id("vol", cell) or parse_id("usr", cell) else ""
    return MASK if cell and (field in hidden or holds_document(cell)) else cell

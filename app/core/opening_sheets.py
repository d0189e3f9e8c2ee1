"""Opening sheets (期初余额单): balances of an older system, entered by one person and approved by another.

draft -> executing -> done; withdrawn before that. The lines of a sheet never change once it is drafted: what was read
is what is approved. Each line becomes one `OpenBalance`, sent as often as needed and posted once.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.codes import Code, Rejected
from app.core.ids import OpeningId, OpeningSheetId, TransactionId, UserId, VolunteerId
from app.core.opening_balances import OpenBalance, refuse_figures
from app.core.openings import Opening
from app.core.quantities import BrokenInvariant, Instant, Minutes, Points
from app.core.record_numbers import RecordNumber

LINES_MAX = 1_000
"""So many lines fit into one sheet."""


class SheetState(StrEnum):
    """The life of a sheet. Approved, it is executed by a job."""

    DRAFT = "draft"
    EXECUTING = "executing"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class LineState(StrEnum):
    """What became of a line; known: its number had come before with the same content."""

    PENDING = "pending"
    ADDED = "added"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One balance of a sheet, as it was entered. `line_no` counts from 1."""

    line_no: int
    external_no: str
    volunteer: VolunteerId
    dated_on: date
    points: Points
    minutes: Minutes
    expires_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningSheet:
    """A sheet and what its lines add up to. `decided_by` approved it, or withdrew it."""

    id: OpeningSheetId
    state: SheetState
    source: str
    """The older system, whose numbers the lines carry."""
    reason: str
    lines: int
    points: Points
    minutes: Minutes
    drafted_by: UserId
    drafted_at: Instant
    decided_by: UserId | None = None
    decided_at: Instant | None = None
    finished_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with a line before anybody looks at balances: its number, the field, and why."""

    line_no: int
    field: str
    fault: str


def find_faults(lines: Sequence[SheetLine], today: date) -> list[LineFault]:
    """Lines that can never be balances, and numbers that stand twice: a sheet with any is not drafted."""
    times = Counter(line.external_no for line in lines)
    faults = []
    for line in lines:
        refused = refuse_figures(line.dated_on, line.points, line.minutes, line.expires_on, today)
        if refused:
            field = str(refused.detail.get("field", "expires_on"))
            faults.append(LineFault(line.line_no, field, str(refused.detail.get("fault", "in-the-past"))))
        if times[line.external_no] > 1:
            faults.append(LineFault(line.line_no, "external_no", "twice"))
    return faults


def refuse_sheet_approval(
    sheet: OpeningSheet,
    volunteers: Collection[VolunteerId],
    by: UserId,
    by_volunteer: VolunteerId | None,
    relatives: Collection[VolunteerId],
) -> Rejected | None:
    """Nobody approves what they entered, nor a sheet with a balance of their own or of a relative."""
    if sheet.state is not SheetState.DRAFT:
        return Rejected(Code.STATE_CONFLICT, {"state": sheet.state.value})
    own = {by_volunteer, *relatives}
    if by == sheet.drafted_by or any(volunteer in own for volunteer in volunteers):
        return Rejected(Code.SELF_REVIEW)
    return None


def command_for(
    sheet: OpeningSheet,
    line: SheetLine,
    opening: OpeningId,
    transaction: TransactionId,
    *,
    approver_is: VolunteerId | None = None,
    relatives: frozenset[VolunteerId] = frozenset(),
) -> OpenBalance:
    """What an approved sheet does with one of its lines."""
    if sheet.decided_by is None:
        raise BrokenInvariant(f"sheet {sheet.id} was not approved")
    balance = Opening(
        id=opening,
        number=RecordNumber(sheet.source, line.external_no),
        volunteer=line.volunteer,
        dated_on=line.dated_on,
        points=line.points,
        minutes=line.minutes,
        expires_on=line.expires_on,
        drafted_by=sheet.drafted_by,
        approved_by=sheet.decided_by,
        transaction=transaction,
    )
    return OpenBalance(opening=balance, approver_is=approver_is, relatives=relatives)

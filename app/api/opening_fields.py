"""How opening sheets read on the wire."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app.api.bodies import Answer, Body
from app.api.fields import ReasonText, UserRef, VolunteerRef, refuse_control_characters
from app.core.accounts import NEVER
from app.core.codes import Code
from app.core.ids import format_id
from app.core.opening_impacts import OpeningImpact
from app.core.opening_sheets import LINES_MAX, LineState, OpeningSheet, SheetState
from app.core.record_numbers import EXTERNAL_NO_MAX, SOURCE_MAX
from app.store.opening_lines import LineView

OpeningSheetRef = Annotated[str, Field(pattern="^ops_[0-9a-f]{32}$", examples=["ops_0190c6f0a1b27c3d8e9f00112233aabb"])]
OpeningRef = Annotated[str, Field(pattern="^opn_[0-9a-f]{32}$", examples=["opn_0190c6f0a1b27c3d8e9f00112233aabb"])]
OpeningSource = Annotated[
    str,
    Field(min_length=1, max_length=SOURCE_MAX, description="The older system", examples=["zyh"]),
    AfterValidator(refuse_control_characters),
]
OpeningNumber = Annotated[
    str,
    Field(
        min_length=1,
        max_length=EXTERNAL_NO_MAX,
        description="The balance's number there: one balance for one number, however often it is sent",
        examples=["QC-2025-000317"],
    ),
    AfterValidator(refuse_control_characters),
]
_Day = Annotated[date, Field(strict=False)]
_AMOUNT_MAX = 1_000_000_000
SHEET_BYTES_MAX = 1024 * 1024
"""A body of so many bytes holds a thousand lines with room to spare."""


class OpeningLineField(Body):
    """One balance: points with their own last day, verified minutes, or both, as of a day."""

    external_no: OpeningNumber
    volunteer_id: VolunteerRef
    dated_on: Annotated[_Day, Field(description="The day it dates from (截止日期)", examples=["2025-12-31"])]
    points: Annotated[int, Field(ge=0, le=_AMOUNT_MAX, examples=[300])] = 0
    minutes: Annotated[int, Field(ge=0, le=_AMOUNT_MAX, description="Verified minutes", examples=[1230])] = 0
    expires_on: Annotated[
        _Day | None, Field(description="The last day of the points, where they have one", examples=["2027-06-30"])
    ] = None
    never_expires: Annotated[bool, Field(description="The points do not expire: said, never assumed")] = False


class OpeningSheetRequest(Body):
    """A sheet of opening balances (期初余额单)."""

    source: OpeningSource
    reason: Annotated[ReasonText, Field(examples=["旧系统志愿汇 2025 年末余额转入"])]
    lines: Annotated[list[OpeningLineField], Field(min_length=1, max_length=LINES_MAX)]


class OpeningProgress(Answer):
    """How many lines are in which state."""

    pending: int
    added: int
    known: Annotated[int, Field(description="Their numbers had come before with the same content: nothing was added")]
    refused: int


class OpeningSheetAnswer(Answer):
    """A sheet and what its lines add up to. Its lines never change; they are listed apart."""

    id: OpeningSheetRef
    state: SheetState
    source: str
    reason: str
    lines: int
    points: Annotated[int, Field(description="The sum of all lines")]
    minutes: Annotated[int, Field(description="The sum of all lines")]
    drafted_by: UserRef
    drafted_at: datetime
    decided_by: Annotated[UserRef | None, Field(description="Who approved or withdrew it")]
    decided_at: datetime | None
    finished_at: datetime | None
    progress: Annotated[OpeningProgress | None, Field(description="Once approved, for one sheet")] = None


class OpeningSheetPage(Answer):
    """Sheets as they were drafted, without their progress."""

    sheets: list[OpeningSheetAnswer]
    next: str | None


class OpeningLineAnswer(Answer):
    """A line as it was entered, and what became of it."""

    line_no: int
    external_no: str
    volunteer_id: VolunteerRef
    dated_on: date
    points: int
    minutes: int
    expires_on: date | None
    never_expires: bool
    state: LineState
    code: Annotated[Code | None, Field(description="Why it was refused")]
    opening_balance_id: OpeningRef | None


class OpeningLinePage(Answer):
    """Lines in the order they were entered."""

    lines: list[OpeningLineAnswer]
    next: str | None


class OpeningRefusal(Answer):
    """A line that would be refused now."""

    line_no: int
    code: Code


class OpeningImpactAnswer(Answer):
    """What the sheet would do if it were brought over now (影响预览), approved by somebody who has no part in it."""

    added: int
    known: int
    refused: list[OpeningRefusal]
    points_given: Annotated[int, Field(description="Into wallets, beyond what repays debts")]
    debt_repaid: int
    minutes_given: int
    people: int
    stars_risen: Annotated[int, Field(description="Volunteers who would have more stars (星级)")]


def render_sheet(sheet: OpeningSheet, counts: Mapping[LineState, int] | None = None) -> OpeningSheetAnswer:
    """A sheet with its sums and, once approved, how far it has come."""
    return OpeningSheetAnswer(
        id=format_id("ops", sheet.id),
        state=sheet.state,
        source=sheet.source,
        reason=sheet.reason,
        lines=sheet.lines,
        points=sheet.points,
        minutes=sheet.minutes,
        drafted_by=format_id("usr", sheet.drafted_by),
        drafted_at=sheet.drafted_at,
        decided_by=format_id("usr", sheet.decided_by) if sheet.decided_by else None,
        decided_at=sheet.decided_at,
        finished_at=sheet.finished_at,
        progress=OpeningProgress(**{state.value: counts[state] for state in LineState}) if counts else None,
    )


def render_line(view: LineView) -> OpeningLineAnswer:
    """A line and its outcome."""
    line = view.line
    never = line.expires_on == NEVER
    return OpeningLineAnswer(
        line_no=line.line_no,
        external_no=line.external_no,
        volunteer_id=format_id("vol", line.volunteer),
        dated_on=line.dated_on,
        points=line.points,
        minutes=line.minutes,
        expires_on=None if never else line.expires_on,
        never_expires=never,
        state=view.state,
        code=view.code,
        opening_balance_id=format_id("opn", view.opening) if view.opening else None,
    )


def render_impact(impact: OpeningImpact) -> OpeningImpactAnswer:
    """What a sheet would do."""
    return OpeningImpactAnswer(
        added=impact.added,
        known=impact.known,
        refused=[OpeningRefusal(line_no=line_no, code=code) for line_no, code in impact.refused],
        points_given=impact.points_given,
        debt_repaid=impact.debt_repaid,
        minutes_given=impact.minutes_given,
        people=impact.people,
        stars_risen=impact.risen,
    )

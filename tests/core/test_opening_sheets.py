"""Opening sheets: what cannot be drafted, who may approve, and what a sheet would do."""

from dataclasses import replace
from datetime import date

import pytest

from app.core.accounts import AccountKey, AccountKind
from app.core.codes import Code, Rejected
from app.core.ids import OpeningId, OpeningSheetId, TransactionId, UserId, VolunteerId
from app.core.opening_impacts import OpeningImpact, foresee_openings
from app.core.opening_sheets import (
    LineFault,
    OpeningSheet,
    SheetLine,
    SheetState,
    command_for,
    find_faults,
    refuse_sheet_approval,
)
from app.core.quantities import BrokenInvariant, Minutes, Points
from tests.core.builders import NOW, RECORDER, TODAY, VERIFIER, VOLUNTEER, a_book, named

LAST = date(2027, 6, 30)
SHEET = OpeningSheet(
    id=OpeningSheetId(named("sheet")),
    state=SheetState.DRAFT,
    source="old",
    reason="转入",
    lines=1,
    points=Points(300),
    minutes=Minutes(6_000),
    drafted_by=RECORDER,
    drafted_at=NOW,
)
LINE = SheetLine(
    line_no=1,
    external_no="B-1",
    volunteer=VOLUNTEER,
    dated_on=date(2025, 12, 31),
    points=Points(300),
    minutes=Minutes(6_000),
    expires_on=LAST,
)
APPROVED = replace(SHEET, state=SheetState.EXECUTING, decided_by=VERIFIER)


@pytest.mark.parametrize(
    "change, field, fault",
    [
        ({"dated_on": date(2040, 1, 1)}, "dated_on", "in-the-future"),
        ({"points": Points(0), "minutes": Minutes(0), "expires_on": None}, "points", "nothing"),
        ({"expires_on": None}, "expires_on", "with-points-only"),
        ({"points": Points(0)}, "expires_on", "with-points-only"),
        ({"expires_on": date(2025, 12, 30)}, "expires_on", "in-the-past"),
    ],
)
def test_a_line_that_can_never_be_a_balance_is_told(change: dict[str, object], field: str, fault: str) -> None:
    """By its number and field; a sound line beside it is not."""
    wrong = replace(LINE, line_no=2, external_no="B-2", **change)  # type: ignore[arg-type]  # as the table has them
    assert find_faults([LINE, wrong], TODAY) == [LineFault(2, field, fault)]


def test_a_number_stands_in_a_sheet_once() -> None:
    """Both lines are named; the same line alone is sound."""
    again = replace(LINE, line_no=2)
    assert find_faults([LINE], TODAY) == []
    twice = [LineFault(1, "external_no", "twice"), LineFault(2, "external_no", "twice")]
    assert find_faults([LINE, again], TODAY) == twice


def test_four_eyes_on_a_sheet() -> None:
    """Not who drafted it, not one whose balance is in it, not a relative of one; anybody else, and once."""
    people, other = {VOLUNTEER}, VolunteerId(named("other"))
    own = Rejected(Code.SELF_REVIEW)
    assert refuse_sheet_approval(SHEET, people, RECORDER, None, ()) == own
    assert refuse_sheet_approval(SHEET, people, VERIFIER, VOLUNTEER, ()) == own
    assert refuse_sheet_approval(SHEET, people, VERIFIER, None, (VOLUNTEER,)) == own
    assert refuse_sheet_approval(SHEET, people, VERIFIER, other, (other,)) is None
    for state in SheetState:
        refused = refuse_sheet_approval(replace(SHEET, state=state), people, VERIFIER, None, ())
        assert (refused is None) is (state is SheetState.DRAFT)


def test_a_line_becomes_its_balance() -> None:
    """With the sheet's source, who drafted and who approved; never before somebody has."""
    opening, transaction = OpeningId(named("opening")), TransactionId(named("open"))
    made = command_for(APPROVED, LINE, opening, transaction).opening
    assert (made.number.source, made.number.external_no, made.told[0]) == ("old", "B-1", VOLUNTEER)
    assert (made.drafted_by, made.approved_by) == (RECORDER, VERIFIER)
    with pytest.raises(BrokenInvariant):
        command_for(SHEET, LINE, opening, transaction)


def test_the_impact_is_what_will_be_done() -> None:
    """Points beyond a debt, minutes, a star risen; a number that comes again, and a refusal by its line."""
    lines = [
        LINE,
        replace(LINE, line_no=2),
        replace(LINE, line_no=3, external_no="B-3", volunteer=VolunteerId(named("nobody"))),
        replace(LINE, line_no=4, external_no="B-4", points=Points(0), expires_on=None, minutes=Minutes(60)),
    ]
    commands = [
        (line.line_no, command_for(APPROVED, line, OpeningId(named(line.line_no)), TransactionId(named(line.line_no))))
        for line in lines
    ]
    book = a_book()
    book.accounts[VOLUNTEER][AccountKey(AccountKind.DEBT, VOLUNTEER)] = 120
    for _, command in commands:
        needs = command.needs()
        book.openings.update(dict.fromkeys(needs.openings))
        book.volunteers.update((key, book.volunteers.get(key)) for key in needs.volunteers)
    assert foresee_openings(commands, book, NOW) == OpeningImpact(
        added=2,
        known=1,
        refused=((3, Code.NOT_FOUND),),
        points_given=180,
        debt_repaid=120,
        minutes_given=6_060,
        people=1,
        risen=1,
    )


def test_nobody_in_particular_previews() -> None:
    """An approver whom nobody knows makes no line their own: previews are not refused for it."""
    somebody = replace(SHEET, decided_by=UserId(named("somebody")))
    command = command_for(somebody, LINE, OpeningId(named("opening")), TransactionId(named("open")))
    assert (command.approver_is, command.relatives) == (None, frozenset())

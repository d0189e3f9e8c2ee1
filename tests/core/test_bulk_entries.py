"""Many records at once: rows decide in order, each seeing those before it, as one after the other would have."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.bulk_entries import (
    BulkRow,
    Decided,
    Fault,
    Ground,
    Neighbourhood,
    NewRecord,
    RefusedRow,
    RowAnswer,
    ToldRow,
    decide_rows,
)
from app.core.check_ins import CheckIn
from app.core.codes import Code
from app.core.entering import Telling
from app.core.ids import NOBODY, RecordId, TeamId, UserId, VolunteerId
from app.core.minors import Guardian
from app.core.quantities import Minutes
from app.core.record_items import Filing, RecordItems, Served
from app.core.record_numbers import RecordNumber
from app.core.rows import Evidence, RecordState, ServiceRecord
from app.core.suspicions import Place
from app.core.working_days import WorkingCalendar

ZONE = ZoneInfo("Asia/Shanghai")
PEOPLE = tuple(VolunteerId(uuid5(NOBODY, f"volunteer {number}")) for number in range(3))
CHILD = PEOPLE[2]
STRANGER = VolunteerId(uuid5(NOBODY, "stranger"))
TEAM, BESIDE = (TeamId(uuid5(NOBODY, name)) for name in ("team", "beside"))
MORNING = datetime(2026, 3, 2, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def a_ground(near: Sequence[tuple[VolunteerId, Served]] = ()) -> Ground:
    """Two grown-ups and a child of ten, one team, nothing entered yet but `near`."""
    return Ground(
        people={PEOPLE[0]: None, PEOPLE[1]: date(1990, 1, 1), CHILD: date(2015, 6, 1)},
        teams=frozenset((TEAM,)),
        numbers={},
        near=Neighbourhood(near),
        zone=ZONE,
        calendar=WorkingCalendar(),
    )


def a_row(
    begin_min: int = 0,
    minutes: int = 60,
    *,
    volunteer: VolunteerId = PEOPLE[0],
    team: TeamId = TEAM,
    number: str = "",
    stays: Sequence[tuple[int, int]] = (),
    activity_id: str = "",
    guardian: Guardian = Guardian.NONE,
    region: str = "",
    content: str = "",
) -> ToldRow:
    """A row of so many minutes from then on; `stays` in minutes from its beginning."""
    begin = MORNING + begin_min * MINUTE
    told = (begin_min, minutes, volunteer, team, number, tuple(stays), activity_id, guardian, region, content)
    record = ServiceRecord(
        id=RecordId(uuid5(NOBODY, repr(told))),
        state=RecordState.ENTERED,
        volunteer=volunteer,
        team=team,
        evidence=Evidence.CHECKED_IN if stays else Evidence.ATTESTED,
        minutes=Minutes(0 if stays else minutes),
        level=1,
        started_at=begin,
        ended_at=begin + minutes * MINUTE,
        recorder=UserId(NOBODY),
        activity_id=activity_id,
        region=region,
    )
    pairs = tuple(CheckIn(begin + since * MINUTE, begin + until * MINUTE) for since, until in stays)
    items = RecordItems(content=content, guardian=guardian, check_ins=pairs)
    telling = Telling(filing=Filing(record, "劝导", items), minutes=None if stays else minutes)
    return ToldRow(telling, RecordNumber("feed", number) if number else None)


def codes_of(decided: Decided) -> list[Code | None]:
    """The code of each answer; None where there is a record."""
    return [answer.code for answer in decided.answers]


def test_rows_see_those_before_them() -> None:
    """A shared minute is refused, touching is not, nor is another volunteer; a row that is refused holds no time."""
    rows = [a_row(0, 60), a_row(59, 60), a_row(60, 60), a_row(100, 30), a_row(0, 60, volunteer=PEOPLE[1])]
    decided = decide_rows(rows, a_ground())
    assert codes_of(decided) == [None, Code.OVERLAP, None, Code.OVERLAP, None]
    assert decided.answers[1].detail == {"record": rows[0].telling.filing.record.id.hex}
    assert [new.filing.record.started_at for new in decided.new] == [MORNING, MORNING + HOUR, MORNING]


def test_the_first_refusal_is_the_answer() -> None:
    """Volunteer before team before guardian before time; what was refused by itself stays as it was."""
    fault = Fault("/minutes", "needed without check_ins")
    rows: list[BulkRow] = [
        RefusedRow(Code.PARAM_ERROR, (fault,)),
        a_row(volunteer=STRANGER, team=BESIDE),
        a_row(team=BESIDE, volunteer=CHILD),
        a_row(volunteer=CHILD),
        a_row(volunteer=CHILD, guardian=Guardian.CONSENTED),
        a_row(volunteer=CHILD, guardian=Guardian.CONSENTED, stays=[(0, 10), (5, 20)]),
    ]
    decided = decide_rows(rows, a_ground())
    assert codes_of(decided) == [
        Code.PARAM_ERROR,
        Code.NOT_FOUND,
        Code.NOT_FOUND,
        Code.GUARDIAN_REQUIRED,
        None,
        Code.PARAM_ERROR,
    ]
    assert decided.answers[0].faults == (fault,)
    assert [sorted(answer.detail) for answer in decided.answers[1:3]] == [["volunteer_id"], ["team_id"]]
    assert decided.answers[5].detail == {"check_ins": "pairs-overlap"}


def test_a_number_told_again_is_the_same_record() -> None:
    """Case 6: once for one number; the second telling adds nothing and holds no time of its own."""
    row = a_row(number="N-1", stays=[(-30, 90)])
    decided = decide_rows([row, row], a_ground())
    assert codes_of(decided) == [None, None]
    assert decided.answers[0].record == decided.answers[1].record
    assert [answer.added for answer in decided.answers] == [True, False]
    [new] = decided.new
    assert new.filing.record.minutes == 15 + 60 + 15


@pytest.mark.parametrize(
    "other",
    [
        a_row(0, 50, number="N-1"),
        a_row(1, 60, number="N-1"),
        a_row(0, 60, number="N-1", volunteer=PEOPLE[1]),
        a_row(0, 60, number="N-1", region="330282001"),
        a_row(0, 60, number="N-1", content="别的"),
        a_row(0, 60, number="N-1", activity_id="act-2"),
        a_row(0, 60, number="N-1", guardian=Guardian.PRESENT),
        a_row(0, 60, number="N-1", stays=[(0, 10), (5, 20)]),
    ],
)
def test_a_number_told_otherwise_is_refused(other: ToldRow) -> None:
    """Whatever differs, also where it could not have been entered by itself; the first record stays."""
    decided = decide_rows([a_row(0, 60, number="N-1"), other], a_ground())
    assert codes_of(decided) == [None, Code.EXTERNAL_NO_USED]
    assert decided.answers[1].detail == {}


def test_a_number_that_was_refused_is_free() -> None:
    """A row that became no record leaves its number to the corrected one."""
    decided = decide_rows([a_row(0, 60), a_row(30, 60, number="N-1"), a_row(60, 60, number="N-1")], a_ground())
    assert codes_of(decided) == [None, Code.OVERLAP, None]


def test_the_facts_of_marks_count_the_rows_before() -> None:
    """Entries within these rows, minutes of the day, and the neighbour in another town."""
    rows = [a_row(0, 60, region="330282001"), a_row(0, 60, volunteer=STRANGER), a_row(70, 60, region="330282002")]
    first, second = decide_rows(rows, a_ground()).new
    assert (first.facts.entries_lately, second.facts.entries_lately) == (1, 2)
    assert list(second.facts.minutes_by_day.values()) == [120]
    [neighbour] = second.facts.neighbours
    assert (neighbour.gap_min, neighbour.place) == (10, Place("330282001", ""))


STARTS = st.integers(-3_000, 3_000)
ROWS = st.builds(
    a_row,
    begin_min=STARTS,
    minutes=st.sampled_from((10, 60, 400, 1_400, 3_000)),
    volunteer=st.sampled_from((*PEOPLE, STRANGER)),
    team=st.sampled_from((TEAM, TEAM, TEAM, BESIDE)),
    number=st.sampled_from(("", "", "N-1", "N-2")),
    stays=st.sampled_from(((), (), ((0, 9),), ((0, 5), (6, 10)), ((-20, 30),))),
    activity_id=st.sampled_from(("", "act-1")),
    guardian=st.sampled_from(tuple(Guardian)),
)
UNREADABLE = st.just(RefusedRow(Code.PARAM_ERROR))


@given(rows=st.lists(ROWS | UNREADABLE, max_size=25), cut=st.integers(1, 25))
def test_a_batch_decides_as_one_after_the_other(rows: list[BulkRow], cut: int) -> None:
    """Whole, in chunks, or row by row, looked up anew each time: the same answers and the same records."""
    whole = decide_rows(rows, a_ground())
    for size in (1, cut):
        answers: list[RowAnswer] = []
        new: list[NewRecord] = []
        for first in range(0, len(rows), size):
            ground = a_ground([(each.filing.record.volunteer, each.filing.served) for each in new])
            ground.numbers.update((each.number, each.filing) for each in new if each.number)
            part = decide_rows(rows[first : first + size], ground)
            counted = [
                replace(each, facts=replace(each.facts, entries_lately=len(new) + each.facts.entries_lately))
                for each in part.new
            ]
            answers += part.answers
            new += counted
        assert Decided(tuple(answers), tuple(new)) == whole
    _assert_no_time_is_given_twice(whole)


def _assert_no_time_is_given_twice(decided: Decided) -> None:
    stays = [
        (each.filing.record.volunteer, stay.begin, stay.end)
        for each in decided.new
        for stay in each.filing.served.stays
    ]
    for before, after in zip(sorted(stays), sorted(stays)[1:], strict=False):
        assert before[0] != after[0] or before[2] <= after[1]


@given(
    spans=st.lists(st.tuples(STARTS, st.integers(1, 6_000)), max_size=30),
    asked=st.tuples(STARTS, st.integers(1, 5_000)),
)
def test_a_neighbourhood_finds_what_shares_time(spans: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    """Exactly the records that share time with a period, long ones too, in the order they began."""
    records = [
        Served(RecordId(UUID(int=number + 1)), MORNING + begin * MINUTE, MORNING + (begin + length) * MINUTE, 1)
        for number, (begin, length) in enumerate(spans)
    ]
    since, until = MORNING + asked[0] * MINUTE, MORNING + sum(asked) * MINUTE
    expected = [each for each in records if each.started_at < until and each.ended_at > since]
    found = Neighbourhood((PEOPLE[0], each) for each in records).between(PEOPLE[0], since, until)
    assert found == sorted(expected, key=lambda each: (each.started_at, each.id))
    assert Neighbourhood().between(PEOPLE[0], since, until) == []

"""Reviews: four eyes and a half (relatives), and the tiers of the day (DOMAIN.md 0.5, 1.6; case 16)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.claw_backs import ClawBack, decide_claw_back
from app.core.codes import Code, Rejected
from app.core.ids import TeamId, TransactionId, VolunteerId
from app.core.quantities import BrokenInvariant, Minutes
from app.core.reviews import (
    ReviewLevel,
    Stretch,
    day_bounds,
    days_of,
    level_for,
    level_needed,
    level_of,
    share_on,
    stretch_of,
)
from app.core.rows import Evidence, ServiceRecord
from app.core.service_records import RejectRecord, VerifyRecord, decide_reject_record
from tests.core.builders import NOW, SHANGHAI, VERIFIER, VOLUNTEER, a_book, a_record, named
from tests.core.deciding import code_of, post, verify

MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""The first moment of 2 March in Shanghai."""
OWN, PARENT, TOP = ReviewLevel
LINE = tuple(TeamId(named("team", tier)) for tier in (3, 2, 1))


def from_midnight(begin: int, end: int, minutes: int | None = None) -> Stretch:
    """A stretch between two minutes after (or before) the midnight."""
    given_min = end - begin if minutes is None else minutes
    return Stretch(MIDNIGHT + timedelta(minutes=begin), MIDNIGHT + timedelta(minutes=end), Minutes(given_min))


@pytest.mark.parametrize(
    "minutes, level", [(1, OWN), (480, OWN), (481, PARENT), (720, PARENT), (721, TOP), (1440, TOP), (3000, TOP)]
)
def test_the_tiers_of_a_day(minutes: int, level: ReviewLevel) -> None:
    """Up to 8 hours the own organisation, up to 12 its parent, above that the top."""
    assert level_for(minutes) is level


@pytest.mark.parametrize(
    "others, level",
    [
        ([], OWN),
        ([from_midnight(600, 840)], OWN),
        ([from_midnight(600, 841)], PARENT),
        ([from_midnight(600, 841), from_midnight(900, 1139)], PARENT),
        ([from_midnight(600, 841), from_midnight(900, 1140)], TOP),
        ([from_midnight(-600, 0)], OWN),
        ([from_midnight(1440, 2000)], OWN),
    ],
)
def test_the_whole_day_counts(others: list[Stretch], level: ReviewLevel) -> None:
    """Four hours beside what is verified of the same day; the days before and after do not count."""
    assert level_needed(from_midnight(0, 240), others, SHANGHAI) is level


def test_a_record_across_midnight_counts_on_both_days() -> None:
    """Nine hours, five of them before midnight: neither day is long, until it is fuller."""
    night = from_midnight(-300, 240)
    assert [share_on(night, date(2026, 3, day), SHANGHAI) for day in (1, 2)] == [300, 240]
    assert level_needed(night, [], SHANGHAI) is OWN
    assert level_needed(night, [from_midnight(-700, -519)], SHANGHAI) is PARENT
    assert level_needed(night, [from_midnight(300, 541)], SHANGHAI) is PARENT
    assert list(days_of(from_midnight(-300, 0), SHANGHAI)) == [date(2026, 3, 1)]
    broken = from_midnight(-300, 240, 200)
    assert [share_on(broken, date(2026, 3, day), SHANGHAI) for day in (1, 2)] == [200, 200]


@pytest.mark.parametrize(
    "team, level", [(LINE[0], OWN), (LINE[1], PARENT), (LINE[2], TOP), (TeamId(named("other")), None), (None, None)]
)
def test_the_level_follows_from_the_tree(team: TeamId | None, level: ReviewLevel | None) -> None:
    """The record's own team, one above it, the root; a team beside the line has no say at all."""
    assert level_of(team, LINE) is level


def test_a_root_is_the_top_of_itself() -> None:
    """A record of a team of tier 1 is at the top already."""
    assert level_of(LINE[2], LINE[2:]) is TOP


def a_long_record(name: str, hours: int, *, started_at: datetime = MIDNIGHT) -> ServiceRecord:
    """A record of full hours from the midnight on."""
    return a_record(name, minutes=hours * 60, ended_at=started_at + timedelta(hours=hours))


@pytest.mark.parametrize(
    "hours, level, refused",
    [(8, OWN, None), (9, OWN, "parent"), (9, PARENT, None), (13, PARENT, "top"), (13, OWN, "top"), (13, TOP, None)],
)
def test_a_long_day_is_verified_higher_up(hours: int, level: ReviewLevel, refused: str | None) -> None:
    """Refused with the level that is needed, and nothing credited; the level or a higher one verifies."""
    record = a_long_record("long", hours)
    book = a_book(records=[record])
    book.served[VOLUNTEER] = {}
    decision = verify(book, record, level=level)
    if refused:
        assert decision == Rejected(Code.REVIEW_LEVEL, {"level": refused})
    else:
        assert code_of(decision) is None


def test_records_verified_in_one_batch_add_up() -> None:
    """Of two records of five hours the first is the organisation's, the second its parent's; withdrawing undoes it."""
    first, second = a_long_record("a", 5), a_long_record("b", 5, started_at=MIDNIGHT + timedelta(hours=6))
    book = a_book(records=[first, second])
    book.served[VOLUNTEER] = {}
    assert code_of(verify(book, first, level=OWN)) is None
    assert verify(book, second, level=OWN) == Rejected(Code.REVIEW_LEVEL, {"level": "parent"})
    assert book.served[VOLUNTEER] == {first.id: stretch_of(first)}
    withdraw = ClawBack(record=first.id, transaction=TransactionId(named("withdrawn")), by=VERIFIER)
    post(book, decide_claw_back(withdraw, book, NOW))
    assert book.served[VOLUNTEER] == {}
    assert code_of(verify(book, second, level=OWN)) is None


def test_the_top_needs_no_count_and_the_others_do() -> None:
    """What nobody fetched is never read as nothing; a command says that it needs the day."""
    record = a_long_record("long", 1)
    book = a_book(records=[record])
    with pytest.raises(BrokenInvariant):
        verify(book, record, level=PARENT)
    assert code_of(verify(book, record, level=TOP)) is None
    for level, days in ((OWN, {record.id}), (PARENT, {record.id}), (TOP, set())):
        command = VerifyRecord(
            record=record.id, transaction=TransactionId(named("t")), verifier=VERIFIER, verifier_is=None, level=level
        )
        assert command.needs().days == days


def test_honour_hours_fill_the_day_too() -> None:
    """Attested hours earn nothing, but a long day of them is verified higher up all the same."""
    record = a_record("attested", minutes=500, evidence=Evidence.ATTESTED)
    book = a_book(records=[record])
    book.served[VOLUNTEER] = {}
    assert verify(book, record, level=OWN) == Rejected(Code.REVIEW_LEVEL, {"level": "parent"})


def test_a_relative_neither_verifies_nor_rejects() -> None:
    """Case 16, and DOMAIN.md 7.9: a reviewer marked as a relative of the volunteer is refused like the volunteer."""
    record = a_record()
    book = a_book(records=[record])
    family = frozenset((VOLUNTEER,))
    assert code_of(verify(book, record, relatives=family)) is Code.SELF_REVIEW
    reject = RejectRecord(record=record.id, verifier=VERIFIER, verifier_is=None, relatives=family)
    assert code_of(decide_reject_record(reject, book)) is Code.SELF_REVIEW
    others = frozenset((VolunteerId(named("somebody else")),))
    assert code_of(verify(book, record, relatives=others)) is None


minutes_after = st.integers(-3000, 3000)


@st.composite
def stretches(draw: st.DrawFn) -> Stretch:
    """A stretch of up to two days, with at most the minutes that it has."""
    begin, length = draw(minutes_after), draw(st.integers(1, 2880))
    return from_midnight(begin, begin + length, draw(st.integers(1, min(1440, length))))


@given(stretch=stretches(), others=st.lists(stretches(), max_size=5))
def test_no_minute_is_lost_between_days(stretch: Stretch, others: list[Stretch]) -> None:
    """The days of a stretch hold at least its minutes together, none more than it has; others only raise the level."""
    days = list(days_of(stretch, SHANGHAI))
    shares = [share_on(stretch, day, SHANGHAI) for day in days]
    assert all(0 < share <= stretch.minutes for share in shares)
    assert sum(shares) >= stretch.minutes
    since, until = day_bounds(stretch, SHANGHAI)
    assert since <= stretch.started_at < stretch.ended_at <= until
    assert level_needed(stretch, others, SHANGHAI) >= level_needed(stretch, [], SHANGHAI)
    outside = [other for other in others if other.ended_at <= since or other.started_at >= until]
    assert level_needed(stretch, outside, SHANGHAI) is level_needed(stretch, [], SHANGHAI)

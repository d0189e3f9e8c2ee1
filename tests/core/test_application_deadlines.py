"""Terms of applications: working days with exchanged days, the notice's calendar days, and what time does alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.applications.deadlines import catch_up, due_at, is_overdue, notice_end, whole_due_at
from app.core.applications.model import Clerk, Moved
from app.core.applications.states import ApplicationEvent, ApplicationState, Level, Route
from app.core.codes import Code, Rejected
from app.core.working_days import WorkingCalendar
from tests.core.applying import BEGIN, CLERK, SHANGHAI, an_application, reviewer, step, stepped, the_applicant

S = ApplicationState
E = ApplicationEvent
MOMENT = timedelta(microseconds=1)


def midnight(month: int, day: int) -> datetime:
    """24:00 in Shanghai at the end of a day of 2026."""
    return datetime(2026, month, day, tzinfo=SHANGHAI) + timedelta(days=1)


# 2 March 2026 is a Monday. Qingming: 4-6 April rest. Labour: 1-5 May rest, Saturday 9 May worked.
TERMS = [
    (S.SUBMITTED, BEGIN, midnight(3, 5)),
    (S.MATERIAL_REQUESTED, BEGIN, midnight(3, 23)),
    (S.VILLAGE_REVIEW, BEGIN, midnight(3, 23)),
    (S.TOWN_REVIEW, datetime(2026, 4, 30, 1, tzinfo=UTC), midnight(5, 25)),
    (S.OBJECTION, BEGIN, midnight(3, 9)),
    (S.CITY_REVIEW, datetime(2026, 4, 30, 1, tzinfo=UTC), midnight(5, 9 + 2)),
    (S.APPEALED, BEGIN, midnight(3, 23)),
    (S.REJECTED, BEGIN, midnight(5, 6)),
    (S.WAITING, BEGIN, None),
    (S.FULFILLED, BEGIN, None),
    (S.DRAFT, BEGIN, None),
]


@pytest.mark.parametrize("state, since, expected", TERMS, ids=[state.value for state, _, _ in TERMS])
def test_the_term_of_each_state(state: ApplicationState, since: datetime, expected: datetime | None) -> None:
    """Three days to begin, fifteen to investigate, five for the city, sixty calendar days to appeal; or none."""
    application = an_application(state=state, since=since, term_from=since)
    assert due_at(application, CLERK) == expected
    if expected is not None and state is not S.REJECTED:
        assert not is_overdue(application, CLERK, expected - MOMENT)
        assert is_overdue(application, CLERK, expected) is (state is not S.MATERIAL_REQUESTED)


@pytest.mark.parametrize(
    "published, days, last",
    [
        (date(2026, 3, 2), 7, (3, 9)),
        (date(2026, 3, 7), 7, (3, 16)),
        (date(2026, 3, 28), 7, (4, 7)),
        (date(2026, 5, 2), 7, (5, 9)),
        (date(2026, 9, 19), 7, (9, 28)),
    ],
    ids=["plain", "ends on a weekend", "ends on Qingming", "ends on a worked Saturday", "ends at Mid-Autumn"],
)
def test_the_notice_ends_by_the_civil_code(published: date, days: int, last: tuple[int, int]) -> None:
    """The first day is not counted; a last day of rest runs on to the next working day; it ends at 24:00."""
    at = datetime.combine(published, BEGIN.timetz())
    assert notice_end(at, days, CLERK) == midnight(*last)


def test_the_investigation_has_one_term_across_its_levels() -> None:
    """The village's days are the town's too; an objection begins a new one."""
    village = stepped(an_application(state=S.SUBMITTED), E.TAKE_IN, reviewer(Level.VILLAGE))
    town = stepped(village, E.ENDORSE, reviewer(Level.VILLAGE), BEGIN + timedelta(days=10))
    assert due_at(village, CLERK) == due_at(town, CLERK) == midnight(3, 23)
    again = stepped(
        an_application(state=S.OBJECTION, term_from=BEGIN),
        E.REINVESTIGATE,
        reviewer(Level.TOWN),
        BEGIN + timedelta(days=14),
    )
    assert due_at(again, CLERK) == midnight(4, 7)


def test_the_notice_ends_by_itself() -> None:
    """Nobody has written anything, and yet the city decides from that moment on, in its own five days."""
    public = stepped(an_application(state=S.TOWN_REVIEW), E.ENDORSE, reviewer(Level.TOWN))
    end = midnight(3, 9)
    assert catch_up(public, CLERK, end - MOMENT) == Moved(public)
    assert step(public, E.APPROVE, reviewer(Level.CITY), end - MOMENT) == Rejected(
        Code.STATE_CONFLICT, {"state": "publicity"}
    )
    late = end + timedelta(days=3)
    caught = catch_up(public, CLERK, late)
    assert (caught.application.state, caught.application.since) == (S.CITY_REVIEW, end)
    assert due_at(caught.application, CLERK) == midnight(3, 16)
    assert catch_up(caught.application, CLERK, late).steps == ()
    approved = step(public, E.APPROVE, reviewer(Level.CITY), late)
    assert isinstance(approved, Moved)
    assert [(line.event, line.at) for line in approved.steps] == [(E.END_PUBLICITY, end), (E.APPROVE, late)]


def test_a_day_declared_off_later_does_not_move_a_published_notice() -> None:
    """What was printed holds; a notice published afterwards follows the new calendar."""
    public = stepped(an_application(state=S.TOWN_REVIEW), E.ENDORSE, reviewer(Level.TOWN))
    off = Clerk(WorkingCalendar({date(2026, 3, 9): False}), zone=SHANGHAI)
    assert catch_up(public, off, midnight(3, 9)).application.state is S.CITY_REVIEW
    assert notice_end(BEGIN, 7, off) == midnight(3, 10)


def test_material_that_never_comes_and_grants_that_run_out_lapse() -> None:
    """The draft's owner may apply again; a grant with no last day does not lapse."""
    asked = an_application(state=S.MATERIAL_REQUESTED)
    assert catch_up(asked, CLERK, midnight(3, 23)).application.state is S.EXPIRED
    assert step(asked, E.SUPPLY, the_applicant(), midnight(3, 23)) == Rejected(
        Code.STATE_CONFLICT, {"state": "expired"}
    )
    granted = an_application(state=S.APPROVED, valid_until=midnight(4, 1))
    assert catch_up(granted, CLERK, midnight(4, 1)).application.state is S.EXPIRED
    assert catch_up(an_application(state=S.APPROVED), CLERK, midnight(12, 31)).steps == ()


def test_the_whole_case_has_its_own_end() -> None:
    """45 working days from submission, whatever has happened in between; none for a draft."""
    assert whole_due_at(an_application(submitted_at=BEGIN), CLERK) == midnight(5, 8)
    assert whole_due_at(an_application(), CLERK) is None


def test_an_appeal_comes_once_and_in_time() -> None:
    """Until 24:00 of the last day; a second one is refused whatever the time."""
    rejected = an_application(Route(frozenset(), 0), state=S.REJECTED, rejected_from=S.CITY_REVIEW)
    end = midnight(5, 6)
    assert step(rejected, E.APPEAL, the_applicant(), end) == Rejected(Code.APPEAL_ENDED)
    appealed = stepped(rejected, E.APPEAL, the_applicant(), end - MOMENT)
    assert appealed.state is S.APPEALED
    dismissed = stepped(appealed, E.DISMISS_APPEAL, reviewer(Level.CITY), end)
    assert step(dismissed, E.APPEAL, the_applicant(), end) == Rejected(Code.APPEAL_ENDED)
    assert due_at(dismissed, CLERK) is None

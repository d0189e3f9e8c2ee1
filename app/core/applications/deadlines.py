"""The terms (时限) of an application, and what time alone does to it: no decision waits for a job.

Zhejiang's social-assistance regulation Art. 11 and 23: 15 working days to investigate, 7 days of notice, 5 working days
for the city; the ministry's rules of 2021: begun within 3 working days, the whole within 45 at most (DOMAIN.md 3.2).
Working days follow the State Council's calendar with its exchanged days; the notice runs in calendar days, the first
not counted, on to a working day (Civil Code Art. 201, 203). Terms for the applicant to supply, and for us to answer
objections and appeals, are ours.
"""

from dataclasses import replace
from datetime import datetime, time, timedelta

from app.core.applications.model import Application, Clerk, Moved, Step
from app.core.applications.states import MOVES, ApplicationState, Party
from app.core.quantities import Instant
from app.core.working_days import deadline

BEGINNING_DAYS = 3
SUPPLYING_DAYS = 15
INVESTIGATING_DAYS = 15
OBJECTION_DAYS = 5
CITY_DAYS = 5
APPEAL_ANSWER_DAYS = 15
WHOLE_DAYS = 45
APPEAL_DAYS = 60
"""Calendar days to ask for another look, as for administrative review (行政复议法 Art. 20, from memory)."""

_DAY = timedelta(days=1)
S = ApplicationState


def notice_end(since: Instant, days: int, clerk: Clerk) -> Instant:
    """The moment a term of calendar days is over: 24:00, local, of its last day; the first day is not counted."""
    last = clerk.calendar.run_on(since.astimezone(clerk.zone).date(), days)
    return datetime.combine(last + _DAY, time(), clerk.zone).astimezone(since.tzinfo)


def due_at(application: Application, clerk: Clerk) -> Instant | None:
    """Until when the next step of a state is due; None where nobody owes one by a day."""
    since = application.since
    match application.state:
        case S.SUBMITTED:
            return deadline(since, BEGINNING_DAYS, clerk.calendar, clerk.zone)
        case S.MATERIAL_REQUESTED:
            return deadline(since, SUPPLYING_DAYS, clerk.calendar, clerk.zone)
        case S.VILLAGE_REVIEW | S.TOWN_REVIEW:
            return deadline(application.term_from or since, INVESTIGATING_DAYS, clerk.calendar, clerk.zone)
        case S.PUBLICITY:
            return application.notice_until
        case S.OBJECTION:
            return deadline(since, OBJECTION_DAYS, clerk.calendar, clerk.zone)
        case S.CITY_REVIEW:
            return deadline(since, CITY_DAYS, clerk.calendar, clerk.zone)
        case S.APPEALED:
            return deadline(since, APPEAL_ANSWER_DAYS, clerk.calendar, clerk.zone)
        case S.APPROVED:
            return application.valid_until
        case S.REJECTED:
            return None if application.appealed else notice_end(since, APPEAL_DAYS, clerk)
        case _:
            return None


def whole_due_at(application: Application, clerk: Clerk) -> Instant | None:
    """Until when the whole case must be over at the latest; None before it was submitted."""
    if application.submitted_at is None:
        return None
    return deadline(application.submitted_at, WHOLE_DAYS, clerk.calendar, clerk.zone)


_BY_TIME = {state: event for (state, event), move in MOVES.items() if move.by is Party.TIME}


def catch_up(application: Application, clerk: Clerk, at: Instant) -> Moved:
    """What time has done to an application by a moment, dated when it did it, whoever writes it down and when."""
    due = due_at(application, clerk)
    event = _BY_TIME.get(application.state)
    if event is None or due is None or at < due:
        return Moved(application)
    [after] = MOVES[application.state, event].ends
    step = Step(event=event, before=application.state, after=after, actor=Party.TIME.value, at=due)
    return Moved(replace(application, state=after, since=due), (step,))


def is_overdue(application: Application, clerk: Clerk, at: Instant) -> bool:
    """Whether somebody of ours is late with an application that stands as it is."""
    ours = application.state not in (S.MATERIAL_REQUESTED, S.PUBLICITY, S.APPROVED, S.REJECTED)
    due = due_at(application, clerk)
    return ours and due is not None and at >= due

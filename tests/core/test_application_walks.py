"""Walks of applications agree with an independent model; and they are trusted because they catch bugs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.core.applications import deciding
from app.core.applications.deadlines import notice_end
from app.core.applications.model import Application, Clerk, Hand, Moved
from app.core.applications.states import ApplicationEvent, ApplicationState, Move
from app.core.quantities import Instant
from app.core.working_days import WorkingCalendar
from tests.core.application_machine import ApplicationMachine

WALKS = settings(max_examples=500, stateful_step_count=50, deadline=None, derandomize=True, database=None)
SEARCH = settings(WALKS, phases=(Phase.generate,), report_multiple_bugs=False)
"""The very walks of the test; when one finds something, no smaller one is sought."""

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug: what goes wrong, and how it is planted."""

    name: str
    plant: Plant


def _put(name: str, wrong: object) -> Plant:
    return lambda patch: patch.setattr(deciding, name, wrong)


def _notice_counts_its_first_day(patch: pytest.MonkeyPatch) -> None:
    right = notice_end

    def wrong(since: Instant, days: int, clerk: Clerk) -> Instant:
        return right(since, days - 1, clerk)

    patch.setattr(deciding, "notice_end", wrong)


def _objections_go_straight_to_the_city(patch: pytest.MonkeyPatch) -> None:
    right = deciding._end_of

    def wrong(application: Application, event: ApplicationEvent, move: Move) -> ApplicationState:
        after = right(application, event, move)
        return ApplicationState.CITY_REVIEW if event is ApplicationEvent.REINVESTIGATE else after

    patch.setattr(deciding, "_end_of", wrong)


def _relatives_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    def wrong(application: Application, hand: Hand) -> bool:
        return hand.volunteer == application.volunteer or hand.reference == application.entered_by

    patch.setattr(deciding, "is_own", wrong)


def _upheld_appeals_skip_the_town(patch: pytest.MonkeyPatch) -> None:
    right = deciding._end_of

    def wrong(application: Application, event: ApplicationEvent, move: Move) -> ApplicationState:
        after = right(application, event, move)
        return ApplicationState.CITY_REVIEW if event is ApplicationEvent.UPHOLD_APPEAL else after

    patch.setattr(deciding, "_end_of", wrong)


def _notices_end_on_days_of_rest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(WorkingCalendar, "run_on", lambda _self, day, count: day + timedelta(days=count))


BUGS = [
    Bug("the notice counts its first day", _notice_counts_its_first_day),
    Bug("an objection goes straight to the city", _objections_go_straight_to_the_city),
    Bug("an upheld appeal skips the town", _upheld_appeals_skip_the_town),
    Bug("relatives are forgotten", _relatives_are_forgotten),
    Bug("one person judges at two levels", _put("_judged_below", lambda *_: False)),
    Bug("one person annuls alone", _put("_refuse_annulment", lambda *_: None)),
    Bug("approvals rest on facts of before", _put("_refuse_facts", lambda *_: None)),
    Bug("time is not looked at before a step", _put("catch_up", lambda written, *_: Moved(written))),
    Bug("a notice may end on a day of rest", _notices_end_on_days_of_rest),
]


def test_the_core_agrees_with_the_model() -> None:
    """Every answer and every standing of every walk; nothing is granted without levels, notice and frozen facts."""
    ApplicationMachine.granted = 0
    run_state_machine_as_test(ApplicationMachine, settings=WALKS)
    assert ApplicationMachine.granted > 500


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_walks_catch_a_planted_bug(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is one that some office had: the very walks above find it."""
    bug.plant(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(ApplicationMachine, settings=SEARCH)

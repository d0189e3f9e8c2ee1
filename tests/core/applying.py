"""Applications for tests: routes, people of every level, and steps that are as they should be unless said otherwise."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.core.applications.deciding import decide_step
from app.core.applications.model import Application, Clerk, Given, Hand, Moved
from app.core.applications.states import ApplicationEvent, ApplicationState, Level, Party, Route
from app.core.codes import Rejected
from app.core.ids import ApplicationId, UserId, VolunteerId, format_id
from tests.core.builders import named

BEGIN = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""A Monday, 09:00 in Shanghai."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
CLERK = Clerk(zone=SHANGHAI)
APPLICANT = VolunteerId(named("applicant"))
NEIGHBOUR = VolunteerId(named("neighbour"))
HASH = bytes(range(32))
FULL = Route(frozenset(Level), 7)


def an_application(route: Route = FULL, **changed: Any) -> Application:  # noqa: ANN401 - as `Application` takes them
    """A draft of the applicant's own, or one in another state."""
    draft = Application(
        id=ApplicationId(named("application")),
        volunteer=APPLICANT,
        benefit="hardship",
        version="2026-1",
        route=route,
        state=ApplicationState.DRAFT,
        since=BEGIN,
        entered_by=format_id("vol", APPLICANT),
        region="330282101001",
        created_at=BEGIN,
    )
    return replace(draft, **changed)


def reviewer(level: Level, name: str = "", **more: Any) -> Hand:  # noqa: ANN401 - as `Hand` takes them
    """A reviewer of a level, always the same for the same name."""
    user = UserId(named("reviewer", level, name))
    return Hand(party=Party.REVIEWER, reference=format_id("usr", user), user=user, level=level, **more)


def the_applicant() -> Hand:
    """The volunteer whose application it is."""
    return Hand(party=Party.APPLICANT, reference=format_id("vol", APPLICANT), volunteer=APPLICANT)


def a_neighbour(volunteer: VolunteerId = NEIGHBOUR) -> Hand:
    """A volunteer who has read the notice."""
    return Hand(party=Party.NEIGHBOUR, reference=format_id("vol", volunteer), volunteer=volunteer)


LEDGER = Hand(party=Party.LEDGER, reference="system")
TIME = Hand(party=Party.TIME, reference="system")
WHOLE = Given(reason="材料齐全", facts_hash=HASH, seen_hash=HASH, eligible=True)
"""All that any step needs."""


def hand_for(party: Party, level: Level = Level.CITY) -> Hand:
    """Somebody of a party who is not excluded."""
    hands = {
        Party.APPLICANT: the_applicant(),
        Party.REVIEWER: reviewer(level),
        Party.NEIGHBOUR: a_neighbour(),
        Party.TIME: TIME,
        Party.LEDGER: LEDGER,
    }
    return hands[party]


def step(
    application: Application,
    event: ApplicationEvent,
    hand: Hand,
    at: datetime = BEGIN,
    clerk: Clerk = CLERK,
    **given: Any,  # noqa: ANN401 - as `Given` takes them
) -> Moved | Rejected:
    """Take one step with all it needs, except what is said otherwise."""
    return decide_step(application, event, hand, replace(WHOLE, **given), clerk, at)


def stepped(
    application: Application,
    event: ApplicationEvent,
    hand: Hand,
    at: datetime = BEGIN,
    **given: Any,  # noqa: ANN401 - as `Given` takes them
) -> Application:
    """The application after a step that must go through."""
    moved = step(application, event, hand, at, **given)
    assert isinstance(moved, Moved), (application.state, event, moved)
    return moved.application

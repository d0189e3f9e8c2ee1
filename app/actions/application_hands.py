"""Who stands before an application: its volunteer, a neighbour, or a reviewer of a level within their region.

Administrators act for the city. An organiser whose region is a village or a town acts for it, one of a larger region
or of none for the towns within. An organiser of a team only leads people and reviews no applications.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.core.applications.deadlines import catch_up, due_at, is_overdue, whole_due_at
from app.core.applications.model import Application, Clerk, Hand
from app.core.applications.states import Level, Party
from app.core.ids import ApplicationId, ProgrammeId, UserId
from app.security.actors import Actor, ActorKind
from app.store.application_lists import fetch_levels
from app.store.applications import ApplicationView, fetch_application
from app.store.database import Reader, Tx
from app.store.programmes import fetch_zone
from app.store.relatives import fetch_relatives
from app.store.same_person import fetch_own_accounts
from app.store.working_days import fetch_calendar

_LEVELS = {"village": Level.VILLAGE, "town": Level.TOWN}


@dataclass(frozen=True, slots=True)
class ApplicationTold:
    """An application as it stands at a moment, whatever has been written down."""

    view: ApplicationView
    application: Application
    due_at: datetime | None
    whole_due_at: datetime | None
    overdue: bool


async def fetch_application_clerk(reader: Reader | Tx, programme: ProgrammeId) -> Clerk:
    """The programme's calendar and zone."""
    zone = ZoneInfo(await fetch_zone(reader, programme))
    return Clerk(await fetch_calendar(reader, programme), zone=zone)


def tell(view: ApplicationView, clerk: Clerk, at: datetime) -> ApplicationTold:
    """An application as it stands, with its terms."""
    stands = catch_up(view.application, clerk, at).application
    due = due_at(stands, clerk)
    return ApplicationTold(view, stands, due, whole_due_at(stands, clerk), is_overdue(stands, clerk, at))


def day_of(clerk: Clerk, at: datetime) -> date:
    """The business day of a moment."""
    return at.astimezone(clerk.zone).date()


async def fetch_hand(reader: Reader | Tx, actor: Actor, application: Application) -> Hand | None:
    """As whom an actor comes to an application; None when it is none of their business."""
    if actor.kind is ActorKind.VOLUNTEER:
        party = Party.APPLICANT if actor.volunteer == application.volunteer else Party.NEIGHBOUR
        return Hand(party=party, reference=actor.hand, volunteer=actor.volunteer)
    level = await fetch_level(reader, actor, application.region)
    if level is None:
        return None
    user = UserId(actor.subject)
    return Hand(
        party=Party.REVIEWER,
        reference=actor.reference,
        user=user,
        volunteer=actor.volunteer,
        level=level,
        relatives=await fetch_relatives(reader, actor.programme, user),
        accounts=await fetch_own_accounts(reader, actor.programme, user),
    )


async def fetch_level(reader: Reader | Tx, actor: Actor, region: str) -> Level | None:
    """How high an official stands above people who live in a region; None when they live elsewhere."""
    if actor.kind in (ActorKind.ADMIN, ActorKind.AUDITOR):
        return Level.CITY
    if actor.kind is not ActorKind.ORGANISER:
        return None
    if actor.region is None:
        return Level.TOWN if actor.team is None else None
    levels = await fetch_levels(reader, actor.programme, region)
    return _LEVELS.get(levels[actor.region], Level.TOWN) if actor.region in levels else None


async def find_application(reader: Reader, actor: Actor, application: ApplicationId) -> ApplicationView | None:
    """An application that the actor may know of: their own, or one within their region that is no draft of others."""
    view = await fetch_application(reader, actor.programme, application)
    if view is None:
        return None
    hand = await fetch_hand(reader, actor, view.application)
    if hand is None or hand.party is Party.NEIGHBOUR:
        return None
    is_theirs = hand.party is Party.APPLICANT or view.application.entered_by == actor.reference
    return view if is_theirs or view.application.submitted_at is not None else None

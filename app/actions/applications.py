"""Applications as their volunteer makes them: begun, revised, submitted, supplied, withdrawn, appealed.

Submitting freezes the facts of that day, whatever they say: people answer an application, no rule does (PIPL Art. 24).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from uuid_utils.compat import uuid7

from app.actions.application_hands import ApplicationTold, day_of, fetch_application_clerk, fetch_hand, tell
from app.actions.application_words import seal_material, seal_statement, seal_steps
from app.actions.guardianships import refuse_child
from app.core.applications.deadlines import catch_up, due_at
from app.core.applications.deciding import decide_step
from app.core.applications.material import Material, refuse_material
from app.core.applications.model import Application, Clerk, Given, Hand, Moved
from app.core.applications.states import OPEN, ApplicationEvent, ApplicationState, route_of
from app.core.benefits.facts import hash_facts
from app.core.benefits.model import Decides
from app.core.codes import Code, Rejected
from app.core.consents import Purpose, refuse_giver
from app.core.ids import ApplicationId, ProgrammeId, VolunteerId
from app.core.quantities import Fen
from app.core.volunteers import VolunteerStatus, age_on
from app.security.actors import Actor
from app.store.application_steps import insert_steps
from app.store.applications import (
    ApplicationView,
    fetch_application,
    fetch_applications_in,
    insert_application,
    is_staff_or_relative,
    lock_application,
    update_application,
)
from app.store.benefit_facts import fetch_facts
from app.store.benefits import fetch_open_benefit, fetch_version
from app.store.consents import fetch_consent
from app.store.database import Tx
from app.store.volunteers import VolunteerRow, fetch_volunteer, lock_volunteer

S = ApplicationState
E = ApplicationEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What an applicant says and brings."""

    statement: str = ""
    material: tuple[Material, ...] = ()
    requested_fen: Fen | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A locked application with who acts on it and what its terms are counted with."""

    view: ApplicationView
    hand: Hand
    clerk: Clerk


async def begin_application(
    tx: Tx, actor: Actor, volunteer: VolunteerId, code: str, words: Words, at: datetime
) -> ApplicationTold | Rejected:
    """Begin a draft for a benefit that is open: one at a time for each. An official begins it on behalf."""
    programme = actor.programme
    clerk = await fetch_application_clerk(tx, programme)
    benefit = await fetch_open_benefit(tx, programme, code, day_of(clerk, at))
    if benefit is None or not await lock_volunteer(tx, programme, volunteer):
        return Rejected(Code.NOT_FOUND)
    applicant = await fetch_volunteer(tx, programme, volunteer)
    if applicant is None or applicant.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    if refusal := await refuse_child(tx, actor, day_of(clerk, at)):
        return refusal
    if benefit.decides is Decides.AUTOMATIC:
        return Rejected(Code.STATE_CONFLICT, {"decides": benefit.decides.value})
    if refusal := refuse_material(benefit, words.material):
        return refusal
    earlier = await fetch_applications_in(tx, programme, volunteer, code, tuple(OPEN))
    if any(catch_up(view.application, clerk, at).application.state in OPEN for view in earlier):
        return Rejected(Code.ALREADY_EXISTS)
    draft = Application(
        id=ApplicationId(uuid7()),
        volunteer=volunteer,
        benefit=code,
        version=benefit.version,
        route=route_of(benefit),
        state=S.DRAFT,
        since=at,
        entered_by=actor.hand,
        region=applicant.region_code,
        created_at=at,
        requested_fen=words.requested_fen,
    )
    statement = await seal_statement(tx, programme, draft, words.statement, at)
    await insert_application(
        tx, programme, draft, statement, await seal_material(tx, programme, draft, words.material, at)
    )
    written = await fetch_application(tx, programme, draft.id)
    return tell(written, clerk, at) if written else Rejected(Code.NOT_FOUND)


async def lock_case(tx: Tx, actor: Actor, application: ApplicationId) -> Case | None:
    """An application, locked, with the hand that the actor comes with; None when it is not there for them."""
    view = await lock_application(tx, actor.programme, application)
    hand = await fetch_hand(tx, actor, view.application) if view else None
    if view is None or hand is None:
        return None
    return Case(view, hand, await fetch_application_clerk(tx, actor.programme))


async def write_moved(
    tx: Tx, programme: ProgrammeId, case: Case, moved: Moved, at: datetime, **changes: object
) -> ApplicationTold:
    """Write an application with what has happened to it. `changes`: other fields of the view."""
    view = replace(case.view, application=moved.application, **changes)  # type: ignore[arg-type]  # fields of the view
    await update_application(tx, programme, view, due_at(moved.application, case.clerk))
    steps = await seal_steps(tx, programme, moved.application, moved.steps, at)
    await insert_steps(tx, programme, moved.application.id, steps)
    return tell(view, case.clerk, at)


async def revise_application(
    tx: Tx, actor: Actor, application: ApplicationId, words: Words, revision: int, at: datetime
) -> ApplicationTold | Rejected:
    """Write a draft anew, by whoever entered it, as it was in this revision."""
    case = await lock_case(tx, actor, application)
    if case is None or not _is_enterers(case):
        return Rejected(Code.NOT_FOUND)
    draft = case.view.application
    if draft.state is not S.DRAFT:
        return Rejected(Code.STATE_CONFLICT, {"state": draft.state.value})
    if draft.revision != revision:
        return Rejected(Code.EDIT_CONFLICT)
    published = await fetch_version(tx, actor.programme, draft.benefit, draft.version)
    if refusal := refuse_material(published.benefit, words.material) if published else None:
        return refusal
    view = replace(
        case.view,
        application=replace(draft, requested_fen=words.requested_fen),
        statement=await seal_statement(tx, actor.programme, draft, words.statement, at),
        material=await seal_material(tx, actor.programme, draft, words.material, at),
    )
    await update_application(tx, actor.programme, view, None)
    return tell(replace(view, application=replace(view.application, revision=revision + 1)), case.clerk, at)


def _is_enterers(case: Case) -> bool:
    application, hand = case.view.application, case.hand
    return hand.reference == application.entered_by or hand.volunteer == application.volunteer


async def submit_application(
    tx: Tx, actor: Actor, application: ApplicationId, at: datetime
) -> ApplicationTold | Rejected:
    """Submit a draft under the version of this day, with the facts of this day, under a consent that is in force."""
    case = await lock_case(tx, actor, application)
    if case is None or not _is_enterers(case):
        return Rejected(Code.NOT_FOUND)
    programme, draft = actor.programme, case.view.application
    applicant = await fetch_volunteer(tx, programme, draft.volunteer)
    if applicant is None or applicant.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    day = day_of(case.clerk, at)
    if refusal := await refuse_child(tx, actor, day):
        return refusal
    benefit = await fetch_open_benefit(tx, programme, draft.benefit, day)
    if benefit is None or benefit.decides is Decides.AUTOMATIC:
        return Rejected(Code.STATE_CONFLICT, {"benefit": "closed"})
    if refusal := refuse_material(benefit, case.view.material):
        return refusal
    if refusal := await _refuse_consent(tx, programme, applicant, day, at):
        return refusal
    facts = await fetch_facts(tx, programme, draft.volunteer, benefit, day)
    if facts is None:
        return Rejected(Code.NOT_FOUND)
    under = replace(draft, version=benefit.version, route=route_of(benefit), region=applicant.region_code)
    flagged = await is_staff_or_relative(tx, programme, draft.volunteer)
    given = Given(facts_hash=hash_facts(facts), flagged=flagged)
    moved = decide_step(under, E.SUBMIT, case.hand, given, case.clerk, at)
    if isinstance(moved, Rejected):
        return moved
    return await write_moved(tx, programme, case, moved, at, facts=facts)


async def _refuse_consent(
    tx: Tx, programme: ProgrammeId, applicant: VolunteerRow, day: date, at: datetime
) -> Rejected | None:
    """Of a child only the guardian's consent carries it: the child's own may be from before the birthday was known."""
    purpose = Purpose.BENEFIT_APPLICATION
    consent = await fetch_consent(tx, programme, applicant.id, purpose, at)
    if consent is None:
        return Rejected(Code.CONSENT_REQUIRED, {"purpose": purpose.value})
    age = age_on(applicant.born_on, day) if applicant.born_on else None
    return refuse_giver(age, purpose, consent.given_by)


async def supply_material(
    tx: Tx, actor: Actor, application: ApplicationId, material: tuple[Material, ...], at: datetime
) -> ApplicationTold | Rejected:
    """Hand in what was asked for, beside what is there already: named here, or uploaded since it was asked for."""
    case = await lock_case(tx, actor, application)
    if case is None or not _is_enterers(case):
        return Rejected(Code.NOT_FOUND)
    if refusal := await refuse_child(tx, actor, day_of(case.clerk, at)):
        return refusal
    asked = case.view.application
    together = (*case.view.material, *material)
    if not material and not any(file.uploaded_at >= asked.since for file in case.view.files):
        return Rejected(Code.PARAM_ERROR, {"material": "missing"})
    published = await fetch_version(tx, actor.programme, asked.benefit, asked.version)
    if refusal := refuse_material(published.benefit, together) if published else None:
        return refusal
    moved = decide_step(asked, E.SUPPLY, case.hand, Given(), case.clerk, at)
    if isinstance(moved, Rejected):
        return moved
    sealed = await seal_material(tx, actor.programme, asked, material, at)
    return await write_moved(tx, actor.programme, case, moved, at, material=(*case.view.material, *sealed))


async def withdraw_application(
    tx: Tx, actor: Actor, application: ApplicationId, at: datetime
) -> ApplicationTold | Rejected:
    """Take an application back, by its volunteer. A place in the queue is given up with it."""
    return await _step(tx, actor, application, E.WITHDRAW, "", at)


async def appeal_application(
    tx: Tx, actor: Actor, application: ApplicationId, reason: str, at: datetime
) -> ApplicationTold | Rejected:
    """Ask for another look at a rejection, once and in time."""
    return await _step(tx, actor, application, E.APPEAL, reason, at)


async def _step(
    tx: Tx, actor: Actor, application: ApplicationId, event: ApplicationEvent, reason: str, at: datetime
) -> ApplicationTold | Rejected:
    case = await lock_case(tx, actor, application)
    if case is None or not _is_enterers(case):
        return Rejected(Code.NOT_FOUND)
    moved = decide_step(case.view.application, event, case.hand, Given(reason=reason), case.clerk, at)
    if isinstance(moved, Rejected):
        return moved
    queued = case.view.application.state is S.WAITING
    return await write_moved(tx, actor.programme, case, moved, at, settled=case.view.settled and not queued)

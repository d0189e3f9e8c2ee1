"""Guardianships on their way: proposed with consent, confirmed by who saw the papers, used to act, ended."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from app.actions.consents import give_consent
from app.actions.sessions import LoggedIn, audit_session, volunteer_actor
from app.core.audit_trail import Edited
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.consents import Channel, GivenBy, Purpose
from app.core.guardianships import (
    Guardianship,
    GuardianshipState,
    end_of_guardianship,
    refuse_alone,
    refuse_guardian,
)
from app.core.ids import GuardianshipId, ProgrammeId, SessionId, UserId, VolunteerId, format_id
from app.core.sessions import LoginMethod, Session
from app.core.volunteers import Volunteer, VolunteerStatus
from app.security.actors import GUARDIAN_SCOPES, Actor, ActorKind
from app.security.origins import Origin
from app.security.words import Place
from app.store.audit_rows import insert_audit_row
from app.store.audit_trail import TrailFilter, fetch_trail
from app.store.database import Database, Reader, Tx
from app.store.guardianships import insert_guardianship, lock_guardianship, update_guardianship
from app.store.programmes import fetch_zone
from app.store.sessions import end_guarded_sessions, insert_session
from app.store.volunteers import VolunteerRow, fetch_volunteer
from app.store.words import seal_words

ACTING_LIFE = timedelta(minutes=15)
"""A guardian acts for a quarter of an hour at a time; there is no refresh."""


async def refuse_child(reader: Reader | Tx, actor: Actor, today: date) -> Rejected | None:
    """Why a volunteer may not apply or claim without a guardian today. Nothing against officials and guardians."""
    if actor.volunteer is None or actor.kind is not ActorKind.VOLUNTEER or actor.acting:
        return None
    own = await fetch_volunteer(reader, actor.programme, actor.volunteer)
    return refuse_alone(_age(own, today)) if own else None


async def note_acted(
    database: Database,
    actor: Actor,
    action: str,
    subject: str,
    changes: Mapping[str, object],
    at: datetime,
    *,
    repeated: bool = False,
) -> None:
    """Note what a guardian did for a child where that leaves no audit row of its own: by a command, or by reading.

    `repeated`: it was answered before, and is noted unless it has been. The command's answer tells who acted as well:
    it is kept under the guardian's key.
    """
    if actor.acting is None:
        return
    if repeated:
        wanted = TrailFilter(actor=actor.hand, action=action, subject=subject)
        async with database.read() as reader:
            if await fetch_trail(reader, actor.programme, 0, 1, wanted):
                return
    async with database.begin() as tx:
        await insert_audit_row(
            tx, actor.programme, uuid7(), actor=actor.hand, action=action, subject=subject, changes=changes, at=at
        )


async def propose_guardianship(
    tx: Tx, programme: ProgrammeId, proposed: Guardianship, today: date
) -> Guardianship | Rejected:
    """Ask to act for a child. `ends_on` is set here, from the child's birthday."""
    guardian = await fetch_volunteer(tx, programme, proposed.guardian)
    child = await fetch_volunteer(tx, programme, proposed.child)
    if guardian is None or child is None or child.status is VolunteerStatus.LEFT or guardian.id == child.id:
        return Rejected(Code.NOT_FOUND)
    if refusal := refuse_guardian(_age(guardian, today)):
        return refusal
    ends_on = end_of_guardianship(child.born_on, today)
    if isinstance(ends_on, Rejected):
        return ends_on
    made = replace(proposed, ends_on=ends_on)
    return made if await insert_guardianship(tx, programme, made) else Rejected(Code.ALREADY_EXISTS)


def _age(row: VolunteerRow, today: date) -> int | None:
    return Volunteer(row.id, row.status, born_on=row.born_on).age_on(today)


async def confirm_guardianship(
    tx: Tx, programme: ProgrammeId, guardianship: GuardianshipId, by: UserId, evidence: str, today: date, at: datetime
) -> Edited[Guardianship] | Rejected:
    """Confirm what papers show. The guardian's consent stands in the ledger from now on."""
    found = await lock_guardianship(tx, programme, guardianship)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.state is not GuardianshipState.PROPOSED:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    if today >= found.ends_on:
        return Rejected(Code.NOT_ELIGIBLE, {"ended_on": found.ends_on.isoformat()})
    given = await give_consent(
        tx,
        programme,
        found.child,
        purpose=Purpose.MINOR_GUARDIAN,
        version=found.consent_version,
        channel=Channel.MINI_PROGRAM,
        given_by=GivenBy.GUARDIAN,
        actor=format_id("vol", found.guardian),
        today=today,
        at=at,
    )
    if isinstance(given, Rejected):
        return given
    place, row = Place.GUARDIANSHIP_EVIDENCE, guardianship.hex
    papers = await seal_words(tx, programme, found.child, place, row, evidence, at)
    changed = replace(found, state=GuardianshipState.ACTIVE, confirmed_by=by, confirmed_at=at, evidence=papers)
    await update_guardianship(tx, programme, changed)
    return Edited(found, changed)


async def end_guardianship(
    tx: Tx, programme: ProgrammeId, guardianship: GuardianshipId, by: str, at: datetime, *, own: VolunteerId | None
) -> Edited[Guardianship] | Rejected:
    """End it, and all that acts by it. `own`: the guardian who ends their own; to others it is not there."""
    found = await lock_guardianship(tx, programme, guardianship)
    if found is None or (own is not None and found.guardian != own):
        return Rejected(Code.NOT_FOUND)
    if found.state is GuardianshipState.ENDED:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    changed = replace(found, state=GuardianshipState.ENDED, ended_at=at, ended_by=by)
    await update_guardianship(tx, programme, changed)
    await end_guarded_sessions(tx, programme, guardianship, at)
    return Edited(found, changed)


async def act_for_child(
    tx: Tx, programme: ProgrammeId, guardianship: GuardianshipId, guardian: VolunteerId, origin: Origin, at: datetime
) -> LoggedIn | Rejected:
    """A session in which the guardian acts for the child: minutes, and not a moment past the fourteenth birthday."""
    found = await lock_guardianship(tx, programme, guardianship)
    if found is None or found.guardian != guardian:
        return Rejected(Code.NOT_FOUND)
    zone = await fetch_zone(tx, programme)
    today = business_day(at, zone)
    if not found.holds(today):
        ended = found.state if found.state is not GuardianshipState.ACTIVE else GuardianshipState.ENDED
        return Rejected(Code.STATE_CONFLICT, {"state": ended.value})
    child = await fetch_volunteer(tx, programme, found.child)
    if child is None or child.status is VolunteerStatus.LEFT:
        return Rejected(Code.NOT_FOUND)
    ends_on = end_of_guardianship(child.born_on, today)
    if isinstance(ends_on, Rejected):  # the birthday was corrected since
        return Rejected(Code.STATE_CONFLICT, {"state": GuardianshipState.ENDED.value})
    birthday = datetime.combine(min(ends_on, found.ends_on), time(), ZoneInfo(zone)).astimezone(UTC)
    until = min(at + ACTING_LIFE, birthday)
    session = Session(
        id=SessionId(uuid7()),
        kind="volunteer",
        subject=found.child,
        acting=guardian,
        guardianship=found.id,
        method=LoginMethod.GUARDIAN,
        device=origin.device,
        network=origin.network,
        created_at=at,
        refreshed_at=at,
        idle_until=until,
        expires_at=until,
    )
    await insert_session(tx, programme, session)
    actor = replace(
        volunteer_actor(programme, found.child), scopes=GUARDIAN_SCOPES, session=session.id, acting=guardian
    )
    told: dict[str, object] = {"method": session.method.value, "guardianship_id": format_id("gua", found.id)}
    await audit_session(tx, programme, actor.hand, "session.begin", session.id, told, at)
    return LoggedIn(actor, session)

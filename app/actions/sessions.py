"""Sessions: begun at log-in, refreshed with a token that is good once, ended by their owner, others, or a reuse."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.actions.users import actor_of
from app.core.audit_trail import changed
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, SessionId, UserId, VolunteerId, format_id
from app.core.sessions import (
    STAFF_SPAN,
    VOLUNTEER_SPAN,
    EndedBy,
    LoginMethod,
    RefreshRefusal,
    Session,
    Span,
    refresh,
)
from app.core.volunteers import VolunteerStatus
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.origins import Origin
from app.security.scopes import Scope
from app.security.session_tokens import read_refresh_token
from app.store.audit_rows import insert_audit_row
from app.store.database import Database, Tx
from app.store.login_settings import fetch_login_settings
from app.store.sessions import end_session, insert_session, lock_session, update_refreshed
from app.store.totps import fetch_totp
from app.store.users import User, fetch_user
from app.store.volunteers import fetch_volunteer

ENROLLING = frozenset((Scope.LOGIN_OWN,))
"""What somebody may do who still has to set a second factor up, or to choose a password of their own."""
_FACTOR_KINDS = frozenset((ActorKind.ADMIN, ActorKind.AUDITOR))


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody who is in. `enrolling`, `must_change`: to set a second factor up, to change a password; nothing else."""

    actor: Actor
    session: Session
    enrolling: bool = False
    must_change: bool = False


def _span_of(kind: ActorKind) -> Span:
    return VOLUNTEER_SPAN if kind is ActorKind.VOLUNTEER else STAFF_SPAN


def volunteer_actor(programme: ProgrammeId, volunteer: VolunteerId) -> Actor:
    """The actor that a volunteer is."""
    return Actor(
        kind=ActorKind.VOLUNTEER,
        programme=programme,
        subject=volunteer,
        scopes=DEFAULT_SCOPES[ActorKind.VOLUNTEER],
        volunteer=volunteer,
    )


async def must_enrol(tx: Tx, programme: ProgrammeId, user: User) -> bool:
    """Whether the programme asks this user for a second factor that is not there yet."""
    if user.kind not in _FACTOR_KINDS or not (await fetch_login_settings(tx, programme)).second_factor:
        return False
    stored = await fetch_totp(tx, programme, user.id)
    return stored is None or stored.confirmed_at is None


async def user_actor(tx: Tx, programme: ProgrammeId, user: User) -> tuple[Actor, bool]:
    """The actor that a user is now, and whether they still have to enrol."""
    actor = actor_of(programme, user)
    enrolling = await must_enrol(tx, programme, user)
    return (replace(actor, scopes=ENROLLING) if enrolling or user.must_change else actor), enrolling


async def begin_session(
    tx: Tx,
    actor: Actor,
    method: LoginMethod,
    origin: Origin,
    at: datetime,
    *,
    enrolling: bool = False,
    must_change: bool = False,
) -> LoggedIn:
    """Begin a session of an actor, and tell the audit trail."""
    span = _span_of(actor.kind)
    session = Session(
        id=SessionId(uuid7()),
        kind=actor.kind.value,
        subject=actor.subject,
        method=method,
        device=origin.device,
        network=origin.network,
        created_at=at,
        refreshed_at=at,
        idle_until=at + span.idle,
        expires_at=at + span.whole,
    )
    await insert_session(tx, actor.programme, session)
    changes = {"method": method.value, "device": origin.device, "network": origin.network}
    await audit_session(tx, actor.programme, actor.hand, "session.begin", session.id, changes, at)
    return LoggedIn(replace(actor, session=session.id), session, enrolling, must_change)


async def audit_session(
    tx: Tx,
    programme: ProgrammeId,
    actor: str,
    action: str,
    session: SessionId,
    changes: Mapping[str, object],
    at: datetime,
) -> None:
    """Note what became of a session."""
    await insert_audit_row(
        tx,
        programme,
        uuid7(),
        actor=actor,
        action=action,
        subject=format_id("ses", session),
        changes=changes,
        at=at,
    )


async def refresh_session(database: Database, key: bytes, token: str, at: datetime) -> LoggedIn | Rejected:
    """Trade a refresh token for the next. A token that was used before ends the session for whoever holds it."""
    read = read_refresh_token(key, token)
    if read is None:
        return Rejected(Code.TOKEN_ERROR)
    programme, named, seq = read
    async with database.begin() as tx:
        session = await lock_session(tx, programme, named)
        if session is None or session.acting:
            return Rejected(Code.TOKEN_ERROR)
        after = refresh(session, seq, _span_of(ActorKind(session.kind)), at)
        if isinstance(after, RefreshRefusal):
            if after is RefreshRefusal.REUSED:
                await _end(tx, programme, session, EndedBy.REUSE, at)
            return Rejected(Code.TOKEN_ERROR)
        entered = await _enter_again(tx, programme, after)
        if entered is None:
            await _end(tx, programme, session, EndedBy.DISABLED, at)
            return Rejected(Code.TOKEN_ERROR)
        await update_refreshed(tx, programme, after)
        return entered


def ended_changes(by: EndedBy, at: datetime) -> Mapping[str, object]:
    """What the end of a session changes of it: only a running one is ended."""
    ended = {"ended_at": at.isoformat(), "ended_by": by.value}
    return changed(dict.fromkeys(ended), ended)


async def _end(tx: Tx, programme: ProgrammeId, session: Session, by: EndedBy, at: datetime) -> None:
    await end_session(tx, programme, session.id, session.subject, by, at)
    await audit_session(tx, programme, "system", "session.end", session.id, ended_changes(by, at), at)


async def _enter_again(tx: Tx, programme: ProgrammeId, session: Session) -> LoggedIn | None:
    """In as who the session's owner is today: roles and parts may have changed since the log-in. None: not at all."""
    if session.kind == ActorKind.VOLUNTEER.value:
        volunteer = VolunteerId(session.subject)
        found = await fetch_volunteer(tx, programme, volunteer)
        if found is None or found.status is VolunteerStatus.LEFT:
            return None
        return LoggedIn(replace(volunteer_actor(programme, volunteer), session=session.id), session)
    user = await fetch_user(tx, programme, UserId(session.subject))
    if user is None or user.disabled_at:
        return None
    actor, enrolling = await user_actor(tx, programme, user)
    return LoggedIn(replace(actor, session=session.id), session, enrolling, user.must_change)


async def end_own_session(
    tx: Tx, programme: ProgrammeId, session: SessionId, subject: UUID, at: datetime
) -> Session | Rejected:
    """End one of one's own sessions; nobody else's is there."""
    ended = await end_session(tx, programme, session, subject, EndedBy.OWN, at)
    return ended or Rejected(Code.NOT_FOUND)

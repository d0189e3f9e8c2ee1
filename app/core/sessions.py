"""Sessions (登录会话): one log-in and all the tokens that come from it, until it ends.

A refresh token is good once. Whoever sends an older one shows that two hold it, the owner and a thief, and nobody can
tell which is which: the whole session ends (RFC 9700, section 4.14.2). A moment is granted to an answer that was lost.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from app.core.ids import GuardianshipId, SessionId, VolunteerId
from app.core.quantities import Instant

SESSIONS_KEPT = timedelta(days=180)
"""How long sessions are kept once they are over, unless `LIYU_SESSIONS_KEPT_DAYS` says otherwise."""
LOST_ANSWER = timedelta(seconds=10)
"""So long the token before is taken for the same call once more: mini-programs lose answers under way."""


class LoginMethod(StrEnum):
    """How somebody came in."""

    PASSWORD = "password"  # noqa: S105 - a word, not a secret
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    WECHAT = "wechat"
    GUARDIAN = "guardian"


class EndedBy(StrEnum):
    """Why a session ended."""

    OWN = "own"
    REUSE = "reuse"
    ADMINISTRATOR = "administrator"
    REBOUND = "rebound"
    GUARDIANSHIP = "guardianship"
    DISABLED = "disabled"
    PASSWORD = "password"  # noqa: S105 - a word, not a secret


class RefreshRefusal(StrEnum):
    """Why a refresh token is not taken. Only our log and the audit trail learn which."""

    ENDED = "ended"
    EXPIRED = "expired"
    REUSED = "reused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How long a session lasts: since its last use, and at the very most."""

    idle: timedelta
    whole: timedelta


STAFF_SPAN = Span(idle=timedelta(hours=2), whole=timedelta(hours=12))
"""Of people at a desk: a working day."""
VOLUNTEER_SPAN = Span(idle=timedelta(days=30), whole=timedelta(days=180))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One log-in. `device` and `network` are coarse: enough to know one's own, not enough to follow anyone."""

    id: SessionId
    kind: str
    subject: UUID
    method: LoginMethod
    device: str
    network: str
    created_at: Instant
    refreshed_at: Instant
    idle_until: Instant
    expires_at: Instant
    seq: int = 1
    acting: VolunteerId | None = None
    guardianship: GuardianshipId | None = None
    ended_at: Instant | None = None
    ended_by: EndedBy | None = None


def refresh(session: Session, presented: int, span: Span, at: Instant) -> Session | RefreshRefusal:
    """The session after a refresh token with that number was shown.

    The number before the newest gives the same session again within LOST_ANSWER; any other old one is a reuse.
    """
    if session.ended_at is not None:
        return RefreshRefusal.ENDED
    if presented == session.seq - 1 and at < session.refreshed_at + LOST_ANSWER:
        return session
    if presented != session.seq:
        return RefreshRefusal.REUSED
    if at >= min(session.idle_until, session.expires_at):
        return RefreshRefusal.EXPIRED
    idle_until = min(at + span.idle, session.expires_at)
    return replace(session, seq=session.seq + 1, refreshed_at=at, idle_until=idle_until)

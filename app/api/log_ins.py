"""What every way in answers with: a token for minutes, and where there is a session, what refreshes it."""

from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.sessions import LoggedIn
from app.api.access import address_of
from app.api.bodies import Answer
from app.api.services import Services
from app.core.ids import format_id
from app.security.actors import Actor, ActorKind
from app.security.origins import Origin, device_of
from app.security.session_tokens import issue_refresh_token
from app.security.tokens import issue_token

ProgrammeCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,15}$", examples=["cixi"])]
SessionRef = Annotated[str, Field(pattern="^ses_[0-9a-f]{32}$", examples=["ses_0190c6f0a1b27c3d8e9f00112233aabb"])]


class TokenAnswer(Answer):
    """A token to send as `Authorization: Bearer …`."""

    access_token: str
    token_type: Annotated[str, Field(examples=["Bearer"])] = "Bearer"  # noqa: S105 - a word, not a secret
    expires_at: datetime
    kind: ActorKind


class LoginAnswer(TokenAnswer):
    """A token with its session (登录会话). Each refresh token is good once: keep the newest."""

    session_id: SessionRef
    refresh_token: Annotated[str | None, Field(description="null: this session is not refreshed")]
    session_ends_at: Annotated[datetime, Field(description="Unless it is refreshed before; or at the very latest")]
    enrolment_required: Annotated[
        bool, Field(description="The token is good for setting up a second factor only (请先设置动态验证码)")
    ] = False
    password_change_required: Annotated[
        bool, Field(description="The token is good for choosing a password of one's own (请先修改初始密码)")
    ] = False


async def give_token(services: Services, actor: Actor, until: datetime | None = None) -> TokenAnswer:
    """A short-lived token for an actor; `until`: no longer than that."""
    now = services.clock()
    expires_at = now + services.token_lifetime
    if until and until < expires_at:
        expires_at = until
    keys = await services.cabinet.token_keys(actor.programme)
    token = issue_token(keys, actor, issued_at=now, lifetime=expires_at - now, token_id=uuid7().hex)
    return TokenAnswer(access_token=token, expires_at=expires_at, kind=actor.kind)


async def answer_login(services: Services, entered: LoggedIn) -> LoginAnswer:
    """The tokens of a session. Of one in which a guardian acts there is nothing to refresh."""
    session, programme = entered.session, entered.actor.programme
    ends_at = min(session.idle_until, session.expires_at)
    given = await give_token(services, entered.actor, ends_at)
    refresh = None
    if session.acting is None:
        refresh = issue_refresh_token(services.cabinet.sessions, programme, session.id, session.seq)
    return LoginAnswer(
        access_token=given.access_token,
        expires_at=given.expires_at,
        kind=given.kind,
        session_id=format_id("ses", session.id),
        refresh_token=refresh,
        session_ends_at=ends_at,
        enrolment_required=entered.enrolling,
        password_change_required=entered.must_change,
    )


def origin_of(request: Request) -> Origin:
    """Where a request comes from."""
    return Origin(address_of(request), device_of(request.headers.get("user-agent", "")))

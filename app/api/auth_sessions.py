"""Sessions (登录会话): refreshed, listed by their owner, ended by the owner or, for a user, by an administrator."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.actions.sessions import end_own_session, ended_changes, refresh_session
from app.api.access import PUBLIC, Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.log_ins import LoginAnswer, SessionRef, answer_login
from app.api.operations import IdempotencyKey, reads, refusals, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem, refuse
from app.api.services import Serves
from app.api.users import user_named
from app.core.audit_trail import changed
from app.core.codes import Code, Rejected
from app.core.ids import SessionId, format_id, parse_id
from app.core.sessions import EndedBy, LoginMethod, Session
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.sessions import end_sessions_of, fetch_open_sessions
from app.store.users import fetch_user

router = APIRouter(prefix="/v1/auth", tags=["Access"])
users_router = APIRouter(prefix="/v1/users", tags=["Access"])

Own = Annotated[Actor, Depends(Requires(Scope.LOGIN_OWN))]


class RefreshRequest(Body):
    """The newest refresh token of a session."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=200, examples=["rft_cixi_0190…_3_…"])]


class SessionAnswer(Answer):
    """A running session. From where and with what is coarse on purpose."""

    id: SessionRef
    current: Annotated[bool, Field(description="The one with which this was asked")]
    method: LoginMethod
    device: Annotated[str, Field(examples=["windows"])]
    network: Annotated[str, Field(examples=["203.0.113.0/24"])]
    acting_for_child: bool
    created_at: datetime
    refreshed_at: datetime
    ends_at: datetime


class SessionPage(Answer):
    """Sessions in the order of their beginning."""

    sessions: list[SessionAnswer]
    next: str | None


class EndedSession(Answer):
    """A session that ended."""

    id: SessionRef
    ended_at: datetime
    ended_by: EndedBy


class EndedSessions(Answer):
    """How many sessions ended."""

    ended: int


def render_session(session: Session, current: SessionId | None) -> SessionAnswer:
    """A session as its owner sees it."""
    return SessionAnswer(
        id=format_id("ses", session.id),
        current=session.id == current,
        method=session.method,
        device=session.device,
        network=session.network,
        acting_for_child=session.acting is not None,
        created_at=session.created_at,
        refreshed_at=session.refreshed_at,
        ends_at=min(session.idle_until, session.expires_at),
    )


@router.post(
    "/tokens/refresh",
    operation_id="refreshToken",
    summary="Trade a refresh token for new tokens (续期)",
    response_model=LoginAnswer,
    responses=refusals((Code.PARAM_ERROR, Code.TOKEN_ERROR, Code.BODY_TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE)),
    openapi_extra={"x-access": PUBLIC},
)
async def post_refresh(
    services: Serves, received: Annotated[Received[RefreshRequest], Depends(JsonBody(RefreshRequest))]
) -> Response:
    """Each is good once. One that was used before ends the session: two hold it, and one of them is a thief.

    Within ten seconds the same token gets the same answer again: the first may have been lost on the way.
    """
    key = services.cabinet.sessions
    entered = await refresh_session(services.database, key, received.body.refresh_token, services.clock())
    if isinstance(entered, Rejected):
        raise refuse(entered)
    return json_answer((await answer_login(services, entered)).model_dump_json())


@router.get(
    "/sessions",
    operation_id="listOwnSessions",
    summary="One's own running sessions (登录会话)",
    response_model=SessionPage,
    responses=reads(),
)
async def list_own_sessions(
    request: Request, response: Response, services: Serves, actor: Own, limit: Limit = PAGE, after: After = None
) -> SessionPage:
    """With those in which a guardian acts for a child."""
    begin = SessionId(id_after("ses", after))
    async with services.database.read() as reader:
        found = await fetch_open_sessions(reader, actor.programme, actor.subject, begin, limit + 1, services.clock())
    page, more = cut_page(found, limit)
    cursor = format_id("ses", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return SessionPage(sessions=[render_session(session, actor.session) for session in page], next=cursor)


@router.post(
    "/sessions/{session_id}/end",
    operation_id="endOwnSession",
    summary="Log out, here or elsewhere (退出登录)",
    response_model=EndedSession,
    responses=writes(Code.NOT_FOUND),
)
async def post_end(services: Serves, actor: Own, key: IdempotencyKey, session_id: str) -> Response:
    """Its tokens are good for nothing any more: at once for the control plane, within seconds elsewhere."""
    named = parse_id("ses", session_id)
    if named is None:
        raise Problem(Code.NOT_FOUND)
    session = SessionId(named)
    ticket = ticket_of(services, actor, key, b"end" + session.bytes)

    async def end(tx: Tx) -> Session | Rejected:
        return await end_own_session(tx, actor.programme, session, actor.subject, ticket.at)

    answer = EndedSession(id=session_id, ended_at=ticket.at, ended_by=EndedBy.OWN)
    changes = ended_changes(EndedBy.OWN, ticket.at)
    return await act(services, ticket, end, lambda _: note(answer, "session.end", session_id, changes), 200)


@users_router.post(
    "/{user_id}/sessions/end",
    operation_id="endUserSessions",
    summary="End all sessions of a user (强制下线)",
    response_model=EndedSessions,
    responses=writes(Code.NOT_FOUND),
)
async def post_end_of_user(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.USERS_WRITE))],
    key: IdempotencyKey,
    user_id: str,
) -> Response:
    """The user may log in again."""
    named = user_named(user_id)
    ticket = ticket_of(services, actor, key, b"end all" + named.bytes)

    async def end(tx: Tx) -> int | Rejected:
        if await fetch_user(tx, actor.programme, named) is None:
            return Rejected(Code.NOT_FOUND)
        return await end_sessions_of(tx, actor.programme, named, EndedBy.ADMINISTRATOR, ticket.at)

    return await act(
        services,
        ticket,
        end,
        lambda count: note(
            EndedSessions(ended=count), "session.end-all", user_id, changed({"running": count}, {"running": 0})
        ),
        200,
    )

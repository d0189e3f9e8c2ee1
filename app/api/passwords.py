"""Passwords (密码): changed by whoever they are, or set for somebody who has forgotten theirs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.actions.passwords import (
    OwnChange,
    PasswordChange,
    change_own_password,
    check_change,
    set_password,
    settle_change,
)
from app.actions.running import Done
from app.api.access import Requires
from app.api.acting import act, note, note_edit, secret_ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import UserRef
from app.api.log_ins import origin_of
from app.api.operations import IdempotencyKey, writes
from app.api.problems import Problem, refuse
from app.api.second_factors import own_user
from app.api.services import Serves
from app.api.users import Password, UserAnswer, render_user, user_named
from app.core.audit_trail import Edited, changed
from app.core.codes import Code, Rejected
from app.core.ids import format_id
from app.core.quantities import BrokenInvariant
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.users import User

router = APIRouter(prefix="/v1/auth/password", tags=["Access"])
users_router = APIRouter(prefix="/v1/users", tags=["Access"])


class PasswordChangeRequest(Body):
    """The old password, the second factor where there is one, and the new password."""

    old_password: Annotated[str, Field(min_length=1, max_length=200, examples=["correct horse battery"])]
    new_password: Annotated[Password, Field(examples=["four plain words together"])]
    totp: Annotated[
        str | None, Field(pattern="^[0-9]{6}$", description="Of the authenticator (动态验证码)", examples=["123456"])
    ] = None
    recovery_code: Annotated[
        str | None, Field(max_length=40, description="Instead; good once", examples=["abcd-efgh-2345-67ij"])
    ] = None


class PasswordChanged(Answer):
    """A user with a password of their own."""

    user_id: UserRef
    ended: Annotated[int, Field(description="Other sessions, which are over now")]


class PasswordReset(Body):
    """A password that its owner changes at the next log-in."""

    password: Annotated[Password, Field(examples=["until tomorrow only"])]


def _tell(made: OwnChange) -> Done:
    named = format_id("usr", made.user.after.id)
    before, after = ({"must_change_password": user.must_change} for user in (made.user.before, made.user.after))
    changes = {**changed(before, after), "ended": made.ended}
    return note(PasswordChanged(user_id=named, ended=made.ended), "password.change", named, changes)


@router.post(
    "",
    operation_id="changeOwnPassword",
    summary="Choose another password (修改密码)",
    response_model=PasswordChanged,
    responses=writes(
        Code.NOT_FOUND, Code.LOGIN_FAILED, Code.SECOND_FACTOR_NEEDED, Code.EDIT_CONFLICT, Code.FREQUENCY_LIMITED
    ),
)
async def post_password(
    request: Request,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.LOGIN_OWN))],
    received: Annotated[Received[PasswordChangeRequest], Depends(JsonBody(PasswordChangeRequest))],
    key: IdempotencyKey,
) -> Response:
    """Guesses of the old one are counted with those at the log-in. All other sessions end; this one goes on.

    Who had to change it refreshes the token afterwards, and may do everything again. Another try needs another key.
    """
    own_user(actor)
    body, ticket = received.body, secret_ticket_of(services, actor, key, received.hash)
    change = PasswordChange(
        old=body.old_password, new=body.new_password, totp=body.totp, recovery_code=body.recovery_code
    )
    guard = services.logins
    checked = await check_change(services.database, guard, ticket, change, origin_of(request))
    if isinstance(checked, Rejected):
        raise refuse(checked)

    async def do(tx: Tx) -> OwnChange | Rejected:
        if checked is None:
            raise BrokenInvariant("an answer that was there is gone")
        return await change_own_password(tx, services.cabinet, ticket, checked, change, actor.session)

    try:
        answer = await act(services, ticket, do, _tell, 200)
    except Problem as refused:
        if checked:
            await settle_change(guard, ticket, checked, refused.code)
        raise
    if checked:
        await settle_change(guard, ticket, checked, None)
    return answer


@users_router.post(
    "/{user_id}/password",
    operation_id="setUserPassword",
    summary="Give a user who has forgotten theirs a password to begin with (重置密码)",
    response_model=UserAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def post_user_password(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.USERS_WRITE))],
    received: Annotated[Received[PasswordReset], Depends(JsonBody(PasswordReset))],
    key: IdempotencyKey,
    user_id: str,
) -> Response:
    """It is good for choosing another. All sessions of the user end, the second factor stays as it is.

    Nobody does this for themselves.
    """
    named = user_named(user_id)
    ticket = secret_ticket_of(services, actor, key, received.hash + named.bytes)
    password = received.body.password

    async def do(tx: Tx) -> Edited[User] | Rejected:
        return await set_password(tx, ticket, named, password)

    return await act(
        services, ticket, do, lambda edited: note_edit(edited, render_user, "user.set-password", user_id), 200
    )

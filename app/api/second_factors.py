"""Second factors (双因素登录): set up by their owner, reset by somebody else, asked for by the programme."""

import base64
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from app.actions.running import Done
from app.actions.second_factors import Enrolment, FactorState, confirm, enrol, reset
from app.actions.settings import change_login_settings
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import UserRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.problems import Problem, refuse
from app.api.services import Serves
from app.api.users import user_named
from app.core.attempts import BY_NAME
from app.core.audit_trail import Edited, changed
from app.core.codes import Code, Rejected
from app.core.ids import UserId, format_id
from app.security.actors import Actor, ActorKind
from app.security.scopes import Scope
from app.security.totp import totp_uri
from app.store.database import Tx
from app.store.login_settings import LoginSettings, fetch_login_settings

router = APIRouter(prefix="/v1/auth/totp", tags=["Access"])
users_router = APIRouter(prefix="/v1/users", tags=["Access"])
settings_router = APIRouter(prefix="/v1/login-settings", tags=["Access"])

Own = Annotated[Actor, Depends(Requires(Scope.LOGIN_OWN))]


class TotpEnrolment(Answer):
    """A secret for an authenticator, shown this once: a repetition of the call has null. Begin anew if it is lost."""

    user_id: UserRef
    secret: Annotated[str | None, Field(description="Base32, to type")] = None
    uri: Annotated[str | None, Field(description="otpauth://, to show as a QR code")] = None


class TotpConfirmation(Body):
    """Six digits, which show that the authenticator has the secret."""

    code: Annotated[str, Field(pattern="^[0-9]{6}$", examples=["123456"])]


class SecondFactorConfirmed(Answer):
    """Codes for when the phone is lost, each good once. Shown this once, in one line: a repetition has null."""

    user_id: UserRef
    recovery_codes: Annotated[str | None, Field(description="Ten codes with spaces between them (恢复码)")] = None


class TotpReset(Answer):
    """A user without a second factor."""

    user_id: UserRef


class LoginSettingsBody(Body):
    """What the programme asks of those who log in."""

    second_factor: Annotated[
        bool, Field(description="Of administrators and auditors (管理员、审计员必须使用动态验证码)")
    ]


class LoginSettingsAnswer(Answer):
    """What the programme asks of those who log in."""

    second_factor: bool


def own_user(actor: Actor) -> UserId:
    """The user who calls; a volunteer has no password."""
    if actor.kind is ActorKind.VOLUNTEER:
        raise Problem(Code.NOT_FOUND)
    return UserId(actor.subject)


@router.post(
    "",
    operation_id="beginSecondFactor",
    summary="Begin to set up a second factor (设置动态验证码)",
    status_code=201,
    response_model=TotpEnrolment,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_totp(services: Serves, actor: Own, key: IdempotencyKey) -> Response:
    """For users with a password. It is asked for from when it is confirmed on."""
    user = own_user(actor)
    ticket = ticket_of(services, actor, key, b"begin-totp")

    async def begin(tx: Tx) -> Enrolment | Rejected:
        return await enrol(tx, services.cabinet, actor.programme, user, ticket.at)

    def told(made: Enrolment) -> Done:
        named = format_id("usr", user)
        shown = {
            "secret": base64.b32encode(made.secret).decode(),
            "uri": totp_uri(made.secret, f"Liyu {actor.programme}", made.user.username),
        }
        answer = TotpEnrolment(user_id=named).model_dump_json()
        changes = _moved(made.before, FactorState.BEGUN)
        return Done(answer=answer, action="totp.begin", subject=named, changes=changes, shown_once=shown)

    return await act(services, ticket, begin, told)


@router.post(
    "/confirm",
    operation_id="confirmSecondFactor",
    summary="Confirm a second factor with its first code",
    response_model=SecondFactorConfirmed,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.FREQUENCY_LIMITED),
)
async def post_confirm(
    services: Serves,
    actor: Own,
    received: Annotated[Received[TotpConfirmation], Depends(JsonBody(TotpConfirmation))],
    key: IdempotencyKey,
) -> Response:
    """Write the recovery codes down. Log in anew with the next code: tokens given out before stay as they are."""
    user = own_user(actor)
    ticket = ticket_of(services, actor, key, received.hash)
    if refused := await services.logins.admit(actor.programme, {f"totp {user}": BY_NAME}, ticket.at):
        raise refuse(refused)

    async def do(tx: Tx) -> Sequence[str] | Rejected:
        return await confirm(tx, services.cabinet, actor.programme, user, received.body.code, ticket.at)

    def told(codes: Sequence[str]) -> Done:
        named = format_id("usr", user)
        answer = SecondFactorConfirmed(user_id=named).model_dump_json()
        shown = {"recovery_codes": " ".join(codes)}
        changes = _moved(FactorState.BEGUN, FactorState.CONFIRMED)
        return Done(answer=answer, action="totp.confirm", subject=named, changes=changes, shown_once=shown)

    return await act(services, ticket, do, told, 200)


@users_router.post(
    "/{user_id}/second-factor/reset",
    operation_id="resetSecondFactor",
    summary="Take a user's second factor away, as after a lost phone (重置动态验证码)",
    response_model=TotpReset,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def post_reset(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.USERS_WRITE))],
    key: IdempotencyKey,
    user_id: str,
) -> Response:
    """All sessions of the user end. Nobody does it for themselves; recovery codes are for that."""
    named = user_named(user_id)
    ticket = ticket_of(services, actor, key, b"reset" + named.bytes)

    async def do(tx: Tx) -> Edited[FactorState] | Rejected:
        return await reset(tx, actor.programme, named, UserId(actor.subject), ticket.at)

    def told(edited: Edited[FactorState]) -> Done:
        return note(TotpReset(user_id=user_id), "totp.reset", user_id, _moved(edited.before, edited.after))

    return await act(services, ticket, do, told, 200)


def _moved(before: FactorState, after: FactorState) -> Mapping[str, object]:
    """What becomes of a second factor, for the trail: of its secret nothing is said."""
    return changed({"second_factor": before.value}, {"second_factor": after.value})


@settings_router.get(
    "",
    operation_id="getLoginSettings",
    summary="What the programme asks of those who log in (登录设置)",
    response_model=LoginSettingsAnswer,
    responses=reads(),
)
async def get_settings(
    services: Serves, actor: Annotated[Actor, Depends(Requires(Scope.PROGRAMME_READ))]
) -> LoginSettingsAnswer:
    """Of everybody: a password. Of administrators and auditors, where it says so, a second factor."""
    async with services.database.read() as reader:
        found = await fetch_login_settings(reader, actor.programme)
    return LoginSettingsAnswer(second_factor=found.second_factor)


@settings_router.put(
    "",
    operation_id="setLoginSettings",
    summary="Say what the programme asks of those who log in",
    response_model=LoginSettingsAnswer,
    responses=writes(),
)
async def put_settings(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PROGRAMME_WRITE))],
    received: Annotated[Received[LoginSettingsBody], Depends(JsonBody(LoginSettingsBody))],
    key: IdempotencyKey,
) -> Response:
    """It holds from the next log-in or refresh on."""
    ticket = ticket_of(services, actor, key, received.hash)
    wanted = received.body.second_factor

    async def change(tx: Tx) -> Edited[LoginSettings]:
        return await change_login_settings(tx, actor.programme, LoginSettings(second_factor=wanted), ticket.at)

    def render(settings: LoginSettings) -> LoginSettingsAnswer:
        return LoginSettingsAnswer(second_factor=settings.second_factor)

    return await act(
        services, ticket, change, lambda edited: note_edit(edited, render, "login.settings", actor.programme), 200
    )

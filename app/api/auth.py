"""Logging in, the public signing keys, and their rotation."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.actions.keys import replace_signing_key
from app.actions.logins import Proof, log_in
from app.actions.running import Done
from app.api.access import PUBLIC, Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.log_ins import LoginAnswer, ProgrammeCode, answer_login, origin_of
from app.api.operations import IdempotencyKey, refusals, writes
from app.api.problems import refuse
from app.api.services import Serves, Services
from app.core.audit_trail import Edited, changed
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId
from app.security.actors import Actor
from app.security.scopes import Scope
from app.security.tokens import jwks
from app.store.database import Tx

router = APIRouter(prefix="/v1/auth", tags=["Access"])


class LoginRequest(Body):
    """A user name and a password of a programme."""

    programme: ProgrammeCode
    username: Annotated[str, Field(min_length=1, max_length=64, examples=["admin"])]
    password: Annotated[str, Field(min_length=1, max_length=200, examples=["correct horse battery"])]
    totp: Annotated[
        str | None, Field(pattern="^[0-9]{6}$", description="Of the authenticator (动态验证码)", examples=["123456"])
    ] = None
    recovery_code: Annotated[
        str | None,
        Field(
            max_length=40, description="Instead, when the phone is lost; good once", examples=["abcd-efgh-2345-67ij"]
        ),
    ] = None


class PublicKey(Answer):
    """An Ed25519 public key as a JWK (RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    alg: str
    use: str


class PublicKeys(Answer):
    """A JWK set."""

    keys: list[PublicKey]


class RotatedKey(Answer):
    """The key that signs from now on."""

    kid: Annotated[str, Field(examples=["cixi.2"])]


@router.post(
    "/tokens",
    operation_id="logIn",
    summary="Log in (登录)",
    response_model=LoginAnswer,
    responses=refusals(
        (
            Code.PARAM_ERROR,
            Code.LOGIN_FAILED,
            Code.SECOND_FACTOR_NEEDED,
            Code.BODY_TOO_LARGE,
            Code.UNSUPPORTED_MEDIA_TYPE,
            Code.FREQUENCY_LIMITED,
        )
    ),
    openapi_extra={"x-access": PUBLIC},
)
async def log_in_user(
    request: Request,
    services: Serves,
    received: Annotated[Received[LoginRequest], Depends(JsonBody(LoginRequest))],
) -> Response:
    """A token for minutes and one to refresh it. After five wrong tries the name is closed for a quarter of an hour.

    Where the programme asks for a second factor and there is none yet, the token is good for setting it up only; with a
    password that somebody else has set, for choosing another.
    """
    body = received.body
    proof = Proof(username=body.username, password=body.password, totp=body.totp, recovery_code=body.recovery_code)
    entered = await log_in(
        services.database,
        services.logins,
        services.cabinet,
        ProgrammeId(body.programme),
        proof,
        origin_of(request),
        services.clock(),
    )
    if isinstance(entered, Rejected):
        raise refuse(entered)
    return json_answer((await answer_login(services, entered)).model_dump_json())


async def answer_keys(services: Services, programme: str) -> Response:
    """The public keys of a programme, retired ones too: what they signed can be checked for as long as it stands."""
    keys = jwks(await services.cabinet.token_keys(ProgrammeId(programme)))
    return json_answer(PublicKeys.model_validate(keys).model_dump_json(), Cache_Control="public, max-age=60")


@router.get(
    "/keys/{programme}",
    operation_id="listPublicKeys",
    summary="Public keys that verify tokens and checkpoints",
    response_model=PublicKeys,
    responses=refusals((Code.PARAM_ERROR,)),
    openapi_extra={"x-access": PUBLIC},
)
async def list_public_keys(services: Serves, programme: ProgrammeCode) -> Response:
    """As a JWK set (RFC 7517); empty for a programme that is not here."""
    return await answer_keys(services, programme)


@router.post(
    "/keys/rotate",
    operation_id="rotateSigningKey",
    summary="Sign with a new key from now on",
    status_code=201,
    response_model=RotatedKey,
    responses=writes(),
)
async def rotate_key(
    services: Serves, actor: Annotated[Actor, Depends(Requires(Scope.KEYS_WRITE))], key: IdempotencyKey
) -> Response:
    """What the old key signed stays valid until it expires."""

    async def rotate(tx: Tx) -> Edited[str | None]:
        return await replace_signing_key(tx, services.cabinet, actor.programme, services.clock)

    def told(edited: Edited[str | None]) -> Done:
        kid = edited.after or ""
        return note(RotatedKey(kid=kid), "key.rotate", kid, changed({"kid": edited.before}, {"kid": kid}))

    ticket = ticket_of(services, actor, key, b"rotate-signing-key")
    return await act(services, ticket, rotate, told)

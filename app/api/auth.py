"""Logging in, the public signing keys, and their rotation."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.keys import rotate_signing_key
from app.actions.users import log_in
from app.api.access import PUBLIC, Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.operations import IdempotencyKey, refusals, writes
from app.api.problems import refuse
from app.api.services import Serves, Services
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId
from app.security.actors import Actor, ActorKind
from app.security.scopes import Scope
from app.security.tokens import issue_token, jwks
from app.store.database import Tx

router = APIRouter(prefix="/v1/auth", tags=["Access"])

ProgrammeCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,15}$", examples=["cixi"])]


class LoginRequest(Body):
    """A user name and a password of a programme."""

    programme: ProgrammeCode
    username: Annotated[str, Field(min_length=1, max_length=64, examples=["admin"])]
    password: Annotated[str, Field(min_length=1, max_length=200, examples=["correct horse battery"])]


class TokenAnswer(Answer):
    """A token to send as `Authorization: Bearer …`."""

    access_token: str
    token_type: Annotated[str, Field(examples=["Bearer"])] = "Bearer"  # noqa: S105 - a word, not a secret
    expires_at: datetime
    kind: ActorKind


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


async def give_token(services: Services, actor: Actor) -> TokenAnswer:
    """A short-lived token for an actor."""
    now = services.clock()
    keys = await services.cabinet.token_keys(actor.programme)
    token = issue_token(keys, actor, issued_at=now, lifetime=services.token_lifetime, token_id=uuid7().hex)
    return TokenAnswer(access_token=token, expires_at=now + services.token_lifetime, kind=actor.kind)


@router.post(
    "/tokens",
    operation_id="logIn",
    summary="Log in (登录)",
    response_model=TokenAnswer,
    responses=refusals(
        (
            Code.PARAM_ERROR,
            Code.LOGIN_FAILED,
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
    """A token for minutes. After five wrong passwords in five minutes the name is closed for a while."""
    body = received.body
    address = request.client.host if request.client else ""
    programme = ProgrammeId(body.programme)
    actor = await log_in(services.database, services.logins, programme, body.username, body.password, address)
    if isinstance(actor, Rejected):
        raise refuse(actor)
    return json_answer((await give_token(services, actor)).model_dump_json())


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
    keys = jwks(await services.cabinet.token_keys(ProgrammeId(programme)))
    return json_answer(PublicKeys.model_validate(keys).model_dump_json(), Cache_Control="public, max-age=60")


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

    async def rotate(tx: Tx) -> str:
        return await rotate_signing_key(tx, services.cabinet, actor.programme, services.clock)

    ticket = ticket_of(services, actor, key, b"rotate-signing-key")
    return await act(services, ticket, rotate, lambda kid: note(RotatedKey(kid=kid), "key.rotate", kid, {}))

"""The token endpoint for other systems: OAuth 2.0 client credentials (RFC 6749, section 4.4).

Form in, JSON out, errors as section 5.2 has them, with our code beside them. The client says who it is by HTTP Basic or
in the form, never both.
"""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.actions.clients import check_secret, client_actor
from app.api.access import PUBLIC, address_of
from app.api.bodies import Answer
from app.api.log_ins import give_token
from app.api.operations import refusals
from app.api.problem_texts import TEXTS
from app.api.problems import refuse
from app.api.services import Services, services_of
from app.core.attempts import BY_ADDRESS
from app.core.codes import Code
from app.core.ids import ClientId, ProgrammeId
from app.core.refused_logins import Door
from app.security.client_secrets import format_client, parse_client
from app.security.origins import household_of
from app.security.scopes import Scope
from app.store.clients import Client, Credential, fetch_client

router = APIRouter(prefix="/v1/auth/oauth", tags=["Access"])

_FORM = "application/x-www-form-urlencoded"
_FIELDS_MAX = 10
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthError(StrEnum):
    """The errors of RFC 6749, section 5.2."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_SCOPE = "invalid_scope"


class ClientToken(Answer):
    """A token (RFC 6749, section 5.1). There is no refresh token: ask again."""

    access_token: str
    token_type: Annotated[str, Field(examples=["Bearer"])] = "Bearer"  # noqa: S105 - a word, not a secret
    expires_in: Annotated[int, Field(description="Seconds", examples=[900])]
    scope: Annotated[str, Field(examples=["events:read predicates:verify"])]


class OAuthRefusal(Answer):
    """An error (RFC 6749, section 5.2), with our code for the same."""

    error: OAuthError
    error_description: Annotated[str, Field(description="English, for developers")]
    code: Code
    request_id: str


class Refused(Exception):
    """An OAuth error on its way out."""

    def __init__(self, error: OAuthError, description: str) -> None:
        super().__init__(error.value)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a client said it is."""

    programme: ProgrammeId
    client: ClientId
    secret: str = field(repr=False)


_CODES = {
    OAuthError.INVALID_REQUEST: Code.PARAM_ERROR,
    OAuthError.UNSUPPORTED_GRANT_TYPE: Code.PARAM_ERROR,
    OAuthError.INVALID_SCOPE: Code.PARAM_ERROR,
    OAuthError.INVALID_CLIENT: Code.LOGIN_FAILED,
}


def _render(request: Request, refused: Refused) -> Response:
    code = _CODES[refused.error]
    answer = OAuthRefusal(
        error=refused.error,
        error_description=refused.description,
        code=code,
        request_id=request.scope.get("request_id", ""),
    )
    headers = dict(_NO_STORE)
    if refused.error is OAuthError.INVALID_CLIENT:
        headers["WWW-Authenticate"] = 'Basic realm="liyu"'
    return Response(answer.model_dump_json(), TEXTS[code].status, headers, "application/json")


async def _read_form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Refused(OAuthError.INVALID_REQUEST, f"the body must be {_FORM}")
    try:
        pairs = parse_qsl((await request.body()).decode(), strict_parsing=True, max_num_fields=_FIELDS_MAX)
    except ValueError as error:
        raise Refused(OAuthError.INVALID_REQUEST, "the body is not a form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Refused(OAuthError.INVALID_REQUEST, "a parameter is there twice")
    return form


def _read_client(request: Request, form: dict[str, str]) -> _Shown:
    """Who the client says it is: HTTP Basic with both parts form-encoded (section 2.3.1), or both in the form."""
    scheme, _, written = request.headers.get("authorization", "").partition(" ")
    name, secret = form.get("client_id", ""), form.get("client_secret", "")
    if scheme:
        if scheme.lower() != "basic" or secret:
            raise Refused(OAuthError.INVALID_REQUEST, "one way to authenticate at a time: Basic, or the form")
        try:
            shown, _, given = base64.b64decode(written.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError) as error:
            raise Refused(OAuthError.INVALID_CLIENT, "unknown client or wrong secret") from error
        name, secret = unquote_plus(shown), unquote_plus(given)
    named = parse_client(name)
    if named is None or not secret:
        raise Refused(OAuthError.INVALID_CLIENT, "unknown client or wrong secret")
    return _Shown(*named, secret)


async def _check(services: Services, shown: _Shown, address: str) -> tuple[Client, Credential]:
    """The client, when the secret is its own and it may call from there. Guesses are counted by address only.

    Not by client: nobody else shall be able to shut a system out. A secret has 256 bits.
    """
    at = services.clock()
    subjects = {f"oauth-address {household_of(address)}": BY_ADDRESS}
    closed = await services.logins.admit(shown.programme, subjects, at)
    async with services.database.read() as reader:
        client = await fetch_client(reader, shown.programme, shown.client)
        if closed:
            _note_refused(services, shown, client, at, turned_away=True)
            raise refuse(closed)
        known = client if client and client.disabled_at is None else None
        credential = await check_secret(reader, shown.programme, known, shown.secret, address, at)
    if known is None or credential is None:
        _note_refused(services, shown, client, at)
        raise Refused(OAuthError.INVALID_CLIENT, "unknown client or wrong secret")
    await services.logins.forgive(shown.programme, subjects, at)
    services.standing.note_used(shown.programme, credential.id, at)
    return known, credential


def _note_refused(
    services: Services, shown: _Shown, client: Client | None, at: datetime, *, turned_away: bool = False
) -> None:
    """Count for the audit trail; a client that nobody registered by the hash of its name only."""
    named = format_client(shown.programme, shown.client)
    services.logins.refused.note(
        shown.programme, Door.CLIENT_SECRET, named if client else None, named, at, turned_away=turned_away
    )


def _read_scope(form: dict[str, str], client: Client) -> frozenset[Scope]:
    """The scopes asked for; all that the client has when none are named."""
    asked = form.get("scope", "").split()
    known = {scope.value: scope for scope in client.scopes}
    if not set(asked) <= set(known):
        raise Refused(OAuthError.INVALID_SCOPE, "this client does not have all of these scopes")
    return frozenset(known[name] for name in asked) or client.scopes


_FORM_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        _FORM: {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"type": "string", "enum": ["client_credentials"]},
                    "scope": {"type": "string", "examples": ["events:read"]},
                    "client_id": {"type": "string", "description": "Unless it is sent by HTTP Basic"},
                    "client_secret": {"type": "string", "description": "Unless it is sent by HTTP Basic"},
                },
            }
        }
    },
}
OAUTH_ERRORS = "x-oauth-errors"


def _oauth_refusals() -> dict[int | str, dict[str, Any]]:
    """As `refusals`, where 400 and 401 are in the form of RFC 6749."""
    responses = refusals((Code.FREQUENCY_LIMITED, Code.BODY_TOO_LARGE))
    for status, code in ((400, Code.PARAM_ERROR), (401, Code.LOGIN_FAILED)):
        described = f"`{code.value}` {TEXTS[code].zh} / {TEXTS[code].en}"
        responses[status] = {
            "model": OAuthRefusal,
            "description": described,
            "x-codes": [code.value],
            OAUTH_ERRORS: True,
        }
    return responses


@router.post(
    "/token",
    operation_id="issueClientToken",
    summary="A token for another system (OAuth 2.0 client credentials)",
    response_model=ClientToken,
    responses=_oauth_refusals(),
    openapi_extra={"x-access": PUBLIC, "requestBody": _FORM_BODY},
)
async def post_token(request: Request) -> Response:
    """By `client_secret_basic` or `client_secret_post`. Errors are those of RFC 6749, section 5.2."""
    services = services_of(request)
    try:
        form = await _read_form(request)
        if form.get("grant_type") is None:
            raise Refused(OAuthError.INVALID_REQUEST, "grant_type is missing")  # noqa: TRY301 - one way out
        shown = _read_client(request, form)
        client, _ = await _check(services, shown, address_of(request))
        if form["grant_type"] != "client_credentials":
            raise Refused(OAuthError.UNSUPPORTED_GRANT_TYPE, "only client_credentials")  # noqa: TRY301 - one way out
        actor = client_actor(shown.programme, client, _read_scope(form, client))
    except Refused as refused:
        return _render(request, refused)
    given = await give_token(services, actor)
    lifetime_s = int((given.expires_at - services.clock()).total_seconds())
    answer = ClientToken(access_token=given.access_token, expires_in=lifetime_s, scope=" ".join(sorted(actor.scopes)))
    return Response(answer.model_dump_json(), 200, _NO_STORE, "application/json")

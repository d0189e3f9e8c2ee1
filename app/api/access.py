"""Access: every route names what it needs. With a route that names nothing the application refuses to start."""

import hmac
from datetime import datetime

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.actions.clients import client_actor
from app.api.problems import Problem
from app.api.services import Services, services_of
from app.core.codes import Code
from app.core.ids import ClientId, ProgrammeId, format_id
from app.core.refused_logins import Door
from app.security.actors import Actor, ActorKind
from app.security.client_secrets import API_KEY_START, parse_api_key
from app.security.origins import is_within
from app.security.scopes import Scope
from app.security.tokens import TokenRefusal, programme_of, read_token

_BEARER = "bearer "
_VOLUNTEERS_OWN = "me:"
PUBLIC = "public"
TILL = "till"


class Requires:
    """A dependency: the caller's token must be valid and hold the scope. Gives the actor."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Actor:
        """Find out who calls, and refuse who may not."""
        services = services_of(request)
        actor = await identify(request, services.clock())
        if self.scope not in actor.scopes:
            raise Problem(Code.NO_AUTH)
        own = self.scope.value.startswith(_VOLUNTEERS_OWN) and actor.acting is None
        await _check_session(services, actor, fresh=not own)
        services.limits.check_actor(actor.hand)
        return actor


async def identify(request: Request, now: datetime) -> Actor:
    """The actor behind the bearer token, or the API key, of a request. Which check failed is only in our log."""
    header = request.headers.get("authorization", "")
    if header[: len(_BEARER)].lower() != _BEARER:
        raise Problem(Code.TOKEN_ERROR)
    token = header[len(_BEARER) :].strip()
    services = services_of(request)
    if token.startswith(API_KEY_START):
        return await _identify_by_key(services, token, address_of(request), now)
    programme = programme_of(token)
    if programme is None:
        raise Problem(Code.TOKEN_ERROR)
    read = read_token(await services.cabinet.token_keys(programme), token, now)
    if isinstance(read, TokenRefusal):
        raise Problem(Code.TOKEN_ERROR)
    if read.kind is ActorKind.SYSTEM_CLIENT:
        return await _check_client(services, programme, ClientId(read.subject), read.scopes, address_of(request), now)
    return read


def address_of(request: Request) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else ""


async def _check_session(services: Services, actor: Actor, *, fresh: bool) -> None:
    """Refuse what was given out for a session that has ended, or to somebody who was erased since."""
    if actor.session and not await services.standing.runs(actor.programme, actor.session, fresh=fresh):
        raise Problem(Code.TOKEN_ERROR)
    if (
        actor.kind is ActorKind.VOLUNTEER
        and actor.volunteer
        and actor.session is None
        and await services.standing.is_gone(actor.programme, actor.volunteer)
    ):
        raise Problem(Code.TOKEN_ERROR)


async def _check_client(
    services: Services,
    programme: ProgrammeId,
    named: ClientId,
    scopes: frozenset[Scope],
    address: str,
    now: datetime,
) -> Actor:
    client = await services.standing.find_client(programme, named)
    if client is None or not is_within(address, client.networks):
        raise Problem(Code.TOKEN_ERROR)
    services.standing.note_used(programme, client.id, now)
    return client_actor(programme, client, scopes)


async def _identify_by_key(services: Services, token: str, address: str, now: datetime) -> Actor:
    shown = parse_api_key(token)
    if shown is None:
        raise Problem(Code.TOKEN_ERROR)
    key = await services.standing.find_key(shown.programme, shown.id)
    client = None
    if key is not None and hmac.compare_digest(shown.hash, key.hash) and key.good(now):
        client = await services.standing.find_client(shown.programme, key.client)
    if key is None or client is None or not is_within(address, client.networks):
        named = format_id("key", shown.id)
        services.logins.refused.note(shown.programme, Door.API_KEY, named if key else None, named, now)
        raise Problem(Code.TOKEN_ERROR)
    services.standing.note_used(shown.programme, key.id, now)
    services.standing.note_used(shown.programme, client.id, now)
    return client_actor(shown.programme, client, key.scopes)


def _scopes(dependant: Dependant) -> list[Scope]:
    own = [dependant.call.scope] if isinstance(dependant.call, Requires) else []
    return own + [scope for inner in dependant.dependencies for scope in _scopes(inner)]


def access_of(route: APIRoute) -> str | None:
    """What a route needs: a scope, `till` (a terminal's signature), `public`, or None when nobody has said."""
    scopes = _scopes(route.dependant)
    if scopes:
        return scopes[0].value
    declared = (route.openapi_extra or {}).get("x-access")
    return declared if declared in {PUBLIC, TILL} else None


def check_every_route_guarded(app: FastAPI) -> None:
    """Refuse to start an application with a route that does not say who may call it."""
    for route in app.routes:
        if not isinstance(route, APIRoute) or access_of(route) is None:
            raise TypeError(f"{route} does not say who may call it")

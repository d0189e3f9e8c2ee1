"""Access: every route names what it needs. With a route that names nothing the application refuses to start."""

from datetime import datetime

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.api.problems import Problem
from app.api.services import services_of
from app.core.codes import Code
from app.security.actors import Actor
from app.security.scopes import Scope
from app.security.tokens import TokenRefusal, programme_of, read_token

_BEARER = "bearer "
PUBLIC = "public"
TILL = "till"


class Requires:
    """A dependency: the caller's token must be valid and hold the scope. Gives the actor."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Actor:
        """Find out who calls, and refuse who may not."""
        actor = await identify(request, services_of(request).clock())
        if self.scope not in actor.scopes:
            raise Problem(Code.NO_AUTH)
        return actor


async def identify(request: Request, now: datetime) -> Actor:
    """The actor behind the bearer token of a request. Which check failed is only in our log."""
    header = request.headers.get("authorization", "")
    if header[: len(_BEARER)].lower() != _BEARER:
        raise Problem(Code.TOKEN_ERROR)
    token = header[len(_BEARER) :].strip()
    programme = programme_of(token)
    if programme is None:
        raise Problem(Code.TOKEN_ERROR)
    read = read_token(await services_of(request).cabinet.token_keys(programme), token, now)
    if isinstance(read, TokenRefusal):
        raise Problem(Code.TOKEN_ERROR)
    return read


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

"""The ceiling: the same server, the same signature check and validation, and no ledger behind it."""

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute

from app.api.access import TILL
from app.api.bodies import check_media_type, json_answer, parse_body
from app.api.pos import RedemptionRequest
from app.api.services import services_of
from app.api.tills import identify_till
from app.main import create_app_from_environment

ANSWER = b'{"state":"SUCCESS"}' + b" " * 480
"""As long as a redemption's answer."""


async def answer_nothing(request: Request) -> Response:
    """Check everything that can be checked without the database, then say yes."""
    raw = await request.body()
    await identify_till(request, raw, services_of(request))
    check_media_type(request)
    parse_body(RedemptionRequest, raw)
    return json_answer(ANSWER, 201)


def create_app() -> FastAPI:
    """The application of production with its redemption route replaced."""
    app = create_app_from_environment()
    route = APIRoute(
        "/v1/pos/redemptions", answer_nothing, methods=["POST"], openapi_extra={"x-access": TILL}, name="noop"
    )
    app.router.routes.insert(0, route)
    return app

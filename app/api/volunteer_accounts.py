"""A volunteer's wallet and statement for those who may look, and tokens for the mini-program."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.access import Requires
from app.api.bodies import json_answer
from app.api.log_ins import TokenAnswer, give_token
from app.api.operations import reads, refusals
from app.api.paging import PAGE, After, Limit
from app.api.problems import Problem
from app.api.services import Serves
from app.api.volunteers import Reads, find_volunteer, volunteer_named
from app.api.wallets import Asked, StatementAnswer, WalletAnswer, read_statement, read_wallet
from app.core.codes import Code
from app.core.volunteers import VolunteerStatus
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.scopes import Scope
from app.store.volunteers import fetch_volunteer

router = APIRouter(prefix="/v1/volunteers", tags=["People"])


@router.post(
    "/{volunteer_id}/access-tokens",
    operation_id="issueVolunteerToken",
    summary="A token with which the mini-program acts for a volunteer",
    status_code=201,
    response_model=TokenAnswer,
    responses=refusals((Code.PARAM_ERROR, Code.TOKEN_ERROR, Code.NO_AUTH, Code.NOT_FOUND)),
)
async def issue_volunteer_token(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.VOLUNTEER_TOKENS_ISSUE))],
    volunteer_id: str,
) -> Response:
    """For minutes. The caller has made sure who the volunteer is; nothing is stored."""
    volunteer = volunteer_named(volunteer_id)
    async with services.database.read() as reader:
        found = await fetch_volunteer(reader, actor.programme, volunteer)
    if found is None or found.status is VolunteerStatus.LEFT:
        raise Problem(Code.NOT_FOUND)
    issued = await give_token(
        services,
        Actor(
            kind=ActorKind.VOLUNTEER,
            programme=actor.programme,
            subject=volunteer,
            scopes=DEFAULT_SCOPES[ActorKind.VOLUNTEER],
            volunteer=volunteer,
        ),
    )
    return json_answer(issued.model_dump_json(), 201)


@router.get(
    "/{volunteer_id}/wallet",
    operation_id="getVolunteerWallet",
    summary="A volunteer's points and hours",
    response_model=WalletAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_volunteer_wallet(services: Serves, actor: Reads, volunteer_id: str, asked: Asked) -> WalletAnswer:
    """What the volunteer sees, now or as of any day. An organiser: of their own part only."""
    volunteer = volunteer_named(volunteer_id)
    async with services.database.read() as reader:
        await find_volunteer(reader, actor, volunteer)
    return await read_wallet(services, actor.programme, volunteer, asked)


@router.get(
    "/{volunteer_id}/statement",
    operation_id="getVolunteerStatement",
    summary="Every event that changed a volunteer's points or hours",
    response_model=StatementAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_volunteer_statement(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    volunteer_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> StatementAnswer:
    """The newest first. An organiser: of their own part only."""
    volunteer = volunteer_named(volunteer_id)
    async with services.database.read() as reader:
        await find_volunteer(reader, actor, volunteer)
    return await read_statement(request, response, services, actor.programme, volunteer, limit, after)

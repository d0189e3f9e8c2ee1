"""Penalties (扣分): imposed on evidence, confirmed by a second person, posted when they are final."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from uuid_utils.compat import uuid7

from app.actions.penalties import PenaltyTold, fetch_penalty_clerk, find_penalty, impose_penalty
from app.actions.reaches import fetch_reach
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import JsonBody, Received
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.penalty_fields import PenaltyAnswer, PenaltyPage, PenaltyRequest, penalty_named, render_penalty
from app.api.problems import Problem
from app.api.service_records import record_named
from app.api.services import Serves, Services
from app.api.teams import team_named
from app.api.volunteers import volunteer_named
from app.core.codes import Code, Rejected
from app.core.ids import PenaltyId, UserId, format_id
from app.core.penalties import Penalty, PenaltyState
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Reader, Tx
from app.store.penalties import PenaltyFilter, PenaltyView, fetch_penalties

router = APIRouter(prefix="/v1/penalties", tags=["Service"])

Reads = Annotated[Actor, Depends(Requires(Scope.PENALTIES_READ))]


@router.post(
    "",
    operation_id="imposePenalty",
    summary="Impose a penalty (扣分提议)",
    status_code=201,
    response_model=PenaltyAnswer,
    responses=writes(Code.NOT_FOUND, Code.NO_POLICY),
)
async def post_penalty(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PENALTIES_WRITE))],
    received: Annotated[Received[PenaltyRequest], Depends(JsonBody(PenaltyRequest))],
    key: IdempotencyKey,
) -> Response:
    """By a rule of the policy in force on the day of the offence. Nobody but those who may confirm it hears of it."""
    body = received.body
    ticket = secret_ticket_of(services, actor, key, received.hash)
    team = team_named(body.team_id)
    if team is None:
        raise Problem(Code.NOT_FOUND)
    view = PenaltyView(
        penalty=Penalty(
            id=PenaltyId(uuid7()),
            state=PenaltyState.IMPOSED,
            volunteer=volunteer_named(body.volunteer_id),
            team=team,
            record=record_named(body.record_id) if body.record_id else None,
            code=body.code,
            policy="",
            happened_on=body.happened_on,
            imposed_by=UserId(actor.subject),
        ),
        name="",
        name_en="",
        evidence=body.evidence,
        reason=body.reason,
        imposed_at=ticket.at,
    )

    async def impose(tx: Tx) -> PenaltyTold | Rejected:
        return await impose_penalty(tx, actor, view, ticket.at)

    return await act(
        services,
        ticket,
        impose,
        lambda told: note(
            render_penalty(told),
            "penalty.impose",
            format_id("pen", told.view.penalty.id),
            {"volunteer_id": body.volunteer_id, "code": body.code, "evidence": told.view.evidence},
        ),
    )


@router.get(
    "",
    operation_id="listPenalties",
    summary="Penalties (扣分)",
    response_model=PenaltyPage,
    responses=reads(),
)
async def list_penalties(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    volunteer: Annotated[str | None, Query(pattern="^vol_[0-9a-f]{32}$")] = None,
    state: PenaltyState | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> PenaltyPage:
    """All of them, or those of a volunteer, in a state; an organiser's are those of their own part."""
    async with services.database.read() as reader:
        wanted = PenaltyFilter(
            volunteer=volunteer_named(volunteer) if volunteer else None,
            state=state,
            teams=await fetch_reach(reader, actor),
        )
        return await page_of_penalties(request, response, services, reader, actor, wanted, limit, after)


async def page_of_penalties(
    request: Request,
    response: Response,
    services: Services,
    reader: Reader,
    actor: Actor,
    wanted: PenaltyFilter,
    limit: int,
    after: str | None,
) -> PenaltyPage:
    """A page of penalties as they stand now."""
    begin = PenaltyId(id_after("pen", after))
    found = await fetch_penalties(reader, actor.programme, begin, limit + 1, wanted)
    clerk = await fetch_penalty_clerk(reader, actor.programme)
    page, more = cut_page(found, limit)
    cursor = format_id("pen", page[-1].penalty.id) if more else None
    response.headers.update(link_next(request, cursor))
    now = services.clock()
    return PenaltyPage(penalties=[render_penalty(clerk.tell(view, now)) for view in page], next=cursor)


@router.get(
    "/{penalty_id}",
    operation_id="getPenalty",
    summary="One penalty",
    response_model=PenaltyAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_penalty(services: Serves, actor: Reads, penalty_id: str) -> PenaltyAnswer:
    """As it stands now."""
    async with services.database.read() as reader:
        view = await find_penalty(reader, actor, penalty_named(penalty_id))
        if view is None:
            raise Problem(Code.NOT_FOUND)
        clerk = await fetch_penalty_clerk(reader, actor.programme)
    return render_penalty(clerk.tell(view, services.clock()))

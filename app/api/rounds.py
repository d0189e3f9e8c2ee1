"""Rounds of benefits (批次、场次): drafting, editing, publishing, and looking at them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from uuid_utils.compat import uuid7

from app.actions.rounds import announce_round, draft_round, revise_round
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.benefit_fields import BenefitCode
from app.api.bodies import JsonBody, Received, json_answer
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.programmes import IfMatch
from app.api.round_fields import RoundAnswer, RoundPage, RoundRequest, render_round, round_named, view_of
from app.api.services import Serves, Services
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import RoundId, UserId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.security.tickets import derive_seed
from app.store.database import Tx
from app.store.rounds import RoundView, fetch_round, fetch_rounds

router = APIRouter(prefix="/v1/rounds", tags=["Rounds"])

Reads = Annotated[Actor, Depends(Requires(Scope.ROUNDS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.ROUNDS_WRITE))]

NEWEST = "f" * 32
"""Behind the newest id."""


async def find_round(services: Services, actor: Actor, reference: str) -> RoundView:
    """The round that a path names; 404 when there is none."""
    named = round_named(reference)
    async with services.database.read() as reader:
        view = await fetch_round(reader, actor.programme, named) if named else None
    if view is None:
        raise Problem(Code.NOT_FOUND)
    return view


@router.post(
    "",
    operation_id="draftRound",
    summary="Draft a round of a benefit (新建批次、场次)",
    status_code=201,
    response_model=RoundAnswer,
    responses=writes(Code.NOT_FOUND, Code.PERSON_MUST_DECIDE, Code.QUOTA_EXCEEDED),
)
async def post_round(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[RoundRequest], Depends(JsonBody(RoundRequest))],
    key: IdempotencyKey,
) -> Response:
    """Nobody sees it yet. First come and lotteries only for benefits that no person has to decide (PIPL Art. 24)."""
    ticket = ticket_of(services, actor, key, received.hash)
    drafted = view_of(received.body, RoundId(uuid7()), UserId(actor.subject), ticket.at)

    async def draft(tx: Tx) -> RoundView | Rejected:
        return await draft_round(tx, actor.programme, drafted)

    described = received.body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        draft,
        lambda made: note(render_round(made, ticket.at), "round.draft", format_id("rnd", made.terms.id), described),
    )


@router.get("", operation_id="listRounds", summary="Rounds", response_model=RoundPage, responses=reads())
async def list_rounds(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    benefit_code: Annotated[BenefitCode | None, Query(description="Only of this benefit")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> RoundPage:
    """The newest first, drafts among them."""
    before = RoundId(id_after("rnd", after or f"rnd_{NEWEST}"))
    async with services.database.read() as reader:
        found = await fetch_rounds(reader, actor.programme, before, limit + 1, benefit_code, published=False)
    page, more = cut_page(found, limit)
    cursor = format_id("rnd", page[-1].terms.id) if more else None
    response.headers.update(link_next(request, cursor))
    now = services.clock()
    return RoundPage(rounds=[render_round(view, now) for view in page], next=cursor)


@router.get(
    "/{round_id}",
    operation_id="getRound",
    summary="One round",
    response_model=RoundAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_round(services: Serves, actor: Reads, round_id: str) -> Response:
    """With an ETag to send back as If-Match when editing or publishing it."""
    view = await find_round(services, actor, round_id)
    return json_answer(render_round(view, services.clock()).model_dump_json(), ETag=f'"{view.revision}"')


@router.put(
    "/{round_id}",
    operation_id="reviseRound",
    summary="Edit a draft",
    response_model=RoundAnswer,
    responses=writes(
        Code.NOT_FOUND, Code.STATE_CONFLICT, Code.EDIT_CONFLICT, Code.PERSON_MUST_DECIDE, Code.QUOTA_EXCEEDED
    ),
)
async def put_round(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[RoundRequest], Depends(JsonBody(RoundRequest))],
    if_match: IfMatch,
    key: IdempotencyKey,
    round_id: str,
) -> Response:
    """What is published stays as it was announced."""
    found = await find_round(services, actor, round_id)
    ticket = ticket_of(services, actor, key, received.hash + round_id.encode() + if_match.encode())
    revised = view_of(received.body, found.terms.id, UserId(actor.subject), ticket.at)

    async def revise(tx: Tx) -> Edited[RoundView] | Rejected:
        return await revise_round(tx, actor.programme, revised, int(if_match.strip('"')), ticket.at)

    return await act(
        services,
        ticket,
        revise,
        lambda edited: note_edit(edited, lambda view: render_round(view, ticket.at), "round.revise", round_id),
        200,
    )


@router.post(
    "/{round_id}/publish",
    operation_id="publishRound",
    summary="Publish a round (发布)",
    response_model=RoundAnswer,
    responses=writes(
        Code.NOT_FOUND,
        Code.STATE_CONFLICT,
        Code.EDIT_CONFLICT,
        Code.ROUND_NOT_OPEN,
        Code.PERSON_MUST_DECIDE,
        Code.QUOTA_EXCEEDED,
    ),
)
async def post_publish(
    services: Serves, actor: Writes, if_match: IfMatch, key: IdempotencyKey, round_id: str
) -> Response:
    """Its terms stand from now on; of a lottery the hash of the seed is told, before anybody can enter."""
    found = await find_round(services, actor, round_id)
    ticket = ticket_of(services, actor, key, f"publish {round_id} {if_match}".encode())
    seed = derive_seed(services.cabinet.lotteries, actor.programme, found.terms.id)

    async def publish(tx: Tx) -> Edited[RoundView] | Rejected:
        by, revision = UserId(actor.subject), int(if_match.strip('"'))
        return await announce_round(tx, actor.programme, found.terms.id, revision, by, ticket.at, seed)

    return await act(
        services,
        ticket,
        publish,
        lambda edited: note_edit(edited, lambda view: render_round(view, ticket.at), "round.publish", round_id),
        200,
    )

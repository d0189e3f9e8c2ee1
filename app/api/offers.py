"""The catalogue (礼遇目录): merchants draft offers, the city publishes them; an edit is a new version."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from uuid_utils.compat import uuid7

from app.actions.offers import OfferStep, draft_offer, move_offer, revise_offer
from app.actions.running import Done
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.bodies import JsonBody, Received, json_answer
from app.api.merchants import merchant_named
from app.api.offer_fields import (
    NewOfferRequest,
    OfferAnswer,
    OfferPage,
    OfferRequest,
    OfferVersions,
    content_of,
    render_offer,
)
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next, seq_after
from app.api.problems import Problem
from app.api.programmes import ETAG, IfMatch
from app.api.services import Serves, Services
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import MerchantId, OfferId, UserId, format_id, parse_id
from app.core.offers import OfferState
from app.security.actors import Actor, ActorKind
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.offers import OfferView, fetch_offer, fetch_offer_versions, fetch_offers

router = APIRouter(prefix="/v1", tags=["Catalogue"])

Reads = Annotated[Actor, Depends(Requires(Scope.OFFERS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.OFFERS_WRITE))]
Publishes = Annotated[Actor, Depends(Requires(Scope.OFFERS_PUBLISH))]


async def own_offer(services: Services, actor: Actor, reference: str) -> OfferView:
    """The offer that a path names, if the caller may know of it."""
    value = parse_id("off", reference)
    async with services.database.read() as reader:
        found = await fetch_offer(reader, actor.programme, OfferId(value)) if value else None
    if found is None or not actor.sees(found.merchant):
        raise Problem(Code.NOT_FOUND)
    return found


@router.post(
    "/merchants/{merchant_id}/offers",
    operation_id="draftOffer",
    summary="Draft an offer (新建礼品)",
    status_code=201,
    response_model=OfferAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_offer(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[NewOfferRequest], Depends(JsonBody(NewOfferRequest))],
    key: IdempotencyKey,
    merchant_id: str,
) -> Response:
    """Nobody sees a draft but the merchant and the city."""
    ticket = ticket_of(services, actor, key, received.hash + merchant_id.encode())
    offer = OfferView(
        id=OfferId(uuid7()),
        merchant=merchant_named(merchant_id, actor),
        merchant_name="",
        state=OfferState.DRAFT,
        version=1,
        revision=1,
        stock_total=received.body.stock,
        stock_taken=0,
        content=content_of(received.body),
        created_by=UserId(actor.subject),
        created_at=ticket.at,
    )

    async def draft(tx: Tx) -> OfferView | Rejected:
        return await draft_offer(tx, actor.programme, offer)

    described = received.body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        draft,
        lambda made: note(render_offer(made), "offer.draft", format_id("off", made.id), described),
    )


async def _list(
    request: Request,
    response: Response,
    services: Services,
    actor: Actor,
    merchant: MerchantId | None,
    state: OfferState | None,
    limit: int,
    after: str | None,
) -> OfferPage:
    begin = OfferId(id_after("off", after))
    async with services.database.read() as reader:
        found = await fetch_offers(reader, actor.programme, begin, limit + 1, merchant=merchant, state=state)
    page, more = cut_page(found, limit)
    cursor = format_id("off", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return OfferPage(offers=[render_offer(view) for view in page], next=cursor)


State = Annotated[OfferState | None, Query(description="Only those in this state")]


@router.get("/offers", operation_id="listOffers", summary="The catalogue", response_model=OfferPage, responses=reads())
async def list_offers(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    state: State = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OfferPage:
    """All offers, drafts included; a merchant's staff see their own only."""
    return await _list(request, response, services, actor, actor.merchant, state, limit, after)


@router.get(
    "/merchants/{merchant_id}/offers",
    operation_id="listMerchantOffers",
    summary="A merchant's offers",
    response_model=OfferPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_merchant_offers(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    merchant_id: str,
    state: State = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OfferPage:
    """Drafts included."""
    merchant = merchant_named(merchant_id, actor)
    return await _list(request, response, services, actor, merchant, state, limit, after)


@router.get(
    "/offers/{offer_id}",
    operation_id="getOffer",
    summary="One offer",
    response_model=OfferAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_offer(services: Serves, actor: Reads, offer_id: str) -> Response:
    """With an ETag to send back as If-Match when editing it."""
    found = await own_offer(services, actor, offer_id)
    return json_answer(render_offer(found).model_dump_json(), ETag=f'"{found.revision}"')


@router.get(
    "/offers/{offer_id}/versions",
    operation_id="listOfferVersions",
    summary="What an offer said before",
    response_model=OfferVersions,
    responses=reads(Code.NOT_FOUND),
)
async def list_versions(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    offer_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> OfferVersions:
    """Every version that orders may have been made under."""
    offer = await own_offer(services, actor, offer_id)
    async with services.database.read() as reader:
        found = await fetch_offer_versions(reader, actor.programme, offer.id, seq_after(after, 0), limit + 1)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].version) if more else None
    response.headers.update(link_next(request, cursor))
    return OfferVersions(versions=[render_offer(view) for view in page], next=cursor)


@router.put(
    "/offers/{offer_id}",
    operation_id="reviseOffer",
    summary="Edit an offer into a new version (修改礼品)",
    response_model=OfferAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.EDIT_CONFLICT),
)
async def put_offer(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[OfferRequest], Depends(JsonBody(OfferRequest))],
    if_match: IfMatch,
    key: IdempotencyKey,
    offer_id: str,
) -> Response:
    """Orders keep the version they were made under. What a merchant's staff edit is paused until the city resumes."""
    offer = await own_offer(services, actor, offer_id)
    content = content_of(received.body)
    revision = int(if_match.strip('"'))
    ticket = ticket_of(services, actor, key, received.hash + offer_id.encode() + if_match.encode())
    pauses = actor.kind is ActorKind.MERCHANT_STAFF

    async def revise(tx: Tx) -> Edited[OfferView] | Rejected:
        editor = UserId(actor.subject)
        return await revise_offer(tx, actor.programme, offer.id, revision, content, editor, ticket.at, pauses=pauses)

    return await act(
        services, ticket, revise, lambda edited: note_edit(edited, render_offer, "offer.revise", offer_id), 200
    )


@router.post(
    "/offers/{offer_id}/{step}",
    operation_id="moveOffer",
    summary="Publish, pause, resume or end an offer (上架、下架)",
    response_model=OfferAnswer,
    responses=writes(
        Code.PARAM_ERROR, Code.NOT_FOUND, Code.STATE_CONFLICT, Code.MERCHANT_SUSPENDED, Code.EDIT_CONFLICT
    ),
)
async def post_step(
    services: Serves,
    actor: Publishes,
    key: IdempotencyKey,
    offer_id: str,
    step: OfferStep,
    if_match: Annotated[str | None, Header(alias="If-Match", pattern=ETAG, examples=['"3"'])] = None,
) -> Response:
    """An ended offer stays ended; vouchers that were ordered stay good.

    With If-Match only what was looked at is published: an edit of the merchant's staff in between is a conflict.
    """
    offer = await own_offer(services, actor, offer_id)
    revision = int(if_match.strip('"')) if if_match else None
    ticket = ticket_of(services, actor, key, f"{step.value} {offer_id} {if_match}".encode())

    async def move(tx: Tx) -> Edited[OfferView] | Rejected:
        return await move_offer(tx, actor.programme, offer.id, step, revision)

    def describe(moved: Edited[OfferView]) -> Done:
        return note_edit(moved, render_offer, f"offer.{step.value}", offer_id)

    return await act(services, ticket, move, describe, 200)

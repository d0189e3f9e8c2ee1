"""Stores (门店) of partner merchants."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from app.actions.merchants import change_store, close_store, open_store
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import MerchantRef, Name, RegionCode, StoreRef
from app.api.merchants import merchant_named
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import FieldProblem, Problem
from app.api.programmes import IfMatch
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import StoreId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.merchants import Store, fetch_store, fetch_stores

router = APIRouter(prefix="/v1", tags=["Merchants"])

Reads = Annotated[Actor, Depends(Requires(Scope.MERCHANTS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.MERCHANTS_WRITE))]
Edits = Annotated[Actor, Depends(Requires(Scope.STORES_WRITE))]


class StoreRequest(Body):
    """A store to open."""

    name: Name
    region_code: RegionCode


class StoreChange(Body):
    """What to change of a store; what is left out stays."""

    name: Name | None = None
    region_code: RegionCode | None = None


class StoreAnswer(Answer):
    """A store of a merchant."""

    id: StoreRef
    merchant_id: MerchantRef
    name: str
    region_code: RegionCode
    closed_at: datetime | None
    revision: int
    created_at: datetime


class StorePage(Answer):
    """Stores in the order of their making."""

    stores: list[StoreAnswer]
    next: str | None


def _render(store: Store) -> StoreAnswer:
    return StoreAnswer(
        id=format_id("sto", store.id),
        merchant_id=format_id("mer", store.merchant),
        name=store.name,
        region_code=store.region_code,
        closed_at=store.closed_at,
        revision=store.revision,
        created_at=store.created_at,
    )


def store_named(reference: str) -> StoreId:
    """The store that a path names."""
    value = parse_id("sto", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return StoreId(value)


@router.post(
    "/merchants/{merchant_id}/stores",
    operation_id="openStore",
    summary="Add a store to a merchant (门店)",
    status_code=201,
    response_model=StoreAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.ALREADY_EXISTS),
)
async def post_store(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[StoreRequest], Depends(JsonBody(StoreRequest))],
    key: IdempotencyKey,
    merchant_id: str,
) -> Response:
    """Store names are unique within a merchant."""
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash + merchant_id.encode())
    store = Store(
        id=StoreId(uuid7()),
        merchant=merchant_named(merchant_id, actor),
        name=body.name,
        region_code=body.region_code,
        created_at=ticket.at,
    )

    async def open_it(tx: Tx) -> Store | Rejected:
        return await open_store(tx, actor.programme, store)

    described = body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        open_it,
        lambda made: note(_render(made), "store.open", format_id("sto", made.id), described),
    )


@router.get(
    "/merchants/{merchant_id}/stores",
    operation_id="listStores",
    summary="A merchant's stores",
    response_model=StorePage,
    responses=reads(Code.NOT_FOUND),
)
async def list_stores(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    merchant_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> StorePage:
    """In the order of their making."""
    merchant = merchant_named(merchant_id, actor)
    begin = StoreId(id_after("sto", after))
    async with services.database.read() as reader:
        found = await fetch_stores(reader, actor.programme, merchant, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("sto", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return StorePage(stores=[_render(store) for store in page], next=cursor)


@router.get(
    "/stores/{store_id}",
    operation_id="getStore",
    summary="One store",
    response_model=StoreAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_store(services: Serves, actor: Reads, store_id: str) -> Response:
    """With an ETag to send back as If-Match when changing it."""
    async with services.database.read() as reader:
        found = await fetch_store(reader, actor.programme, store_named(store_id))
    if found is None or not actor.sees(found.merchant):
        raise Problem(Code.NOT_FOUND)
    return json_answer(_render(found).model_dump_json(), ETag=f'"{found.revision}"')


@router.patch(
    "/stores/{store_id}",
    operation_id="changeStore",
    summary="Change a store's name or region",
    response_model=StoreAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.ALREADY_EXISTS, Code.EDIT_CONFLICT),
)
async def patch_store(
    services: Serves,
    actor: Edits,
    received: Annotated[Received[StoreChange], Depends(JsonBody(StoreChange))],
    if_match: IfMatch,
    key: IdempotencyKey,
    store_id: str,
) -> Response:
    """Only if nobody has changed it since the revision named by If-Match. A closed store stays as it was."""
    store = store_named(store_id)
    body = received.body
    if not body.model_dump(exclude_none=True):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="", detail="nothing to change")])
    revision = int(if_match.strip('"'))

    async def change(tx: Tx) -> Edited[Store] | Rejected:
        return await change_store(tx, actor, store, revision, name=body.name, region_code=body.region_code)

    ticket = ticket_of(services, actor, key, received.hash + if_match.encode() + store_id.encode())
    return await act(services, ticket, change, lambda edited: note_edit(edited, _render, "store.change", store_id), 200)


@router.post(
    "/stores/{store_id}/close",
    operation_id="closeStore",
    summary="Close a store for good (关店)",
    response_model=StoreAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_close(services: Serves, actor: Edits, key: IdempotencyKey, store_id: str) -> Response:
    """Its terminals are disabled with it, at once."""
    store = store_named(store_id)
    ticket = ticket_of(services, actor, key, f"close {store_id}".encode())

    async def close(tx: Tx) -> Edited[Store] | Rejected:
        return await close_store(tx, actor, store, ticket.at)

    return await act(services, ticket, close, lambda edited: note_edit(edited, _render, "store.close", store_id), 200)

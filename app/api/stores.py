"""Stores (门店) of partner merchants."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from app.actions.merchants import open_store
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import MerchantRef, Name, RegionCode, StoreRef
from app.api.merchants import merchant_named
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.services import Serves
from app.core.codes import Code, Rejected
from app.core.ids import StoreId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.merchants import Store, fetch_stores

router = APIRouter(prefix="/v1/merchants", tags=["Merchants"])

Reads = Annotated[Actor, Depends(Requires(Scope.MERCHANTS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.MERCHANTS_WRITE))]


class StoreRequest(Body):
    """A store to open."""

    name: Name
    region_code: RegionCode


class StoreAnswer(Answer):
    """A store of a merchant."""

    id: StoreRef
    merchant_id: MerchantRef
    name: str
    region_code: RegionCode
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
        created_at=store.created_at,
    )


@router.post(
    "/{merchant_id}/stores",
    operation_id="openStore",
    summary="Add a store to a merchant (门店)",
    status_code=201,
    response_model=StoreAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS),
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
    "/{merchant_id}/stores",
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

"""Partner merchants (爱心商家)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.merchants import register_merchant, set_merchant_status
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import MerchantRef, Name, RegionCode
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services
from app.core.codes import Code, Rejected
from app.core.identifiers import check_credit_code
from app.core.ids import MerchantId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.merchants import Merchant, MerchantStatus, fetch_merchant, fetch_merchants

router = APIRouter(prefix="/v1/merchants", tags=["Merchants"])

Reads = Annotated[Actor, Depends(Requires(Scope.MERCHANTS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.MERCHANTS_WRITE))]


class MerchantRequest(Body):
    """A merchant to register."""

    name: Name
    credit_code: Annotated[
        str,
        Field(
            min_length=18,
            max_length=18,
            description="Unified social credit code (统一社会信用代码, GB 32100)",
            examples=["91330282MA2AAA01X1"],
        ),
    ]
    region_code: RegionCode


class MerchantAnswer(Answer):
    """A merchant."""

    id: MerchantRef
    name: str
    credit_code: str
    status: MerchantStatus
    region_code: RegionCode
    revision: int
    created_at: datetime


class MerchantPage(Answer):
    """Merchants in the order of their making."""

    merchants: list[MerchantAnswer]
    next: str | None


def _render(merchant: Merchant) -> MerchantAnswer:
    return MerchantAnswer(
        id=format_id("mer", merchant.id),
        name=merchant.name,
        credit_code=merchant.credit_code,
        status=merchant.status,
        region_code=merchant.region_code,
        revision=merchant.revision,
        created_at=merchant.created_at,
    )


def merchant_named(reference: str, actor: Actor) -> MerchantId:
    """The merchant that a path names. A merchant's staff know of no other than their own."""
    value = parse_id("mer", reference)
    if value is None or (actor.merchant is not None and value != actor.merchant):
        raise Problem(Code.NOT_FOUND)
    return MerchantId(value)


@router.post(
    "",
    operation_id="registerMerchant",
    summary="Register a merchant (商家入驻)",
    status_code=201,
    response_model=MerchantAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS),
)
async def post_merchant(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[MerchantRequest], Depends(JsonBody(MerchantRequest))],
    key: IdempotencyKey,
) -> Response:
    """The credit code is checked by its check character, and belongs to one merchant."""
    body = received.body
    if problem := check_credit_code(body.credit_code):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/credit_code", detail=problem.value)])
    ticket = ticket_of(services, actor, key, received.hash)
    merchant = Merchant(
        id=MerchantId(uuid7()),
        name=body.name,
        credit_code=body.credit_code,
        status=MerchantStatus.ACTIVE,
        region_code=body.region_code,
        revision=1,
        created_at=ticket.at,
    )

    async def register(tx: Tx) -> Merchant | Rejected:
        return await register_merchant(tx, actor.programme, merchant)

    described = body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        register,
        lambda made: note(_render(made), "merchant.register", format_id("mer", made.id), described),
    )


@router.get("", operation_id="listMerchants", summary="Merchants", response_model=MerchantPage, responses=reads())
async def list_merchants(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    limit: Limit = PAGE,
    after: After = None,
) -> MerchantPage:
    """All of them; a merchant's staff see their own only."""
    begin = MerchantId(id_after("mer", after))
    async with services.database.read() as reader:
        if actor.merchant:
            own = await fetch_merchant(reader, actor.programme, actor.merchant)
            return MerchantPage(merchants=[_render(own)] if own else [], next=None)
        found = await fetch_merchants(reader, actor.programme, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("mer", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return MerchantPage(merchants=[_render(merchant) for merchant in page], next=cursor)


@router.get(
    "/{merchant_id}",
    operation_id="getMerchant",
    summary="One merchant",
    response_model=MerchantAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_merchant(services: Serves, actor: Reads, merchant_id: str) -> Response:
    """404 for a merchant that is not the caller's to see."""
    async with services.database.read() as reader:
        found = await fetch_merchant(reader, actor.programme, merchant_named(merchant_id, actor))
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return json_answer(_render(found).model_dump_json(), ETag=f'"{found.revision}"')


async def _set_status(services: Services, actor: Actor, key: str, merchant_id: str, status: MerchantStatus) -> Response:
    merchant = merchant_named(merchant_id, actor)

    async def change(tx: Tx) -> Merchant | Rejected:
        return await set_merchant_status(tx, actor.programme, merchant, status)

    ticket = ticket_of(services, actor, key, f"{status.value} {merchant_id}".encode())
    changes = {"status": status.value}
    return await act(
        services, ticket, change, lambda row: note(_render(row), "merchant.status", merchant_id, changes), 200
    )


@router.post(
    "/{merchant_id}/suspend",
    operation_id="suspendMerchant",
    summary="Stop a merchant's tills (暂停兑换)",
    response_model=MerchantAnswer,
    responses=writes(Code.PARAM_ERROR, Code.NOT_FOUND),
)
async def suspend_merchant(services: Serves, actor: Writes, key: IdempotencyKey, merchant_id: str) -> Response:
    """At once: the very next redemption is refused. What the merchant is owed stays owed."""
    return await _set_status(services, actor, key, merchant_id, MerchantStatus.SUSPENDED)


@router.post(
    "/{merchant_id}/resume",
    operation_id="resumeMerchant",
    summary="Let a merchant's tills take points again (恢复兑换)",
    response_model=MerchantAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def resume_merchant(services: Serves, actor: Writes, key: IdempotencyKey, merchant_id: str) -> Response:
    """At once."""
    return await _set_status(services, actor, key, merchant_id, MerchantStatus.ACTIVE)

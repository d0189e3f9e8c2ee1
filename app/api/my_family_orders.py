"""Orders that a member of the family places with the owner's points (家庭共用预约)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.api.bodies import JsonBody, Received
from app.api.me import own_id
from app.api.my_family import link_named
from app.api.my_orders import OrderAnswer, OrderRequest, Orders, submit_order
from app.api.operations import IdempotencyKey, writes
from app.api.problems import Problem
from app.api.services import Serves
from app.core.codes import Code
from app.store.family import fetch_family_link

router = APIRouter(prefix="/v1/me/family", tags=["Volunteers' own"])


@router.post(
    "/{link_id}/orders",
    operation_id="placeFamilyOrder",
    summary="Order an offer with the owner's points (家庭共用预约)",
    status_code=201,
    response_model=OrderAnswer,
    responses=writes(
        Code.OFFER_NOT_EXIST,
        Code.NOT_FOUND,
        Code.MERCHANT_SUSPENDED,
        Code.ACCOUNT_FROZEN,
        Code.GUARDIAN_REQUIRED,
        Code.OFFER_NOT_OPEN,
        Code.NOT_ELIGIBLE,
        Code.OUT_OF_STOCK,
        Code.QUOTA_EXCEEDED,
        Code.NOT_ENOUGH,
        Code.FUND_EXHAUSTED,
    ),
)
async def place_family_order(
    services: Serves,
    actor: Orders,
    received: Annotated[Received[OrderRequest], Depends(JsonBody(OrderRequest))],
    key: IdempotencyKey,
    link_id: str,
) -> Response:
    """What the owner may have, the member may order, within the month's limit. The order is the owner's.

    Both see it and may cancel it. A link that ends later takes back no voucher: the owner cancels it.
    """
    member, named = own_id(actor), link_named(link_id)
    async with services.database.read() as reader:
        link = await fetch_family_link(reader, actor.programme, named)
    if link is None or link.member != member:
        raise Problem(Code.NOT_FOUND)
    body_hash = received.hash + named.bytes
    return await submit_order(services, actor, key, received.body, body_hash, link.owner, member)

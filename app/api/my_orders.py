"""Orders in the mini-program (预约兑换): ordering, the voucher to show, cancelling."""

import io
from datetime import datetime
from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import Requires
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import MerchantRef, OfferRef, OrderRef, StoreRef, TransactionRef
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem, refuse
from app.api.services import Serves, Services
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import OfferId, OrderId, TransactionId, VolunteerId, format_id, parse_id
from app.core.offers import Fulfilment
from app.core.orders import CancelOrder, PlaceOrder
from app.core.rows import OrderState
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.security.vouchers import derive_voucher_code, hash_voucher_code
from app.store.orders import OrderView, fetch_own_order, fetch_own_orders, fetch_placed_orders

router = APIRouter(prefix="/v1/me/orders", tags=["Volunteers' own"])

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Orders = Annotated[Actor, Depends(Requires(Scope.ME_ORDER))]

_NEWEST = UUID(int=2**128 - 1)
_SVG = "image/svg+xml"


class OrderRequest(Body):
    """What to order."""

    offer_id: OfferRef
    quantity: Annotated[int, Field(ge=1, le=1000, examples=[1])] = 1


class VoucherAnswer(Answer):
    """The code to show at the till, as digits or as a QR code."""

    code: Annotated[str, Field(pattern="^97[0-9]{18}$", examples=["97123456789012345678"])]
    qr_svg: Annotated[str, Field(description="Where the QR code is", examples=["/v1/me/orders/ord_0190…/qr.svg"])]
    valid_until: Annotated[datetime, Field(description="The first moment at which it is no longer valid")]


class OrderedAnswer(Answer):
    """The offer in the version that it was ordered under."""

    id: OfferRef
    version: int
    name_zh: str
    name_en: str


class OrderWithoutVoucher(Answer):
    """An order."""

    id: OrderRef
    state: OrderState
    offer: OrderedAnswer
    quantity: int
    points: int
    fulfilment: Fulfilment
    final_sale: bool
    merchant_id: MerchantRef
    merchant: str
    ordered_at: datetime
    used_at: datetime | None
    used_store_id: StoreRef | None
    used_store: str | None
    ordered_by: Annotated[str | None, Field(description="Masked name of the family member who ordered (家庭成员)")]
    transaction_id: TransactionRef


class OrderAnswer(OrderWithoutVoucher):
    """An order and its voucher."""

    voucher: VoucherAnswer


class OrderPage(Answer):
    """Orders, the newest first."""

    orders: list[OrderAnswer]
    next: str | None


def _render(services: Services, actor: Actor, view: OrderView, at: datetime) -> OrderAnswer:
    reference = format_id("ord", view.id)
    code = derive_voucher_code(services.cabinet.vouchers, actor.programme, view.id)
    return OrderAnswer(
        id=reference,
        state=view.state_at(at),
        offer=OrderedAnswer(
            id=format_id("off", view.offer), version=view.offer_version, name_zh=view.name_zh, name_en=view.name_en
        ),
        quantity=view.quantity,
        points=view.points,
        fulfilment=view.fulfilment,
        final_sale=view.final_sale,
        voucher=VoucherAnswer(code=code, qr_svg=f"/v1/me/orders/{reference}/qr.svg", valid_until=view.valid_until),
        merchant_id=format_id("mer", view.merchant),
        merchant=view.merchant_name,
        ordered_at=view.ordered_at,
        used_at=view.used_at,
        used_store_id=format_id("sto", view.used_store) if view.used_store else None,
        used_store=view.store_name,
        ordered_by=view.ordered_by,
        transaction_id=format_id("txn", view.transaction),
    )


async def _own_order(services: Services, actor: Actor, order: OrderId | None) -> OrderView:
    async with services.database.read() as reader:
        view = await fetch_own_order(reader, actor.programme, own_id(actor), order) if order else None
    if view is None:
        raise Problem(Code.ORDER_NOT_EXIST)
    return view


async def _placed(services: Services, actor: Actor, reference: str) -> OrderView:
    """The order behind the actor's own answer; in a rush many are read at once."""
    order = _order_named(reference)
    view = await services.lookups.find(fetch_placed_orders, actor.programme, order) if order else None
    if view is None:
        raise Problem(Code.ORDER_NOT_EXIST)
    return view


def _order_named(reference: str) -> OrderId | None:
    value = parse_id("ord", reference)
    return OrderId(value) if value else None


@router.post(
    "",
    operation_id="placeOrder",
    summary="Order an offer (预约兑换)",
    status_code=201,
    response_model=OrderAnswer,
    responses=writes(
        Code.OFFER_NOT_EXIST,
        Code.NOT_FOUND,
        Code.MERCHANT_SUSPENDED,
        Code.ACCOUNT_FROZEN,
        Code.OFFER_NOT_OPEN,
        Code.NOT_ELIGIBLE,
        Code.OUT_OF_STOCK,
        Code.QUOTA_EXCEEDED,
        Code.NOT_ENOUGH,
        Code.FUND_EXHAUSTED,
    ),
)
async def place_order(
    services: Serves,
    actor: Orders,
    received: Annotated[Received[OrderRequest], Depends(JsonBody(OrderRequest))],
    key: IdempotencyKey,
) -> Response:
    """Points, stock and money are set aside together; the voucher can be shown at once."""
    return await submit_order(services, actor, key, received.body, received.hash, own_id(actor))


async def submit_order(
    services: Services,
    actor: Actor,
    key: str,
    body: OrderRequest,
    body_hash: bytes,
    owner: VolunteerId,
    member: VolunteerId | None = None,
) -> Response:
    """Order with the owner's points, for the owner or by a member of the family. Raises the problem when refused."""
    order = OrderId(uuid7())
    offer = parse_id("off", body.offer_id)
    cabinet = services.cabinet
    command = PlaceOrder(
        order=order,
        transaction=TransactionId(uuid7()),
        volunteer=owner,
        offer=OfferId(offer or order),
        quantity=body.quantity,
        code=hash_voucher_code(
            cabinet.vouchers, actor.programme, derive_voucher_code(cabinet.vouchers, actor.programme, order)
        ),
        member=member,
    )
    submission = Submission(command=command, key=AnswerKey(actor.reference, key), body_hash=body_hash)
    outcome = await services.committers.submit(actor.programme, submission)
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    view = await _placed(services, actor, str(outcome.answer["order"]))
    answer = _render(services, actor, view.as_placed(), view.ordered_at)
    return json_answer(answer.model_dump_json(), 201, replayed=outcome.replayed)


@router.get(
    "",
    operation_id="listOwnOrders",
    summary="Orders and their vouchers (我的券包)",
    response_model=OrderPage,
    responses=reads(),
)
async def list_orders(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    state: Annotated[OrderState | None, Query(description="Only those in this state now")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OrderPage:
    """One's own, and those that one placed with a family member's points, the newest first."""
    now = services.clock()
    before = OrderId(id_after("ord", after) if after else _NEWEST)
    async with services.database.read() as reader:
        found = await fetch_own_orders(reader, actor.programme, own_id(actor), before, state, now, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("ord", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return OrderPage(orders=[_render(services, actor, view, now) for view in page], next=cursor)


@router.get(
    "/{order_id}",
    operation_id="getOwnOrder",
    summary="One order",
    response_model=OrderAnswer,
    responses=reads(Code.ORDER_NOT_EXIST),
)
async def get_order(services: Serves, actor: Reads, order_id: str) -> Response:
    """404 for one that is neither the caller's nor placed by the caller."""
    view = await _own_order(services, actor, _order_named(order_id))
    return json_answer(_render(services, actor, view, services.clock()).model_dump_json())


@router.get(
    "/{order_id}/qr.svg",
    operation_id="getOwnOrderQrCode",
    summary="The voucher as a QR code",
    response_class=Response,
    responses={200: {"content": {_SVG: {}}, "description": "An SVG picture"}, **reads(Code.ORDER_NOT_EXIST)},
)
async def get_qr_code(services: Serves, actor: Reads, order_id: str) -> Response:
    """Sharp at every size; the quiet zone that scanners need is part of it."""
    view = await _own_order(services, actor, _order_named(order_id))
    code = derive_voucher_code(services.cabinet.vouchers, actor.programme, view.id)
    drawn = io.BytesIO()
    segno.make_qr(code, error="m").save(drawn, kind="svg", scale=8, border=4, title=None, svgclass=None, lineclass=None)
    return Response(drawn.getvalue(), media_type=_SVG, headers={"Cache-Control": "no-store"})


@router.post(
    "/{order_id}/cancel",
    operation_id="cancelOwnOrder",
    summary="Change one's mind before the voucher was used (取消预约)",
    response_model=OrderAnswer,
    responses=writes(Code.ORDER_NOT_EXIST, Code.ALREADY_USED, Code.ORDER_CLOSED, Code.CODE_EXPIRED, Code.FINAL_SALE),
)
async def cancel_order(services: Serves, actor: Orders, key: IdempotencyKey, order_id: str) -> Response:
    """Points go back to their lots, the units into stock. Not for a final sale."""
    order = _order_named(order_id)
    if order is None:
        raise Problem(Code.ORDER_NOT_EXIST)
    command = CancelOrder(order=order, transaction=TransactionId(uuid7()), volunteer=own_id(actor))
    submission = Submission(command=command, key=AnswerKey(actor.reference, key), body_hash=b"cancel" + order.bytes)
    outcome = await services.committers.submit(actor.programme, submission)
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    view = await _own_order(services, actor, order)
    answer = _render(services, actor, view, services.clock())
    return json_answer(answer.model_dump_json(), replayed=outcome.replayed)

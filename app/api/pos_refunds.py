"""The till contract (POS.md), "Giving back": refunds in parts, each under a number of its own."""

import re
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import TILL
from app.api.bodies import Body, check_media_type, json_answer, parse_body
from app.api.fields import PointsField
from app.api.operations import takes, till_refusals
from app.api.pos import sale_of
from app.api.pos_answers import TRADE_NO, RefundAnswer, render_refund, view_refund
from app.api.problems import Problem, refuse
from app.api.services import Services, services_of
from app.api.tills import CallingTill, identify_till
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import RefundId, TransactionId
from app.core.quantities import Points
from app.core.refunds import RefundRedemption
from app.engine.batch import Submission
from app.store.redemptions import RefundView, fetch_given_back

router = APIRouter(prefix="/v1/pos/redemptions/{out_trade_no}/refunds", tags=["Tills"])


class RefundRequest(Body):
    """Give points back."""

    out_refund_no: Annotated[
        str,
        Field(
            pattern=TRADE_NO,
            description="The till's own number of the refund, unique per merchant: the idempotency key",
            examples=["20231105-0001-R1"],
        ),
    ]
    points: PointsField
    reason: Annotated[
        str, Field(max_length=80, description="In the merchant's words; no personal data", examples=["退货"])
    ] = ""


def _key(caller: CallingTill, refund_no: str) -> AnswerKey:
    return AnswerKey(f"refund:{caller.till.merchant.hex}", refund_no)


@router.post(
    "",
    operation_id="refundRedemption",
    summary="Give points back (退款)",
    status_code=201,
    response_model=RefundAnswer,
    responses=till_refusals(
        Code.PARAM_ERROR,
        Code.BODY_TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.OUT_REFUND_NO_USED,
        Code.ORDER_NOT_EXIST,
        Code.ORDER_REVERSED,
        Code.ORDER_CLOSED,
        Code.REFUND_EXPIRED,
        Code.REFUND_TOO_MUCH,
        Code.SYSTEM_BUSY,
    ),
    openapi_extra={"x-access": TILL},
)
@takes(RefundRequest)
async def refund_redemption(request: Request, out_trade_no: str) -> Response:
    """In parts or in whole, in sum never above what was paid, within a year, at most 50 times.

    Points return to the lots they came from, with their expiry; a lot that has expired meanwhile follows the
    programme's policy. Retry with the same number: it is never given back twice.
    """
    services = services_of(request)
    raw = await request.body()
    caller = await identify_till(request, raw, services)
    check_media_type(request)
    received = parse_body(RefundRequest, raw)
    if not re.fullmatch(TRADE_NO, out_trade_no):
        raise Problem(Code.ORDER_NOT_EXIST)
    body = received.body
    command = RefundRedemption(
        refund=RefundId(uuid7()),
        transaction=TransactionId(uuid7()),
        sale=sale_of(caller, out_trade_no),
        refund_no=body.out_refund_no,
        points=Points(body.points),
        terminal=caller.till.terminal,
        note=body.reason,
    )
    outcome = await services.committers.submit(
        caller.programme,
        Submission(
            command=command,
            key=_key(caller, body.out_refund_no),
            body_hash=sha256(f"{out_trade_no}\n".encode() + received.hash).digest(),
            conflict=Code.OUT_REFUND_NO_USED,
        ),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    if outcome.replayed:
        view = await _find(services, caller, body.out_refund_no)
        if view is None:
            raise LookupError(f"an answer names {outcome.answer}, which is not there")
    else:
        view = view_refund(outcome, out_trade_no)
    return json_answer(render_refund(view).model_dump_json(), 201, replayed=outcome.replayed)


async def _find(services: Services, caller: CallingTill, refund_no: str) -> RefundView | None:
    return await services.lookups.find(fetch_given_back, caller.programme, _key(caller, refund_no))


@router.get(
    "/{out_refund_no}",
    operation_id="getRefundByNo",
    summary="What became of a refund",
    response_model=RefundAnswer,
    responses=till_refusals(Code.PARAM_ERROR, Code.REFUND_NOT_EXIST),
    openapi_extra={"x-access": TILL},
)
async def get_refund(request: Request, out_trade_no: str, out_refund_no: str) -> Response:
    """404 `REFUND_NOT_EXIST` means that nothing was given back under this number."""
    services = services_of(request)
    caller = await identify_till(request, await request.body(), services)
    if not re.fullmatch(TRADE_NO, out_refund_no):
        raise Problem(Code.REFUND_NOT_EXIST)
    view = await _find(services, caller, out_refund_no)
    if view is None or view.trade_no != out_trade_no:
        raise Problem(Code.REFUND_NOT_EXIST)
    return json_answer(render_refund(view).model_dump_json())

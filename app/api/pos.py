"""The till contract (POS.md): redemptions at the till, and what follows an unknown outcome: query, then reverse.

The hot path of the service: the request is read by hand, once, with no dependency to resolve.
"""

import re
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import TILL
from app.api.bodies import Body, check_media_type, json_answer, parse_body
from app.api.fields import OfferRef, PointsField
from app.api.operations import takes, till_refusals
from app.api.pos_answers import (
    TRADE_NO,
    RedemptionAnswer,
    ReversalAnswer,
    check_no_body,
    fetch_answered,
    render_changed,
    render_redemption,
    write_fresh,
)
from app.api.problems import FieldProblem, Problem, refuse
from app.api.services import services_of
from app.api.tills import CallingTill, identify_till
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey, till_key
from app.core.ids import OfferId, ProgrammeId, RedemptionId, TransactionId, parse_id
from app.core.quantities import Points
from app.core.redemptions import Redeem
from app.core.refunds import ReverseRedemption
from app.core.rows import Redemption, RedemptionState, Sale, TradeNo
from app.engine.batch import Outcome, Submission
from app.security.pay_codes import hash_pay_code
from app.store.redemptions import fetch_sold

router = APIRouter(prefix="/v1/pos", tags=["Tills"])

_REVERSE_BODY = b"reverse"


class OrderNote(Body):
    """What the till says about its order: kept out of the ledger, part of what makes a repetition the same."""

    total_fen: Annotated[int, Field(ge=0, le=1_000_000_000_000, examples=[3500])] | None = None
    description: Annotated[str, Field(max_length=128, examples=["矿泉水 2 瓶"])] | None = None


class RedemptionRequest(Body):
    """Take points from the volunteer whose code was scanned: bare `points`, or `quantity` of an `offer_id`."""

    out_trade_no: Annotated[
        str,
        Field(
            pattern=TRADE_NO,
            description="The till's own number, unique per merchant: the idempotency key",
            examples=["20231105-0001"],
        ),
    ]
    auth_code: Annotated[
        str,
        Field(min_length=1, max_length=64, description="The code as scanned", examples=["961234567890123456"]),
    ]
    points: PointsField | None = None
    offer_id: OfferRef | None = Field(None, description="Instead of points: what is had. Exactly one of the two")
    quantity: Annotated[int, Field(ge=1, le=1000, description="How many of the offer", examples=[1])] | None = None
    order: OrderNote | None = None
    operator_id: Annotated[str, Field(max_length=32, examples=["op-7"])] | None = None
    device_id: Annotated[str, Field(max_length=32, examples=["pos-2"])] | None = None


_REDEEM_REFUSALS = till_refusals(
    Code.PARAM_ERROR,
    Code.BODY_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.OUT_TRADE_NO_USED,
    Code.MERCHANT_SUSPENDED,
    Code.CODE_INVALID,
    Code.CODE_USED,
    Code.CODE_EXPIRED,
    Code.ACCOUNT_FROZEN,
    Code.OFFER_NOT_EXIST,
    Code.OFFER_NOT_OPEN,
    Code.NOT_ELIGIBLE,
    Code.OUT_OF_STOCK,
    Code.FREQUENCY_LIMITED,
    Code.QUOTA_EXCEEDED,
    Code.NOT_ENOUGH,
    Code.FUND_EXHAUSTED,
    Code.ORDER_REVERSED,
    Code.SYSTEM_BUSY,
)
_WAITS = {
    "model": RedemptionAnswer,
    "description": "`AWAITING_CONFIRMATION`: points are held until the volunteer confirms, 60 s at most. Query.",
}


@router.post(
    "/redemptions",
    operation_id="redeemPoints",
    summary="Take points by pay code (核销)",
    status_code=201,
    response_model=RedemptionAnswer,
    responses={202: _WAITS, **_REDEEM_REFUSALS},
    openapi_extra={"x-access": TILL},
)
@takes(RedemptionRequest)
async def redeem_points(request: Request) -> Response:
    """Capture the points and price them in the same transaction; or hold them (202) until the volunteer confirms.

    The same number with the same body gives the same answer, marked `Idempotency-Replayed: true`. A refusal is
    kept under its number too: try again with a new one. When the outcome is unknown, query; never order again.
    """
    services = services_of(request)
    raw = await request.body()
    caller = await identify_till(request, raw, services)
    check_media_type(request)
    received = parse_body(RedemptionRequest, raw)
    body = received.body
    offer = _check_form(body)
    services.limits.check_guesses(caller.till.terminal.hex)
    command = Redeem(
        redemption=RedemptionId(uuid7()),
        transaction=TransactionId(uuid7()),
        trade_no=TradeNo(body.out_trade_no),
        code=hash_pay_code(services.cabinet.pay_codes, caller.programme, body.auth_code),
        terminal=caller.till.terminal,
        points=Points(body.points) if body.points else None,
        offer=offer,
        quantity=(body.quantity or 1) if offer else 0,
    )
    outcome = await services.committers.submit(
        caller.programme,
        Submission(
            command=command,
            key=till_key(sale_of(caller, body.out_trade_no)),
            body_hash=received.hash,
            conflict=Code.OUT_TRADE_NO_USED,
            render=partial(write_fresh, caller.programme),
        ),
    )
    if isinstance(outcome.answer, Rejected):
        if outcome.answer.code is Code.CODE_INVALID and not outcome.replayed:
            services.limits.note_guess(caller.till.terminal.hex)
        raise refuse(outcome.answer, replayed=outcome.replayed)
    state = RedemptionState(str(outcome.answer.get("state", RedemptionState.SUCCESS)))
    status = 202 if state is RedemptionState.AWAITING_CONFIRMATION else 201
    if outcome.replayed:
        view = await fetch_answered(services, caller.programme, outcome.answer["redemption"], outcome.seq)
        first = render_redemption(caller.programme, view, state, refunded_points=0)
        return json_answer(first.model_dump_json(), status, replayed=True)
    return json_answer(outcome.body or write_fresh(caller.programme, outcome), status)


def _check_form(body: RedemptionRequest) -> OfferId | None:
    """The offer, when that is the form of the request; the two forms do not mix."""
    if (body.points is None) == (body.offer_id is None):
        problem = FieldProblem(pointer="/points", detail="exactly one of points and offer_id is expected")
        raise Problem(Code.PARAM_ERROR, errors=[problem])
    if body.offer_id is None:
        if body.quantity is not None:
            problem = FieldProblem(pointer="/quantity", detail="quantity goes with offer_id")
            raise Problem(Code.PARAM_ERROR, errors=[problem])
        return None
    offer = parse_id("off", body.offer_id)
    return OfferId(offer) if offer else None


def sale_of(caller: CallingTill, trade_no: str) -> Sale:
    """A number of the caller's merchant."""
    return Sale(caller.till.merchant, TradeNo(trade_no))


@router.get(
    "/redemptions/{out_trade_no}",
    operation_id="getRedemptionByTradeNo",
    summary="What became of an order",
    response_model=RedemptionAnswer,
    responses=till_refusals(Code.PARAM_ERROR, Code.ORDER_NOT_EXIST),
    openapi_extra={"x-access": TILL},
)
async def get_redemption(request: Request, out_trade_no: str) -> Response:
    """The redemption as it is now. 404 `ORDER_NOT_EXIST` means that no points were taken under this number."""
    services = services_of(request)
    caller = await identify_till(request, await request.body(), services)
    if not re.fullmatch(TRADE_NO, out_trade_no):
        raise Problem(Code.ORDER_NOT_EXIST)
    view = await services.lookups.find(fetch_sold, caller.programme, sale_of(caller, out_trade_no))
    if view is None:
        raise Problem(Code.ORDER_NOT_EXIST)
    shown = render_redemption(caller.programme, view, view.state_at(services.clock()))
    return json_answer(shown.model_dump_json())


@router.post(
    "/redemptions/{out_trade_no}/reverse",
    operation_id="reverseRedemption",
    summary="Take a whole order back (撤销)",
    response_model=ReversalAnswer,
    responses=till_refusals(Code.PARAM_ERROR, Code.ORDER_CLOSED, Code.REVERSE_EXPIRED, Code.SYSTEM_BUSY),
    openapi_extra={"x-access": TILL},
)
async def reverse_redemption(request: Request, out_trade_no: str) -> Response:
    """Close it if unpaid, give everything back if paid (within 24 h). Repeat it until it is answered.

    A number that has never been seen is closed for good: should the redemption still arrive, it is refused with
    `ORDER_REVERSED`. What was refunded in part can only be refunded further.
    """
    services = services_of(request)
    raw = await request.body()
    caller = await identify_till(request, raw, services)
    check_no_body(raw)
    if not re.fullmatch(TRADE_NO, out_trade_no):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/out_trade_no", detail=f"matches {TRADE_NO}")])
    command = ReverseRedemption(
        transaction=TransactionId(uuid7()), sale=sale_of(caller, out_trade_no), terminal=caller.till.terminal
    )
    key = AnswerKey(f"reverse:{caller.till.merchant.hex}", out_trade_no)
    outcome = await services.committers.submit(
        caller.programme, Submission(command=command, key=key, body_hash=_REVERSE_BODY)
    )
    answer = await _render_reversal(request, caller.programme, out_trade_no, outcome)
    return json_answer(answer.model_dump_json(), replayed=outcome.replayed)


async def _render_reversal(request: Request, programme: ProgrammeId, trade_no: str, outcome: Outcome) -> ReversalAnswer:
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    state = RedemptionState(str(outcome.answer["state"]))
    if "redemption" not in outcome.answer:
        return ReversalAnswer(out_trade_no=trade_no, state=state, redemption=None)
    changed = next((row for row in outcome.rows if isinstance(row, Redemption)), None)
    shown = render_changed(programme, changed) if changed else None
    if shown is None:
        view = await fetch_answered(services_of(request), programme, outcome.answer["redemption"])
        shown = render_redemption(programme, view, state)
    return ReversalAnswer(out_trade_no=trade_no, state=state, redemption=shown)

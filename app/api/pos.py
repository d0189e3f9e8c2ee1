"""The till contract (POS.md): redemptions at the till, and the query after an unknown outcome.

The hot path of the service: the request is read by hand, once, with no dependency to resolve.
"""

import re
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import TILL
from app.api.bodies import Answer, Body, check_media_type, json_answer, parse_body
from app.api.fields import MerchantRef, PointsField, RedemptionRef, StoreRef, TerminalRef, TransactionRef
from app.api.operations import takes, till_refusals
from app.api.problems import Problem, refuse
from app.api.services import Services, services_of
from app.api.tills import CallingTill, identify_till
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey, replay
from app.core.ids import ProgrammeId, RedemptionId, TransactionId, format_id, format_terminal, parse_id
from app.core.quantities import Points
from app.core.redemptions import Redeem
from app.core.rows import Redemption, RedemptionState, TradeNo
from app.engine.batch import Outcome, Submission
from app.security.pay_codes import hash_pay_code
from app.store.answers import fetch_answer
from app.store.redemptions import RedemptionView, fetch_redemption

router = APIRouter(prefix="/v1/pos", tags=["Tills"])

TRADE_NO = r"^[0-9A-Za-z_*|\-]{1,32}$"


class OrderNote(Body):
    """What the till says about its order: kept out of the ledger, part of what makes a repetition the same."""

    total_fen: Annotated[int, Field(ge=0, le=1_000_000_000_000, examples=[3500])] | None = None
    description: Annotated[str, Field(max_length=128, examples=["矿泉水 2 瓶"])] | None = None


class RedemptionRequest(Body):
    """Take points from the volunteer whose code was scanned."""

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
    points: PointsField
    order: OrderNote | None = None
    operator_id: Annotated[str, Field(max_length=32, examples=["op-7"])] | None = None
    device_id: Annotated[str, Field(max_length=32, examples=["pos-2"])] | None = None


class MaskedVolunteer(Answer):
    """All that a till learns about who paid."""

    masked_name: Annotated[str, Field(examples=["张**"])]


class Receipt(Answer):
    """Where the ledger holds this redemption, and the hash that proves it."""

    seq: Annotated[int, Field(examples=[48213])]
    leaf_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["6b" * 32])]


class RedemptionAnswer(Answer):
    """A redemption."""

    id: RedemptionRef
    out_trade_no: str
    state: RedemptionState
    points: int
    refunded_points: int
    settlement_fen: int = Field(description="What the merchant is owed for it, in fen, rounded down once")
    volunteer: MaskedVolunteer
    merchant_id: MerchantRef
    store_id: StoreRef
    terminal_id: TerminalRef
    occurred_at: datetime
    transaction_id: TransactionRef
    receipt: Receipt


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
    Code.QUOTA_EXCEEDED,
    Code.NOT_ENOUGH,
    Code.FUND_EXHAUSTED,
    Code.ORDER_REVERSED,
    Code.SYSTEM_BUSY,
)


@router.post(
    "/redemptions",
    operation_id="redeemPoints",
    summary="Take points by pay code (核销)",
    status_code=201,
    response_model=RedemptionAnswer,
    responses=_REDEEM_REFUSALS,
    openapi_extra={"x-access": TILL},
)
@takes(RedemptionRequest)
async def redeem_points(request: Request) -> Response:
    """Capture the points and price them in the same transaction.

    The same number with the same body gives the same answer, marked `Idempotency-Replayed: true`. A refusal is
    kept under its number too: try again with a new one. When the outcome is unknown, query; never order again.
    """
    services = services_of(request)
    raw = await request.body()
    caller = await identify_till(request, raw, services)
    check_media_type(request)
    received = parse_body(RedemptionRequest, raw)
    body = received.body
    command = Redeem(
        redemption=RedemptionId(uuid7()),
        transaction=TransactionId(uuid7()),
        trade_no=TradeNo(body.out_trade_no),
        code=hash_pay_code(services.cabinet.pay_codes, caller.programme, body.auth_code),
        terminal=caller.till.terminal,
        points=Points(body.points),
    )
    outcome = await services.committers.submit(
        caller.programme,
        Submission(
            command=command,
            key=answer_key_of(caller, body.out_trade_no),
            body_hash=received.hash,
            conflict=Code.OUT_TRADE_NO_USED,
        ),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    if outcome.replayed:
        view = await _fetch_answered(services, caller.programme, outcome.answer["redemption"])
        first = _render(caller.programme, view, state=RedemptionState.SUCCESS, refunded_points=0)
        return json_answer(first.model_dump_json(), 201, replayed=True)
    return json_answer(_render_fresh(caller.programme, outcome).model_dump_json(), 201)


def answer_key_of(caller: CallingTill, trade_no: str) -> AnswerKey:
    """Order numbers are unique per merchant, whichever of its tills asks."""
    return AnswerKey(f"till:{caller.till.merchant.hex}", trade_no)


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
    key = answer_key_of(caller, out_trade_no)
    async with services.database.read() as reader:
        kept = await fetch_answer(reader, caller.programme, key)
    answer = replay(kept, kept.body_hash, Code.OUT_TRADE_NO_USED) if kept else Rejected(Code.ORDER_NOT_EXIST)
    if isinstance(answer, Rejected):
        raise Problem(Code.ORDER_NOT_EXIST)
    view = await _fetch_answered(services, caller.programme, answer["redemption"])
    return json_answer(_render(caller.programme, view).model_dump_json())


async def _fetch_answered(services: Services, programme: ProgrammeId, reference: object) -> RedemptionView:
    redemption = parse_id("red", str(reference))
    async with services.database.read() as reader:
        view = await fetch_redemption(reader, programme, RedemptionId(redemption)) if redemption else None
    if view is None:
        raise LookupError(f"an answer names {reference}, which is not there")
    return view


def _render(
    programme: ProgrammeId,
    view: RedemptionView,
    state: RedemptionState | None = None,
    refunded_points: int | None = None,
) -> RedemptionAnswer:
    return RedemptionAnswer(
        id=format_id("red", view.id),
        out_trade_no=view.trade_no,
        state=state or view.state,
        points=view.points,
        refunded_points=view.refunded_points if refunded_points is None else refunded_points,
        settlement_fen=view.settlement_fen,
        volunteer=MaskedVolunteer(masked_name=view.masked_name),
        merchant_id=format_id("mer", view.merchant),
        store_id=format_id("sto", view.store),
        terminal_id=format_terminal(programme, view.terminal),
        occurred_at=view.occurred_at,
        transaction_id=format_id("txn", view.transaction),
        receipt=Receipt(seq=view.seq, leaf_hash=view.leaf_hash.hex()),
    )


def _render_fresh(programme: ProgrammeId, outcome: Outcome) -> RedemptionAnswer:
    redemption = next(row for row in outcome.rows if isinstance(row, Redemption))
    return RedemptionAnswer(
        id=format_id("red", redemption.id),
        out_trade_no=redemption.trade_no,
        state=redemption.state,
        points=redemption.points,
        refunded_points=redemption.refunded_points,
        settlement_fen=redemption.settlement_fen,
        volunteer=MaskedVolunteer(masked_name=redemption.masked_name),
        merchant_id=format_id("mer", redemption.merchant),
        store_id=format_id("sto", redemption.store),
        terminal_id=format_terminal(programme, redemption.terminal),
        occurred_at=redemption.occurred_at,
        transaction_id=format_id("txn", redemption.transaction),
        receipt=Receipt(seq=outcome.seq or 0, leaf_hash=outcome.leaf_hash.hex()),
    )

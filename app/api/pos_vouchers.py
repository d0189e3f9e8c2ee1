"""The till contract (POS.md), "Vouchers": what was ordered in the mini-program, used at the till and returned."""

import re
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import TILL
from app.api.bodies import Answer, Body, Received, check_media_type, json_answer, parse_body
from app.api.fields import MerchantRef, OfferRef, OrderRef, StoreRef, TerminalRef, TransactionRef
from app.api.operations import takes, till_refusals
from app.api.pos_answers import TRADE_NO, MaskedVolunteer, Receipt
from app.api.problems import Problem, refuse
from app.api.services import Services, services_of
from app.api.tills import CallingTill, identify_till
from app.core.book import AnswerFields
from app.core.canonical import parse_instant
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import ProgrammeId, StoreId, TerminalId, TransactionId, format_id, format_terminal
from app.core.rows import Order, OrderState, VoucherHash
from app.core.vouchers import ReturnVoucher, UseVoucher
from app.engine.batch import Outcome, Submission
from app.security.vouchers import hash_voucher_code
from app.store.ledger import ReceiptView, fetch_receipt
from app.store.vouchers import VoucherView, fetch_vouchers, view_order

router = APIRouter(prefix="/v1/pos/vouchers", tags=["Tills"])

_CODE = re.compile(r"[0-9A-Za-z]{1,64}")

RequestNo = Annotated[
    str,
    Field(
        pattern=TRADE_NO,
        description="The till's own number of this call, unique per merchant: the idempotency key",
        examples=["20231105-V0001"],
    ),
]


class UseRequest(Body):
    """Hand out what was ordered."""

    use_request_no: RequestNo
    operator_id: Annotated[str, Field(max_length=32, examples=["op-7"])] | None = None


class ReturnRequest(Body):
    """Take back what was handed out."""

    return_request_no: RequestNo
    reason: Annotated[str, Field(max_length=80, description="In the merchant's words; no personal data")] = ""


class OrderedOffer(Answer):
    """What was ordered, in the version of the offer that it was ordered under."""

    id: OfferRef
    version: int
    name_zh: Annotated[str, Field(examples=["手冲咖啡一杯"])]
    name_en: Annotated[str, Field(examples=["A cup of coffee"])]


class TillVoucherAnswer(Answer):
    """A voucher."""

    order_id: OrderRef
    state: OrderState
    offer: OrderedOffer
    quantity: int
    fulfilment: Annotated[str, Field(examples=["voucher"])]
    final_sale: bool
    points: int
    settlement_fen: int = Field(description="What the merchant is owed once it is used, in fen")
    volunteer: MaskedVolunteer
    merchant_id: MerchantRef
    valid_until: datetime = Field(description="The first moment at which it is no longer valid")
    used_at: datetime | None
    used_store_id: StoreRef | None
    used_store_name: str | None
    used_terminal_id: TerminalRef | None


class VoucherEventAnswer(TillVoucherAnswer):
    """A voucher after it was used or returned, with the receipt of that."""

    transaction_id: TransactionRef
    receipt: Receipt


def _fields(programme: ProgrammeId, view: VoucherView, state: OrderState) -> dict[str, object]:
    return {
        "order_id": format_id("ord", view.id),
        "state": state,
        "offer": OrderedOffer(
            id=format_id("off", view.offer), version=view.offer_version, name_zh=view.name_zh, name_en=view.name_en
        ),
        "quantity": view.quantity,
        "fulfilment": view.fulfilment,
        "final_sale": view.final_sale,
        "points": view.points,
        "settlement_fen": view.settlement_fen,
        "volunteer": MaskedVolunteer(masked_name=view.masked_name),
        "merchant_id": format_id("mer", view.merchant),
        "valid_until": view.valid_until,
        "used_at": view.used_at,
        "used_store_id": format_id("sto", view.used_store) if view.used_store else None,
        "used_store_name": view.store_name,
        "used_terminal_id": format_terminal(programme, view.used_terminal) if view.used_terminal else None,
    }


def _hash(services: Services, caller: CallingTill, code: str) -> VoucherHash:
    if not _CODE.fullmatch(code):
        raise Problem(Code.VOUCHER_NOT_EXIST)
    services.limits.check_guesses(caller.till.terminal.hex)
    return hash_voucher_code(services.cabinet.vouchers, caller.programme, code)


async def _view(services: Services, caller: CallingTill, code: VoucherHash) -> VoucherView:
    view = await services.lookups.find(fetch_vouchers, caller.programme, code)
    if view is None or view.merchant != caller.till.merchant:
        services.limits.note_guess(caller.till.terminal.hex)
        raise Problem(Code.VOUCHER_NOT_EXIST)
    return view


@router.get(
    "/{code}",
    operation_id="getVoucher",
    summary="What a voucher is for, and whether it is good",
    response_model=TillVoucherAnswer,
    responses=till_refusals(Code.PARAM_ERROR, Code.VOUCHER_NOT_EXIST),
    openapi_extra={"x-access": TILL},
)
async def get_voucher(request: Request, code: str) -> Response:
    """404 `VOUCHER_NOT_EXIST` for a code that nobody has, and for another merchant's."""
    services = services_of(request)
    caller = await identify_till(request, await request.body(), services)
    view = await _view(services, caller, _hash(services, caller, code))
    answer = TillVoucherAnswer.model_validate(_fields(caller.programme, view, view.state_at(services.clock())))
    return json_answer(answer.model_dump_json())


_REFUSALS = (
    Code.PARAM_ERROR,
    Code.BODY_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.OUT_TRADE_NO_USED,
    Code.VOUCHER_NOT_EXIST,
    Code.CODE_EXPIRED,
    Code.SYSTEM_BUSY,
)
Form = TypeVar("Form", bound=Body)


async def _submit(
    services: Services, caller: CallingTill, number: str, code: str, command: UseVoucher | ReturnVoucher, body: bytes
) -> Outcome:
    verb = type(command).__name__
    outcome = await services.committers.submit(
        caller.programme,
        Submission(
            command=command,
            key=AnswerKey(f"voucher:{caller.till.merchant.hex}", number),
            body_hash=sha256(f"{verb}\n{code}\n".encode() + body).digest(),
            conflict=Code.OUT_TRADE_NO_USED,
        ),
    )
    if isinstance(outcome.answer, Rejected):
        if outcome.answer.code is Code.VOUCHER_NOT_EXIST and not outcome.replayed:
            services.limits.note_guess(caller.till.terminal.hex)
        raise refuse(outcome.answer, replayed=outcome.replayed)
    return outcome


async def _answer(services: Services, caller: CallingTill, code: VoucherHash, outcome: Outcome) -> Response:
    order = next((row for row in outcome.rows if isinstance(row, Order)), None)
    if order and outcome.transaction:
        view = view_order(order)
        receipt = ReceiptView(outcome.seq or 0, outcome.transaction, outcome.leaf_hash)
    else:
        view = _as_answered(await _view(services, caller, code), outcome.answer)
        receipt = await _receipt(services, caller.programme, outcome.seq or 0)
    answer = VoucherEventAnswer.model_validate(
        {
            **_fields(caller.programme, view, view.state),
            "transaction_id": format_id("txn", receipt.transaction),
            "receipt": Receipt(seq=receipt.seq, leaf_hash=receipt.leaf_hash.hex()),
        }
    )
    return json_answer(answer.model_dump_json(), replayed=outcome.replayed)


async def _receipt(services: Services, programme: ProgrammeId, seq: int) -> ReceiptView:
    async with services.database.read() as reader:
        receipt = await fetch_receipt(reader, programme, seq)
    if receipt is None:
        raise LookupError(f"an answer names transaction {seq}, which is not there")
    return receipt


def _as_answered(view: VoucherView, answer: AnswerFields | Rejected) -> VoucherView:
    """The voucher as this call left it: a repetition says the same, whatever has become of the voucher since."""
    if isinstance(answer, Rejected) or "used_at" not in answer:
        return replace(
            view, state=OrderState.EFFECTIVE, used_at=None, used_store=None, store_name=None, used_terminal=None
        )
    return replace(
        view,
        state=OrderState.USED,
        used_at=parse_instant(str(answer["used_at"])),
        used_store=StoreId(UUID(str(answer["store"]))),
        store_name=str(answer["store_name"]),
        used_terminal=TerminalId(UUID(str(answer["terminal"]))),
    )


async def _receive(request: Request, model: type[Form]) -> tuple[CallingTill, Received[Form]]:
    raw = await request.body()
    caller = await identify_till(request, raw, services_of(request))
    check_media_type(request)
    return caller, parse_body(model, raw)


@router.post(
    "/{code}/use",
    operation_id="useVoucher",
    summary="Write a voucher off (核销)",
    response_model=VoucherEventAnswer,
    responses=till_refusals(*_REFUSALS, Code.MERCHANT_SUSPENDED, Code.ALREADY_USED, Code.ORDER_CLOSED),
    openapi_extra={"x-access": TILL},
)
@takes(UseRequest)
async def use_voucher(request: Request, code: str) -> Response:
    """Of many tills at once exactly one succeeds; the others get `ALREADY_USED` with time and store in `figures`."""
    services = services_of(request)
    caller, received = await _receive(request, UseRequest)
    hashed = _hash(services, caller, code)
    command = UseVoucher(code=hashed, terminal=caller.till.terminal, transaction=TransactionId(uuid7()))
    outcome = await _submit(services, caller, received.body.use_request_no, code, command, received.hash)
    return await _answer(services, caller, hashed, outcome)


@router.post(
    "/{code}/return",
    operation_id="returnVoucher",
    summary="Take a write-off back (撤销核销)",
    response_model=VoucherEventAnswer,
    responses=till_refusals(*_REFUSALS, Code.STATE_CONFLICT, Code.FINAL_SALE),
    openapi_extra={"x-access": TILL},
)
@takes(ReturnRequest)
async def return_voucher(request: Request, code: str) -> Response:
    """The voucher can be used again while it is valid. A final sale is not taken back."""
    services = services_of(request)
    caller, received = await _receive(request, ReturnRequest)
    hashed = _hash(services, caller, code)
    command = ReturnVoucher(code=hashed, terminal=caller.till.terminal, transaction=TransactionId(uuid7()))
    outcome = await _submit(services, caller, received.body.return_request_no, code, command, received.hash)
    return await _answer(services, caller, hashed, outcome)

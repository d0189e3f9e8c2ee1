"""What a vendor's till needs to be tried out, in a sandbox programme only: somebody else's pay code, a voucher."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import TILL
from app.api.bodies import Answer, Body, check_media_type, json_answer, parse_body
from app.api.fields import OfferRef, PointsField
from app.api.me import issue_code
from app.api.operations import takes, till_refusals
from app.api.pos_answers import MaskedVolunteer, check_no_body
from app.api.problems import Problem, refuse
from app.api.services import Services, services_of
from app.api.tills import CallingTill, identify_till
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import OrderId, ProgrammeId, TransactionId, format_id
from app.core.orders import PlaceOrder
from app.core.rows import Order
from app.engine.batch import Submission
from app.security.vouchers import derive_voucher_code, hash_voucher_code
from app.store.programmes import fetch_zone
from app.store.sandbox import Payer, fetch_orderable, fetch_payer

router = APIRouter(prefix="/v1/pos/sandbox", tags=["Tills"])


class SandboxPayCodeRequest(Body):
    """What the volunteer who shows the code must be able to pay."""

    points: PointsField


class SandboxPayCodeAnswer(Answer):
    """A pay code of one of the sandbox's volunteers."""

    auth_code: Annotated[str, Field(pattern="^96[0-9]{16}$", examples=["961234567890123456"])]
    expires_at: datetime
    points_available: Annotated[int, Field(description="What this volunteer can spend", examples=[340])]
    volunteer: MaskedVolunteer


class SandboxVoucherAnswer(Answer):
    """A voucher that one of the sandbox's volunteers has ordered."""

    voucher_code: Annotated[str, Field(pattern="^97[0-9]{18}$", examples=["97123456789012345678"])]
    offer_id: OfferRef
    points: Annotated[int, Field(examples=[12])]
    valid_until: Annotated[datetime, Field(description="The first moment at which it is no longer valid")]
    volunteer: MaskedVolunteer


async def _identify(request: Request, raw: bytes) -> CallingTill:
    caller = await identify_till(request, raw, services_of(request))
    if not caller.till.sandbox:
        raise Problem(Code.NOT_FOUND)
    return caller


async def _find_payer(services: Services, programme: ProgrammeId, points: int) -> Payer:
    async with services.database.read() as reader:
        today = business_day(services.clock(), await fetch_zone(reader, programme))
        payer = await fetch_payer(reader, programme, points, today)
    if payer is None:
        raise Problem(Code.NOT_ENOUGH, {"points": points})
    return payer


@router.post(
    "/pay-codes",
    operation_id="issueSandboxPayCode",
    summary="A pay code to try a till with (沙箱付款码)",
    response_model=SandboxPayCodeAnswer,
    responses=till_refusals(
        Code.PARAM_ERROR,
        Code.BODY_TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.NOT_FOUND,
        Code.NOT_ENOUGH,
        Code.ACCOUNT_FROZEN,
        Code.SYSTEM_BUSY,
    ),
    openapi_extra={"x-access": TILL},
)
@takes(SandboxPayCodeRequest)
async def issue_sandbox_pay_code(request: Request) -> Response:
    """For a terminal of a sandbox programme; 404 `NOT_FOUND` in any other.

    The volunteers with so many points take turns. 409 `NOT_ENOUGH`: none of them has so many.
    """
    services = services_of(request)
    raw = await request.body()
    caller = await _identify(request, raw)
    check_media_type(request)
    points = parse_body(SandboxPayCodeRequest, raw).body.points
    payer = await _find_payer(services, caller.programme, points)
    issued = await issue_code(services, caller.programme, payer.id, uuid7().hex)
    answer = SandboxPayCodeAnswer(
        auth_code=issued.code,
        expires_at=issued.expires_at,
        points_available=payer.points,
        volunteer=MaskedVolunteer(masked_name=payer.masked_name),
    )
    return json_answer(answer.model_dump_json())


@router.post(
    "/vouchers",
    operation_id="orderSandboxVoucher",
    summary="A voucher to try a till with (沙箱券码)",
    status_code=201,
    response_model=SandboxVoucherAnswer,
    responses=till_refusals(
        Code.PARAM_ERROR,
        Code.NOT_FOUND,
        Code.OFFER_NOT_EXIST,
        Code.MERCHANT_SUSPENDED,
        Code.ACCOUNT_FROZEN,
        Code.OFFER_NOT_OPEN,
        Code.NOT_ELIGIBLE,
        Code.OUT_OF_STOCK,
        Code.QUOTA_EXCEEDED,
        Code.NOT_ENOUGH,
        Code.FUND_EXHAUSTED,
        Code.SYSTEM_BUSY,
    ),
    openapi_extra={"x-access": TILL},
)
async def order_sandbox_voucher(request: Request) -> Response:
    """One unit of the cheapest published offer of the terminal's merchant, ordered by a volunteer of the sandbox.

    For a terminal of a sandbox programme; 404 `NOT_FOUND` in any other, `OFFER_NOT_EXIST` when nothing is published.
    """
    services = services_of(request)
    raw = await request.body()
    caller = await _identify(request, raw)
    check_no_body(raw)
    async with services.database.read() as reader:
        offer = await fetch_orderable(reader, caller.programme, caller.till.merchant)
    if offer is None:
        raise Problem(Code.OFFER_NOT_EXIST)
    payer = await _find_payer(services, caller.programme, offer.points)
    keys, order_id = services.cabinet.vouchers, OrderId(uuid7())
    code = derive_voucher_code(keys, caller.programme, order_id)
    command = PlaceOrder(
        order=order_id,
        transaction=TransactionId(uuid7()),
        volunteer=payer.id,
        offer=offer.id,
        quantity=1,
        code=hash_voucher_code(keys, caller.programme, code),
    )
    submission = Submission(command=command, key=AnswerKey("sandbox-voucher", order_id.hex), body_hash=b"order")
    outcome = await services.committers.submit(caller.programme, submission)
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer)
    order = next(row for row in outcome.rows if isinstance(row, Order))
    answer = SandboxVoucherAnswer(
        voucher_code=code,
        offer_id=format_id("off", offer.id),
        points=order.points,
        valid_until=order.valid_until,
        volunteer=MaskedVolunteer(masked_name=payer.masked_name),
    )
    return json_answer(answer.model_dump_json(), 201)

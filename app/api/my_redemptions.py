"""A volunteer's redemptions in the mini-program: what was paid where, and the yes or no to what waits for it."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import Requires
from app.api.bodies import Answer, json_answer
from app.api.fields import MerchantRef, RedemptionRef, StoreRef, TransactionRef
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, refusals
from app.api.paging import PAGE, After, Limit, cut_page, link_next, refuse_cursor
from app.api.pos_answers import Receipt, RedeemedOffer
from app.api.problems import Problem, refuse
from app.api.services import Serves, Services
from app.core.canonical import format_instant, parse_instant
from app.core.codes import Code, Rejected
from app.core.confirmations import ConfirmRedemption, DeclineRedemption
from app.core.idempotency import AnswerKey
from app.core.ids import NOBODY, RedemptionId, TransactionId, format_id, parse_id
from app.core.rows import RedemptionState
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.redemptions import RedemptionView, fetch_own_redemption, fetch_own_redemptions

router = APIRouter(prefix="/v1/me/redemptions", tags=["Volunteers' own"])

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Pays = Annotated[Actor, Depends(Requires(Scope.ME_PAY))]

_NEWEST = (datetime(9999, 1, 1, tzinfo=UTC), RedemptionId(NOBODY))


class OwnRedemptionAnswer(Answer):
    """A redemption as its volunteer sees it."""

    id: RedemptionRef
    state: RedemptionState
    points: int
    refunded_points: int
    merchant_id: MerchantRef
    merchant: Annotated[str, Field(examples=["慈溪书城"])]
    store_id: StoreRef
    store: str
    occurred_at: datetime
    confirm_until: datetime | None = Field(description="Until when to say yes or no; null when nothing waits")
    offer: RedeemedOffer | None
    transaction_id: TransactionRef
    receipt: Receipt


class OwnRedemptionPage(Answer):
    """The newest first."""

    redemptions: list[OwnRedemptionAnswer]
    next: str | None


def _render(view: RedemptionView, at: datetime) -> OwnRedemptionAnswer:
    return _render_in(view, view.state_at(at), view.refunded_points)


def _render_in(view: RedemptionView, state: RedemptionState, refunded_points: int) -> OwnRedemptionAnswer:
    offer = None
    if view.offer:
        offer = RedeemedOffer(id=format_id("off", view.offer), version=view.offer_version, quantity=view.quantity)
    return OwnRedemptionAnswer(
        id=format_id("red", view.id),
        state=state,
        points=view.points,
        refunded_points=refunded_points,
        merchant_id=format_id("mer", view.merchant),
        merchant=view.merchant_name,
        store_id=format_id("sto", view.store),
        store=view.store_name,
        occurred_at=view.occurred_at,
        confirm_until=view.closes_at if state is RedemptionState.AWAITING_CONFIRMATION else None,
        offer=offer,
        transaction_id=format_id("txn", view.transaction),
        receipt=Receipt(seq=view.seq, leaf_hash=view.leaf_hash.hex()),
    )


def _cursor(after: str | None) -> tuple[datetime, RedemptionId]:
    if after is None:
        return _NEWEST
    moment, _, reference = after.partition("~")
    redemption = parse_id("red", reference)
    if redemption is None:
        raise refuse_cursor()
    try:
        return parse_instant(moment), RedemptionId(redemption)
    except ValueError as error:
        raise refuse_cursor() from error


@router.get(
    "",
    operation_id="listOwnRedemptions",
    summary="What was paid where (兑换记录)",
    response_model=OwnRedemptionPage,
    responses=reads(),
)
async def list_redemptions(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    state: Annotated[
        Literal["AWAITING_CONFIRMATION"] | None, Query(description="Only those that wait for a yes or no")
    ] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OwnRedemptionPage:
    """The newest first; `next` is the cursor of the page behind."""
    now = services.clock()
    async with services.database.read() as reader:
        found = await fetch_own_redemptions(
            reader, actor.programme, own_id(actor), _cursor(after), now if state else None, limit + 1
        )
    page, more = cut_page(found, limit)
    cursor = f"{format_instant(page[-1].occurred_at)}~{format_id('red', page[-1].id)}" if more else None
    response.headers.update(link_next(request, cursor))
    return OwnRedemptionPage(redemptions=[_render(view, now) for view in page], next=cursor)


def _redemption_named(reference: str) -> RedemptionId:
    redemption = parse_id("red", reference)
    if redemption is None:
        raise Problem(Code.ORDER_NOT_EXIST)
    return RedemptionId(redemption)


async def _find(services: Services, actor: Actor, redemption: RedemptionId) -> RedemptionView:
    async with services.database.read() as reader:
        view = await fetch_own_redemption(reader, actor.programme, own_id(actor), redemption)
    if view is None:
        raise Problem(Code.ORDER_NOT_EXIST)
    return view


@router.get(
    "/{redemption_id}",
    operation_id="getOwnRedemption",
    summary="One redemption",
    response_model=OwnRedemptionAnswer,
    responses=reads(Code.ORDER_NOT_EXIST),
)
async def get_redemption(services: Serves, actor: Reads, redemption_id: str) -> OwnRedemptionAnswer:
    """404 for one that is not the caller's."""
    return _render(await _find(services, actor, _redemption_named(redemption_id)), services.clock())


async def _submit(
    services: Services, actor: Actor, key: str, command: ConfirmRedemption | DeclineRedemption
) -> Response:
    outcome = await services.committers.submit(
        actor.programme,
        Submission(
            command=command,
            key=AnswerKey(actor.reference, key),
            body_hash=f"{type(command).__name__} {command.redemption.hex}".encode(),
        ),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    view = await _find(services, actor, command.redemption)
    if isinstance(command, ConfirmRedemption):  # as the yes left it: a repetition after a refund says the same
        answer = _render_in(view, RedemptionState.SUCCESS, refunded_points=0)
    else:
        answer = _render(view, services.clock())
    return json_answer(answer.model_dump_json(), replayed=outcome.replayed)


_REFUSALS = refusals(
    (
        Code.PARAM_ERROR,
        Code.TOKEN_ERROR,
        Code.NO_AUTH,
        Code.IDEMPOTENCY_KEY_USED,
        Code.ORDER_NOT_EXIST,
        Code.ORDER_CLOSED,
        Code.ORDER_REVERSED,
        Code.STATE_CONFLICT,
        Code.SYSTEM_BUSY,
    )
)


@router.post(
    "/{redemption_id}/confirm",
    operation_id="confirmOwnRedemption",
    summary="Say yes to what a till has asked for (确认支付)",
    response_model=OwnRedemptionAnswer,
    responses=_REFUSALS,
)
async def confirm_redemption(services: Serves, actor: Pays, key: IdempotencyKey, redemption_id: str) -> Response:
    """What was held becomes the merchant's, once, however often it is confirmed. Too late after a minute."""
    command = ConfirmRedemption(
        redemption=_redemption_named(redemption_id), transaction=TransactionId(uuid7()), volunteer=own_id(actor)
    )
    return await _submit(services, actor, key, command)


@router.post(
    "/{redemption_id}/decline",
    operation_id="declineOwnRedemption",
    summary="Say no to what a till has asked for (拒绝支付)",
    response_model=OwnRedemptionAnswer,
    responses=_REFUSALS,
)
async def decline_redemption(services: Serves, actor: Pays, key: IdempotencyKey, redemption_id: str) -> Response:
    """What was held goes back to its lots at once."""
    command = DeclineRedemption(
        redemption=_redemption_named(redemption_id), transaction=TransactionId(uuid7()), volunteer=own_id(actor)
    )
    return await _submit(services, actor, key, command)

"""Suspending, resuming and ending merchants (暂停、恢复、退出). What then happens to open vouchers is said there."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.actions.merchant_life import Step, take_step
from app.api.acting import act, note_edit, ticket_of
from app.api.bodies import Body, JsonBody, Received
from app.api.fields import ReasonText
from app.api.merchants import MerchantAnswer, Writes, merchant_named, render_merchant
from app.api.operations import IdempotencyKey, writes
from app.api.services import Serves, Services
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import UserId
from app.security.actors import Actor
from app.store.database import Tx
from app.store.merchants import Merchant

router = APIRouter(prefix="/v1/merchants", tags=["Merchants"])


class Suspension(Body):
    """Why a merchant is suspended, for whoever looks at it."""

    reason: ReasonText | None = None


class Ending(Body):
    """Why a merchant leaves the scheme."""

    reason: ReasonText


async def _take(
    services: Services, actor: Actor, key: str, merchant_id: str, step: Step, reason: str, body_hash: bytes
) -> Response:
    merchant = merchant_named(merchant_id, actor)
    ticket = ticket_of(services, actor, key, f"{step.value} {merchant_id}".encode() + body_hash)

    async def take(tx: Tx) -> Edited[Merchant] | Rejected:
        return await take_step(tx, actor.programme, merchant, step, UserId(actor.subject), reason=reason)

    why = {"reason": reason}
    return await act(
        services,
        ticket,
        take,
        lambda edited: note_edit(edited, render_merchant, f"merchant.{step.value}", merchant_id, why),
        200,
    )


@router.post(
    "/{merchant_id}/suspend",
    operation_id="suspendMerchant",
    summary="Stop a merchant's tills (暂停兑换)",
    response_model=MerchantAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def suspend_merchant(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[Suspension], Depends(JsonBody(Suspension, optional=True))],
    key: IdempotencyKey,
    merchant_id: str,
) -> Response:
    """At once: the very next redemption is refused. What the merchant is owed stays owed.

    Open vouchers cannot be used meanwhile; volunteers may cancel them, and they expire as usual.
    """
    reason = received.body.reason or ""
    return await _take(services, actor, key, merchant_id, Step.SUSPEND, reason, received.hash)


@router.post(
    "/{merchant_id}/resume",
    operation_id="resumeMerchant",
    summary="Let a merchant's tills take points again (恢复兑换)",
    response_model=MerchantAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def resume_merchant(services: Serves, actor: Writes, key: IdempotencyKey, merchant_id: str) -> Response:
    """At once, if an agreement is in force."""
    return await _take(services, actor, key, merchant_id, Step.RESUME, "", b"")


@router.post(
    "/{merchant_id}/end",
    operation_id="endMerchant",
    summary="Let a merchant leave for good (退出)",
    response_model=MerchantAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def end_merchant(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[Ending], Depends(JsonBody(Ending))],
    key: IdempotencyKey,
    merchant_id: str,
) -> Response:
    """At once and for good. Open vouchers are cancelled soon after: points, stock and money go back.

    What the merchant is owed stays owed, and its tills may still give back what they took.
    """
    return await _take(services, actor, key, merchant_id, Step.END, received.body.reason, received.hash)

"""Applications of merchants (商家申请): one person enters one, another approves it under an agreement or rejects it."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.actions.merchant_life import Step, apply_for_merchant, take_step
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.agreement_terms import AgreementTerms, agreement_of
from app.api.bodies import Body, JsonBody, Received
from app.api.fields import ReasonText
from app.api.merchants import (
    MerchantAnswer,
    MerchantApplication,
    Writes,
    merchant_named,
    new_merchant,
    render_merchant,
)
from app.api.operations import IdempotencyKey, writes
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import UserId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.merchants import Merchant, MerchantStatus

router = APIRouter(prefix="/v1/merchants", tags=["Merchants"])


class Approval(Body):
    """The agreement under which a merchant is taken on."""

    agreement: AgreementTerms


class Rejection(Body):
    """Why an application is not taken on."""

    reason: ReasonText


@router.post(
    "/applications",
    operation_id="applyForMerchant",
    summary="Enter a merchant's application (商家申请)",
    status_code=201,
    response_model=MerchantAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS),
)
async def post_application(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.MERCHANTS_APPLY))],
    received: Annotated[Received[MerchantApplication], Depends(JsonBody(MerchantApplication))],
    key: IdempotencyKey,
) -> Response:
    """Nothing can be had of it before somebody else has approved it. Who was rejected or has ended may apply anew."""
    body = received.body
    ticket = ticket_of(services, actor, key, b"apply" + received.hash)
    merchant = new_merchant(body, MerchantStatus.APPLIED, ticket.at)
    applied = replace(merchant, applied_by=UserId(actor.subject))

    async def apply(tx: Tx) -> Merchant | Rejected:
        return await apply_for_merchant(tx, actor.programme, applied)

    described = body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        apply,
        lambda made: note(render_merchant(made), "merchant.apply", format_id("mer", made.id), described),
    )


@router.post(
    "/{merchant_id}/approve",
    operation_id="approveMerchant",
    summary="Take a merchant on under an agreement (审核通过)",
    response_model=MerchantAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW, Code.OVERLAP, Code.ALREADY_EXISTS),
)
async def approve_merchant(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[Approval], Depends(JsonBody(Approval))],
    key: IdempotencyKey,
    merchant_id: str,
) -> Response:
    """Its tills may take points from the agreement's first day on. Not by the one who entered the application."""
    merchant = merchant_named(merchant_id, actor)
    ticket = ticket_of(services, actor, key, f"approve {merchant_id}".encode() + received.hash)
    agreement = agreement_of(received.body.agreement, merchant, actor, ticket.at, pointer="/agreement")

    async def approve(tx: Tx) -> Edited[Merchant] | Rejected:
        return await take_step(tx, actor.programme, merchant, Step.APPROVE, UserId(actor.subject), agreement=agreement)

    described = received.body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        approve,
        lambda edited: note_edit(edited, render_merchant, "merchant.approve", merchant_id, described),
        200,
    )


@router.post(
    "/{merchant_id}/reject",
    operation_id="rejectMerchant",
    summary="Turn an application down (审核不通过)",
    response_model=MerchantAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def reject_merchant(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[Rejection], Depends(JsonBody(Rejection))],
    key: IdempotencyKey,
    merchant_id: str,
) -> Response:
    """For good: the next application is a new one. Not by the one who entered it."""
    merchant = merchant_named(merchant_id, actor)
    reason = received.body.reason
    ticket = ticket_of(services, actor, key, f"reject {merchant_id}".encode() + received.hash)

    async def reject(tx: Tx) -> Edited[Merchant] | Rejected:
        return await take_step(tx, actor.programme, merchant, Step.REJECT, UserId(actor.subject), reason=reason)

    why = {"reason": reason}
    return await act(
        services,
        ticket,
        reject,
        lambda edited: note_edit(edited, render_merchant, "merchant.reject", merchant_id, why),
        200,
    )

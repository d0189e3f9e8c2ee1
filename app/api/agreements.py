"""Agreements of a merchant (协议): this year's, the renewal signed in advance, and ending one early."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.actions.agreements import end_agreement, sign_agreement
from app.api.acting import act, note, note_edit, ticket_of
from app.api.agreement_terms import AgreementAnswer, AgreementTerms, Day, agreement_of, render_agreement
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.merchants import Reads, Writes, merchant_named
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import AgreementId, format_id, parse_id
from app.store.agreements import Agreement, fetch_agreements
from app.store.database import Tx

router = APIRouter(prefix="/v1/merchants", tags=["Merchants"])


class AgreementEnd(Body):
    """The last day of an agreement: yesterday at the earliest, which ends it at once."""

    ends_on: Day


class AgreementPage(Answer):
    """Agreements in the order they were signed."""

    agreements: list[AgreementAnswer]
    next: str | None


@router.post(
    "/{merchant_id}/agreements",
    operation_id="signAgreement",
    summary="Sign a further agreement with a merchant (签订协议)",
    status_code=201,
    response_model=AgreementAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.OVERLAP, Code.ALREADY_EXISTS),
)
async def post_agreement(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[AgreementTerms], Depends(JsonBody(AgreementTerms))],
    key: IdempotencyKey,
    merchant_id: str,
) -> Response:
    """Next year's may be signed in advance. No two agreements of a merchant share a day."""
    merchant = merchant_named(merchant_id, actor)
    ticket = ticket_of(services, actor, key, received.hash + merchant_id.encode())
    agreement = agreement_of(received.body, merchant, actor, ticket.at)

    async def sign(tx: Tx) -> Agreement | Rejected:
        return await sign_agreement(tx, actor.programme, agreement)

    described = received.body.model_dump(mode="json") | {"merchant_id": merchant_id}
    return await act(
        services,
        ticket,
        sign,
        lambda made: note(render_agreement(made), "agreement.sign", format_id("agr", made.id), described),
    )


@router.get(
    "/{merchant_id}/agreements",
    operation_id="listAgreements",
    summary="A merchant's agreements",
    response_model=AgreementPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_agreements(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    merchant_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> AgreementPage:
    """Past, present and future ones."""
    merchant = merchant_named(merchant_id, actor)
    begin = AgreementId(id_after("agr", after))
    async with services.database.read() as reader:
        found = await fetch_agreements(reader, actor.programme, merchant, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("agr", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return AgreementPage(agreements=[render_agreement(agreement) for agreement in page], next=cursor)


@router.post(
    "/{merchant_id}/agreements/{agreement_id}/end",
    operation_id="endAgreement",
    summary="Let an agreement end earlier (提前终止)",
    response_model=AgreementAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_end(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[AgreementEnd], Depends(JsonBody(AgreementEnd))],
    key: IdempotencyKey,
    merchant_id: str,
    agreement_id: str,
) -> Response:
    """From the next day on the merchant counts as suspended, unless another agreement begins."""
    merchant = merchant_named(merchant_id, actor)
    agreement = parse_id("agr", agreement_id)
    if agreement is None:
        raise Problem(Code.NOT_FOUND)
    ends_on: date = received.body.ends_on
    ticket = ticket_of(services, actor, key, received.hash + agreement_id.encode())

    async def end(tx: Tx) -> Edited[Agreement] | Rejected:
        return await end_agreement(tx, actor.programme, merchant, AgreementId(agreement), ends_on, ticket.at)

    return await act(
        services, ticket, end, lambda edited: note_edit(edited, render_agreement, "agreement.end", agreement_id), 200
    )

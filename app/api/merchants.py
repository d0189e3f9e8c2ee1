"""Partner merchants (爱心商家): registering them, and what is known of them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.agreements import TRADING
from app.actions.merchants import register_merchant
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.agreement_terms import AgreementAnswer, AgreementTerms, agreement_of, render_agreement
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import MerchantRef, Name, RegionCode, UserRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.identifiers import check_credit_code
from app.core.ids import MerchantId, format_id, parse_id
from app.core.offers import taken_key
from app.security.actors import Actor, ActorKind
from app.security.scopes import Scope
from app.store.agreements import fetch_agreement_between
from app.store.database import Tx
from app.store.merchants import Merchant, MerchantStatus, fetch_merchant, fetch_merchants
from app.store.programmes import fetch_zone
from app.store.tallies import fetch_tally

router = APIRouter(prefix="/v1/merchants", tags=["Merchants"])

Reads = Annotated[Actor, Depends(Requires(Scope.MERCHANTS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.MERCHANTS_WRITE))]


class MerchantApplication(Body):
    """A merchant that wants to take part."""

    name: Name
    credit_code: Annotated[
        str,
        Field(
            min_length=18,
            max_length=18,
            description="Unified social credit code (统一社会信用代码, GB 32100)",
            examples=["91330282MA2AAA01X1"],
        ),
    ]
    region_code: RegionCode


class MerchantRequest(MerchantApplication):
    """A merchant to register at once, without an application."""

    agreement: Annotated[
        AgreementTerms | None, Field(description="Null: an agreement from today on, without an end and without a quota")
    ] = None


class MerchantAnswer(Answer):
    """A merchant."""

    id: MerchantRef
    name: str
    credit_code: str
    status: MerchantStatus
    status_reason: Annotated[str, Field(description="Why it was rejected or suspended, or has ended", examples=[""])]
    region_code: RegionCode
    applied_by: Annotated[UserRef | None, Field(description="Who entered its application")]
    decided_by: Annotated[UserRef | None, Field(description="Who set its status last")]
    revision: int
    created_at: datetime


class MerchantDetail(MerchantAnswer):
    """A merchant with what it may do today."""

    agreement: Annotated[
        AgreementAnswer | None, Field(description="In force today; with none, the merchant counts as suspended")
    ]
    monthly_points: Annotated[int | None, Field(description="The quota of a business month; null: none")]
    taken_points: Annotated[
        int | None, Field(description="Points of this business month that count against the quota; null without one")
    ]


class MerchantPage(Answer):
    """Merchants in the order of their making."""

    merchants: list[MerchantAnswer]
    next: str | None


def render_merchant(merchant: Merchant) -> MerchantAnswer:
    """A merchant as answers carry it."""
    return MerchantAnswer(
        id=format_id("mer", merchant.id),
        name=merchant.name,
        credit_code=merchant.credit_code,
        status=merchant.status,
        status_reason=merchant.status_reason,
        region_code=merchant.region_code,
        applied_by=format_id("usr", merchant.applied_by) if merchant.applied_by else None,
        decided_by=format_id("usr", merchant.decided_by) if merchant.decided_by else None,
        revision=merchant.revision,
        created_at=merchant.created_at,
    )


def merchant_named(reference: str, actor: Actor) -> MerchantId:
    """The merchant that a path names. A merchant's staff know of no other than their own."""
    value = parse_id("mer", reference)
    if value is None or not actor.sees(MerchantId(value)):
        raise Problem(Code.NOT_FOUND)
    return MerchantId(value)


def new_merchant(body: MerchantApplication, status: MerchantStatus, at: datetime) -> Merchant:
    """The merchant that a body describes; its credit code must hold."""
    if problem := check_credit_code(body.credit_code):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/credit_code", detail=problem.value)])
    return Merchant(
        id=MerchantId(uuid7()),
        name=body.name,
        credit_code=body.credit_code,
        status=status,
        region_code=body.region_code,
        revision=1,
        created_at=at,
    )


@router.post(
    "",
    operation_id="registerMerchant",
    summary="Register a merchant (商家入驻)",
    status_code=201,
    response_model=MerchantAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS),
)
async def post_merchant(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[MerchantRequest], Depends(JsonBody(MerchantRequest))],
    key: IdempotencyKey,
) -> Response:
    """Active at once, under an agreement.

    The credit code is checked by its check character, and belongs to one merchant that is neither rejected nor ended.
    """
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash)
    merchant = new_merchant(body, MerchantStatus.ACTIVE, ticket.at)
    terms = body.agreement
    agreement = agreement_of(terms, merchant.id, actor, ticket.at, pointer="/agreement") if terms else None

    async def register(tx: Tx) -> Merchant | Rejected:
        return await register_merchant(tx, actor.programme, merchant, agreement)

    described = body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        register,
        lambda made: note(render_merchant(made), "merchant.register", format_id("mer", made.id), described),
    )


@router.get("", operation_id="listMerchants", summary="Merchants", response_model=MerchantPage, responses=reads())
async def list_merchants(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    status: MerchantStatus | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> MerchantPage:
    """All of them, or those of a status; a merchant's staff see their own only."""
    begin = MerchantId(id_after("mer", after))
    async with services.database.read() as reader:
        if actor.kind is ActorKind.MERCHANT_STAFF:
            own = await fetch_merchant(reader, actor.programme, actor.merchant) if actor.merchant else None
            shown = [render_merchant(own)] if own and status in {None, own.status} else []
            return MerchantPage(merchants=shown, next=None)
        found = await fetch_merchants(reader, actor.programme, begin, limit + 1, status)
    page, more = cut_page(found, limit)
    cursor = format_id("mer", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return MerchantPage(merchants=[render_merchant(merchant) for merchant in page], next=cursor)


@router.get(
    "/{merchant_id}",
    operation_id="getMerchant",
    summary="One merchant",
    response_model=MerchantDetail,
    responses=reads(Code.NOT_FOUND),
)
async def get_merchant(services: Serves, actor: Reads, merchant_id: str) -> Response:
    """With the agreement in force today, and how much of its quota is used. 404 for one not the caller's to see."""
    merchant = merchant_named(merchant_id, actor)
    async with services.database.read() as reader:
        found = await fetch_merchant(reader, actor.programme, merchant)
        today = business_day(services.clock(), await fetch_zone(reader, actor.programme))
        agreement = await fetch_agreement_between(reader, actor.programme, merchant, today, today)
        taken = await fetch_tally(reader, actor.programme, taken_key(merchant, today))
    if found is None:
        raise Problem(Code.NOT_FOUND)
    in_force = agreement if found.status in TRADING else None
    quota = in_force.monthly_points if in_force else None
    detail = MerchantDetail(
        **dict(render_merchant(found)),
        agreement=render_agreement(in_force) if in_force else None,
        monthly_points=quota,
        taken_points=taken if quota is not None else None,
    )
    return json_answer(detail.model_dump_json(), ETag=f'"{found.revision}"')

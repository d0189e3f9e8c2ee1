"""Funds (基金): the money that settles redemptions, and the donations that fill them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import FenField, FundRef, Moment, Name, TransactionRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem, refuse
from app.api.services import Serves
from app.core.codes import Code, Rejected
from app.core.donations import DepositFund
from app.core.idempotency import AnswerKey
from app.core.ids import FundId, TransactionId, format_id, parse_id
from app.core.quantities import Fen
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.funds import Fund, fetch_fund, fetch_funds, insert_fund

router = APIRouter(prefix="/v1/funds", tags=["Funds"])

Reads = Annotated[Actor, Depends(Requires(Scope.FUNDS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.FUNDS_WRITE))]


class FundRequest(Body):
    """A fund to open."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$", examples=["hemei"])]
    name: Name
    sponsor: Name
    purpose: Annotated[Name, Field(examples=["志愿者礼遇兑换"])]


class FundAnswer(Answer):
    """A fund and its money in fen: given, free to promise, promised to open orders."""

    id: FundRef
    code: str
    name: str
    sponsor: str
    purpose: str
    donated_fen: int
    free_fen: int
    committed_fen: int
    created_at: datetime


class FundPage(Answer):
    """Funds in the order of their making."""

    funds: list[FundAnswer]
    next: str | None


class DonationRequest(Body):
    """Money that a sponsor has given."""

    amount_fen: FenField
    received_at: Moment


class DonationAnswer(Answer):
    """A donation as the ledger holds it."""

    transaction_id: TransactionRef
    amount_fen: int


def _render(fund: Fund) -> FundAnswer:
    return FundAnswer(
        id=format_id("fun", fund.id),
        code=fund.code,
        name=fund.name,
        sponsor=fund.sponsor,
        purpose=fund.purpose,
        donated_fen=fund.donated_fen,
        free_fen=fund.free_fen,
        committed_fen=fund.committed_fen,
        created_at=fund.created_at,
    )


def _fund_named(reference: str) -> FundId:
    value = parse_id("fun", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return FundId(value)


@router.post(
    "",
    operation_id="openFund",
    summary="Open a fund",
    status_code=201,
    response_model=FundAnswer,
    responses=writes(Code.ALREADY_EXISTS),
)
async def post_fund(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[FundRequest], Depends(JsonBody(FundRequest))],
    key: IdempotencyKey,
) -> Response:
    """Empty until a donation is booked."""
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash)
    fund = Fund(
        id=FundId(uuid7()),
        code=body.code,
        name=body.name,
        sponsor=body.sponsor,
        purpose=body.purpose,
        created_at=ticket.at,
    )

    async def open_it(tx: Tx) -> Fund | Rejected:
        return fund if await insert_fund(tx, actor.programme, fund) else Rejected(Code.ALREADY_EXISTS)

    described = body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        open_it,
        lambda made: note(_render(made), "fund.open", format_id("fun", made.id), described),
    )


@router.get("", operation_id="listFunds", summary="Funds", response_model=FundPage, responses=reads())
async def list_funds(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    limit: Limit = PAGE,
    after: After = None,
) -> FundPage:
    """With what is left in each."""
    begin = FundId(id_after("fun", after))
    async with services.database.read() as reader:
        found = await fetch_funds(reader, actor.programme, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("fun", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return FundPage(funds=[_render(fund) for fund in page], next=cursor)


@router.get(
    "/{fund_id}",
    operation_id="getFund",
    summary="One fund",
    response_model=FundAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_fund(services: Serves, actor: Reads, fund_id: str) -> FundAnswer:
    """With what is left in it."""
    async with services.database.read() as reader:
        found = await fetch_fund(reader, actor.programme, _fund_named(fund_id))
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return _render(found)


@router.post(
    "/{fund_id}/donations",
    operation_id="bookDonation",
    summary="Book a sponsor's donation (捐赠入账)",
    status_code=201,
    response_model=DonationAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_donation(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[DonationRequest], Depends(JsonBody(DonationRequest))],
    key: IdempotencyKey,
    fund_id: str,
) -> Response:
    """Free to promise from now on."""
    fund = _fund_named(fund_id)
    async with services.database.read() as reader:
        if await fetch_fund(reader, actor.programme, fund) is None:
            raise Problem(Code.NOT_FOUND)
    command = DepositFund(
        fund=fund,
        transaction=TransactionId(uuid7()),
        fen=Fen(received.body.amount_fen),
        received_at=received.body.received_at,
        actor=actor.reference,
    )
    outcome = await services.committers.submit(
        actor.programme,
        Submission(command=command, key=AnswerKey(actor.reference, key), body_hash=received.hash + fund_id.encode()),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    answer = DonationAnswer(
        transaction_id=str(outcome.answer["transaction"]), amount_fen=int(outcome.answer["amount_fen"] or 0)
    )
    return json_answer(answer.model_dump_json(), 201, replayed=outcome.replayed)

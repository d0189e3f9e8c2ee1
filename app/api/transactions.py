"""Transactions of the ledger for auditors, and where the journal ends."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import AccountPath, TransactionRef
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, link_next, seq_after
from app.api.problems import Problem
from app.api.services import Serves
from app.core.accounts import CHART, Asset
from app.core.canonical import encode_transaction, format_instant
from app.core.codes import Code
from app.core.ids import ProgrammeId, TransactionId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.ledger import TransactionView, fetch_head, fetch_transaction, fetch_transactions

router = APIRouter(prefix="/v1/ledger", tags=["Ledger"])

Audits = Annotated[Actor, Depends(Requires(Scope.LEDGER_READ))]


class HeadAnswer(Answer):
    """The newest transaction; sequence numbers run from 1 without a gap."""

    seq: int
    recorded_at: datetime


class TransferAnswer(Answer):
    """One move from the debit side of one account to the credit side of another."""

    asset: Asset
    amount: int
    debit: AccountPath
    credit: AccountPath


class TransactionAnswer(Answer):
    """One business event. `canonical` is what `leaf_hash` is made of: SHA-256 over a zero byte and these bytes."""

    seq: int
    id: TransactionRef
    kind: Annotated[str, Field(examples=["redeem.v1"])]
    actor: str
    reason: str
    occurred_at: datetime
    recorded_at: datetime
    policy: str
    document: str
    reverses: TransactionRef | None
    transfers: list[TransferAnswer]
    leaf_hash: str
    canonical: str


class TransactionPage(Answer):
    """Transactions in their order."""

    transactions: list[TransactionAnswer]
    next: str | None


def render_transaction(programme: ProgrammeId, view: TransactionView) -> TransactionAnswer:
    """A transaction as answers carry it."""
    transaction = view.transaction
    canonical = encode_transaction(programme, view.seq, format_instant(view.recorded_at), transaction)
    return TransactionAnswer(
        seq=view.seq,
        id=format_id("txn", transaction.id),
        kind=transaction.kind.value,
        actor=transaction.actor,
        reason=transaction.reason.value,
        occurred_at=transaction.occurred_at,
        recorded_at=view.recorded_at,
        policy=transaction.policy,
        document=transaction.document,
        reverses=format_id("txn", transaction.reverses) if transaction.reverses else None,
        transfers=[
            TransferAnswer(
                asset=CHART[transfer.debit.kind].asset,
                amount=transfer.amount,
                debit=transfer.debit.path,
                credit=transfer.credit.path,
            )
            for transfer in transaction.transfers
        ],
        leaf_hash=view.leaf_hash.hex(),
        canonical=canonical.decode(),
    )


@router.get(
    "/head",
    operation_id="getLedgerHead",
    summary="Where the journal ends",
    response_model=HeadAnswer,
    responses=reads(),
)
async def get_head(services: Serves, actor: Audits) -> HeadAnswer:
    """The sequence number to name when asking for balances as of now."""
    async with services.database.read() as reader:
        head = await fetch_head(reader, actor.programme)
    return HeadAnswer(seq=head.seq, recorded_at=head.recorded_at)


@router.get(
    "/transactions",
    operation_id="listTransactions",
    summary="Transactions (交易)",
    response_model=TransactionPage,
    responses=reads(),
)
async def list_transactions(
    request: Request,
    response: Response,
    services: Serves,
    actor: Audits,
    limit: Limit = PAGE,
    after: After = None,
) -> TransactionPage:
    """In their order; `after` is a sequence number."""
    begin = seq_after(after, 0)
    async with services.database.read() as reader:
        found = await fetch_transactions(reader, actor.programme, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].seq) if more else None
    response.headers.update(link_next(request, cursor))
    return TransactionPage(transactions=[render_transaction(actor.programme, view) for view in page], next=cursor)


@router.get(
    "/transactions/{transaction_id}",
    operation_id="getTransaction",
    summary="One transaction",
    response_model=TransactionAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_transaction(services: Serves, actor: Audits, transaction_id: str) -> TransactionAnswer:
    """With its transfers and its canonical form."""
    transaction = parse_id("txn", transaction_id)
    async with services.database.read() as reader:
        found = await fetch_transaction(reader, actor.programme, TransactionId(transaction)) if transaction else None
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return render_transaction(actor.programme, found)

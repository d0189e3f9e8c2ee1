"""The ledger for auditors: accounts, entries, transactions, and balances as of any point."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, Field

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import TransactionRef
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, link_next, seq_after
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves
from app.core.accounts import CHART, AccountKind, Asset, Side, parse_path
from app.core.business_days import end_of_day
from app.core.canonical import encode_transaction, format_instant
from app.core.codes import Code
from app.core.ids import ProgrammeId, TransactionId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Reader
from app.store.ledger import (
    AccountView,
    TransactionView,
    fetch_account,
    fetch_accounts,
    fetch_balance_as_of,
    fetch_balance_effective,
    fetch_entries,
    fetch_head,
    fetch_transaction,
    fetch_transactions,
)
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/ledger", tags=["Ledger"])

Audits = Annotated[Actor, Depends(Requires(Scope.LEDGER_READ))]
AccountPath = Annotated[str, Field(examples=["wallet.vol_0190c6f0a1b27c3d8e9f00112233aabb.2028-12-31"])]


class HeadAnswer(Answer):
    """The newest transaction; sequence numbers run from 1 without a gap."""

    seq: int
    recorded_at: datetime


class AccountAnswer(Answer):
    """An account and its balance on its normal side."""

    path: AccountPath
    asset: Asset
    normal_side: Side
    balance: int


class AccountPage(Answer):
    """Accounts in the order in which they were opened."""

    accounts: list[AccountAnswer]
    next: str | None


class EntryAnswer(Answer):
    """One leg of a transfer, with the balance after it."""

    seq: int
    position: int
    side: Side
    amount: int
    balance: int
    transaction_id: TransactionRef
    kind: str
    occurred_at: datetime
    recorded_at: datetime


class EntryPage(Answer):
    """Entries, the oldest first."""

    entries: list[EntryAnswer]
    next: str | None


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


def _render_account(view: AccountView, balance: int) -> AccountAnswer:
    rule = CHART[view.key.kind]
    return AccountAnswer(path=view.key.path, asset=rule.asset, normal_side=rule.side, balance=balance)


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
    "/head", operation_id="getLedgerHead", summary="Where the journal ends", response_model=HeadAnswer, responses=reads()
)
async def get_head(services: Serves, actor: Audits) -> HeadAnswer:
    """The sequence number to name when asking for balances as of now."""
    async with services.database.read() as reader:
        head = await fetch_head(reader, actor.programme)
    return HeadAnswer(seq=head.seq, recorded_at=head.recorded_at)


@router.get(
    "/accounts", operation_id="listAccounts", summary="Accounts", response_model=AccountPage, responses=reads()
)
async def list_accounts(
    request: Request,
    response: Response,
    services: Serves,
    actor: Audits,
    kind: AccountKind | None = None,
    owner: Annotated[str | None, Query(pattern="^(vol|mer|fun)_[0-9a-f]{32}$")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> AccountPage:
    """All of them, those of a kind, or those of an owner."""
    begin = seq_after(after, 0)
    owner_id = UUID(hex=owner.partition("_")[2]) if owner else None
    async with services.database.read() as reader:
        found = await fetch_accounts(reader, actor.programme, begin, limit + 1, kind, owner_id)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].account_no) if more else None
    response.headers.update(link_next(request, cursor))
    return AccountPage(accounts=[_render_account(view, view.balance) for view in page], next=cursor)


async def _account_named(reader: Reader, programme: ProgrammeId, path: str) -> AccountView:
    key = parse_path(path)
    found = await fetch_account(reader, programme, key) if key else None
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return found


@router.get(
    "/accounts/{path}",
    operation_id="getAccount",
    summary="One account and its balance, now or as of any point",
    response_model=AccountAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_account(
    services: Serves,
    actor: Audits,
    path: AccountPath,
    as_of_seq: Annotated[int | None, Query(ge=0, le=2**62, description="After this transaction")] = None,
    effective_on: Annotated[date | None, Query(description="What had happened by the end of this business day")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="With effective_on: as it was known then")] = None,
) -> AccountAnswer:
    """`as_of_seq` is the balance as it was written; `effective_on` counts by when things happened."""
    if as_of_seq is not None and (effective_on or known_at):
        raise Problem(
            Code.PARAM_ERROR, errors=[FieldProblem(pointer="/as_of_seq", detail="not together with effective_on")]
        )
    if known_at and not effective_on:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/known_at", detail="needs effective_on")])
    async with services.database.snapshot() as reader:
        view = await _account_named(reader, actor.programme, path)
        if as_of_seq is not None:
            balance = await fetch_balance_as_of(reader, actor.programme, view.account_no, as_of_seq)
        elif effective_on:
            before = end_of_day(effective_on, await fetch_zone(reader, actor.programme))
            known = known_at or services.clock()
            credit = await fetch_balance_effective(reader, actor.programme, view.account_no, before, known)
            balance = credit if CHART[view.key.kind].side is Side.CREDIT else -credit
        else:
            balance = view.balance
    return _render_account(view, balance)


@router.get(
    "/accounts/{path}/entries",
    operation_id="listEntries",
    summary="An account's entries (分录)",
    response_model=EntryPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_entries(
    request: Request,
    response: Response,
    services: Serves,
    actor: Audits,
    path: AccountPath,
    limit: Limit = PAGE,
    after: After = None,
) -> EntryPage:
    """The oldest first. A page ends with a whole transaction, so it may hold a few entries more than `limit`."""
    begin = seq_after(after, 0)
    async with services.database.snapshot() as reader:
        view = await _account_named(reader, actor.programme, path)
        found = await fetch_entries(reader, actor.programme, view.account_no, begin, limit)
    cursor = str(found[-1].seq) if len(found) >= limit else None
    response.headers.update(link_next(request, cursor))
    entries = [
        EntryAnswer(
            seq=entry.seq,
            position=entry.position,
            side=Side(entry.side),
            amount=entry.amount,
            balance=entry.balance,
            transaction_id=format_id("txn", entry.transaction),
            kind=entry.kind,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
        )
        for entry in found
    ]
    return EntryPage(entries=entries, next=cursor)


@router.get(
    "/transactions",
    operation_id="listTransactions",
    summary="Transactions (交易)",
    response_model=TransactionPage,
    responses=reads(),
)
async def list_transactions(
    request: Request, response: Response, services: Serves, actor: Audits, limit: Limit = PAGE, after: After = None
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

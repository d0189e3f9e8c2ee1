"""Accounts of the ledger for auditors: their entries, and balances as of any point."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import AccountPath, TransactionRef
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, link_next, seq_after
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves
from app.core.accounts import CHART, AccountKind, Asset, Side, parse_path
from app.core.business_days import end_of_day
from app.core.codes import Code
from app.core.ids import ProgrammeId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Reader
from app.store.ledger import (
    AccountView,
    fetch_account,
    fetch_accounts,
    fetch_balance_as_of,
    fetch_balance_effective,
    fetch_entries,
)
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/ledger", tags=["Ledger"])

Audits = Annotated[Actor, Depends(Requires(Scope.LEDGER_READ))]


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


def _render_account(view: AccountView, balance: int) -> AccountAnswer:
    rule = CHART[view.key.kind]
    return AccountAnswer(path=view.key.path, asset=rule.asset, normal_side=rule.side, balance=balance)


@router.get(
    "/accounts",
    operation_id="listAccounts",
    summary="Accounts",
    response_model=AccountPage,
    responses=reads(),
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
            Code.PARAM_ERROR,
            errors=[FieldProblem(pointer="/as_of_seq", detail="not together with effective_on")],
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

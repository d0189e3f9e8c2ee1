"""What a volunteer does in the mini-program: show a pay code, see points and hours, read the statement."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import Requires
from app.api.bodies import Answer, json_answer
from app.api.fields import TransactionRef, VolunteerRef
from app.api.operations import reads, refusals
from app.api.paging import PAGE, After, Limit, cut_page, link_next, seq_after
from app.api.problems import Problem, refuse
from app.api.services import Serves
from app.core.accounts import NEVER
from app.core.canonical import parse_instant
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import VolunteerId, format_id
from app.core.pay_codes import IssuePayCode
from app.core.volunteers import VolunteerStatus
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.pay_codes import derive_pay_code, hash_pay_code
from app.security.scopes import Scope
from app.store.programmes import fetch_zone
from app.store.wallets import StatementLine, fetch_balances, fetch_statement, fetch_volunteer_status

router = APIRouter(prefix="/v1/me", tags=["Volunteers' own"])

REFRESH_AFTER_S = 45
_NEWEST = 2**62

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Pays = Annotated[Actor, Depends(Requires(Scope.ME_PAY))]


class PayCodeAnswer(Answer):
    """A code to show at the till, as digits, bar code or QR code."""

    code: Annotated[str, Field(pattern="^96[0-9]{16}$", examples=["961234567890123456"])]
    expires_at: datetime
    refresh_after_s: Annotated[int, Field(examples=[REFRESH_AFTER_S])]


class LotAnswer(Answer):
    """Points that expire together, at 24:00 of the day; null for points that do not expire."""

    expires_on: date | None
    points: int


class WalletAnswer(Answer):
    """Points and hours of a volunteer. `held` is reserved by open orders, `pending` still in the notice period."""

    volunteer_id: VolunteerRef
    status: VolunteerStatus
    masked_name: str
    available: Annotated[int, Field(examples=[340])]
    pending: int
    held: int
    debt: int
    minutes: Annotated[int, Field(description="Verified minutes of service", examples=[1788])]
    lots: list[LotAnswer]


class StatementLineAnswer(Answer):
    """One event: how it changed spendable points, pending points and minutes."""

    seq: int
    transaction_id: TransactionRef
    kind: Annotated[str, Field(examples=["redeem.v1"])]
    reason: str
    occurred_at: datetime
    recorded_at: datetime
    points: int
    pending_points: int
    minutes: int
    merchant: str | None


class StatementAnswer(Answer):
    """The newest lines first."""

    lines: list[StatementLineAnswer]
    next: str | None


def _own_id(actor: Actor) -> VolunteerId:
    if actor.volunteer is None:
        raise Problem(Code.NO_AUTH)
    return actor.volunteer


@router.post(
    "/pay-code",
    operation_id="issuePayCode",
    summary="A code to pay with at a till (付款码)",
    response_model=PayCodeAnswer,
    responses=refusals(
        (Code.PARAM_ERROR, Code.TOKEN_ERROR, Code.NO_AUTH, Code.ACCOUNT_FROZEN, Code.NOT_FOUND, Code.SYSTEM_BUSY)
    ),
)
async def issue_pay_code(
    services: Serves,
    actor: Pays,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$")] = None,
) -> Response:
    """Eighteen digits beginning 96, for one use within 60 seconds. With an Idempotency-Key a retry gets the same code."""
    volunteer = _own_id(actor)
    number = key or uuid7().hex
    cabinet = services.cabinet
    code = derive_pay_code(cabinet.pay_codes, actor.programme, volunteer, number)
    outcome = await services.committers.submit(
        actor.programme,
        Submission(
            command=IssuePayCode(code=hash_pay_code(cabinet.pay_codes, actor.programme, code), volunteer=volunteer),
            key=AnswerKey(f"pay-code:{volunteer.hex}", number),
            body_hash=b"pay-code",
        ),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    expires_at = parse_instant(str(outcome.answer["expires_at"]))
    answer = PayCodeAnswer(code=code, expires_at=expires_at, refresh_after_s=REFRESH_AFTER_S)
    return json_answer(answer.model_dump_json(), replayed=outcome.replayed)


@router.get(
    "/wallet",
    operation_id="getOwnWallet",
    summary="Points and hours",
    response_model=WalletAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_wallet(services: Serves, actor: Reads) -> WalletAnswer:
    """Spendable points by expiry day. Points past their day count no more, whether their expiry was booked or not."""
    volunteer = _own_id(actor)
    async with services.database.snapshot() as reader:
        known = await fetch_volunteer_status(reader, actor.programme, volunteer)
        balances = await fetch_balances(reader, actor.programme, volunteer)
        zone = await fetch_zone(reader, actor.programme)
    if known is None:
        raise Problem(Code.NOT_FOUND)
    today = services.clock().astimezone(ZoneInfo(zone)).date()
    live = [row for row in balances if row.kind == "wallet" and date.fromisoformat(row.part) >= today]
    totals = {kind: 0 for kind in ("pending", "held", "debt", "hours")}
    for row in balances:
        totals[row.kind] = totals.get(row.kind, 0) + row.balance
    return WalletAnswer(
        volunteer_id=format_id("vol", volunteer),
        status=known.status,
        masked_name=known.masked_name,
        available=sum(row.balance for row in live),
        pending=totals["pending"],
        held=totals["held"],
        debt=totals["debt"],
        minutes=totals["hours"],
        lots=[
            LotAnswer(expires_on=None if row.part == NEVER.isoformat() else date.fromisoformat(row.part), points=row.balance)
            for row in live
        ],
    )


@router.get(
    "/statement",
    operation_id="getOwnStatement",
    summary="Every event that changed points or hours",
    response_model=StatementAnswer,
    responses=reads(),
)
async def get_statement(
    request: Request, response: Response, services: Serves, actor: Reads, limit: Limit = PAGE, after: After = None
) -> StatementAnswer:
    """The newest first; `next` is the cursor of the page behind."""
    before = seq_after(after, _NEWEST)
    async with services.database.read() as reader:
        found = await fetch_statement(reader, actor.programme, _own_id(actor), before, limit + 1)
    lines, more = cut_page(found, limit)
    cursor = str(lines[-1].seq) if more else None
    response.headers.update(link_next(request, cursor))
    return StatementAnswer(lines=[_render_line(line) for line in lines], next=cursor)


def _render_line(line: StatementLine) -> StatementLineAnswer:
    return StatementLineAnswer(
        seq=line.seq,
        transaction_id=format_id("txn", line.transaction),
        kind=line.kind,
        reason=line.reason,
        occurred_at=line.occurred_at,
        recorded_at=line.recorded_at,
        points=line.points,
        pending_points=line.pending_points,
        minutes=line.minutes,
        merchant=line.merchant,
    )

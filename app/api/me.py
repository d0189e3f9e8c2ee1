"""What a volunteer does in the mini-program: show a pay code, see points and hours, read the statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import Requires
from app.api.bodies import Answer, json_answer
from app.api.operations import reads, refusals
from app.api.paging import PAGE, After, Limit
from app.api.problems import Problem, refuse
from app.api.services import Serves, Services
from app.api.wallets import Asked, StatementAnswer, WalletAnswer, read_statement, read_wallet
from app.core.canonical import parse_instant
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import ProgrammeId, VolunteerId
from app.core.pay_codes import IssuePayCode
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.pay_codes import derive_pay_code, hash_pay_code
from app.security.scopes import Scope

router = APIRouter(prefix="/v1/me", tags=["Volunteers' own"])

REFRESH_AFTER_S = 45

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Pays = Annotated[Actor, Depends(Requires(Scope.ME_PAY))]


class PayCodeAnswer(Answer):
    """A code to show at the till, as digits, bar code or QR code."""

    code: Annotated[str, Field(pattern="^96[0-9]{16}$", examples=["961234567890123456"])]
    expires_at: datetime
    refresh_after_s: Annotated[int, Field(examples=[REFRESH_AFTER_S])]


def own_id(actor: Actor) -> VolunteerId:
    """The volunteer who calls; nobody else has anything of their own here."""
    if actor.volunteer is None:
        raise Problem(Code.NO_AUTH)
    return actor.volunteer


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A pay code in clear: shown to whoever asked for it, kept by nobody."""

    code: str
    expires_at: datetime
    replayed: bool


async def issue_code(
    services: Services, programme: ProgrammeId, volunteer: VolunteerId, number: str, member: VolunteerId | None = None
) -> IssuedCode:
    """Give a pay code for a volunteer's points, to the volunteer or to a member of the family.

    The same number gives the same one. Raises the problem when it is refused.
    """
    key = services.cabinet.pay_codes
    whose = volunteer.hex if member is None else f"{volunteer.hex}:{member.hex}"
    code = derive_pay_code(key, programme, volunteer, number if member is None else f"{member.hex}:{number}")
    outcome = await services.committers.submit(
        programme,
        Submission(
            command=IssuePayCode(code=hash_pay_code(key, programme, code), volunteer=volunteer, member=member),
            key=AnswerKey(f"pay-code:{whose}", number),
            body_hash=b"pay-code",
        ),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    return IssuedCode(code, parse_instant(str(outcome.answer["expires_at"])), outcome.replayed)


@router.post(
    "/pay-code",
    operation_id="issuePayCode",
    summary="A code to pay with at a till (付款码)",
    response_model=PayCodeAnswer,
    responses=refusals(
        (
            Code.PARAM_ERROR,
            Code.TOKEN_ERROR,
            Code.NO_AUTH,
            Code.ACCOUNT_FROZEN,
            Code.NOT_FOUND,
            Code.SYSTEM_BUSY,
        )
    ),
)
async def issue_pay_code(
    services: Serves,
    actor: Pays,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$")] = None,
) -> Response:
    """Eighteen digits beginning 96, for one use within 60 seconds; with an Idempotency-Key a retry gets the same."""
    issued = await issue_code(services, actor.programme, own_id(actor), key or uuid7().hex)
    answer = PayCodeAnswer(code=issued.code, expires_at=issued.expires_at, refresh_after_s=REFRESH_AFTER_S)
    return json_answer(answer.model_dump_json(), replayed=issued.replayed)


@router.get(
    "/wallet",
    operation_id="getOwnWallet",
    summary="Points and hours",
    response_model=WalletAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_wallet(services: Serves, actor: Reads, asked: Asked) -> WalletAnswer:
    """Spendable points by expiry day, now or as of any day. Points past their day count no more, booked or not."""
    return await read_wallet(services, actor.programme, own_id(actor), asked)


@router.get(
    "/statement",
    operation_id="getOwnStatement",
    summary="Every event that changed points or hours (积分明细)",
    response_model=StatementAnswer,
    responses=reads(),
)
async def get_statement(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    limit: Limit = PAGE,
    after: After = None,
) -> StatementAnswer:
    """The newest first; `next` is the cursor of the page behind."""
    return await read_statement(request, response, services, actor.programme, own_id(actor), limit, after)

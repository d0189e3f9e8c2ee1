"""A volunteer's gifts of points to the pool (积分捐赠). A gift names nobody: there is no transfer between people."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from app.api.access import Requires
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import PointsField, TransactionRef
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, link_next, seq_after
from app.api.problems import Problem, refuse
from app.api.services import Serves
from app.core.codes import Code, Rejected
from app.core.donations import DonatePoints
from app.core.idempotency import AnswerKey
from app.core.ids import TransactionId, format_id
from app.core.quantities import Points
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.pool_grants import Donation, fetch_own_donations

router = APIRouter(prefix="/v1/me/donations", tags=["Volunteers' own"])

_NEWEST = 2**62


class PointsDonationRequest(Body):
    """Points for the pool."""

    points: PointsField


class PointsDonationAnswer(Answer):
    """A gift as it was written."""

    transaction_id: TransactionRef
    seq: int
    points: int
    occurred_at: datetime


class DonationPage(Answer):
    """Gifts, the newest first."""

    donations: list[PointsDonationAnswer]
    next: str | None


def _render(donation: Donation) -> PointsDonationAnswer:
    return PointsDonationAnswer(
        transaction_id=format_id("txn", donation.transaction),
        seq=donation.seq,
        points=donation.points,
        occurred_at=donation.occurred_at,
    )


@router.post(
    "",
    operation_id="donatePoints",
    summary="Give points to the pool (捐赠积分)",
    status_code=201,
    response_model=PointsDonationAnswer,
    responses=writes(Code.ACCOUNT_FROZEN, Code.NOT_ENOUGH),
)
async def post_donation(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_PAY))],
    received: Annotated[Received[PointsDonationRequest], Depends(JsonBody(PointsDonationRequest))],
    key: IdempotencyKey,
) -> Response:
    """What expires first goes first. It cannot be taken back, and whom it helps is for the programme to say."""
    volunteer = own_id(actor)
    command = DonatePoints(volunteer=volunteer, transaction=TransactionId(uuid7()), points=Points(received.body.points))
    submission = Submission(command=command, key=AnswerKey(actor.reference, key), body_hash=received.hash)
    outcome = await services.committers.submit(actor.programme, submission)
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    async with services.database.read() as reader:
        found = await fetch_own_donations(reader, actor.programme, volunteer, (outcome.seq or 0) + 1, 1)
    if not found:
        raise Problem(Code.NOT_FOUND)
    return json_answer(_render(found[0]).model_dump_json(), 201, replayed=outcome.replayed)


@router.get(
    "",
    operation_id="listOwnDonations",
    summary="What one has given (捐赠记录)",
    response_model=DonationPage,
    responses=reads(),
)
async def list_donations(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_READ))],
    limit: Limit = PAGE,
    after: After = None,
) -> DonationPage:
    """The newest first; `next` is the cursor of the page behind."""
    before = seq_after(after, _NEWEST)
    async with services.database.read() as reader:
        found = await fetch_own_donations(reader, actor.programme, own_id(actor), before, limit + 1)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].seq) if more else None
    response.headers.update(link_next(request, cursor))
    return DonationPage(donations=[_render(donation) for donation in page], next=cursor)

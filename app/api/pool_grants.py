"""The pool of donated points (积分池), and grants from it (积分发放): proposed by one, approved by another."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.pool_grants import fetch_avoided, propose_pool_grant
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import PointsField, PoolGrantRef, ReasonText, TransactionRef, UserRef, VolunteerRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem, refuse
from app.api.services import Serves, Services
from app.api.volunteers import volunteer_named
from app.core.accounts import NEVER
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import PoolGrantId, TransactionId, UserId, format_id, parse_id
from app.core.pool import CancelPoolGrant, GrantFromPool
from app.core.pool_grants import GrantPurpose, PoolGrant, PoolGrantState
from app.core.quantities import Points
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.pool_grants import fetch_pool, fetch_pool_grant, fetch_pool_grants_listed
from app.store.same_person import fetch_own_accounts

router = APIRouter(prefix="/v1", tags=["Pool"])

Reads = Annotated[Actor, Depends(Requires(Scope.POOL_READ))]
Proposes = Annotated[Actor, Depends(Requires(Scope.POOL_WRITE))]
Approves = Annotated[Actor, Depends(Requires(Scope.POOL_APPROVE))]


class PoolAnswer(Answer):
    """The pool as it is now. What is proposed is not set aside."""

    points: Annotated[int, Field(description="What it holds", examples=[12_400])]
    granted_points: int
    proposed_points: int


class PoolGrantRequest(Body):
    """Points of the pool for a volunteer."""

    volunteer_id: VolunteerRef
    points: PointsField
    purpose: GrantPurpose
    reference: Annotated[ReasonText, Field(examples=["困难帮扶申请 2026-017"])]


class PoolGrantAnswer(Answer):
    """A grant, who proposed it, who decided. `expires_on` is null too for points that do not expire."""

    id: PoolGrantRef
    state: PoolGrantState
    volunteer_id: VolunteerRef
    points: int
    purpose: GrantPurpose
    reference: str
    proposed_by: UserRef
    proposed_at: datetime
    decided_by: UserRef | None
    decided_at: datetime | None
    expires_on: Annotated[date | None, Field(description="The last day on which the points can be spent")]
    transaction_id: TransactionRef | None


class PoolGrantPage(Answer):
    """Grants in the order in which they were proposed."""

    grants: list[PoolGrantAnswer]
    next: str | None


def _render(grant: PoolGrant) -> PoolGrantAnswer:
    return PoolGrantAnswer(
        id=format_id("pgr", grant.id),
        state=grant.state,
        volunteer_id=format_id("vol", grant.volunteer),
        points=grant.points,
        purpose=grant.purpose,
        reference=grant.reference,
        proposed_by=format_id("usr", grant.proposed_by),
        proposed_at=grant.proposed_at,
        decided_by=format_id("usr", grant.decided_by) if grant.decided_by else None,
        decided_at=grant.decided_at,
        expires_on=None if grant.expires_on == NEVER else grant.expires_on,
        transaction_id=format_id("txn", grant.transaction) if grant.transaction else None,
    )


async def _find(services: Services, actor: Actor, reference: str) -> PoolGrant:
    value = parse_id("pgr", reference)
    async with services.database.read() as reader:
        grant = await fetch_pool_grant(reader, actor.programme, PoolGrantId(value)) if value else None
    if grant is None:
        raise Problem(Code.NOT_FOUND)
    return grant


@router.get("/pool", operation_id="getPool", summary="The pool (积分池)", response_model=PoolAnswer, responses=reads())
async def get_pool(services: Serves, actor: Reads) -> PoolAnswer:
    """What volunteers have given and nobody was granted yet."""
    async with services.database.read() as reader:
        pool = await fetch_pool(reader, actor.programme)
    return PoolAnswer(points=pool.points, granted_points=pool.granted, proposed_points=pool.proposed)


@router.post(
    "/pool-grants",
    operation_id="proposePoolGrant",
    summary="Propose a grant from the pool (提出发放)",
    status_code=201,
    response_model=PoolGrantAnswer,
    responses=writes(Code.NOT_FOUND, Code.SELF_REVIEW, Code.QUOTA_EXCEEDED),
)
async def post_pool_grant(
    services: Serves,
    actor: Proposes,
    received: Annotated[Received[PoolGrantRequest], Depends(JsonBody(PoolGrantRequest))],
    key: IdempotencyKey,
) -> Response:
    """Nothing moves until a second person approves. Not for oneself, not for one's family."""
    body = received.body
    ticket = secret_ticket_of(services, actor, key, received.hash)
    proposed = PoolGrant(
        id=PoolGrantId(uuid7()),
        state=PoolGrantState.PROPOSED,
        volunteer=volunteer_named(body.volunteer_id),
        points=Points(body.points),
        purpose=body.purpose,
        reference=body.reference,
        proposed_by=UserId(actor.subject),
        proposed_at=ticket.at,
    )

    async def propose(tx: Tx) -> PoolGrant | Rejected:
        return await propose_pool_grant(tx, actor, proposed)

    described = {"volunteer_id": body.volunteer_id, "points": body.points, "purpose": body.purpose.value}
    return await act(
        services,
        ticket,
        propose,
        lambda grant: note(_render(grant), "pool-grant.propose", format_id("pgr", grant.id), described),
    )


@router.get(
    "/pool-grants",
    operation_id="listPoolGrants",
    summary="Grants from the pool",
    response_model=PoolGrantPage,
    responses=reads(),
)
async def list_pool_grants(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    state: PoolGrantState | None = None,
    volunteer_id: VolunteerRef | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> PoolGrantPage:
    """All of them, those in a state, those for one volunteer."""
    begin = PoolGrantId(id_after("pgr", after))
    volunteer = volunteer_named(volunteer_id) if volunteer_id else None
    async with services.database.read() as reader:
        found = await fetch_pool_grants_listed(
            reader, actor.programme, begin, limit + 1, state=state, volunteer=volunteer
        )
    page, more = cut_page(found, limit)
    cursor = format_id("pgr", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return PoolGrantPage(grants=[_render(grant) for grant in page], next=cursor)


@router.get(
    "/pool-grants/{grant_id}",
    operation_id="getPoolGrant",
    summary="One grant from the pool",
    response_model=PoolGrantAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_pool_grant(services: Serves, actor: Reads, grant_id: str) -> PoolGrantAnswer:
    """With what became of it."""
    return _render(await _find(services, actor, grant_id))


async def _decide(
    services: Services, actor: Actor, key: str, grant: PoolGrant, command: GrantFromPool | CancelPoolGrant
) -> Response:
    verb = type(command).__name__
    submission = Submission(
        command=command,
        key=AnswerKey(actor.reference, key),
        body_hash=f"{verb} {grant.id.hex}".encode(),
    )
    outcome = await services.committers.submit(actor.programme, submission)
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    decided = await _find(services, actor, format_id("pgr", grant.id))
    return json_answer(_render(decided).model_dump_json(), replayed=outcome.replayed)


@router.post(
    "/pool-grants/{grant_id}/approve",
    operation_id="approvePoolGrant",
    summary="Approve a grant, as a second person (复核发放)",
    response_model=PoolGrantAnswer,
    responses=writes(
        Code.NOT_FOUND,
        Code.STATE_CONFLICT,
        Code.SELF_REVIEW,
        Code.ACCOUNT_FROZEN,
        Code.QUOTA_EXCEEDED,
        Code.NOT_ENOUGH,
    ),
)
async def approve_pool_grant(services: Serves, actor: Approves, key: IdempotencyKey, grant_id: str) -> Response:
    """The points are the volunteer's at once, with the last day of points earned today; a debt is repaid first.

    Never beyond the pool.
    """
    grant, by = await _find(services, actor, grant_id), UserId(actor.subject)
    async with services.database.read() as reader:
        avoid = await fetch_avoided(reader, actor.programme, grant.proposed_by, by)
        if grant.proposed_by in await fetch_own_accounts(reader, actor.programme, by):
            raise Problem(Code.SELF_REVIEW)
    command = GrantFromPool(
        grant=grant.id,
        transaction=TransactionId(uuid7()),
        volunteer=grant.volunteer,
        by=by,
        avoid=avoid | ({actor.volunteer} if actor.volunteer else set()),
    )
    return await _decide(services, actor, key, grant, command)


@router.post(
    "/pool-grants/{grant_id}/cancel",
    operation_id="cancelPoolGrant",
    summary="Give a proposed grant up (撤回发放)",
    response_model=PoolGrantAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def cancel_pool_grant(services: Serves, actor: Proposes, key: IdempotencyKey, grant_id: str) -> Response:
    """Only before it was approved. What was granted is the volunteer's."""
    grant = await _find(services, actor, grant_id)
    return await _decide(services, actor, key, grant, CancelPoolGrant(grant=grant.id, by=UserId(actor.subject)))

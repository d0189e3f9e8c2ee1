"""Accrual policies (积分规则): how verified minutes become points. Versions are appended, never edited."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.operations import IdempotencyKey, reads, writes
from app.api.services import Serves
from app.core.codes import Code, Rejected
from app.core.ids import UserId
from app.core.policies import AccrualPolicy
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.accrual_policies import fetch_policies, insert_policy
from app.store.database import Tx

router = APIRouter(prefix="/v1/accrual-policies", tags=["Programme"])

BasisPoints = Annotated[int, Field(ge=0, le=100_000, examples=[12_000])]


class Coefficients(Body):
    """Coefficients in basis points (10000 = 1.0) by the level of the activity."""

    level_1: BasisPoints = 10_000
    level_2: BasisPoints = 12_000
    level_3: BasisPoints = 15_000


class PolicyRequest(Body):
    """A new version, in force for service that begins on `effective_from` or later."""

    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$", examples=["2026-1"])]
    effective_from: date
    rate_per_hour: Annotated[int, Field(ge=0, le=10_000, examples=[10])]
    coefficients_bp: Coefficients = Coefficients()


class PolicyAnswer(Answer):
    """A version: points = floor(minutes x rate_per_hour x coefficient / 600000), once per record."""

    version: str
    effective_from: date
    rate_per_hour: int
    coefficients_bp: Coefficients


class PolicyList(Answer):
    """All versions, in the order in which they came into force."""

    policies: list[PolicyAnswer]


def _render(policy: AccrualPolicy) -> PolicyAnswer:
    levels = {f"level_{level}": bp for level, bp in policy.coefficients_bp.items()}
    return PolicyAnswer(
        version=policy.version,
        effective_from=policy.effective_from,
        rate_per_hour=policy.rate_per_hour,
        coefficients_bp=Coefficients.model_validate(levels),
    )


@router.post(
    "",
    operation_id="createAccrualPolicy",
    summary="Add a version of the accrual policy",
    status_code=201,
    response_model=PolicyAnswer,
    responses=writes(Code.ALREADY_EXISTS),
)
async def post_policy(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.POLICIES_WRITE))],
    received: Annotated[Received[PolicyRequest], Depends(JsonBody(PolicyRequest))],
    key: IdempotencyKey,
) -> Response:
    """A name or a day that has a version already is refused: what was credited stays explained."""
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash)
    levels = body.coefficients_bp
    policy = AccrualPolicy(
        version=body.version,
        effective_from=body.effective_from,
        rate_per_hour=body.rate_per_hour,
        coefficients_bp={1: levels.level_1, 2: levels.level_2, 3: levels.level_3},
    )

    async def add(tx: Tx) -> AccrualPolicy | Rejected:
        added = await insert_policy(tx, actor.programme, policy, UserId(actor.subject), ticket.at)
        return policy if added else Rejected(Code.ALREADY_EXISTS)

    described = body.model_dump(mode="json")
    return await act(services, ticket, add, lambda made: note(_render(made), "policy.create", made.version, described))


@router.get(
    "",
    operation_id="listAccrualPolicies",
    summary="All versions of the accrual policy",
    response_model=PolicyList,
    responses=reads(),
)
async def list_policies(
    services: Serves, actor: Annotated[Actor, Depends(Requires(Scope.POLICIES_READ))]
) -> PolicyList:
    """The one in force on a day is the last that began on that day or before."""
    async with services.database.read() as reader:
        found = await fetch_policies(reader, actor.programme)
    return PolicyList(policies=[_render(policy) for policy in found])

"""What reviewers decide of applications: one route for all their steps, since one table says what is possible."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from app.actions.application_grants import fetch_settling, note_settling
from app.actions.application_hands import ApplicationTold
from app.actions.application_reviews import Judgement, judge_application
from app.api.access import Requires
from app.api.application_details import find_told
from app.api.application_fields import (
    ApplicationAnswer,
    ReviewDecision,
    Sha256,
    render_application,
)
from app.api.benefit_fields import BenefitCode
from app.api.bodies import Body, JsonBody, Received, json_answer
from app.api.fields import FenField, ReasonText
from app.api.my_applications import act_on
from app.api.operations import IdempotencyKey, writes
from app.api.services import Serves, Services
from app.core.applications.states import ApplicationEvent
from app.core.codes import Code, Rejected
from app.core.ids import ApplicationId, RoundId, parse_id
from app.core.quantities import Fen
from app.engine.applications import carry_out_settling
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx

router = APIRouter(prefix="/v1/applications", tags=["Benefits"])

Reviews = Annotated[Actor, Depends(Requires(Scope.APPLICATIONS_REVIEW))]
SETTLED_BY = frozenset((ReviewDecision.APPROVE, ReviewDecision.REVOKE, ReviewDecision.ANNUL))


class ApplicationDecision(Body):
    """A step of a reviewer. Whatever refuses, asks for more, or revokes says why in writing."""

    decision: ReviewDecision
    reason: Annotated[ReasonText | None, Field(description="In writing; the applicant reads it")] = None
    facts_hash: Annotated[
        Sha256 | None, Field(description="`approve`: of the facts that the reviewer has looked at")
    ] = None
    amount_fen: Annotated[
        FenField | None, Field(description="`endorse`, `oppose`: the sum found right, before the notice shows it")
    ] = None
    round_id: Annotated[
        str | None,
        Field(pattern="^rnd_[0-9a-f]{32}$", description="`approve`: the batch, where the benefit's quota is one"),
    ] = None
    attested: Annotated[
        tuple[BenefitCode, ...],
        Field(max_length=20, description="`approve`: exclusions that were looked into and do not hold"),
    ] = ()

    def to_judgement(self) -> Judgement:
        """The step that this body says."""
        batch = parse_id("rnd", self.round_id) if self.round_id else None
        return Judgement(
            event=ApplicationEvent(self.decision.value),
            reason=self.reason or "",
            seen=bytes.fromhex(self.facts_hash) if self.facts_hash else None,
            amount_fen=Fen(self.amount_fen) if self.amount_fen is not None else None,
            round=RoundId(batch) if batch else None,
            attested=self.attested,
        )


@router.post(
    "/{application_id}/decisions",
    operation_id="decideApplication",
    summary="Decide a step of an application (审核)",
    response_model=ApplicationAnswer,
    responses=writes(
        Code.NOT_FOUND,
        Code.STATE_CONFLICT,
        Code.SELF_REVIEW,
        Code.REVIEW_LEVEL,
        Code.ALREADY_EXISTS,
        Code.EDIT_CONFLICT,
        Code.NOT_ELIGIBLE,
    ),
)
async def post_decision(
    services: Serves,
    actor: Reviews,
    received: Annotated[Received[ApplicationDecision], Depends(JsonBody(ApplicationDecision))],
    key: IdempotencyKey,
    application_id: str,
) -> Response:
    """By somebody of the level whose turn it is or above; never one's own, a relative's, or one judged below before.

    Approved, it is `waiting` until the ledger has a place of the quota for it; what the ledger refuses comes back to
    `city-review`, with its reason in the last step, to be answered by people.

    `revoke` ends a grant for cause: what it used up stays used. `annul` (撤回) undoes one that the office was wrong to
    give, whatever became of it: its hours come back and it counts no more. One person proposes it and another agrees.
    """
    decision = received.body.decision

    async def judge(tx: Tx, application: ApplicationId, at: datetime) -> ApplicationTold | Rejected:
        return await judge_application(tx, actor, application, received.body.to_judgement(), at)

    response = await act_on(services, actor, key, application_id, decision.value, received.hash, judge)
    if decision not in SETTLED_BY:
        return response
    await _settle(services, actor, application_id)
    async with services.database.read() as reader:
        told = await find_told(services, reader, actor, application_id)
    replayed = "Idempotency-Replayed" in response.headers
    return json_answer(render_application(told).model_dump_json(), replayed=replayed)


async def _settle(services: Services, actor: Actor, application_id: str) -> None:
    """Let the ledger follow at once; what fails here the job does within a minute."""
    async with services.database.read() as reader:
        told = await find_told(services, reader, actor, application_id)
        settling = await fetch_settling(reader, actor.programme, told.application.id, services.cabinet.tickets)
    if settling is None:
        return
    done = await carry_out_settling(services.committers, actor.programme, settling)
    async with services.database.begin() as tx:
        await note_settling(tx, actor.programme, done, services.clock())

"""Accrual policies (积分规则): drafted by one, reviewed by another, published; a published version is never edited."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from app.actions.accrual_policies import PolicyStep, draft_policy, move_policy, revise_policy
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.bodies import Answer, JsonBody, Received, json_answer
from app.api.fields import BackTestRef, UserRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.policy_fields import PolicyRequest, Version, policy_content
from app.api.problems import FieldProblem, Problem
from app.api.programmes import IfMatch
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import UserId, format_id
from app.core.policies import AccrualPolicy
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.accrual_policies import fetch_policies
from app.store.database import Tx
from app.store.policy_drafts import DraftState, PolicyDraft, fetch_draft, fetch_drafts

router = APIRouter(prefix="/v1/accrual-policies", tags=["Programme"])

Reads = Annotated[Actor, Depends(Requires(Scope.POLICIES_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.POLICIES_WRITE))]
Reviews = Annotated[Actor, Depends(Requires(Scope.POLICIES_REVIEW))]


class PolicyAnswer(PolicyRequest, Answer):
    """A version and how far it has come; `revision` goes into If-Match.

    points = minutes x rate_per_hour x coefficients / 60, rounded once per record; each accrual tells its own steps.
    """

    state: DraftState
    revision: int
    authors: Annotated[list[UserRef], Field(description="Who has written on it: none of them may review it")]
    reviewed_by: UserRef | None
    back_test_id: Annotated[
        BackTestRef | None,
        Field(description="The last finished back-test of exactly this body: without one it is not published"),
    ] = None


class PolicyList(Answer):
    """Versions in the order in which they come into force."""

    policies: list[PolicyAnswer]


def _render(policy: AccrualPolicy, draft: PolicyDraft | None) -> PolicyAnswer:
    reviewer = draft.reviewed_by if draft else None
    progress = {
        "state": (draft.state if draft else DraftState.PUBLISHED).value,
        "revision": draft.revision if draft else 1,
        "authors": [format_id("usr", author) for author in draft.authors] if draft else [],
        "reviewed_by": format_id("usr", reviewer) if reviewer else None,
        "back_test_id": format_id("bkt", draft.back_test) if draft and draft.back_test else None,
    }
    return PolicyAnswer.model_validate_json(json.dumps({**policy_content(policy), **progress}))


def _render_draft(draft: PolicyDraft) -> PolicyAnswer:
    return _render(draft.policy, draft)


def _checked(body: PolicyRequest) -> AccrualPolicy:
    if errors := body.condition_problems():
        raise Problem(Code.PARAM_ERROR, errors=errors)
    return body.to_policy()


@router.post(
    "",
    operation_id="draftAccrualPolicy",
    summary="Draft a version of the accrual policy (起草)",
    status_code=201,
    response_model=PolicyAnswer,
    responses=writes(Code.ALREADY_EXISTS, Code.NOT_FOUND),
)
async def post_policy(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[PolicyRequest], Depends(JsonBody(PolicyRequest))],
    key: IdempotencyKey,
) -> Response:
    """It prices nothing yet. Conditions are type-checked; what is wrong is told with line and column."""
    ticket = ticket_of(services, actor, key, received.hash)
    policy = _checked(received.body)

    async def draft(tx: Tx) -> PolicyDraft | Rejected:
        return await draft_policy(tx, actor.programme, policy, UserId(actor.subject), ticket.at)

    described = received.body.model_dump(mode="json")
    return await act(
        services, ticket, draft, lambda made: note(_render_draft(made), "policy.draft", policy.version, described)
    )


@router.get(
    "",
    operation_id="listAccrualPolicies",
    summary="Versions of the accrual policy",
    response_model=PolicyList,
    responses=reads(),
)
async def list_policies(services: Serves, actor: Reads) -> PolicyList:
    """Published ones and those being written. The one in force on a day is the last published that began by then."""
    async with services.database.snapshot() as reader:
        published = await fetch_policies(reader, actor.programme)
        drafts = {draft.policy.version: draft for draft in await fetch_drafts(reader, actor.programme)}
    listed = [(policy, drafts.pop(policy.version, None)) for policy in published]
    listed += [(draft.policy, draft) for draft in drafts.values() if draft.state is not DraftState.DISCARDED]
    listed.sort(key=lambda pair: (pair[0].effective_from, pair[0].version))
    return PolicyList(policies=[_render(policy, draft) for policy, draft in listed])


@router.get(
    "/{version}",
    operation_id="getAccrualPolicy",
    summary="One version of the accrual policy",
    response_model=PolicyAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_policy(services: Serves, actor: Reads, version: Version) -> Response:
    """With an ETag to send back as If-Match."""
    async with services.database.snapshot() as reader:
        published = {policy.version: policy for policy in await fetch_policies(reader, actor.programme)}
        draft = await fetch_draft(reader, actor.programme, version)
    policy = published.get(version) or (draft.policy if draft else None)
    if policy is None:
        raise Problem(Code.NOT_FOUND)
    answer = _render(policy, draft)
    return json_answer(answer.model_dump_json(), ETag=f'"{answer.revision}"')


@router.put(
    "/{version}",
    operation_id="reviseAccrualPolicy",
    summary="Write a draft anew (修改草案)",
    response_model=PolicyAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.EDIT_CONFLICT),
)
async def put_policy(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[PolicyRequest], Depends(JsonBody(PolicyRequest))],
    if_match: IfMatch,
    key: IdempotencyKey,
    version: Version,
) -> Response:
    """It has to be reviewed again, by somebody who wrote none of its revisions. A published version stays as it is."""
    ticket = ticket_of(services, actor, key, received.hash + version.encode() + if_match.encode())
    if received.body.version != version:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/version", detail="another than the path's")])
    policy = _checked(received.body)
    revision = int(if_match.strip('"'))

    async def revise(tx: Tx) -> Edited[PolicyDraft] | Rejected:
        return await revise_policy(tx, actor.programme, policy, revision, UserId(actor.subject), ticket.at)

    return await act(
        services, ticket, revise, lambda edited: note_edit(edited, _render_draft, "policy.revise", version), 200
    )


@router.post(
    "/{version}/{step}",
    operation_id="moveAccrualPolicy",
    summary="Review, publish or discard a draft (审核、发布)",
    response_model=PolicyAnswer,
    responses=writes(
        Code.NOT_FOUND,
        Code.STATE_CONFLICT,
        Code.SELF_REVIEW,
        Code.EDIT_CONFLICT,
        Code.ALREADY_EXISTS,
        Code.BACK_TEST_MISSING,
    ),
)
async def post_step(
    services: Serves, actor: Reviews, key: IdempotencyKey, version: Version, step: PolicyStep, if_match: IfMatch
) -> Response:
    """Reviewed by somebody who wrote none of it, then published as it was reviewed and back-tested.

    A version may not begin on or before a day whose service has been priced, nor on the day of another version.
    """
    revision = int(if_match.strip('"'))
    ticket = ticket_of(services, actor, key, f"{step.value} {version} {if_match}".encode())

    async def move(tx: Tx) -> Edited[PolicyDraft] | Rejected:
        by = UserId(actor.subject)
        return await move_policy(tx, actor.programme, version, revision, step, by, ticket.at)

    return await act(
        services,
        ticket,
        move,
        lambda moved: note_edit(moved, _render_draft, f"policy.{step.value}", version),
        200,
    )

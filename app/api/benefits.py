"""Benefit programmes (礼遇项目): drafted by one, reviewed by another, published; a published one is never edited."""

import json
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.actions.benefits import BenefitStep, draft_benefit, move_benefit, revise_benefit, withdraw_benefit
from app.actions.running import Done
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.benefit_fields import BenefitCode, BenefitFields, benefit_content, shape_problems
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import ReasonText, UserRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, link_next, refuse_cursor
from app.api.policy_fields import Version
from app.api.problems import FieldProblem, Problem
from app.api.programmes import IfMatch
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.benefits.model import Benefit
from app.core.benefits.publishing import obstacles_of
from app.core.codes import Code, Rejected
from app.core.ids import UserId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.benefit_drafts import BenefitDraft, fetch_benefit_draft, fetch_benefit_drafts
from app.store.benefits import PublishedBenefit, fetch_published, fetch_version
from app.store.database import Tx
from app.store.policy_drafts import DraftState

router = APIRouter(prefix="/v1/benefits", tags=["Benefits"])

Reads = Annotated[Actor, Depends(Requires(Scope.BENEFITS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.BENEFITS_WRITE))]
Reviews = Annotated[Actor, Depends(Requires(Scope.BENEFITS_REVIEW))]


class BenefitObstacle(Answer):
    """What the law does not let be published: the code, and the figures that explain it."""

    code: Code
    figures: dict[str, int | str]


class BenefitAnswer(BenefitFields, Answer):
    """A version and how far it has come; `revision` goes into If-Match."""

    state: DraftState
    revision: int
    authors: Annotated[list[UserRef], Field(description="Who has written on it: none of them may review it")]
    reviewed_by: UserRef | None
    obstacles: Annotated[list[BenefitObstacle], Field(description="Why it would not be reviewed or published")]
    withdrawn_from: Annotated[date | None, Field(description="From this day on nobody applies under it")]
    withdrawal_reason: str | None


class BenefitPage(Answer):
    """Versions by code and version."""

    benefits: list[BenefitAnswer]
    next: str | None


class BenefitWithdrawal(Body):
    """Why a benefit ends, and from which day on (null: today)."""

    reason: ReasonText
    withdrawn_from: date | None = None


def _render(benefit: Benefit, draft: BenefitDraft | None, published: PublishedBenefit | None) -> BenefitAnswer:
    authors = draft.authors if draft else ((published.created_by,) if published else ())
    reviewer = draft.reviewed_by if draft else (published.reviewed_by if published else None)
    withdrawal = published.withdrawal if published else None
    progress = {
        "state": (draft.state if draft else DraftState.PUBLISHED).value,
        "revision": draft.revision if draft else 1,
        "authors": [format_id("usr", author) for author in authors],
        "reviewed_by": format_id("usr", reviewer) if reviewer else None,
        "obstacles": [{"code": one.code.value, "figures": dict(one.detail)} for one in obstacles_of(benefit)],
        "withdrawn_from": withdrawal.withdrawn_from.isoformat() if withdrawal else None,
        "withdrawal_reason": withdrawal.reason if withdrawal else None,
    }
    return BenefitAnswer.model_validate_json(json.dumps({**benefit_content(benefit), **progress}))


def _render_draft(draft: BenefitDraft) -> BenefitAnswer:
    return _render(draft.benefit, draft, None)


def _checked(body: BenefitFields) -> Benefit:
    benefit = body.to_benefit()
    if errors := shape_problems(benefit):
        raise Problem(Code.PARAM_ERROR, errors=errors)
    return benefit


def _begin(after: str | None) -> tuple[str, str]:
    code, at, version = (after or "@").partition("@")
    if not at:
        raise refuse_cursor()
    return code, version


@router.post(
    "",
    operation_id="draftBenefit",
    summary="Draft a version of a benefit (起草礼遇项目)",
    status_code=201,
    response_model=BenefitAnswer,
    responses=writes(Code.ALREADY_EXISTS),
)
async def post_benefit(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[BenefitFields], Depends(JsonBody(BenefitFields))],
    key: IdempotencyKey,
) -> Response:
    """Nobody can apply yet. Conditions are type-checked; `obstacles` says what the law will not let be published."""
    ticket = ticket_of(services, actor, key, received.hash)
    benefit = _checked(received.body)

    async def draft(tx: Tx) -> BenefitDraft | Rejected:
        return await draft_benefit(tx, actor.programme, benefit, UserId(actor.subject), ticket.at)

    return await act(
        services,
        ticket,
        draft,
        lambda made: note(_render_draft(made), "benefit.draft", benefit.reference, benefit_content(benefit)),
    )


@router.get(
    "",
    operation_id="listBenefits",
    summary="Versions of all benefits",
    response_model=BenefitPage,
    responses=reads(),
)
async def list_benefits(
    request: Request, response: Response, services: Serves, actor: Reads, limit: Limit = PAGE, after: After = None
) -> BenefitPage:
    """Published ones and those being written. The one in force on a day is the last published that began by then."""
    begin = _begin(after)
    async with services.database.snapshot() as reader:
        published = {one.benefit.reference: one for one in await fetch_published(reader, actor.programme)}
        drafts = {one.benefit.reference: one for one in await fetch_benefit_drafts(reader, actor.programme)}
    kept = [draft.benefit for draft in drafts.values() if draft.state is not DraftState.DISCARDED]
    named = {benefit.reference: benefit for benefit in (*kept, *(one.benefit for one in published.values()))}
    ordered = sorted(named.values(), key=lambda one: (one.code, one.version))
    rows, more = cut_page([one for one in ordered if (one.code, one.version) > begin][: limit + 1], limit)
    cursor = rows[-1].reference if more else None
    response.headers.update(link_next(request, cursor))
    listed = [_render(one, drafts.get(one.reference), published.get(one.reference)) for one in rows]
    return BenefitPage(benefits=listed, next=cursor)


@router.get(
    "/{code}/versions/{version}",
    operation_id="getBenefit",
    summary="One version of a benefit",
    response_model=BenefitAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_benefit(services: Serves, actor: Reads, code: BenefitCode, version: Version) -> Response:
    """With an ETag to send back as If-Match."""
    async with services.database.snapshot() as reader:
        published = await fetch_version(reader, actor.programme, code, version)
        draft = await fetch_benefit_draft(reader, actor.programme, code, version)
    benefit = published.benefit if published else (draft.benefit if draft else None)
    if benefit is None:
        raise Problem(Code.NOT_FOUND)
    answer = _render(benefit, draft, published)
    return json_answer(answer.model_dump_json(), ETag=f'"{answer.revision}"')


@router.put(
    "/{code}/versions/{version}",
    operation_id="reviseBenefit",
    summary="Write a draft anew (修改草案)",
    response_model=BenefitAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.EDIT_CONFLICT),
)
async def put_benefit(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[BenefitFields], Depends(JsonBody(BenefitFields))],
    if_match: IfMatch,
    key: IdempotencyKey,
    code: BenefitCode,
    version: Version,
) -> Response:
    """It has to be reviewed again, by somebody who wrote none of its revisions. A published version stays as it is."""
    ticket = ticket_of(services, actor, key, received.hash + f"{code} {version} {if_match}".encode())
    for field, said, path in (("code", received.body.code, code), ("version", received.body.version, version)):
        if said != path:
            raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer=f"/{field}", detail="not that of the path")])
    benefit = _checked(received.body)
    revision = int(if_match.strip('"'))

    async def revise(tx: Tx) -> Edited[BenefitDraft] | Rejected:
        return await revise_benefit(tx, actor.programme, benefit, revision, UserId(actor.subject), ticket.at)

    return await act(
        services,
        ticket,
        revise,
        lambda edited: note_edit(edited, _render_draft, "benefit.revise", benefit.reference),
        200,
    )


@router.post(
    "/{code}/versions/{version}/withdraw",
    operation_id="withdrawBenefit",
    summary="Stop applications under a published version (停止受理)",
    response_model=BenefitAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_withdrawal(
    services: Serves,
    actor: Reviews,
    received: Annotated[Received[BenefitWithdrawal], Depends(JsonBody(BenefitWithdrawal))],
    key: IdempotencyKey,
    code: BenefitCode,
    version: Version,
) -> Response:
    """For good: an older version does not come back, a new one can be published. What was granted stays granted."""
    ticket = ticket_of(services, actor, key, received.hash + f"{code} {version}".encode())
    since, reason = received.body.withdrawn_from, received.body.reason

    async def withdraw(tx: Tx) -> Edited[PublishedBenefit] | Rejected:
        named = (code, version)
        return await withdraw_benefit(tx, actor.programme, named, since, reason, UserId(actor.subject), ticket.at)

    def render(version: PublishedBenefit) -> BenefitAnswer:
        return _render(version.benefit, None, version)

    def describe(edited: Edited[PublishedBenefit]) -> Done:
        return note_edit(edited, render, "benefit.withdraw", edited.after.benefit.reference, {"reason": reason})

    return await act(services, ticket, withdraw, describe, 200)


@router.post(
    "/{code}/versions/{version}/{step}",
    operation_id="moveBenefit",
    summary="Review, publish or discard a draft (审核、发布)",
    response_model=BenefitAnswer,
    responses=writes(
        Code.NOT_FOUND,
        Code.STATE_CONFLICT,
        Code.SELF_REVIEW,
        Code.EDIT_CONFLICT,
        Code.ALREADY_EXISTS,
        Code.REFERRAL_REQUIRED,
        Code.ADMISSION_PROMISED,
        Code.PUBLICITY_TOO_SHORT,
        Code.PERSON_MUST_DECIDE,
        Code.LEVEL_MISSING,
    ),
)
async def post_benefit_step(
    services: Serves,
    actor: Reviews,
    key: IdempotencyKey,
    code: BenefitCode,
    version: Version,
    step: BenefitStep,
    if_match: IfMatch,
) -> Response:
    """Reviewed by somebody who wrote none of it, then published as it was reviewed.

    A benefit keeps its kind. Its first version may begin in the past, later ones only on a day to come.
    """
    revision = int(if_match.strip('"'))
    ticket = ticket_of(services, actor, key, f"{step.value} {code} {version} {if_match}".encode())

    async def move(tx: Tx) -> Edited[BenefitDraft] | Rejected:
        named, by = (code, version), UserId(actor.subject)
        return await move_benefit(tx, actor.programme, named, revision, step, by, ticket.at)

    def describe(moved: Edited[BenefitDraft]) -> Done:
        return note_edit(moved, _render_draft, f"benefit.{step.value}", moved.after.benefit.reference)

    return await act(services, ticket, move, describe, 200)

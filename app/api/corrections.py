"""Corrections (更正): orders to withdraw or change hours, drafted and read. Their steps are in `correction_steps`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from app.actions.corrections import draft_correction, is_known_to
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import JsonBody, Received, json_answer
from app.api.correction_fields import (
    CorrectionAnswer,
    CorrectionPage,
    CorrectionRequest,
    ScopeField,
    render_correction,
)
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services
from app.core.codes import Code, Rejected
from app.core.correction_orders import CorrectionOrder, CorrectionScope, CorrectionState
from app.core.corrections import Amendment
from app.core.ids import CorrectionId, RecordId, TeamId, UserId, VolunteerId, format_id, parse_id
from app.core.quantities import Minutes
from app.security.actors import Actor, ActorKind
from app.security.scopes import Scope
from app.store.correction_records import fetch_progress
from app.store.corrections import CorrectionView, fetch_correction, fetch_corrections
from app.store.database import Reader, Tx

router = APIRouter(prefix="/v1/corrections", tags=["Service"])

Reads = Annotated[Actor, Depends(Requires(Scope.RECORDS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.CORRECTIONS_WRITE))]


def correction_named(reference: str) -> CorrectionId:
    """The order that a path names; 404 for what cannot be one."""
    value = parse_id("cor", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return CorrectionId(value)


def _scope(body: ScopeField) -> CorrectionScope:
    record, volunteer, team, verifier = (
        parse_id(prefix, reference) if reference else None
        for prefix, reference in (
            ("rec", body.record_id),
            ("vol", body.volunteer_id),
            ("tea", body.team_id),
            ("usr", body.verifier_id),
        )
    )
    return CorrectionScope(
        record=RecordId(record) if record else None,
        volunteer=VolunteerId(volunteer) if volunteer else None,
        team=TeamId(team) if team else None,
        activity_id=body.activity_id or "",
        verifier=UserId(verifier) if verifier else None,
        since=body.since,
        until=body.until,
    )


def _check(body: CorrectionRequest) -> None:
    errors = []
    scope, change = body.scope, body.change
    if not (scope.record_id or scope.volunteer_id or scope.team_id or scope.verifier_id):
        errors.append(FieldProblem(pointer="/scope", detail="names no record, volunteer, team or verifier"))
    if scope.activity_id and not scope.team_id:
        errors.append(FieldProblem(pointer="/scope/team_id", detail="needed with activity_id"))
    if scope.since and scope.until and scope.until < scope.since:
        errors.append(FieldProblem(pointer="/scope/until", detail="before since"))
    if change and not change.model_dump(exclude_none=True):
        errors.append(FieldProblem(pointer="/change", detail="changes nothing"))
    if change and change.minutes and change.percent:
        errors.append(FieldProblem(pointer="/change/percent", detail="not together with minutes"))
    if errors:
        raise Problem(Code.PARAM_ERROR, errors=errors)


def _order(body: CorrectionRequest, actor: Actor, services: Services) -> CorrectionOrder:
    change, at = body.change, services.clock()
    amendment = None
    if change:
        amendment = Amendment(
            minutes=Minutes(change.minutes) if change.minutes else None,
            percent=change.percent,
            level=change.level,
            category=change.category,
        )
    return CorrectionOrder(
        id=CorrectionId(uuid7()),
        state=CorrectionState.DRAFT,
        revision=1,
        scope=_scope(body.scope),
        amendment=amendment,
        reason=body.reason,
        evidence=body.evidence or "",
        author=UserId(actor.subject),
        created_at=at,
        changed_at=at,
    )


@router.post(
    "",
    operation_id="draftCorrection",
    summary="Draft a correction of hours (起草更正单)",
    status_code=201,
    response_model=CorrectionAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_correction(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[CorrectionRequest], Depends(JsonBody(CorrectionRequest))],
    key: IdempotencyKey,
) -> Response:
    """It changes nothing yet. An organiser's reaches the records of their own part and no others."""
    ticket = secret_ticket_of(services, actor, key, received.hash)
    _check(received.body)
    order = _order(received.body, actor, services)

    async def draft(tx: Tx) -> CorrectionView | Rejected:
        return await draft_correction(tx, actor, order)

    described = received.body.model_dump(mode="json", exclude_none=True)
    return await act(
        services,
        ticket,
        draft,
        lambda view: note(
            render_correction(view),
            "correction.draft",
            format_id("cor", view.order.id),
            {**described, "reason": view.order.reason},
        ),
    )


@router.get(
    "",
    operation_id="listCorrections",
    summary="Corrections",
    response_model=CorrectionPage,
    responses=reads(),
)
async def list_corrections(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    state: CorrectionState | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> CorrectionPage:
    """All of them, or those in a state; an organiser's are those that they drafted."""
    begin = CorrectionId(id_after("cor", after))
    author = UserId(actor.subject) if actor.kind is ActorKind.ORGANISER else None
    async with services.database.read() as reader:
        found = await fetch_corrections(reader, actor.programme, begin, limit + 1, state=state, author=author)
    page, more = cut_page(found, limit)
    cursor = format_id("cor", page[-1].order.id) if more else None
    response.headers.update(link_next(request, cursor))
    return CorrectionPage(corrections=[render_correction(view) for view in page], next=cursor)


async def find_correction(reader: Reader, actor: Actor, correction: CorrectionId) -> CorrectionView:
    """The order; 404 for what the actor may not know of."""
    view = await fetch_correction(reader, actor.programme, correction)
    if view is None or not is_known_to(actor, view.order):
        raise Problem(Code.NOT_FOUND)
    return view


@router.get(
    "/{correction_id}",
    operation_id="getCorrection",
    summary="One correction, its impact and its report",
    response_model=CorrectionAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_correction(services: Serves, actor: Reads, correction_id: str) -> Response:
    """With an ETag to send back as If-Match."""
    correction = correction_named(correction_id)
    async with services.database.snapshot() as reader:
        view = await find_correction(reader, actor, correction)
        progress = await fetch_progress(reader, actor.programme, correction) if view.order.approved_by else None
    answer = render_correction(view, progress)
    return json_answer(answer.model_dump_json(), ETag=f'"{answer.revision}"')

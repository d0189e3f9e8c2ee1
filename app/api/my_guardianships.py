"""A guardian's own (监护人): asking to act for a child, acting for it, ending it."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.guardianships import act_for_child, end_guardianship, propose_guardianship
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import VolunteerRef
from app.api.guardianships import (
    GuardianshipAnswer,
    GuardianshipPage,
    guardianship_named,
    render_own_guardianship,
)
from app.api.log_ins import LoginAnswer, answer_login, origin_of
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, refusals, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next, seq_after
from app.api.problems import FieldProblem, Problem, refuse
from app.api.services import Serves
from app.api.volunteers import volunteer_named
from app.core.audit_trail import Edited
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.guardianships import GuardianKinship, Guardianship, GuardianshipState
from app.core.ids import GuardianshipId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.audit_trail import TrailFilter, fetch_trail
from app.store.database import Tx
from app.store.guardianships import fetch_guardianship, fetch_guardianships
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/me/guardianships", tags=["Volunteers' own"])

Guards = Annotated[Actor, Depends(Requires(Scope.ME_GUARD))]


class GuardianshipRequest(Body):
    """A child under 14, and the guardian's consent to how children's data are handled."""

    child_id: VolunteerRef
    kinship: Annotated[GuardianKinship, Field(description="What the caller is to the child")]
    consent: Annotated[bool, Field(description="Must be true: the text was read and agreed to (监护人同意)")]
    consent_version: Annotated[str, Field(min_length=1, max_length=40, examples=["2026-11"])]


@router.post(
    "",
    operation_id="proposeGuardianship",
    summary="Ask to act for a child under 14 (申请监护)",
    status_code=201,
    response_model=GuardianshipAnswer,
    responses=writes(Code.NOT_FOUND, Code.NOT_ELIGIBLE, Code.ALREADY_EXISTS),
)
async def post_guardianship(
    services: Serves,
    actor: Guards,
    received: Annotated[Received[GuardianshipRequest], Depends(JsonBody(GuardianshipRequest))],
    key: IdempotencyKey,
) -> Response:
    """It begins once an organiser or the town's station has seen the papers, and ends on the fourteenth birthday."""
    body, ticket = received.body, ticket_of(services, actor, key, received.hash)
    if not body.consent:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/consent", detail="must be true")])
    proposed = Guardianship(
        id=GuardianshipId(uuid7()),
        state=GuardianshipState.PROPOSED,
        guardian=own_id(actor),
        child=volunteer_named(body.child_id),
        kinship=body.kinship,
        consent_version=body.consent_version,
        proposed_at=ticket.at,
        ends_on=date.max,
    )

    async def propose(tx: Tx) -> Guardianship | Rejected:
        today = business_day(ticket.at, await fetch_zone(tx, actor.programme))
        return await propose_guardianship(tx, actor.programme, proposed, today)

    changes = body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        propose,
        lambda made: note(render_own_guardianship(made), "guardianship.propose", format_id("gua", made.id), changes),
    )


@router.get(
    "",
    operation_id="listOwnGuardianships",
    summary="For whom one acts, or who acts for one (我的监护关系)",
    response_model=GuardianshipPage,
    responses=reads(),
)
async def list_own_guardianships(
    request: Request,
    response: Response,
    services: Serves,
    actor: Guards,
    state: GuardianshipState | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> GuardianshipPage:
    """All of them, or those in a state."""
    begin = GuardianshipId(id_after("gua", after))
    async with services.database.read() as reader:
        found = await fetch_guardianships(reader, actor.programme, own_id(actor), state, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("gua", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return GuardianshipPage(guardianships=[render_own_guardianship(each) for each in page], next=cursor)


@router.post(
    "/{guardianship_id}/end",
    operation_id="endOwnGuardianship",
    summary="Act for the child no more, or take the proposal back (解除)",
    response_model=GuardianshipAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_end(services: Serves, actor: Guards, key: IdempotencyKey, guardianship_id: str) -> Response:
    """Only the guardian's own."""
    named, own = guardianship_named(guardianship_id), own_id(actor)
    ticket = ticket_of(services, actor, key, b"end" + named.bytes)

    async def do(tx: Tx) -> Edited[Guardianship] | Rejected:
        return await end_guardianship(tx, actor.programme, named, actor.reference, ticket.at, own=own)

    return await act(
        services,
        ticket,
        do,
        lambda edited: note_edit(edited, render_own_guardianship, "guardianship.end-own", guardianship_id),
        200,
    )


class GuardianAct(Answer):
    """One thing that the guardian did for the child."""

    number: Annotated[int, Field(description="Of its row in the audit trail", examples=[4711])]
    action: Annotated[str, Field(examples=["application.submit"])]
    subject: Annotated[str, Field(description="What it was done to", examples=["app_0190c6f0a1b27c3d8e9f00112233aabb"])]
    at: datetime


class GuardianActPage(Answer):
    """What was done, the oldest first."""

    acts: list[GuardianAct]
    next: str | None


@router.get(
    "/{guardianship_id}/acts",
    operation_id="listGuardianActs",
    summary="What the guardian has done for the child (代办记录)",
    response_model=GuardianActPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_acts(
    request: Request,
    response: Response,
    services: Serves,
    actor: Guards,
    guardianship_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> GuardianActPage:
    """Out of the audit trail, for the two of them, also once it has ended. 404 for everybody else."""
    begin, own = seq_after(after, 0), own_id(actor)
    async with services.database.read() as reader:
        found = await fetch_guardianship(reader, actor.programme, guardianship_named(guardianship_id))
        if found is None or own not in (found.guardian, found.child):
            raise Problem(Code.NOT_FOUND)
        hand = f"{format_id('vol', found.guardian)}/{format_id('vol', found.child)}"
        until = found.ended_at + timedelta(microseconds=1) if found.ended_at else None
        wanted = TrailFilter(actor=hand, since=found.proposed_at, until=until)
        rows = await fetch_trail(reader, actor.programme, begin, limit + 1, wanted)
    page, more = cut_page(rows, limit)
    cursor = str(page[-1].number) if more else None
    response.headers.update(link_next(request, cursor))
    acts = [GuardianAct(number=row.number, action=row.action, subject=row.subject, at=row.recorded_at) for row in page]
    return GuardianActPage(acts=acts, next=cursor)


@router.post(
    "/{guardianship_id}/tokens",
    operation_id="actForChild",
    summary="A token with which the guardian acts for the child (代办)",
    status_code=201,
    response_model=LoginAnswer,
    responses=refusals(
        (Code.PARAM_ERROR, Code.TOKEN_ERROR, Code.NO_AUTH, Code.NOT_FOUND, Code.STATE_CONFLICT, Code.FREQUENCY_LIMITED)
    ),
)
async def post_token(request: Request, services: Serves, actor: Guards, guardianship_id: str) -> Response:
    """For a quarter of an hour: to see, object, apply, claim places, and decide on the child's data under `/v1/me`.

    It names the guardian (`act`), and the audit trail names both. No points are spent with it.
    """
    named = guardianship_named(guardianship_id)
    async with services.database.begin() as tx:
        acting = await act_for_child(tx, actor.programme, named, own_id(actor), origin_of(request), services.clock())
    if isinstance(acting, Rejected):
        raise refuse(acting)
    return json_answer((await answer_login(services, acting)).model_dump_json(), 201)

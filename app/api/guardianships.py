"""Guardianships (监护关系): proposed by the guardian with consent, confirmed by whoever saw the papers."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.actions.guardianships import confirm_guardianship, end_guardianship
from app.actions.reaches import fetch_reach
from app.api.access import Requires
from app.api.acting import act, note_edit, secret_ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import ReasonText, UserRef, VolunteerRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves
from app.api.volunteer_logins import check_reach
from app.core.audit_trail import Edited
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.guardianships import GuardianKinship, Guardianship, GuardianshipState
from app.core.ids import GuardianshipId, UserId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.guardianships import fetch_guardianship, fetch_guardianships
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/guardianships", tags=["People"])

Confirms = Annotated[Actor, Depends(Requires(Scope.GUARDIANS_CONFIRM))]
GuardianshipRef = Annotated[str, Field(pattern="^gua_[0-9a-f]{32}$", examples=["gua_0190c6f0a1b27c3d8e9f00112233aabb"])]


class GuardianshipConfirmation(Body):
    """Which papers were seen. No numbers of them, no names."""

    evidence: Annotated[ReasonText, Field(examples=["户口簿"])]


class GuardianshipAnswer(Answer):
    """Who acts for which child."""

    id: GuardianshipRef
    state: GuardianshipState
    guardian_id: VolunteerRef
    child_id: VolunteerRef
    kinship: GuardianKinship
    consent_version: str
    proposed_at: datetime
    ends_on: Annotated[
        date | None,
        Field(description="The child's fourteenth birthday: from then on it is none. null: papers were not seen yet"),
    ]
    confirmed_by: UserRef | None
    confirmed_at: datetime | None
    evidence: str | None
    ended_at: datetime | None


class GuardianshipPage(Answer):
    """Guardianships in the order in which they were proposed."""

    guardianships: list[GuardianshipAnswer]
    next: str | None


def render_guardianship(found: Guardianship) -> GuardianshipAnswer:
    """A guardianship as answers carry it."""
    return GuardianshipAnswer(
        id=format_id("gua", found.id),
        state=found.state,
        guardian_id=format_id("vol", found.guardian),
        child_id=format_id("vol", found.child),
        kinship=found.kinship,
        consent_version=found.consent_version,
        proposed_at=found.proposed_at,
        ends_on=found.ends_on,
        confirmed_by=format_id("usr", found.confirmed_by) if found.confirmed_by else None,
        confirmed_at=found.confirmed_at,
        evidence=found.evidence,
        ended_at=found.ended_at,
    )


def render_own_guardianship(found: Guardianship) -> GuardianshipAnswer:
    """As whoever asked for it reads it: how old a child is they learn once papers have shown whose child it is."""
    answer = render_guardianship(found)
    return answer if found.confirmed_at else answer.model_copy(update={"ends_on": None})


def guardianship_named(reference: str) -> GuardianshipId:
    """The guardianship that a path names; 404 for what cannot be one."""
    value = parse_id("gua", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return GuardianshipId(value)


async def _check_child(services: Serves, actor: Actor, guardianship: GuardianshipId) -> None:
    """404 for a child outside an organiser's part of the teams."""
    async with services.database.read() as reader:
        found = await fetch_guardianship(reader, actor.programme, guardianship)
    if found is None:
        raise Problem(Code.NOT_FOUND)
    await check_reach(services, actor, found.child)


@router.get(
    "",
    operation_id="listGuardianships",
    summary="Guardianships that wait, hold, or have ended (监护关系)",
    response_model=GuardianshipPage,
    responses=reads(),
)
async def list_guardianships(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.GUARDIANS_READ))],
    state: GuardianshipState | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> GuardianshipPage:
    """Those of children within an organiser's part of the teams; all of them for others."""
    begin = GuardianshipId(id_after("gua", after))
    async with services.database.read() as reader:
        reach = await fetch_reach(reader, actor)
        found = await fetch_guardianships(reader, actor.programme, None, state, begin, limit + 1, reach)
    page, more = cut_page(found, limit)
    cursor = format_id("gua", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return GuardianshipPage(guardianships=[render_guardianship(each) for each in page], next=cursor)


@router.post(
    "/{guardianship_id}/confirm",
    operation_id="confirmGuardianship",
    summary="Confirm what papers show (核验监护关系)",
    response_model=GuardianshipAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.NOT_ELIGIBLE, Code.CONSENT_TEXT_NOT_IN_FORCE),
)
async def post_confirm(
    services: Serves,
    actor: Confirms,
    received: Annotated[Received[GuardianshipConfirmation], Depends(JsonBody(GuardianshipConfirmation))],
    key: IdempotencyKey,
    guardianship_id: str,
) -> Response:
    """From now on the guardian acts for the child, and the guardian's consent is in the ledger of consents."""
    named = guardianship_named(guardianship_id)
    await _check_child(services, actor, named)
    ticket = secret_ticket_of(services, actor, key, received.hash + named.bytes)
    evidence = received.body.evidence

    async def do(tx: Tx) -> Edited[Guardianship] | Rejected:
        today = business_day(ticket.at, await fetch_zone(tx, actor.programme))
        by = UserId(actor.subject)
        return await confirm_guardianship(tx, actor.programme, named, by, evidence, today, ticket.at)

    return await act(
        services,
        ticket,
        do,
        lambda edited: note_edit(edited, render_guardianship, "guardianship.confirm", guardianship_id),
        200,
    )


@router.post(
    "/{guardianship_id}/end",
    operation_id="endGuardianship",
    summary="End a guardianship, or refuse it (解除监护关系)",
    response_model=GuardianshipAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_end(services: Serves, actor: Confirms, key: IdempotencyKey, guardianship_id: str) -> Response:
    """What the guardian holds for the child is good for nothing any more."""
    named = guardianship_named(guardianship_id)
    await _check_child(services, actor, named)
    ticket = secret_ticket_of(services, actor, key, b"end" + named.bytes)

    async def do(tx: Tx) -> Edited[Guardianship] | Rejected:
        return await end_guardianship(tx, actor.programme, named, actor.reference, ticket.at, own=None)

    return await act(
        services,
        ticket,
        do,
        lambda edited: note_edit(edited, render_guardianship, "guardianship.end", guardianship_id),
        200,
    )

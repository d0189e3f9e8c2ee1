"""A volunteer's own side of predicates: which system may ask what (核验授权), and who has asked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.actions.predicates import end_permit, permit_questions
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import JsonBody, Received
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.predicate_fields import AskedPage, PermitAnswer, PermitPage, PermitRequest, render_asked, render_permit
from app.api.problems import Problem
from app.api.services import Serves
from app.core.audit_trail import changed
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.consents import GivenBy
from app.core.ids import NOBODY, PredicateAnswerId, PredicatePermitId, format_id, parse_id
from app.core.predicates import PredicatePermit
from app.security.actors import Actor
from app.security.client_secrets import parse_client
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.predicates import fetch_answered, fetch_permits
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/me", tags=["Volunteers' own"])

Own = Annotated[Actor, Depends(Requires(Scope.ME_DATA))]


@router.post(
    "/predicate-permits",
    operation_id="permitPredicates",
    summary="Let a system ask (授权核验)",
    status_code=201,
    response_model=PermitAnswer,
    responses=writes(Code.NOT_FOUND, Code.GUARDIAN_REQUIRED, Code.CONSENT_REQUIRED),
)
async def permit_predicates(
    services: Serves,
    actor: Own,
    received: Annotated[Received[PermitRequest], Depends(JsonBody(PermitRequest))],
    key: IdempotencyKey,
) -> Response:
    """One system, some kinds of question, some days (PIPL Art. 23); the consent `predicate_answer` comes first."""
    body, volunteer = received.body, own_id(actor)
    named = parse_client(body.client_id)
    if named is None or named[0] != actor.programme:
        raise Problem(Code.NOT_FOUND)
    ticket = ticket_of(services, actor, key, received.hash + b"permit" + volunteer.bytes)
    async with services.database.read() as reader:
        today = business_day(ticket.at, await fetch_zone(reader, actor.programme))

    async def permit(tx: Tx) -> PredicatePermit | Rejected:
        return await permit_questions(
            tx,
            actor.programme,
            volunteer,
            named[1],
            kinds=frozenset(body.kinds),
            days=body.days,
            given_by=GivenBy.GUARDIAN if actor.acting else GivenBy.SELF,
            actor=actor.hand,
            today=today,
            at=ticket.at,
        )

    changes = {"client_id": body.client_id, "kinds": sorted(body.kinds), "days": body.days}
    return await act(
        services,
        ticket,
        permit,
        lambda given: note(
            render_permit(actor.programme, given), "predicate.permit", format_id("vol", volunteer), changes
        ),
    )


@router.post(
    "/predicate-permits/{permit_id}/revoke",
    operation_id="revokePredicatePermit",
    summary="Let it ask no more (撤回核验授权)",
    response_model=PermitAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def revoke_predicate_permit(services: Serves, actor: Own, permit_id: str, key: IdempotencyKey) -> Response:
    """At once. Answers that were given run out by themselves."""
    permit = PredicatePermitId(parse_id("ppm", permit_id) or NOBODY)
    ticket = ticket_of(services, actor, key, b"revoke-permit" + permit.bytes)

    async def revoke(tx: Tx) -> PredicatePermit | Rejected:
        return await end_permit(tx, actor.programme, own_id(actor), permit, ticket.at)

    return await act(
        services,
        ticket,
        revoke,
        lambda ended: note(
            render_permit(actor.programme, ended),
            "predicate.revoke",
            permit_id,
            changed({"revoked_at": None}, {"revoked_at": ticket.at.isoformat()}),
        ),
        200,
    )


@router.get(
    "/predicate-permits",
    operation_id="listOwnPredicatePermits",
    summary="Who may ask what (我的核验授权)",
    response_model=PermitPage,
    responses=reads(),
)
async def list_own_permits(
    request: Request, response: Response, services: Serves, actor: Own, limit: Limit = PAGE, after: After = None
) -> PermitPage:
    """Those that have ended too."""
    begin = PredicatePermitId(id_after("ppm", after))
    async with services.database.read() as reader:
        found = await fetch_permits(reader, actor.programme, own_id(actor), begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("ppm", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return PermitPage(permits=[render_permit(actor.programme, permit) for permit in page], next=cursor)


@router.get(
    "/predicate-answers",
    operation_id="listOwnPredicateAnswers",
    summary="Who has asked (核验记录)",
    response_model=AskedPage,
    responses=reads(),
)
async def list_own_answers(
    request: Request, response: Response, services: Serves, actor: Own, limit: Limit = PAGE, after: After = None
) -> AskedPage:
    """Every question that was answered, with the system and its permit."""
    begin = PredicateAnswerId(id_after("pan", after))
    async with services.database.read() as reader:
        found = await fetch_answered(reader, actor.programme, own_id(actor), begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("pan", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return AskedPage(answers=[render_asked(actor.programme, asked) for asked in page], next=cursor)

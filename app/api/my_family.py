"""Family use (家庭共用): whose points a volunteer may spend, and who may spend the volunteer's, where it is allowed."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.family import accept_family_link, end_family_link, limit_family_link, propose_family_link
from app.actions.running import Ticket
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import FamilyLinkRef, PointsField, VolunteerRef
from app.api.me import REFRESH_AFTER_S, PayCodeAnswer, issue_code, own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves, Services
from app.api.volunteers import volunteer_named
from app.core.audit_trail import Edited
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.family_links import FamilyLink, FamilyLinkState, Kinship
from app.core.ids import FamilyLinkId, format_id, parse_id
from app.core.quantities import Points
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.family import fetch_family_link, fetch_family_links
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/me/family", tags=["Volunteers' own"])

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Pays = Annotated[Actor, Depends(Requires(Scope.ME_PAY))]
Monthly = Annotated[PointsField | None, Field(description="The most in a calendar month; null: no limit (每月限额)")]


class FamilyLinkRequest(Body):
    """Somebody of one's family, a volunteer too, who may spend one's points."""

    member_id: VolunteerRef
    kinship: Annotated[Kinship, Field(description="What the member is to the caller")]
    monthly_points: Monthly = None


class FamilyLimit(Body):
    """A new limit."""

    monthly_points: Monthly


class FamilyLinkAnswer(Answer):
    """Whose points, and who may spend them."""

    id: FamilyLinkRef
    state: FamilyLinkState
    owner_id: VolunteerRef
    owner: Annotated[str, Field(description="Masked name", examples=["张**"])]
    member_id: VolunteerRef
    member: Annotated[str, Field(description="Masked name", examples=["张*"])]
    kinship: Kinship
    monthly_points: int | None
    proposed_at: datetime
    changed_at: datetime
    ended_by: VolunteerRef | None


class FamilyLinkPage(Answer):
    """Links in the order in which they were proposed."""

    links: list[FamilyLinkAnswer]
    next: str | None


def _render(link: FamilyLink) -> FamilyLinkAnswer:
    return FamilyLinkAnswer(
        id=format_id("fam", link.id),
        state=link.state,
        owner_id=format_id("vol", link.owner),
        owner=link.owner_name,
        member_id=format_id("vol", link.member),
        member=link.member_name,
        kinship=link.kinship,
        monthly_points=link.monthly_points,
        proposed_at=link.proposed_at,
        changed_at=link.changed_at,
        ended_by=format_id("vol", link.ended_by) if link.ended_by else None,
    )


def link_named(reference: str) -> FamilyLinkId:
    """The link that a path names; 404 for what cannot be one."""
    value = parse_id("fam", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return FamilyLinkId(value)


async def _today(services: Services, actor: Actor) -> date:
    async with services.database.read() as reader:
        return business_day(services.clock(), await fetch_zone(reader, actor.programme))


async def _act(
    services: Services,
    ticket: Ticket,
    do: Callable[[Tx], Awaitable[Edited[FamilyLink] | Rejected]],
    action: str,
) -> Response:
    return await act(
        services,
        ticket,
        do,
        lambda edited: note_edit(edited, _render, action, format_id("fam", edited.after.id)),
        200,
    )


@router.post(
    "",
    operation_id="proposeFamilyLink",
    summary="Let somebody of one's family spend one's points (添加家庭成员)",
    status_code=201,
    response_model=FamilyLinkAnswer,
    responses=writes(
        Code.NOT_FOUND,
        Code.NOT_ELIGIBLE,
        Code.ALREADY_EXISTS,
        Code.QUOTA_EXCEEDED,
        Code.ACCOUNT_FROZEN,
        Code.GUARDIAN_REQUIRED,
    ),
)
async def post_family_link(
    services: Serves,
    actor: Pays,
    received: Annotated[Received[FamilyLinkRequest], Depends(JsonBody(FamilyLinkRequest))],
    key: IdempotencyKey,
) -> Response:
    """Only where the programme allows family use. It begins when the member has accepted; no points change hands."""
    ticket, body = ticket_of(services, actor, key, received.hash), received.body
    link = FamilyLink(
        id=FamilyLinkId(uuid7()),
        state=FamilyLinkState.PROPOSED,
        owner=own_id(actor),
        member=volunteer_named(body.member_id),
        kinship=body.kinship,
        monthly_points=Points(body.monthly_points) if body.monthly_points else None,
        proposed_at=ticket.at,
        changed_at=ticket.at,
    )
    today = await _today(services, actor)

    async def propose(tx: Tx) -> FamilyLink | Rejected:
        return await propose_family_link(tx, actor.programme, link, today)

    described = body.model_dump(mode="json", exclude_none=True)
    return await act(
        services,
        ticket,
        propose,
        lambda made: note(_render(made), "family.propose", format_id("fam", made.id), described),
    )


@router.get(
    "",
    operation_id="listFamilyLinks",
    summary="One's family links, on either side (家庭成员)",
    response_model=FamilyLinkPage,
    responses=reads(),
)
async def list_family_links(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    state: FamilyLinkState | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> FamilyLinkPage:
    """All of them, or those in a state."""
    begin = FamilyLinkId(id_after("fam", after))
    async with services.database.read() as reader:
        found = await fetch_family_links(reader, actor.programme, own_id(actor), begin, limit + 1, state)
    page, more = cut_page(found, limit)
    cursor = format_id("fam", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return FamilyLinkPage(links=[_render(link) for link in page], next=cursor)


@router.post(
    "/{link_id}/accept",
    operation_id="acceptFamilyLink",
    summary="Agree to be a member (接受)",
    response_model=FamilyLinkAnswer,
    responses=writes(
        Code.NOT_FOUND, Code.STATE_CONFLICT, Code.NOT_ELIGIBLE, Code.ACCOUNT_FROZEN, Code.GUARDIAN_REQUIRED
    ),
)
async def accept_link(services: Serves, actor: Pays, key: IdempotencyKey, link_id: str) -> Response:
    """Only the member may; below 14 the owner must be the guardian (child or ward)."""
    link, member = link_named(link_id), own_id(actor)
    ticket = ticket_of(services, actor, key, b"accept" + link.bytes)
    today = await _today(services, actor)

    async def accept(tx: Tx) -> Edited[FamilyLink] | Rejected:
        return await accept_family_link(tx, actor.programme, link, member, ticket.at, today)

    return await _act(services, ticket, accept, "family.accept")


@router.post(
    "/{link_id}/limit",
    operation_id="limitFamilyLink",
    summary="Say how much a member may spend in a month (每月限额)",
    response_model=FamilyLinkAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def limit_link(
    services: Serves,
    actor: Pays,
    received: Annotated[Received[FamilyLimit], Depends(JsonBody(FamilyLimit))],
    key: IdempotencyKey,
    link_id: str,
) -> Response:
    """Only the owner may. What was spent in the month counts."""
    link, owner = link_named(link_id), own_id(actor)
    ticket = ticket_of(services, actor, key, received.hash + link.bytes)
    points = received.body.monthly_points
    monthly = None if points is None else Points(points)

    async def limit(tx: Tx) -> Edited[FamilyLink] | Rejected:
        return await limit_family_link(tx, actor.programme, link, owner, monthly, ticket.at)

    return await _act(services, ticket, limit, "family.limit")


@router.post(
    "/{link_id}/end",
    operation_id="endFamilyLink",
    summary="End a link, or decline it (解除)",
    response_model=FamilyLinkAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def end_link(services: Serves, actor: Pays, key: IdempotencyKey, link_id: str) -> Response:
    """Either side, at any time: a code that the member still shows pays no more."""
    link, by = link_named(link_id), own_id(actor)
    ticket = ticket_of(services, actor, key, b"end" + link.bytes)

    async def end(tx: Tx) -> Edited[FamilyLink] | Rejected:
        return await end_family_link(tx, actor.programme, link, by, ticket.at)

    return await _act(services, ticket, end, "family.end")


@router.post(
    "/{link_id}/pay-code",
    operation_id="issueFamilyPayCode",
    summary="A code with which a member pays with the owner's points (家庭付款码)",
    response_model=PayCodeAnswer,
    responses=writes(Code.NOT_FOUND, Code.NOT_ELIGIBLE, Code.ACCOUNT_FROZEN, Code.GUARDIAN_REQUIRED),
)
async def issue_family_pay_code(services: Serves, actor: Pays, key: IdempotencyKey, link_id: str) -> Response:
    """For one use within 60 seconds. The owner's statement says who paid; what waits for a yes waits for the owner."""
    member = own_id(actor)
    async with services.database.read() as reader:
        link = await fetch_family_link(reader, actor.programme, link_named(link_id))
    if link is None or link.member != member:
        raise Problem(Code.NOT_FOUND)
    issued = await issue_code(services, actor.programme, link.owner, key, member=member)
    answer = PayCodeAnswer(code=issued.code, expires_at=issued.expires_at, refresh_after_s=REFRESH_AFTER_S)
    return json_answer(answer.model_dump_json(), replayed=issued.replayed)

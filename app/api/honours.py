"""Honours (表彰荣誉): entered, verified, withdrawn and listed; the programme's own four tens (四个10) among them."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response

from app.actions.honours import enter_honour, move_honour
from app.api.access import Requires
from app.api.acting import act, note, note_edit, secret_ticket_of
from app.api.bodies import JsonBody, Received
from app.api.honour_fields import (
    HonourAnswer,
    HonourFields,
    HonourPage,
    HonourReason,
    person_named,
    read_honour,
    render_honour,
)
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves, Services
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.honours import HonourKind, HonourState, HonourStep
from app.core.ids import HonourId, UserId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.honours import HonourFilter, HonourView, fetch_honour, fetch_honours
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1", tags=["People"])

Reads = Annotated[Actor, Depends(Requires(Scope.HONOURS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.HONOURS_WRITE))]


def _honour_named(reference: str) -> HonourId:
    value = parse_id("hon", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return HonourId(value)


@router.post(
    "/honours",
    operation_id="enterHonour",
    summary="Enter an honour (荣誉登记)",
    status_code=201,
    response_model=HonourAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS, Code.QUOTA_EXCEEDED),
)
async def post_honour(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[HonourFields], Depends(JsonBody(HonourFields))],
    key: IdempotencyKey,
) -> Response:
    """With its material. An edition of the four tens takes ten of a kind at most, nobody twice."""
    ticket = secret_ticket_of(services, actor, key, received.hash)
    async with services.database.read() as reader:
        zone = ZoneInfo(await fetch_zone(reader, actor.programme))
    honour = read_honour(received.body, ticket.at.astimezone(zone).date())

    async def enter(tx: Tx) -> HonourView | Rejected:
        return await enter_honour(tx, actor.programme, honour, UserId(actor.subject), ticket.at)

    described = received.body.model_dump(mode="json", exclude_none=True)
    return await act(
        services,
        ticket,
        enter,
        lambda view: note(render_honour(view), "honour.enter", format_id("hon", view.honour.id), described),
    )


async def _move(
    services: Services, actor: Actor, key: str, honour_id: str, step: HonourStep, reason: str, body_hash: bytes
) -> Response:
    honour = _honour_named(honour_id)
    ticket = secret_ticket_of(services, actor, key, body_hash + f"{step.value} {honour_id}".encode())

    async def move(tx: Tx) -> Edited[HonourView] | Rejected:
        return await move_honour(tx, actor, honour, step, reason, ticket.at)

    return await act(
        services,
        ticket,
        move,
        lambda edited: note_edit(
            edited, render_honour, f"honour.{step.value}", honour_id, {"reason": edited.after.standing.reason}
        ),
        200,
    )


@router.post(
    "/honours/{honour_id}/verify",
    operation_id="verifyHonour",
    summary="Verify an honour that a lesser body gave (荣誉核实)",
    response_model=HonourAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def verify_honour(services: Serves, actor: Writes, key: IdempotencyKey, honour_id: str) -> Response:
    """By somebody who neither entered it nor was honoured."""
    return await _move(services, actor, key, honour_id, HonourStep.VERIFY, "verified", b"")


@router.post(
    "/honours/{honour_id}/withdraw",
    operation_id="withdrawHonour",
    summary="Withdraw an honour (荣誉撤销)",
    response_model=HonourAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def withdraw_honour(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[HonourReason], Depends(JsonBody(HonourReason))],
    key: IdempotencyKey,
    honour_id: str,
) -> Response:
    """It stays on record as withdrawn, with the reason; its place in the edition is free again."""
    reason = received.body.reason
    return await _move(services, actor, key, honour_id, HonourStep.WITHDRAW, reason, received.hash)


async def _page(
    request: Request,
    response: Response,
    services: Services,
    actor: Actor,
    wanted: HonourFilter,
    limit: int,
    after: str | None,
) -> HonourPage:
    begin = HonourId(id_after("hon", after))
    async with services.database.read() as reader:
        found = await fetch_honours(reader, actor.programme, begin, limit + 1, wanted)
    page, more = cut_page(found, limit)
    cursor = format_id("hon", page[-1].honour.id) if more else None
    response.headers.update(link_next(request, cursor))
    return HonourPage(honours=[render_honour(view) for view in page], next=cursor)


@router.get("/honours", operation_id="listHonours", summary="Honours", response_model=HonourPage, responses=reads())
async def list_honours(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    kind: HonourKind | None = None,
    edition: Annotated[int | None, Query(ge=1, le=100)] = None,
    state: HonourState | None = None,
    volunteer: Annotated[str | None, Query(pattern="^vol_[0-9a-f]{32}$")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> HonourPage:
    """All of them, or those that match."""
    wanted = HonourFilter(kind=kind, edition=edition, state=state, volunteer=person_named(volunteer))
    return await _page(request, response, services, actor, wanted, limit, after)


@router.get(
    "/honours/{honour_id}",
    operation_id="getHonour",
    summary="One honour",
    response_model=HonourAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_honour(services: Serves, actor: Reads, honour_id: str) -> HonourAnswer:
    """As it stands."""
    async with services.database.read() as reader:
        view = await fetch_honour(reader, actor.programme, _honour_named(honour_id))
    if view is None:
        raise Problem(Code.NOT_FOUND)
    return render_honour(view)


@router.get(
    "/me/honours",
    operation_id="listOwnHonours",
    summary="Own honours (我的荣誉)",
    tags=["Volunteers' own"],
    response_model=HonourPage,
    responses=reads(),
)
async def list_own_honours(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_READ))],
    limit: Limit = PAGE,
    after: After = None,
) -> HonourPage:
    """Whatever their state, with the reason of the last step."""
    wanted = HonourFilter(volunteer=own_id(actor))
    return await _page(request, response, services, actor, wanted, limit, after)

"""A volunteer's own applications for benefits (我的礼遇申请): begun, submitted, supplied, withdrawn, appealed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.actions.application_hands import ApplicationTold, fetch_application_clerk, tell
from app.actions.applications import (
    appeal_application,
    begin_application,
    revise_application,
    submit_application,
    supply_material,
    withdraw_application,
)
from app.actions.running import Done
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.application_details import ApplicationDetail, fetch_detail
from app.api.application_fields import (
    ApplicationAnswer,
    ApplicationPage,
    ApplicationReason,
    ApplicationRequest,
    ApplicationWords,
    MaterialSupply,
    application_named,
    render_application,
    to_material,
)
from app.api.bodies import JsonBody, Received, json_answer
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.programmes import IfMatch
from app.api.services import Serves, Services
from app.core.audit_trail import changed
from app.core.codes import Code, Rejected
from app.core.ids import ApplicationId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.application_lists import ApplicationFilter, fetch_applications
from app.store.applications import ApplicationView, lock_application
from app.store.database import Reader, Tx

router = APIRouter(prefix="/v1/me/applications", tags=["Volunteers' own"])

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Applies = Annotated[Actor, Depends(Requires(Scope.ME_APPLY))]
Why = Annotated[Received[ApplicationReason], Depends(JsonBody(ApplicationReason))]


async def act_on(
    services: Services,
    actor: Actor,
    key: str,
    application_id: str,
    verb: str,
    said: bytes,
    do: Callable[[Tx, ApplicationId, datetime], Awaitable[ApplicationTold | Rejected]],
) -> Response:
    """Do one thing to one application, with its audit row: from what to what."""
    application = application_named(application_id)
    ticket = secret_ticket_of(services, actor, key, said + f"{verb} {application_id}".encode())

    async def run(tx: Tx) -> tuple[ApplicationView | None, ApplicationTold] | Rejected:
        found = await lock_application(tx, actor.programme, application)
        told = await do(tx, application, ticket.at)
        return told if isinstance(told, Rejected) else (found, told)

    def describe(moved: tuple[ApplicationView | None, ApplicationTold]) -> Done:
        found, told = moved
        before = found.application.state.value if found else None
        changes = changed({"state": before}, {"state": told.application.state.value})
        return note(render_application(told), f"application.{verb}", application_id, changes)

    return await act(services, ticket, run, describe, 200)


async def page_of_applications(
    request: Request,
    response: Response,
    services: Services,
    reader: Reader,
    actor: Actor,
    wanted: ApplicationFilter,
    limit: int,
    after: str | None,
) -> ApplicationPage:
    """A page of applications as they stand now."""
    begin = ApplicationId(id_after("app", after))
    found = await fetch_applications(reader, actor.programme, begin, limit + 1, wanted)
    clerk = await fetch_application_clerk(reader, actor.programme)
    page, more = cut_page(found, limit)
    cursor = format_id("app", page[-1].application.id) if more else None
    response.headers.update(link_next(request, cursor))
    now = services.clock()
    return ApplicationPage(applications=[render_application(tell(view, clerk, now)) for view in page], next=cursor)


@router.post(
    "",
    operation_id="beginOwnApplication",
    summary="Begin an application for a benefit (填写申请)",
    status_code=201,
    response_model=ApplicationAnswer,
    responses=writes(
        Code.NOT_FOUND, Code.ACCOUNT_FROZEN, Code.ALREADY_EXISTS, Code.STATE_CONFLICT, Code.GUARDIAN_REQUIRED
    ),
)
async def post_application(
    services: Serves,
    actor: Applies,
    received: Annotated[Received[ApplicationRequest], Depends(JsonBody(ApplicationRequest))],
    key: IdempotencyKey,
) -> Response:
    """A draft, which nobody else reads. One at a time for each benefit; only material that the benefit asks for."""
    body = received.body
    ticket = secret_ticket_of(services, actor, key, received.hash)

    async def begin(tx: Tx) -> ApplicationTold | Rejected:
        if actor.volunteer is None:
            return Rejected(Code.NOT_FOUND)
        return await begin_application(tx, actor, actor.volunteer, body.benefit, body.to_words(), ticket.at)

    return await act(
        services,
        ticket,
        begin,
        lambda told: note(
            render_application(told),
            "application.begin",
            format_id("app", told.application.id),
            {"benefit": body.benefit},
        ),
    )


@router.get(
    "",
    operation_id="listOwnApplications",
    summary="Own applications",
    response_model=ApplicationPage,
    responses=reads(),
)
async def list_own_applications(
    request: Request, response: Response, services: Serves, actor: Reads, limit: Limit = PAGE, after: After = None
) -> ApplicationPage:
    """Drafts among them, as they stand now."""
    if actor.volunteer is None:
        raise Problem(Code.NOT_FOUND)
    wanted = ApplicationFilter(volunteer=actor.volunteer, drafts=True)
    async with services.database.read() as reader:
        return await page_of_applications(request, response, services, reader, actor, wanted, limit, after)


@router.get(
    "/{application_id}",
    operation_id="getOwnApplication",
    summary="One of one's own applications, with steps and terms",
    response_model=ApplicationDetail,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_application(services: Serves, actor: Reads, application_id: str) -> Response:
    """What happened, by which level and why; until when what is due; the criteria by the facts of now."""
    async with services.database.snapshot() as reader:
        detail = await fetch_detail(services, reader, actor, application_id)
    return json_answer(detail.model_dump_json(), ETag=f'"{detail.revision}"')


@router.put(
    "/{application_id}",
    operation_id="reviseOwnApplication",
    summary="Write a draft anew (修改申请)",
    response_model=ApplicationAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.EDIT_CONFLICT),
)
async def put_application(
    services: Serves,
    actor: Applies,
    received: Annotated[Received[ApplicationWords], Depends(JsonBody(ApplicationWords))],
    if_match: IfMatch,
    key: IdempotencyKey,
    application_id: str,
) -> Response:
    """Before it is submitted."""
    said, revision = received.hash + if_match.encode(), int(if_match.strip('"'))

    async def revise(tx: Tx, application: ApplicationId, at: datetime) -> ApplicationTold | Rejected:
        words = received.body.to_words()
        return await revise_application(tx, actor, application, words, revision, at)

    return await act_on(services, actor, key, application_id, "revise", said, revise)


@router.post(
    "/{application_id}/submit",
    operation_id="submitOwnApplication",
    summary="Submit an application (提交申请)",
    response_model=ApplicationAnswer,
    responses=writes(
        Code.NOT_FOUND, Code.STATE_CONFLICT, Code.ACCOUNT_FROZEN, Code.CONSENT_REQUIRED, Code.GUARDIAN_REQUIRED
    ),
)
async def post_submit(services: Serves, actor: Applies, key: IdempotencyKey, application_id: str) -> Response:
    """The facts of now are frozen with it, whether they meet the criteria or not: people decide."""

    async def submit(tx: Tx, application: ApplicationId, at: datetime) -> ApplicationTold | Rejected:
        return await submit_application(tx, actor, application, at)

    return await act_on(services, actor, key, application_id, "submit", b"", submit)


@router.post(
    "/{application_id}/supply",
    operation_id="supplyOwnMaterial",
    summary="Hand in what was asked for (补正材料)",
    response_model=ApplicationAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.GUARDIAN_REQUIRED),
)
async def post_supply(
    services: Serves,
    actor: Applies,
    received: Annotated[Received[MaterialSupply], Depends(JsonBody(MaterialSupply))],
    key: IdempotencyKey,
    application_id: str,
) -> Response:
    """Within fifteen working days; afterwards the application has lapsed and another can be made."""

    async def supply(tx: Tx, application: ApplicationId, at: datetime) -> ApplicationTold | Rejected:
        pieces = to_material(received.body.material)
        return await supply_material(tx, actor, application, pieces, at)

    return await act_on(services, actor, key, application_id, "supply", received.hash, supply)


@router.post(
    "/{application_id}/withdraw",
    operation_id="withdrawOwnApplication",
    summary="Take an application back (撤回申请)",
    response_model=ApplicationAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_withdraw(services: Serves, actor: Applies, key: IdempotencyKey, application_id: str) -> Response:
    """Until it is granted. A place in the queue is given up with it."""

    async def withdraw(tx: Tx, application: ApplicationId, at: datetime) -> ApplicationTold | Rejected:
        return await withdraw_application(tx, actor, application, at)

    return await act_on(services, actor, key, application_id, "withdraw", b"", withdraw)


@router.post(
    "/{application_id}/appeal",
    operation_id="appealOwnApplication",
    summary="Ask for another look at a rejection (申请复核)",
    response_model=ApplicationAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.APPEAL_ENDED),
)
async def post_appeal(
    services: Serves, actor: Applies, received: Why, key: IdempotencyKey, application_id: str
) -> Response:
    """Once, within sixty days. Somebody who has had no hand in the case answers it."""

    async def appeal(tx: Tx, application: ApplicationId, at: datetime) -> ApplicationTold | Rejected:
        return await appeal_application(tx, actor, application, received.body.reason, at)

    return await act_on(services, actor, key, application_id, "appeal", received.hash, appeal)

"""Applications for benefits (礼遇申请) as officials work on them: listed by what is due, entered on behalf, decided."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.actions.application_hands import ApplicationTold, fetch_level
from app.actions.applications import begin_application, submit_application, supply_material
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.application_details import ApplicationDetail, fetch_detail
from app.api.application_fields import (
    ApplicationAnswer,
    ApplicationOnBehalf,
    ApplicationPage,
    MaterialSupply,
    render_application,
    to_material,
)
from app.api.benefit_fields import BenefitCode
from app.api.bodies import JsonBody, Received, json_answer
from app.api.fields import Moment, RegionCode
from app.api.my_applications import act_on, page_of_applications
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit
from app.api.services import Serves
from app.api.volunteers import volunteer_named
from app.core.applications.states import ApplicationState
from app.core.codes import Code, Rejected
from app.core.ids import ApplicationId, format_id
from app.security.actors import Actor, ActorKind
from app.security.scopes import Scope
from app.store.application_lists import ApplicationFilter
from app.store.database import Tx
from app.store.volunteers import fetch_volunteer

router = APIRouter(prefix="/v1/applications", tags=["Benefits"])

Reads = Annotated[Actor, Depends(Requires(Scope.APPLICATIONS_READ))]
Enters = Annotated[Actor, Depends(Requires(Scope.APPLICATIONS_ENTER))]


@router.get(
    "",
    operation_id="listApplications",
    summary="Applications within reach",
    response_model=ApplicationPage,
    responses=reads(),
)
async def list_applications(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    state: Annotated[
        ApplicationState | None, Query(description="As last written down: a notice that ended may be a minute late")
    ] = None,
    region: Annotated[RegionCode | None, Query(description="Whose applicants live within it")] = None,
    due_before: Annotated[Moment | None, Query(description="Whose present term ends earlier")] = None,
    benefit: BenefitCode | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> ApplicationPage:
    """Submitted ones, of one's own region. Drafts are their volunteer's."""
    if actor.kind is ActorKind.ORGANISER and actor.team is not None and actor.region is None:
        return ApplicationPage(applications=[], next=None)
    wanted = ApplicationFilter(
        state=state,
        region=region,
        reach=actor.region if actor.kind is ActorKind.ORGANISER else None,
        due_before=due_before,
        benefit=benefit,
    )
    async with services.database.read() as reader:
        return await page_of_applications(request, response, services, reader, actor, wanted, limit, after)


@router.get(
    "/{application_id}",
    operation_id="getApplication",
    summary="One application with all that it is decided by",
    response_model=ApplicationDetail,
    responses=reads(Code.NOT_FOUND),
)
async def get_application(services: Serves, actor: Reads, application_id: str) -> Response:
    """The facts frozen at submission beside those of now, what differs, the criteria, objections and all steps."""
    async with services.database.snapshot() as reader:
        detail = await fetch_detail(services, reader, actor, application_id)
    return json_answer(detail.model_dump_json(), ETag=f'"{detail.revision}"')


@router.post(
    "",
    operation_id="enterApplication",
    summary="Write an application down for a volunteer (代办申请)",
    status_code=201,
    response_model=ApplicationAnswer,
    responses=writes(Code.NOT_FOUND, Code.ACCOUNT_FROZEN, Code.ALREADY_EXISTS, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def post_application_on_behalf(
    services: Serves,
    actor: Enters,
    received: Annotated[Received[ApplicationOnBehalf], Depends(JsonBody(ApplicationOnBehalf))],
    key: IdempotencyKey,
) -> Response:
    """For somebody of one's own region who cannot do it themselves. Whoever enters it never decides about it."""
    body = received.body
    volunteer = volunteer_named(body.volunteer_id)
    ticket = secret_ticket_of(services, actor, key, received.hash)

    async def enter(tx: Tx) -> ApplicationTold | Rejected:
        found = await fetch_volunteer(tx, actor.programme, volunteer)
        if found is None or await fetch_level(tx, actor, found.region_code) is None:
            return Rejected(Code.NOT_FOUND)
        if actor.volunteer == volunteer:
            return Rejected(Code.SELF_REVIEW)
        return await begin_application(tx, actor, volunteer, body.benefit, body.to_words(), ticket.at)

    return await act(
        services,
        ticket,
        enter,
        lambda told: note(
            render_application(told),
            "application.enter",
            format_id("app", told.application.id),
            {"benefit": body.benefit, "volunteer_id": body.volunteer_id},
        ),
    )


@router.post(
    "/{application_id}/submit",
    operation_id="submitEnteredApplication",
    summary="Submit an application that one has entered (代为提交)",
    response_model=ApplicationAnswer,
    responses=writes(
        Code.NOT_FOUND, Code.STATE_CONFLICT, Code.ACCOUNT_FROZEN, Code.CONSENT_REQUIRED, Code.GUARDIAN_REQUIRED
    ),
)
async def post_submit_on_behalf(services: Serves, actor: Enters, key: IdempotencyKey, application_id: str) -> Response:
    """With the volunteer's consent, which may be on paper."""

    async def submit(tx: Tx, application: ApplicationId, at: datetime) -> ApplicationTold | Rejected:
        return await submit_application(tx, actor, application, at)

    return await act_on(services, actor, key, application_id, "submit", b"", submit)


@router.post(
    "/{application_id}/supply",
    operation_id="supplyEnteredMaterial",
    summary="Hand in what was asked for, on behalf (代为补正)",
    response_model=ApplicationAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_supply_on_behalf(
    services: Serves,
    actor: Enters,
    received: Annotated[Received[MaterialSupply], Depends(JsonBody(MaterialSupply))],
    key: IdempotencyKey,
    application_id: str,
) -> Response:
    """By whoever has entered the application."""

    async def supply(tx: Tx, application: ApplicationId, at: datetime) -> ApplicationTold | Rejected:
        return await supply_material(tx, actor, application, to_material(received.body.material), at)

    return await act_on(services, actor, key, application_id, "supply", received.hash, supply)

"""The public notice of applications (公示): masked surname, village, category, amount. A minor is never named."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.actions.application_hands import day_of, fetch_application_clerk
from app.actions.application_reviews import object_to_application
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.application_fields import ApplicationReason, ApplicationRef, application_named
from app.api.application_pages import render_page
from app.api.bodies import Answer, JsonBody, Received
from app.api.fields import RegionCode
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.services import Serves, Services
from app.core.applications.publicity import notice_of
from app.core.benefits.model import BenefitKind
from app.core.codes import Code, Rejected
from app.core.ids import NOBODY, ApplicationId, ProgrammeId, format_id
from app.security.actors import Actor, ActorKind
from app.security.scopes import Scope
from app.store.application_lists import fetch_noticed
from app.store.application_steps import PublicObjection
from app.store.applications import ApplicationView
from app.store.database import Tx
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/publicity", tags=["Benefits"])

Region = Annotated[RegionCode | None, Query(description="Only of applicants who live within it")]
PRINTED_MAX = 500
"""Entries on a printed notice; a board of a village has fewer."""
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A page, A4 when printed", "content": {"text/html": {"schema": {"type": "string"}}}}
}


class NoticeEntry(Answer):
    """An application under notice. null: not shown, as of a minor, or there is none."""

    application_id: ApplicationRef
    name: Annotated[str | None, Field(description="The surname, masked", examples=["张*"])]
    village: str | None
    kind: BenefitKind
    category: str
    category_en: str
    amount_fen: int | None
    until: datetime


class PublicityPage(Answer):
    """Applications under notice, in the order in which they were begun."""

    entries: list[NoticeEntry]
    next: str | None


class NoticeObjection(Answer):
    """An objection that was taken up."""

    application_id: ApplicationRef
    reason: str
    raised_at: datetime


async def _fetch(
    services: Services, programme: ProgrammeId, after: ApplicationId, limit: int, region: str | None
) -> Sequence[ApplicationView]:
    async with services.database.read() as reader:
        return await fetch_noticed(reader, programme, after, limit, services.clock(), region)


async def _render(services: Services, programme: ProgrammeId, found: Sequence[ApplicationView]) -> list[NoticeEntry]:
    async with services.database.read() as reader:
        clerk = await fetch_application_clerk(reader, programme)
    day = day_of(clerk, services.clock())
    entries = []
    for view in found:
        shown = notice_of(view.applicant, view.village, view.application.amount_fen, day)
        entries.append(
            NoticeEntry.model_validate(
                {
                    "application_id": format_id("app", view.application.id),
                    "name": shown.name,
                    "village": shown.village,
                    "kind": view.kind,
                    "category": view.name,
                    "category_en": view.name_en,
                    "amount_fen": shown.amount_fen,
                    "until": view.application.notice_until,
                }
            )
        )
    return entries


@router.get(
    "",
    operation_id="listPublicity",
    summary="Applications under public notice (礼遇公示)",
    response_model=PublicityPage,
    responses=reads(),
)
async def list_publicity(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_READ))],
    region: Region = None,
    limit: Limit = PAGE,
    after: After = None,
) -> PublicityPage:
    """Until their notice ends; an objection does not end it earlier."""
    begin = ApplicationId(id_after("app", after))
    found, more = cut_page(await _fetch(services, actor.programme, begin, limit + 1, region), limit)
    cursor = format_id("app", found[-1].application.id) if more else None
    response.headers.update(link_next(request, cursor))
    return PublicityPage(entries=await _render(services, actor.programme, found), next=cursor)


@router.get(
    "/page",
    operation_id="printPublicity",
    summary="The notice to print (打印公示)",
    response_class=Response,
    responses={**_PAGE, **reads()},
)
async def print_publicity(
    services: Serves, actor: Annotated[Actor, Depends(Requires(Scope.APPLICATIONS_READ))], region: Region = None
) -> Response:
    """For the board of the village or the town: an organiser's is that of their own region."""
    own = actor.region if actor.kind is ActorKind.ORGANISER else None
    begin, programme = ApplicationId(NOBODY), actor.programme
    found = await _fetch(services, programme, begin, PRINTED_MAX, own or region)
    async with services.database.read() as reader:
        zone = await fetch_zone(reader, programme)
    said = PublicityPage(entries=await _render(services, programme, found), next=None)
    return render_page("publicity.html", said, services.clock(), zone)


@router.post(
    "/{application_id}/objections",
    operation_id="objectToApplication",
    summary="Object to an application under notice (公示异议)",
    status_code=201,
    response_model=NoticeObjection,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS),
)
async def post_objection(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_OBJECT))],
    received: Annotated[Received[ApplicationReason], Depends(JsonBody(ApplicationReason))],
    key: IdempotencyKey,
    application_id: str,
) -> Response:
    """To somebody else's, once, with the reason. It is investigated again; who objected stays with the officials."""
    application = application_named(application_id)
    ticket = secret_ticket_of(services, actor, key, received.hash + application_id.encode())

    async def object_to(tx: Tx) -> PublicObjection | Rejected:
        return await object_to_application(tx, actor, application, received.body.reason, ticket.at)

    return await act(
        services,
        ticket,
        object_to,
        lambda raised: note(
            NoticeObjection(application_id=application_id, reason=raised.reason, raised_at=raised.raised_at),
            "application.object",
            application_id,
            {},
        ),
    )

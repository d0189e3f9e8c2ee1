"""The public notice (公示): records whose points wait for objections, shown to every volunteer without the person."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.access import Requires
from app.api.bodies import Answer, JsonBody, Received
from app.api.fields import RecordRef, RegionCode, TeamRef
from app.api.objection_fields import ObjectionAnswer, ObjectionRequest
from app.api.objections import submit_objection
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.services import Serves
from app.api.teams import team_named
from app.core.codes import Code
from app.core.ids import RecordId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.service_records import RecordView, fetch_notice

router = APIRouter(prefix="/v1/me/public-notice", tags=["Volunteers' own"])


class NoticedRecord(Answer):
    """A record under notice: what was done, where, how long. Who did it is not said."""

    record_id: RecordRef
    team_id: TeamRef
    activity: str
    activity_id: str | None
    place: str | None
    place_region_code: RegionCode | None
    started_at: datetime
    ended_at: datetime
    minutes: int
    points: int
    notice_ends_at: datetime


class PublicNoticePage(Answer):
    """Records under notice, in the order they were entered."""

    records: list[NoticedRecord]
    next: str | None


def _render(view: RecordView) -> NoticedRecord:
    record = view.record
    return NoticedRecord.model_validate(
        {
            "record_id": format_id("rec", record.id),
            "team_id": format_id("tea", record.team),
            "activity": view.activity,
            "activity_id": record.activity_id or None,
            "place": view.items.place or None,
            "place_region_code": record.region or None,
            "started_at": record.started_at,
            "ended_at": record.ended_at,
            "minutes": record.minutes,
            "points": record.points,
            "notice_ends_at": record.matures_at,
        }
    )


@router.get(
    "",
    operation_id="listPublicNotice",
    summary="Records under public notice (公示)",
    response_model=PublicNoticePage,
    responses=reads(),
)
async def list_public_notice(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_READ))],
    team: Annotated[str | None, Query(pattern="^tea_[0-9a-f]{32}$")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> PublicNoticePage:
    """Until their notice period ends, one's own among them. No names and no ids of people."""
    begin = RecordId(id_after("rec", after))
    async with services.database.read() as reader:
        found = await fetch_notice(reader, actor.programme, begin, limit + 1, services.clock(), team_named(team))
    page, more = cut_page(found, limit)
    cursor = format_id("rec", page[-1].record.id) if more else None
    response.headers.update(link_next(request, cursor))
    return PublicNoticePage(records=[_render(view) for view in page], next=cursor)


@router.post(
    "/{record_id}/objections",
    operation_id="objectToPublicNotice",
    summary="Object to a record under notice (公示异议)",
    status_code=201,
    response_model=ObjectionAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS),
)
async def post_notice_objection(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_OBJECT))],
    received: Annotated[Received[ObjectionRequest], Depends(JsonBody(ObjectionRequest))],
    key: IdempotencyKey,
    record_id: str,
) -> Response:
    """To somebody else's. Whose it is stays hidden, and so does who objects; 404 once the notice has ended."""
    return await submit_objection(services, actor, received, key, record_id, noticed=True)

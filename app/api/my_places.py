"""One's own places and tickets (我的入场券): to look at, to show at the door, to give back."""

import io
from datetime import datetime
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.actions.guardianships import note_acted
from app.api.access import Requires
from app.api.bodies import Answer, json_answer
from app.api.me import own_id
from app.api.my_rounds import Claims
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem, refuse
from app.api.round_fields import PlaceRef, RoundRef
from app.api.rounds import NEWEST
from app.api.services import Serves, Services
from app.core.claims import ReleasePlace
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import PlaceId, format_id, parse_id
from app.core.rounds import PlaceState
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.security.tickets import derive_ticket_code
from app.store.places import PlaceView, fetch_own_place, fetch_own_places

router = APIRouter(prefix="/v1/me/places", tags=["Volunteers' own"])

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]

_SVG = "image/svg+xml"


class TicketAnswer(Answer):
    """The code to show at the door, as digits or as a QR code."""

    code: Annotated[str, Field(pattern="^98[0-9]{18}$", examples=["98123456789012345678"])]
    qr_svg: Annotated[str, Field(description="Where the QR code is", examples=["/v1/me/places/plc_0190…/qr.svg"])]


class OwnPlaceAnswer(Answer):
    """A place: held with its ticket, waiting with its position, entered for the draw, or over."""

    id: PlaceRef
    round_id: RoundRef
    name_zh: str
    name_en: str
    venue_zh: str | None
    venue_en: str | None
    state: PlaceState
    position: Annotated[int | None, Field(description="Of one that waits: 1 is the next")]
    lot: int | None
    seat: int | None
    ticket: Annotated[TicketAnswer | None, Field(description="Only of a place that is held, at an event")]
    claimed_at: datetime
    doors_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    attended_at: datetime | None
    door: str | None
    no_show: Annotated[bool, Field(description="The event is over and nobody came with the ticket")]


class OwnPlacePage(Answer):
    """Places, the newest first."""

    places: list[OwnPlaceAnswer]
    next: str | None


def _has_ticket(view: PlaceView) -> bool:
    return view.place.state is PlaceState.HELD and view.place.code is not None and view.doors_at is not None


def _render(services: Services, actor: Actor, view: PlaceView, now: datetime) -> OwnPlaceAnswer:
    place, reference = view.place, format_id("plc", view.place.id)
    ticket = None
    if _has_ticket(view):
        code = derive_ticket_code(services.cabinet.tickets, actor.programme, place.id)
        ticket = TicketAnswer(code=code, qr_svg=f"/v1/me/places/{reference}/qr.svg")
    return OwnPlaceAnswer(
        id=reference,
        round_id=format_id("rnd", place.round),
        name_zh=view.name_zh,
        name_en=view.name_en,
        venue_zh=view.venue_zh or None,
        venue_en=view.venue_en or None,
        state=place.state,
        position=view.position,
        lot=place.drawn,
        seat=place.seat,
        ticket=ticket,
        claimed_at=place.claimed_at,
        doors_at=view.doors_at,
        starts_at=view.starts_at,
        ends_at=view.ends_at,
        attended_at=place.attended_at,
        door=place.door,
        no_show=view.is_no_show(now),
    )


async def _own_place(services: Services, actor: Actor, reference: str) -> PlaceView:
    value = parse_id("plc", reference)
    async with services.database.read() as reader:
        view = await fetch_own_place(reader, actor.programme, own_id(actor), PlaceId(value)) if value else None
    if view is None:
        raise Problem(Code.NOT_FOUND)
    return view


@router.get(
    "",
    operation_id="listOwnPlaces",
    summary="Own places and tickets (我的入场券)",
    response_model=OwnPlacePage,
    responses=reads(),
)
async def list_own_places(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    limit: Limit = PAGE,
    after: After = None,
) -> OwnPlacePage:
    """The newest first; those that wait with their position of this moment."""
    before = PlaceId(id_after("plc", after or f"plc_{NEWEST}"))
    async with services.database.read() as reader:
        found = await fetch_own_places(reader, actor.programme, own_id(actor), before, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("plc", page[-1].place.id) if more else None
    response.headers.update(link_next(request, cursor))
    now = services.clock()
    return OwnPlacePage(places=[_render(services, actor, view, now) for view in page], next=cursor)


@router.get(
    "/{place_id}",
    operation_id="getOwnPlace",
    summary="One place",
    response_model=OwnPlaceAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_place(services: Serves, actor: Reads, place_id: str) -> Response:
    """404 for one that is not the caller's."""
    view = await _own_place(services, actor, place_id)
    return json_answer(_render(services, actor, view, services.clock()).model_dump_json())


@router.get(
    "/{place_id}/qr.svg",
    operation_id="getOwnTicketQrCode",
    summary="The ticket as a QR code (入场券二维码)",
    response_class=Response,
    responses={200: {"content": {_SVG: {}}, "description": "An SVG picture"}, **reads(Code.NOT_FOUND)},
)
async def get_ticket_qr_code(services: Serves, actor: Reads, place_id: str) -> Response:
    """Only of a place that is held. Sharp at every size; the quiet zone that scanners need is part of it."""
    view = await _own_place(services, actor, place_id)
    if not _has_ticket(view):
        raise Problem(Code.NOT_FOUND)
    code = derive_ticket_code(services.cabinet.tickets, actor.programme, view.place.id)
    drawn = io.BytesIO()
    segno.make_qr(code, error="m").save(drawn, kind="svg", scale=8, border=4, title=None, svgclass=None, lineclass=None)
    return Response(drawn.getvalue(), media_type=_SVG, headers={"Cache-Control": "no-store"})


@router.post(
    "/{place_id}/release",
    operation_id="releasePlace",
    summary="Give a place back (退票、放弃名额)",
    response_model=OwnPlaceAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.ALREADY_USED, Code.ROUND_NOT_OPEN),
)
async def post_release(services: Serves, actor: Claims, key: IdempotencyKey, place_id: str) -> Response:
    """Before the event begins; the next who waits has it at once. A grant is given up with its application instead."""
    view = await _own_place(services, actor, place_id)
    submission = Submission(
        command=ReleasePlace(place=view.place.id, volunteer=own_id(actor)),
        key=AnswerKey(actor.hand, key),
        body_hash=f"release {place_id}".encode(),
    )
    outcome = await services.committers.submit(actor.programme, submission)
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    round_id = format_id("rnd", view.place.round)
    noted, at = {"round_id": round_id}, services.clock()
    await note_acted(services.database, actor, "place.release", place_id, noted, at, repeated=outcome.replayed)
    released = await _own_place(services, actor, place_id)
    answer = _render(services, actor, released, services.clock())
    return json_answer(answer.model_dump_json(), replayed=outcome.replayed)

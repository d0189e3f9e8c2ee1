"""Who has claimed a round, for those who keep it; and its draw, so that anybody can draw it again."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.actions.reaches import fetch_reach
from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import VolunteerRef
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, link_next, seq_after
from app.api.problems import Problem
from app.api.round_fields import Hex, PlaceRef, RoundRef
from app.api.rounds import Reads, find_round
from app.api.services import Serves, Services
from app.core.codes import Code
from app.core.draws import lot_of
from app.core.ids import format_id
from app.core.rounds import Place, PlaceState, RoundMode
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.places import fetch_drawn, fetch_places

router = APIRouter(prefix="/v1", tags=["Rounds"])

ReadsOwn = Annotated[Actor, Depends(Requires(Scope.ME_READ))]


class ClaimedPlaceAnswer(Answer):
    """One claim on a round; `number` is the order in which claims came, `lot` what the draw made of it."""

    id: PlaceRef
    volunteer_id: VolunteerRef
    state: PlaceState
    number: int
    lot: int | None
    seat: int | None
    claimed_at: datetime
    held_at: datetime | None
    ended_at: datetime | None
    attended_at: datetime | None
    door: str | None


class ClaimedPlacePage(Answer):
    """Claims in the order in which they came."""

    places: list[ClaimedPlaceAnswer]
    next: str | None


class DrawnLot(Answer):
    """An entry, and the lot that it drew: SHA-256 of the seed's hexadecimal digits, `|`, and the entry's id."""

    entry_id: PlaceRef
    lot: int
    digest: Hex


class DrawAnswer(Answer):
    """A draw: entries are ordered by `digest`, the first `capacity` of the time of the draw got the places.

    To check: SHA-256 of the seed's bytes is `seed_hash`, which was published before entries opened; the digests
    recompute; they rise.
    """

    round_id: RoundRef
    seed_hash: Hex | None
    seed: Annotated[Hex | None, Field(description="Told with the draw, not before")]
    drawn_at: datetime | None
    entries: list[DrawnLot]
    next: str | None


def _render(place: Place) -> ClaimedPlaceAnswer:
    return ClaimedPlaceAnswer(
        id=format_id("plc", place.id),
        volunteer_id=format_id("vol", place.volunteer),
        state=place.state,
        number=place.number,
        lot=place.drawn,
        seat=place.seat,
        claimed_at=place.claimed_at,
        held_at=place.held_at,
        ended_at=place.ended_at,
        attended_at=place.attended_at,
        door=place.door,
    )


@router.get(
    "/rounds/{round_id}/places",
    operation_id="listRoundPlaces",
    summary="Who has claimed a round (名单)",
    response_model=ClaimedPlacePage,
    responses=reads(Code.NOT_FOUND),
)
async def list_places(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    round_id: str,
    state: Annotated[PlaceState | None, Query(description="Only those in this state")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> ClaimedPlacePage:
    """In the order of the claims, without names. An organiser: of events of their own part of the team tree."""
    view = await find_round(services, actor, round_id)
    async with services.database.read() as reader:
        reach = await fetch_reach(reader, actor)
        if reach is not None and view.terms.team not in reach:
            raise Problem(Code.NOT_FOUND)
        found = await fetch_places(reader, actor.programme, view.terms.id, seq_after(after, 0), limit + 1, state)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].number) if more else None
    response.headers.update(link_next(request, cursor))
    return ClaimedPlacePage(places=[_render(place) for place in page], next=cursor)


async def _read_draw(
    request: Request, response: Response, services: Services, actor: Actor, round_id: str, limit: int, after: str | None
) -> DrawAnswer:
    view = await find_round(services, actor, round_id)
    if view.terms.mode is not RoundMode.LOTTERY or view.terms.published_at is None:
        raise Problem(Code.NOT_FOUND)
    async with services.database.read() as reader:
        found = await fetch_drawn(reader, actor.programme, view.terms.id, seq_after(after, 0), limit + 1)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].drawn) if more else None
    response.headers.update(link_next(request, cursor))
    seed = (view.stand.seed if view.stand else None) or b""
    named = [(format_id("plc", entry.place), entry.drawn) for entry in page]
    return DrawAnswer(
        round_id=round_id,
        seed_hash=view.terms.seed_hash.hex() if view.terms.seed_hash else None,
        seed=seed.hex() or None,
        drawn_at=view.stand.drawn_at if view.stand else None,
        entries=[DrawnLot(entry_id=entry, lot=lot, digest=lot_of(seed, entry)) for entry, lot in named],
        next=cursor,
    )


@router.get(
    "/rounds/{round_id}/draw",
    operation_id="getDraw",
    summary="A draw, to be drawn again by anybody (抽签复核)",
    response_model=DrawAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_draw(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    round_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> DrawAnswer:
    """Before the draw: the hash of its seed, and no entries."""
    return await _read_draw(request, response, services, actor, round_id, limit, after)


@router.get(
    "/me/rounds/{round_id}/draw",
    operation_id="getOwnDraw",
    summary="A draw, to be drawn again by any volunteer (抽签复核)",
    tags=["Volunteers' own"],
    response_model=DrawAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_draw(
    request: Request,
    response: Response,
    services: Serves,
    actor: ReadsOwn,
    round_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> DrawAnswer:
    """The same that those who keep the round see; an entry is known to nobody but whom it belongs to."""
    return await _read_draw(request, response, services, actor, round_id, limit, after)

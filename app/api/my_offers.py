"""The catalogue for a volunteer: what can be had now, and why not. Free of side effects."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import MerchantRef, OfferRef
from app.api.me import own_id
from app.api.obstacle_texts import tell_obstacle
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem, speaks_english
from app.api.services import Serves, Services
from app.core.book import Book, Needs
from app.core.codes import Code
from app.core.ids import OfferId, TransactionId, VolunteerId, format_id, parse_id
from app.core.lapses import apply_lapses
from app.core.obstacles import offer_obstacles
from app.core.offers import Fulfilment, OfferKind, OfferState
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.books import fetch_book
from app.store.database import BatchConnection
from app.store.journal import fetch_settings
from app.store.offers import OfferView, fetch_offer, fetch_offers

router = APIRouter(prefix="/v1/me/offers", tags=["Volunteers' own"])

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]


class ObstacleAnswer(Answer):
    """One reason why not: its code, the figures (what is required, had, missing), and a sentence."""

    code: Code
    detail: Annotated[str, Field(examples=["还差 37 积分"])]
    figures: Annotated[dict[str, int | str], Field(examples=[{"available": 83, "missing": 37}])]


class OwnOfferAnswer(Answer):
    """An offer as one volunteer may have it now."""

    id: OfferRef
    version: int
    kind: OfferKind
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    points: int
    merchant_id: MerchantRef
    merchant: str
    fulfilment: Fulfilment
    final_sale: bool
    ends_at: datetime | None
    stock_left: Annotated[int | None, Field(description="Null: always more")]
    available: Annotated[bool, Field(description="Whether one can be ordered now")]
    obstacles: Annotated[list[ObstacleAnswer], Field(description="Every reason why not, the first refusal in front")]


class OwnOfferPage(Answer):
    """Published offers."""

    offers: list[OwnOfferAnswer]
    next: str | None


async def _book(
    services: Services, actor: Actor, connection: BatchConnection, volunteer: VolunteerId, offers: Sequence[OfferView]
) -> tuple[Book, datetime]:
    """What a decision would see now."""
    at = services.clock()
    needs = Needs(volunteers=frozenset((volunteer,)), offers=frozenset(view.id for view in offers))
    settings = await fetch_settings(connection, actor.programme)
    book = (await fetch_book(connection, settings, needs, at)).book
    apply_lapses(needs, book, at, lambda: TransactionId(uuid7()))
    return book, at


def _render(view: OfferView, book: Book, volunteer: VolunteerId, at: datetime, *, english: bool) -> OwnOfferAnswer:
    offer, who = book.offers[view.id], book.volunteers[volunteer]
    if offer is None or who is None:
        raise Problem(Code.NOT_FOUND)
    obstacles = [
        ObstacleAnswer(code=found.code, detail=tell_obstacle(found, english=english), figures=dict(found.detail))
        for found in offer_obstacles(offer, 1, who, book.merchants[offer.merchant], book, at)
    ]
    content = view.content
    return OwnOfferAnswer(
        id=format_id("off", view.id),
        version=view.version,
        kind=content.kind,
        name_zh=content.name_zh,
        name_en=content.name_en,
        description_zh=content.description_zh,
        description_en=content.description_en,
        points=content.points,
        merchant_id=format_id("mer", view.merchant),
        merchant=view.merchant_name,
        fulfilment=content.fulfilment,
        final_sale=content.final_sale,
        ends_at=content.ends_at,
        stock_left=book.stocks[offer.id].left,
        available=not obstacles,
        obstacles=obstacles,
    )


@router.get(
    "",
    operation_id="listOwnOffers",
    summary="What can be had, and why not (可兑换礼品)",
    response_model=OwnOfferPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_own_offers(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    limit: Limit = PAGE,
    after: After = None,
) -> OwnOfferPage:
    """Every published offer: whether it can be ordered now and, if not, every reason with what is missing.

    Decided by the same rules as the order itself.
    """
    volunteer = own_id(actor)
    begin = OfferId(id_after("off", after))
    async with services.database.explaining() as (reader, connection):
        found = await fetch_offers(reader, actor.programme, begin, limit + 1, state=OfferState.PUBLISHED)
        page, more = cut_page(found, limit)
        book, at = await _book(services, actor, connection, volunteer, page)
    cursor = format_id("off", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    english = speaks_english(request.headers.get("accept-language", ""))
    return OwnOfferPage(offers=[_render(view, book, volunteer, at, english=english) for view in page], next=cursor)


@router.get(
    "/{offer_id}",
    operation_id="getOwnOffer",
    summary="One offer, and why not",
    response_model=OwnOfferAnswer,
    responses=reads(Code.OFFER_NOT_EXIST),
)
async def get_own_offer(request: Request, services: Serves, actor: Reads, offer_id: str) -> OwnOfferAnswer:
    """Also one that is paused or has ended, with that as the obstacle; nobody sees a draft."""
    volunteer = own_id(actor)
    value = parse_id("off", offer_id)
    if value is None:
        raise Problem(Code.OFFER_NOT_EXIST)
    async with services.database.explaining() as (reader, connection):
        view = await fetch_offer(reader, actor.programme, OfferId(value))
        if view is None or view.state is OfferState.DRAFT:
            raise Problem(Code.OFFER_NOT_EXIST)
        book, at = await _book(services, actor, connection, volunteer, [view])
    english = speaks_english(request.headers.get("accept-language", ""))
    return _render(view, book, volunteer, at, english=english)

"""The catalogue for a volunteer: what can be had now, and why not. Free of side effects."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
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
from app.core.codes import Code, Rejected
from app.core.ids import OfferId, TransactionId, VolunteerId, format_id, parse_id
from app.core.lapses import apply_lapses
from app.core.obstacles import order_obstacles
from app.core.offers import Fulfilment, Offer, OfferKind, OfferState
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looker:
    """Who looks at the catalogue, when, in which language, and what a decision would see then."""

    volunteer: VolunteerId
    at: datetime
    english: bool
    book: Book


async def _look(
    request: Request, services: Services, actor: Actor, connection: BatchConnection, offers: Sequence[OfferView]
) -> _Looker:
    at = services.clock()
    volunteer = own_id(actor)
    needs = Needs(volunteers=frozenset((volunteer,)), offers=frozenset(view.id for view in offers))
    settings = await fetch_settings(connection, actor.programme)
    book = (await fetch_book(connection, settings, needs, at)).book
    _lapse(replace(needs, offers=frozenset()), book, at)
    english = speaks_english(request.headers.get("accept-language", ""))
    return _Looker(volunteer=volunteer, at=at, english=english, book=book)


def _lapse(needs: Needs, book: Book, at: datetime) -> None:
    apply_lapses(needs, book, at, lambda: TransactionId(uuid7()))


def _book_of(offer: OfferId, looker: _Looker) -> Book:
    """The book in which an order of this one offer would be decided: others' holds on it that are over are ended."""
    if all(lapsing.offer != offer for lapsing in looker.book.lapsing.values()):
        return looker.book
    book = deepcopy(looker.book)
    _lapse(Needs(offers=frozenset((offer,))), book, looker.at)
    return book


def _obstacles(offer: Offer, looker: _Looker, book: Book) -> Iterator[Rejected]:
    """What stands in the way of ordering one, in the order in which an order is decided."""
    who = book.volunteers[looker.volunteer]
    if who is None:
        raise Problem(Code.NOT_FOUND)
    return order_obstacles(offer, 1, who, book.merchants[offer.merchant], book, looker.at)


def _render(view: OfferView, looker: _Looker) -> OwnOfferAnswer:
    book = _book_of(view.id, looker)
    offer = book.offers[view.id]
    if offer is None:
        raise Problem(Code.NOT_FOUND)
    zone = book.programme.zone
    obstacles = [
        ObstacleAnswer(
            code=found.code, detail=tell_obstacle(found, zone, english=looker.english), figures=dict(found.detail)
        )
        for found in _obstacles(offer, looker, book)
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
    region: Annotated[
        str | None, Query(pattern=r"^[0-9]{2,12}$", description="Only merchants of this region and those below it")
    ] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OwnOfferPage:
    """Every published offer: whether it can be ordered now and, if not, every reason with what is missing.

    Decided by the same rules as the order itself.
    """
    begin = OfferId(id_after("off", after))
    async with services.database.explaining() as (reader, connection):
        found = await fetch_offers(reader, actor.programme, begin, limit + 1, state=OfferState.PUBLISHED, region=region)
        page, more = cut_page(found, limit)
        looker = await _look(request, services, actor, connection, page)
    cursor = format_id("off", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return OwnOfferPage(offers=[_render(view, looker) for view in page], next=cursor)


@router.get(
    "/{offer_id}",
    operation_id="getOwnOffer",
    summary="One offer, and why not",
    response_model=OwnOfferAnswer,
    responses=reads(Code.OFFER_NOT_EXIST),
)
async def get_own_offer(request: Request, services: Serves, actor: Reads, offer_id: str) -> OwnOfferAnswer:
    """Also one that is paused or has ended, with that as the obstacle; nobody sees a draft."""
    value = parse_id("off", offer_id)
    if value is None:
        raise Problem(Code.OFFER_NOT_EXIST)
    async with services.database.explaining() as (reader, connection):
        view = await fetch_offer(reader, actor.programme, OfferId(value))
        if view is None or view.state is OfferState.DRAFT:
            raise Problem(Code.OFFER_NOT_EXIST)
        looker = await _look(request, services, actor, connection, [view])
    return _render(view, looker)

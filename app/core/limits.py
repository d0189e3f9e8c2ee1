"""Counting what is limited: stock, units a volunteer has had, points a merchant has taken. Given back when undone."""

from collections.abc import Iterator

from app.core.book import Book
from app.core.family import count_member
from app.core.ids import OfferId
from app.core.merchants import Merchant
from app.core.offers import had_key, taken_key
from app.core.quantities import Instant, Points
from app.core.rows import Order, Redemption, Stock, Tally, TallyKey


def count(row: Redemption | Order, merchant: Merchant, book: Book, at: Instant) -> Iterator[Stock | Tally]:
    """What a redemption or an order made now takes of what is limited."""
    today = book.programme.business_day(at)
    if merchant.monthly_points is not None:
        yield _moved(taken_key(merchant.id, today), row.points, book)
    if row.offer is not None:
        yield _moved(had_key(row.volunteer, row.offer, today), row.quantity, book)
        yield _stock(row.offer, row.quantity, book)
    yield from count_member(row, row.points, book)


def uncount_points(row: Redemption | Order, points: Points, since: Instant, book: Book) -> Iterator[Tally]:
    """Points of one made at `since` that its merchant's quota gets back. Without a quota then, nothing was counted."""
    taken = taken_key(row.merchant, book.programme.business_day(since))
    if book.tally(taken):
        yield _moved(taken, -points, book)
    yield from count_member(row, -points, book)


def uncount_units(row: Redemption | Order, since: Instant, book: Book) -> Iterator[Stock | Tally]:
    """The units of one made at `since`: they are in stock again, and the person may have them again."""
    if row.offer is not None:
        yield _moved(had_key(row.volunteer, row.offer, book.programme.business_day(since)), -row.quantity, book)
        yield _stock(row.offer, -row.quantity, book)


def _moved(key: TallyKey, by: int, book: Book) -> Tally:
    return Tally(key, max(0, book.tally(key) + by))


def _stock(offer: OfferId, by: int, book: Book) -> Stock:
    stock = book.stocks[offer]
    return Stock(offer, stock.total, max(0, stock.taken + by))

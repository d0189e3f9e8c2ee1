"""Holds that are past their time: ended before a command about the same volunteer or offer is decided.

A job books such ends too, but no decision waits for it: points and stock behind a hold that is over are free. A
merchant's monthly quota and the money of a fund behind somebody else's hold are freed by the job, a second later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from app.core.book import Accepted, Book, Needs
from app.core.confirmations import CloseRedemption, decide_close
from app.core.glimpses import Lapsing
from app.core.ids import OfferId, OrderId, RedemptionId, TransactionId, VolunteerId
from app.core.orders import ExpireOrder, decide_expire_order
from app.core.quantities import Instant
from app.core.rows import Order, OrderState, Redemption, RedemptionState


def find_lapsing(
    redemptions: Iterable[Redemption], orders: Iterable[Order], at: Instant
) -> Mapping[RedemptionId | OrderId, Lapsing]:
    """Those that are over and not yet booked so."""
    found: dict[RedemptionId | OrderId, Lapsing] = {
        row.id: Lapsing(row.volunteer, row.offer)
        for row in redemptions
        if row.state is RedemptionState.AWAITING_CONFIRMATION and row.closes_at and at >= row.closes_at
    }
    found.update(
        (row.id, Lapsing(row.volunteer, row.offer))
        for row in orders
        if row.state is OrderState.EFFECTIVE and at >= row.valid_until
    )
    return found


def lapses_before(
    needs: Needs, book: Book, new_id: Callable[[], TransactionId]
) -> Iterator[CloseRedemption | ExpireOrder]:
    """What must be ended first. Decide and post them as they come."""
    if not book.lapsing:
        return
    people, offers = _concerned(needs, book)
    for hold, (volunteer, offer) in sorted(book.lapsing.items()):
        if volunteer not in people and offer not in offers:
            continue
        if hold in book.orders:
            yield ExpireOrder(order=OrderId(hold), transaction=new_id())
        else:
            yield CloseRedemption(redemption=RedemptionId(hold), transaction=new_id())


def apply_lapses(needs: Needs, book: Book, at: Instant, new_id: Callable[[], TransactionId]) -> None:
    """Take what is over into a book that only explains: nothing of it is written."""
    for lapse in lapses_before(needs, book, new_id):
        if isinstance(lapse, ExpireOrder):
            decision = decide_expire_order(lapse, book, at)
        else:
            decision = decide_close(lapse, book, at)
        if isinstance(decision, Accepted):
            book.post(decision)


def _concerned(needs: Needs, book: Book) -> tuple[set[VolunteerId], set[OfferId]]:
    people = set(needs.volunteers)
    people.update(code.volunteer for key in needs.pay_codes if (code := book.pay_codes[key]))
    sold = (book.sales[sale] for sale in needs.sales)
    redemptions = [*needs.redemptions, *(found for found in sold if found and not isinstance(found, str))]
    people.update(row.volunteer for key in redemptions if (row := book.redemptions[key]))
    ordered = (book.vouchers[code] for code in needs.vouchers)
    orders = [*needs.orders, *(found for found in ordered if found)]
    people.update(order.volunteer for key in orders if (order := book.orders[key]))
    people.update(record.volunteer for key in needs.records if (record := book.records[key]))
    return people, set(needs.offers)

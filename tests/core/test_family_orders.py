"""Orders by a member of the family: link and limit are looked at, who ordered is kept, the owner's points are held."""

from dataclasses import replace

import pytest

from app.core.accounts import NEVER
from app.core.book import Accepted, Book, Decision
from app.core.codes import Code, Rejected
from app.core.family import spent_key
from app.core.family_links import FamilyLink, FamilyLinkState, Kinship
from app.core.ids import OrderId, TransactionId, VolunteerId, format_id
from app.core.orders import CancelOrder, PlaceOrder, decide_cancel_order, decide_place_order
from app.core.quantities import Points
from app.core.rows import Order, OrderState, Stock, VoucherHash
from tests.core.builders import NOW, TODAY, VOLUNTEER, an_offer, named, wallet_of
from tests.core.deciding import code_of, post
from tests.core.test_family import LINK, MEMBER, a_family

OFFER = an_offer("rice", points=40, voucher_days=10)
ORDER = OrderId(named("order"))


def a_shop(link: FamilyLink | None = LINK, *, allowed: bool = True) -> Book:
    """The family's book, with an offer of 40 points."""
    book = a_family(link, allowed=allowed)
    book.offers[OFFER.id] = OFFER
    book.stocks[OFFER.id] = Stock(OFFER.id, None, 0)
    return book


def place(book: Book, quantity: int = 1, member: VolunteerId | None = MEMBER) -> Decision:
    """The member orders with the owner's points."""
    command = PlaceOrder(
        order=ORDER,
        transaction=TransactionId(named("ordered")),
        volunteer=VOLUNTEER,
        offer=OFFER.id,
        quantity=quantity,
        code=VoucherHash(b"voucher"),
        member=member,
    )
    return post(book, decide_place_order(command, book, NOW))


def cancel(book: Book, by: VolunteerId) -> Decision:
    """Somebody cancels it."""
    command = CancelOrder(order=ORDER, transaction=TransactionId(named("cancelled")), volunteer=by)
    return post(book, decide_cancel_order(command, book, NOW))


def test_the_owners_points_are_held_and_the_member_is_kept() -> None:
    """The order is the owner's and names the member; the journal says that the member acted; the month counts it."""
    book = a_shop()
    decision = place(book, 2)
    assert isinstance(decision, Accepted)
    [made] = [row for row in decision.rows if isinstance(row, Order)]
    assert (made.volunteer, made.member, made.points) == (VOLUNTEER, MEMBER, 80)
    assert decision.transaction is not None
    assert decision.transaction.actor == format_id("vol", MEMBER)
    assert (wallet_of(book), wallet_of(book, MEMBER)) == ({NEVER: 420}, {})
    assert book.tally(spent_key(VOLUNTEER, MEMBER, TODAY)) == 80


def test_the_limit_of_the_month_is_kept_to_the_point() -> None:
    """A hundred a month: two of forty fit, a third does not; cancelled, the month has them back."""
    assert place(a_shop(), 3) == Rejected(Code.QUOTA_EXCEEDED, {"limit": "family", "period": "month", "left": 100})
    assert isinstance(place(a_shop(replace(LINK, monthly_points=Points(120))), 3), Accepted)
    assert isinstance(place(a_shop(replace(LINK, monthly_points=None)), 9), Accepted)
    book = a_shop()
    place(book, 2)
    assert isinstance(cancel(book, VOLUNTEER), Accepted)
    assert book.tally(spent_key(VOLUNTEER, MEMBER, TODAY)) == 0
    assert wallet_of(book) == {NEVER: 500}


@pytest.mark.parametrize(
    "book, code",
    [
        (a_shop(allowed=False), Code.NOT_ELIGIBLE),
        (a_shop(None), Code.NOT_FOUND),
        (a_shop(replace(LINK, state=FamilyLinkState.PROPOSED)), Code.NOT_FOUND),
        (a_shop(replace(LINK, state=FamilyLinkState.ENDED)), Code.NOT_FOUND),
    ],
)
def test_only_an_active_link_orders(book: Book, code: Code) -> None:
    """Not allowed, none, not accepted, ended: refused, and nothing is held."""
    assert code_of(place(book)) is code
    assert wallet_of(book) == {NEVER: 500}


def test_a_child_orders_only_with_a_guardians_points() -> None:
    """As with a pay code: below 14 the owner is the guardian."""
    for kinship, code in ((Kinship.GRANDCHILD, Code.GUARDIAN_REQUIRED), (Kinship.CHILD, None)):
        book = a_shop(replace(LINK, kinship=kinship))
        child = book.volunteers[MEMBER]
        assert child is not None
        book.volunteers[MEMBER] = replace(child, born_on=TODAY.replace(year=TODAY.year - 10))
        assert code_of(place(book)) is code


def test_who_may_cancel() -> None:
    """The owner and the member who ordered; nobody else learns that it exists."""
    for by, code in ((VOLUNTEER, None), (MEMBER, None), (VolunteerId(named("other")), Code.ORDER_NOT_EXIST)):
        book = a_shop()
        place(book)
        assert code_of(cancel(book, by)) is code
    book = a_shop()
    place(book, member=None)
    assert code_of(cancel(book, MEMBER)) is Code.ORDER_NOT_EXIST
    order = book.orders[ORDER]
    assert order is not None
    assert (order.state, order.member) == (OrderState.EFFECTIVE, None)

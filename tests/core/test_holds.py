"""Holds: points set aside are nobody's to spend, and come free exactly once (case 4)."""

from datetime import date, timedelta

import pytest

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Accepted, Book, Decision
from app.core.codes import Code, Rejected
from app.core.donations import DonatePoints, decide_donate_points
from app.core.holds import (
    CaptureHold,
    PlaceHold,
    VoidHold,
    decide_capture_hold,
    decide_place_hold,
    decide_void_hold,
)
from app.core.ids import HoldId, TransactionId
from app.core.quantities import Instant, Points
from app.core.rows import Hold, HoldState
from app.core.transactions import Reason
from app.core.volunteers import VolunteerStatus
from tests.core.builders import (
    FUND,
    MERCHANT,
    NOW,
    TODAY,
    VOLUNTEER,
    a_book,
    a_volunteer,
    named,
    wallet_of,
)
from tests.core.deciding import code_of, post

SOON, LAST = date(2026, 3, 31), date(2028, 12, 31)
COMMITTED = AccountKey(AccountKind.COMMITTED, FUND)
REDEEMED = AccountKey(AccountKind.REDEEMED, MERCHANT)
PAYABLE = AccountKey(AccountKind.PAYABLE, MERCHANT)


def place(book: Book, points: int, name: str = "hold") -> Decision:
    """An order is opened for two hours."""
    command = PlaceHold(
        hold=HoldId(named(name)),
        transaction=TransactionId(named("placed", name)),
        volunteer=VOLUNTEER,
        merchant=MERCHANT,
        points=Points(points),
        expires_at=NOW + timedelta(hours=2),
        actor="system",
    )
    book.holds.setdefault(command.hold, None)
    return post(book, decide_place_hold(command, book, NOW))


def capture(book: Book, at: Instant = NOW, name: str = "hold") -> Decision:
    """The order is fulfilled."""
    command = CaptureHold(hold=HoldId(named(name)), transaction=TransactionId(named("captured", name)), actor="system")
    return post(book, decide_capture_hold(command, book, at))


def void(book: Book, at: Instant = NOW, name: str = "hold") -> Decision:
    """The order is cancelled."""
    command = VoidHold(
        hold=HoldId(named(name)),
        transaction=TransactionId(named("voided", name)),
        reason=Reason.ORDER_CANCELLED,
        actor="system",
    )
    return post(book, decide_void_hold(command, book, at))


def state_of(book: Book) -> HoldState:
    """The hold's state as it is now."""
    hold = book.holds[HoldId(named("hold"))]
    assert hold is not None
    return hold.state


def test_a_hold_sets_points_and_their_price_aside() -> None:
    """The points leave the wallet, what expires first in front; the fund promises their price."""
    book = a_book(points=[(LAST, 100), (SOON, 30)])
    placed = place(book, 50)
    assert isinstance(placed, Accepted)
    assert isinstance(placed.rows[0], Hold)
    assert placed.rows[0].points == 50
    assert wallet_of(book) == {LAST: 80}
    assert book.balance(lot(AccountKind.HELD, VOLUNTEER, SOON)) == 30
    assert book.balance(lot(AccountKind.HELD, VOLUNTEER, LAST)) == 20
    assert (book.balance(COMMITTED), book.fund_left()) == (150, 100_000 - 150)


def test_held_points_cannot_be_spent_or_held_again() -> None:
    """Case 4: what is held is not available, to another hold or to a gift."""
    book = a_book(points=100)
    place(book, 60)
    assert place(book, 41, "second") == Rejected(Code.NOT_ENOUGH, {"available": 40})
    gift = DonatePoints(volunteer=VOLUNTEER, transaction=TransactionId(named("gift")), points=Points(41))
    assert code_of(decide_donate_points(gift, book, NOW)) is Code.NOT_ENOUGH
    assert isinstance(place(book, 40, "third"), Accepted)


def test_a_refused_hold_can_never_be_captured() -> None:
    """Case 4: a hold that was refused does not exist, for a capture or a void."""
    book = a_book(points=10)
    assert code_of(place(book, 11)) is Code.NOT_ENOUGH
    assert code_of(capture(book)) is code_of(void(book)) is Code.NOT_FOUND
    assert book.balance(REDEEMED) == 0


def test_promised_money_cannot_be_promised_again() -> None:
    """Two holds never rest on the same fen."""
    book = a_book(points=500, fund_fen=300)
    assert isinstance(place(book, 99), Accepted)
    assert code_of(place(book, 2, "second")) is Code.FUND_EXHAUSTED


@pytest.mark.parametrize("status", [VolunteerStatus.FROZEN, VolunteerStatus.LEFT, None])
def test_only_an_active_volunteer_opens_an_order(status: VolunteerStatus | None) -> None:
    """Frozen, gone or unknown: refused before anything is said of the points."""
    book = a_book(volunteer=a_volunteer(status=status or VolunteerStatus.ACTIVE))
    if status is None:
        book.volunteers[VOLUNTEER] = None
    assert code_of(place(book, 10)) is Code.ACCOUNT_FROZEN


def test_a_capture_pays_the_merchant_once() -> None:
    """Captured points and their price are the merchant's; a second capture or a void moves nothing."""
    book = a_book(points=100)
    place(book, 60)
    assert isinstance(capture(book), Accepted)
    for again in (capture(book), void(book)):
        assert again == Rejected(Code.STATE_CONFLICT, {"state": "captured"})
    assert (book.balance(REDEEMED), book.balance(PAYABLE), book.balance(COMMITTED)) == (60, 180, 0)
    assert state_of(book) is HoldState.CAPTURED


def test_a_void_gives_points_and_promise_back_once() -> None:
    """Voided points are in their lots again, the money is free again; nothing can be captured any more."""
    book = a_book(points=[(LAST, 100), (SOON, 30)])
    place(book, 50)
    assert isinstance(void(book), Accepted)
    for again in (capture(book), void(book)):
        assert again == Rejected(Code.STATE_CONFLICT, {"state": "voided"})
    assert wallet_of(book) == {SOON: 30, LAST: 100}
    assert (book.balance(COMMITTED), book.fund_left(), book.balance(REDEEMED)) == (0, 100_000, 0)


def test_a_hold_past_its_time_can_only_be_voided() -> None:
    """Up to the last microsecond it is captured, from its end on it is closed; the void still goes through."""
    end = NOW + timedelta(hours=2)
    book = a_book(points=100)
    place(book, 60)
    assert code_of(capture(book, end)) is Code.ORDER_CLOSED
    assert isinstance(void(book, end), Accepted)
    other = a_book(points=100)
    place(other, 60)
    assert isinstance(capture(other, end - timedelta(microseconds=1)), Accepted)


def test_points_whose_day_ended_while_held_are_not_spendable_after_a_void() -> None:
    """A void returns points to the lot they came from: when its day has passed, they are past it too."""
    book = a_book(points=[(TODAY, 60)])
    place(book, 60)
    tomorrow = NOW + timedelta(days=1)
    void(book, tomorrow)
    assert wallet_of(book) == {TODAY: 60}
    assert book.available(VOLUNTEER, TODAY + timedelta(days=1)) == 0

"""Gifts of points to the pool and of money to a fund."""

from datetime import date, timedelta

import pytest

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted
from app.core.codes import Code, Rejected
from app.core.donations import DepositFund, DonatePoints, decide_deposit_fund, decide_donate_points
from app.core.ids import TransactionId
from app.core.quantities import Fen, Points
from app.core.volunteers import VolunteerStatus
from tests.core.builders import FUND, NOW, VOLUNTEER, a_book, a_volunteer, named, wallet_of
from tests.core.deciding import code_of, post

SOON, LAST = date(2026, 12, 31), date(2028, 12, 31)


def a_gift(points: int) -> DonatePoints:
    """A volunteer gives points to the pool."""
    return DonatePoints(volunteer=VOLUNTEER, transaction=TransactionId(named("gift")), points=Points(points))


def test_given_points_are_the_pools_the_soonest_first() -> None:
    """The pool gains what the lots lose, the one that expires first in front."""
    book = a_book(points=[(LAST, 10), (SOON, 5)])
    assert isinstance(post(book, decide_donate_points(a_gift(7), book, NOW)), Accepted)
    assert (wallet_of(book), book.balance(AccountKey(AccountKind.POOL))) == ({LAST: 8}, 7)


def test_nobody_gives_what_they_do_not_have() -> None:
    """More than is spendable is refused with what is, expired lots not counted."""
    book = a_book(points=[(date(2026, 3, 1), 100), (LAST, 10)])
    assert decide_donate_points(a_gift(11), book, NOW) == Rejected(Code.NOT_ENOUGH, {"available": 10})


@pytest.mark.parametrize("status", [VolunteerStatus.FROZEN, VolunteerStatus.LEFT, None])
def test_only_an_active_volunteer_gives(status: VolunteerStatus | None) -> None:
    """Frozen, gone or unknown: refused."""
    book = a_book(points=10, volunteer=a_volunteer(status=status or VolunteerStatus.ACTIVE))
    if status is None:
        book.volunteers[VOLUNTEER] = None
    assert code_of(decide_donate_points(a_gift(1), book, NOW)) is Code.ACCOUNT_FROZEN


def test_a_sponsors_money_is_dated_when_it_came() -> None:
    """Money of last week goes to the fund with last week's date; money of the future is refused."""
    book = a_book(fund_fen=0)
    last_week = NOW - timedelta(days=7)
    deposit = DepositFund(
        fund=FUND, transaction=TransactionId(named("deposit")), fen=Fen(500), received_at=last_week, actor="system"
    )
    decision = post(book, decide_deposit_fund(deposit, NOW))
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert decision.transaction.occurred_at == last_week
    given = [book.balance(AccountKey(kind, FUND)) for kind in (AccountKind.FUND, AccountKind.DONATIONS)]
    assert given == [500, 500]
    assert code_of(decide_deposit_fund(deposit, last_week - timedelta(microseconds=1))) is Code.PARAM_ERROR

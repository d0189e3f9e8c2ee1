"""Points that cannot be spent yet: a policy opens spending from so many verified hours on, and says what is missing."""

from dataclasses import replace
from datetime import date

import pytest

from app.core.book import Book
from app.core.codes import Code, Rejected
from app.core.ids import OrderId, TransactionId
from app.core.orders import PlaceOrder, decide_place_order
from app.core.quantities import Minutes
from app.core.rows import VoucherHash
from tests.core.builders import NOW, VOLUNTEER, a_book, a_pay_code, a_programme, an_offer, named
from tests.core.deciding import a_redeem, code_of, post, redeem

UNLOCKS = ((date(2020, 1, 1), Minutes(0)), (date(2026, 1, 1), Minutes(6_000)), (date(2027, 1, 1), Minutes(60)))


def _book(minutes: int) -> Book:
    programme = replace(a_programme(), unlocks=UNLOCKS)
    return a_book(programme, points=500, minutes=minutes, pay_codes=[a_pay_code()], offers=[an_offer()])


@pytest.mark.parametrize("minutes, missing", [(0, 6_000), (5_999, 1), (6_000, 0), (9_000, 0)])
def test_spending_opens_with_so_many_hours(minutes: int, missing: int) -> None:
    """At the till and in an order: NOT_ELIGIBLE with what is missing, from the last minute on not any more."""
    order = PlaceOrder(
        order=OrderId(named("order")),
        transaction=TransactionId(named("ordered")),
        volunteer=VOLUNTEER,
        offer=an_offer().id,
        quantity=1,
        code=VoucherHash(b"voucher"),
    )
    book = _book(minutes)
    for decision in (redeem(book, a_redeem(100)), post(book, decide_place_order(order, book, NOW))):
        if missing:
            figures: dict[str, int | str] = {"gate": "minutes", "required": 6_000, "actual": minutes}
            assert decision == Rejected(Code.NOT_ELIGIBLE, figures | {"missing": missing})
        else:
            assert code_of(decision) is None


def test_the_policy_of_the_day_says_how_many() -> None:
    """Of several versions the last that has begun counts; before the first nothing is asked for."""
    programme = replace(a_programme(), unlocks=UNLOCKS)
    days = (date(2019, 12, 31), date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2030, 1, 1))
    assert [programme.unlock_on(day) for day in days] == [0, 0, 6_000, 6_000, 60]

"""Stars are a table read off minutes: the thresholds, what is missing, and that the gates of offers ask the same."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import Code
from app.core.ids import OrderId, TransactionId
from app.core.offers import Gates
from app.core.orders import PlaceOrder, decide_place_order
from app.core.rows import VoucherHash
from app.core.stars import DEFAULT_STARS, STARS_MAX, StarScale, is_scale
from tests.core.builders import NOW, VOLUNTEER, a_book, a_programme, an_offer, named
from tests.core.deciding import code_of

SCALES = st.lists(st.integers(1, 10**7), min_size=1, max_size=STARS_MAX, unique=True).map(
    lambda thresholds: StarScale(tuple(sorted(thresholds)))
)


@pytest.mark.parametrize(
    "minutes, stars, missing",
    [
        (0, 0, 6_000),
        (5_999, 0, 1),
        (6_000, 1, 12_000),
        (17_999, 1, 1),
        (18_000, 2, 18_000),
        (36_000, 3, 24_000),
        (60_000, 4, 30_000),
        (89_999, 4, 1),
        (90_000, 5, None),
        (10**9, 5, None),
    ],
)
def test_the_default_is_that_of_civil_affairs(minutes: int, stars: int, missing: int | None) -> None:
    """100, 300, 600, 1000 and 1500 hours; the threshold itself is enough; the highest star misses nothing."""
    assert (DEFAULT_STARS.stars(minutes), DEFAULT_STARS.missing(minutes)) == (stars, missing)


@given(scale=SCALES, minutes=st.integers(0, 2 * 10**7))
def test_what_is_missing_brings_the_next_star_and_no_less_does(scale: StarScale, minutes: int) -> None:
    """With the missing minutes there is exactly one star more, with one less there is none."""
    missing = scale.missing(minutes)
    if missing is None:
        assert scale.stars(minutes) == len(scale.thresholds)
        return
    assert missing > 0
    assert scale.stars(minutes + missing) == scale.stars(minutes) + 1
    assert scale.stars(minutes + missing - 1) == scale.stars(minutes)


@given(scale=SCALES, low=st.integers(0, 2 * 10**7), more=st.integers(0, 10**6))
def test_fewer_minutes_are_never_more_stars(scale: StarScale, low: int, more: int) -> None:
    """Stars follow the minutes up and down."""
    assert scale.stars(low) <= scale.stars(low + more)


@pytest.mark.parametrize("thresholds", [(), (0,), (-1, 5), (5, 5), (6, 5), tuple(range(1, STARS_MAX + 2))])
def test_what_is_no_scale_is_refused(thresholds: tuple[int, ...]) -> None:
    """None at all, one that everybody has, one that does not rise, too many."""
    assert not is_scale(thresholds)
    with pytest.raises(ValueError, match="no scale of stars"):
        StarScale(thresholds)


@pytest.mark.parametrize("minutes, refused", [(59, True), (60, False)])
def test_gates_ask_the_programmes_table(minutes: int, *, refused: bool) -> None:
    """An hour is a star where the programme says so, for the gate of an offer too."""
    programme = replace(a_programme(), stars=StarScale((60, 120)))
    offer = an_offer(gates=Gates(stars_min=1))
    book = a_book(programme, points=500, minutes=minutes, offers=[offer])
    order = PlaceOrder(
        order=OrderId(named("order")),
        transaction=TransactionId(named("ordered")),
        volunteer=VOLUNTEER,
        offer=offer.id,
        quantity=1,
        code=VoucherHash(b"voucher"),
    )
    decision = decide_place_order(order, book, NOW)
    assert code_of(decision) == (Code.NOT_ELIGIBLE if refused else None)

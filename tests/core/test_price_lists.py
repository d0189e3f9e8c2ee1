"""A price list gives what pricing gives, whatever it was asked before."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.policies import AccrualPolicy, Bonuses, Caps, PriceList, Service, Standing, price
from app.core.policies import price_lists as remembering
from tests.core.builders import a_policy
from tests.core.test_pricing import DAY, a_service, policies, standings

_ASPECTS: dict[str, object] = {"caps": Caps(), "scale": None, "windows": (), "overlays": (), "bonuses": Bonuses()}
"""What makes a price depend on more than the record, and how it is left out."""


@st.composite
def policies_with_one_aspect(draw: st.DrawFn) -> AccrualPolicy:
    """A policy whose price depends on the record alone, or on one thing more."""
    kept = draw(st.sampled_from((*_ASPECTS, "none")))
    return replace(draw(policies()), **{name: none for name, none in _ASPECTS.items() if name != kept})  # type: ignore[arg-type]  # fields by name


alike = st.builds(
    a_service,
    st.sampled_from((90, 100)),
    level=st.sampled_from((1, 2)),
    category=st.sampled_from(("", "库")),
    organiser=st.booleans(),
    region=st.sampled_from(("", "330282")),
    day=st.sampled_from((DAY, DAY + timedelta(days=1))),
)
"""Services that differ in little but what a policy may look at."""


@given(policies_with_one_aspect(), st.lists(st.tuples(alike, standings), min_size=15, max_size=40))
def test_a_list_gives_what_pricing_gives(policy: AccrualPolicy, asked: list[tuple[Service, Standing]]) -> None:
    """Points, minutes, the town's part and every step: also where something alike was asked before."""
    prices = PriceList()
    for service, standing in asked:
        assert prices.price(policy, service, standing) == price(policy, service, standing)


def test_a_list_forgets_before_it_grows_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered has an end; the prices stay right."""
    monkeypatch.setattr(remembering, "REMEMBERED_MAX", 3)
    prices = PriceList()
    for minutes in (60, 61, 62, 63, 64, 60):
        service = a_service(minutes)
        assert prices.price(a_policy(), service, Standing()) == price(a_policy(), service, Standing())
        assert len(prices) <= 3


def test_a_second_time_is_remembered() -> None:
    """The same facts on another day are one price: that is what the list is for."""
    prices = PriceList()
    first = prices.price(a_policy(), a_service(60), Standing())
    assert prices.price(a_policy(), a_service(60, activity="another"), Standing(minutes=900)) is first

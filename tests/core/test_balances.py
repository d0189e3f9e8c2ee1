"""Balances in pages hold what a dictionary would hold."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.balances import Balances

numbers = st.integers(-5, 5_000) | st.integers(-(2**63), 2**63 - 1)
amounts = st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**70), 2**70)


@given(st.lists(st.tuples(numbers, amounts)), st.lists(st.tuples(numbers, amounts)), st.lists(numbers))
def test_as_a_dictionary(singly: list[tuple[int, int]], together: list[tuple[int, int]], asked: list[int]) -> None:
    """Set one by one or together, small or larger than a page can keep: what was set last is held, else zero."""
    balances, plain = Balances(), dict[int, int]()
    for number, balance in singly:
        balances[number] = balance
    small = [(number, balance) for number, balance in together if -(2**63) <= balance < 2**63]
    balances.update(small)
    plain.update(singly)
    plain.update(small)
    for number in [*plain, *asked]:
        assert balances[number] == plain.get(number, 0)
    assert balances.differing(plain.items()) == []
    assert list(balances.unlike(balances)) == []
    assert sorted(balances.unlike(Balances())) == sorted(number for number, balance in plain.items() if balance)
    assert sorted(Balances().unlike(balances)) == sorted(number for number, balance in plain.items() if balance)
    told = [(number, balance + 1) for number, balance in plain.items()]
    assert balances.differing(told) == told

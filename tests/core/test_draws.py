"""Draws: the order follows from seed and entries alone, and from every bit of them."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from app.core.draws import draw_lots, hash_seed, lot_of

SEED = bytes(range(32))
ENTRIES = [f"plc_{number:032x}" for number in range(6)]


def test_a_draw_that_never_changes() -> None:
    """A golden draw: what was published once must run again for ever."""
    assert hash_seed(SEED).hex() == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
    assert lot_of(SEED, ENTRIES[0]) == sha256(f"{SEED.hex()}|{ENTRIES[0]}".encode()).hexdigest()
    assert [ENTRIES.index(entry) for entry in draw_lots(SEED, ENTRIES)] == [5, 2, 3, 1, 4, 0]


@given(listed=st.lists(st.text(max_size=9), unique=True), seed=st.binary(min_size=32, max_size=32))
def test_the_list_may_come_in_any_order(listed: list[str], seed: bytes) -> None:
    """The same entries in any order are drawn in the same one, none lost, none twice."""
    drawn = draw_lots(seed, listed)
    assert drawn == draw_lots(seed, sorted(listed)) == draw_lots(seed, drawn)
    assert sorted(drawn) == sorted(listed)


def test_every_place_in_the_order_is_about_as_likely() -> None:
    """Over many seeds each of six entries comes first about as often as any other: no entry has an advantage."""
    firsts = [draw_lots(number.to_bytes(32, "big"), ENTRIES)[0] for number in range(6_000)]
    counts = [firsts.count(entry) for entry in ENTRIES]
    assert all(850 < count < 1_150 for count in counts), counts

"""Status lists: bits at their places, of one length, refused where they are not ours."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.status_lists import LIST_BITS, encode_list, is_revoked

PLACES = st.integers(min_value=0, max_value=LIST_BITS - 1)


@given(st.frozensets(PLACES, max_size=50), st.lists(PLACES, max_size=20))
def test_what_is_revoked_and_nothing_else(revoked: frozenset[int], asked: list[int]) -> None:
    """Every revoked place says so, every other one does not."""
    encoded = encode_list(revoked)
    assert all(is_revoked(encoded, place) for place in revoked)
    assert [is_revoked(encoded, place) for place in asked] == [place in revoked for place in asked]


def test_the_example_of_the_standard() -> None:
    """The sixteen bits of draft-ietf-oauth-status-list, section 4.1: the lowest bit of a byte comes first."""
    read = [is_revoked("eNrbuRgAAhcBXQ", place) for place in range(16)]
    assert [int(bit) for bit in read] == [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]


def test_a_list_does_not_say_how_much_was_given_out() -> None:
    """Unpacked, an empty list and a full one are of one length."""
    lists = (encode_list(()), encode_list(range(LIST_BITS)))
    lengths = {len(zlib.decompress(base64.urlsafe_b64decode(each + "=" * (-len(each) % 4)))) for each in lists}
    assert lengths == {LIST_BITS // 8}


@pytest.mark.parametrize("encoded", ["", "????", "AAAA", "e", "eNrbuRg", "\u793c"])
def test_what_is_no_list_is_refused(encoded: str) -> None:
    """Not base64url, not zlib, cut off."""
    with pytest.raises(ValueError, match="status list"):
        is_revoked(encoded, 0)


def test_a_list_that_unpacks_to_more_than_ours_is_refused() -> None:
    """A small file cannot be made to fill the memory of whoever checks."""
    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(LIST_BITS // 8 + 1), 9)).rstrip(b"=").decode()
    with pytest.raises(ValueError, match="longer"):
        is_revoked(bomb, 0)


@pytest.mark.parametrize("place", [-1, LIST_BITS])
def test_places_beyond_the_list(place: int) -> None:
    """Neither written nor read."""
    with pytest.raises(IndexError):
        encode_list((place,))
    with pytest.raises(IndexError):
        is_revoked(encode_list(()), place)

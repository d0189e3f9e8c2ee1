"""Numbers of certificates: derived, unguessable, and carrying their programme."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import ProgrammeId
from app.security.certificates import derive_number, programme_of_number

KEY = bytes(32)
PROGRAMMES = st.from_regex(r"[a-z][a-z0-9-]{1,15}", fullmatch=True).map(ProgrammeId)


@given(programme=PROGRAMMES, said=st.binary(max_size=200))
def test_a_number_names_its_programme(programme: ProgrammeId, said: bytes) -> None:
    """No look-up crosses programmes; the same words have the same number."""
    number = derive_number(KEY, programme, said)
    assert programme_of_number(number) == programme
    assert derive_number(KEY, programme, said) == number


@given(said=st.binary(max_size=200), other=st.binary(max_size=200))
def test_a_number_depends_on_words_key_and_programme(said: bytes, other: bytes) -> None:
    """Whoever knows all the words but not the key does not know the number."""
    number = derive_number(KEY, ProgrammeId("cixi"), said)
    assert derive_number(b"\1" * 32, ProgrammeId("cixi"), said) != number
    assert derive_number(KEY, ProgrammeId("cixi2"), said)[-24:] != number[-24:]
    assert (derive_number(KEY, ProgrammeId("cixi"), other) == number) == (said == other)


def test_a_number_has_a_hundred_and_twenty_bits() -> None:
    """24 characters of base32: not to be found by trying."""
    assert re.fullmatch("crt_cixi_[a-z2-7]{24}", derive_number(KEY, ProgrammeId("cixi"), b"words"))


@pytest.mark.parametrize(
    "text", ["", "crt_", "crt_cixi_", "crt_cixi_" + "1" * 24, "crt_CIXI_" + "a" * 24, "cixi_" + "a" * 24, "a" * 24]
)
def test_what_is_no_number_names_nothing(text: str) -> None:
    """Nothing is looked up for it."""
    assert programme_of_number(text) is None

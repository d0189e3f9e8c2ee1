"""Masks: what the convention shows of a name, a phone, a document, and never more than it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.masking import mask_id_number, mask_name, mask_phone

LETTERS = st.text(st.characters(categories=["L"]), min_size=1, max_size=30)
DIGITS = st.text("0123456789", min_size=1, max_size=24)


@pytest.mark.parametrize(
    "name, masked",
    [
        ("张三丰", "张**"),
        ("王五", "王*"),
        ("李", "李*"),
        ("欧阳修", "欧阳*"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳", "欧*"),
        ("司马相如古今人名", "司马***"),
        (" 张三 ", "张*"),
        ("Anna", "A***"),
        ("", "*"),
        (" ", "*"),
    ],
)
def test_a_masked_name_keeps_the_family_name_and_hides_its_length(name: str, masked: str) -> None:
    """The family name, of one character or of two (复姓), and at most three asterisks."""
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    "phone, masked",
    [("13812341234", "138****1234"), ("+85291234567", "+85*****4567"), ("12345", "****5"), ("1", "*")],
)
def test_a_masked_phone_keeps_three_and_four(phone: str, masked: str) -> None:
    """Of a short number less."""
    assert mask_phone(phone) == masked


def test_a_masked_document_keeps_six_and_four() -> None:
    """The region and the last four: no birthday."""
    assert mask_id_number("330282199003070016") == "330282********0016"


@given(LETTERS.filter(lambda name: len(name) > 1))
def test_a_name_never_shows_through(name: str) -> None:
    """Of any name of two characters or more something is hidden."""
    shown = mask_name(name).replace("*", "")
    assert name.startswith(shown)
    assert len(shown) < len(name)


@given(DIGITS)
def test_a_number_never_shows_through(number: str) -> None:
    """At least a third of any number is hidden, and its length stays."""
    for mask in (mask_phone, mask_id_number):
        masked = mask(number)
        assert masked.count("*") * 3 >= len(number)
        assert len(masked) == max(len(number), 1)

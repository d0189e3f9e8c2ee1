"""Numbers of documents: the check of GB 11643, its birthday, the kinds, and what is never a reason to refuse."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.identity_numbers import (
    Document,
    IdType,
    NumberProblem,
    check_document,
    id_check_character,
    normalise_number,
)

TODAY = date(2026, 3, 2)
# The standard's own two examples, then made-up ones of DOMAIN 4.2.
SOUND = (
    "11010519491231002X",
    "440524188001010014",
    "330282199003070016",
    "33028220120229002X",
    "330282195601010031",
    "330282200508151116",
)


def a_number(body: str) -> str:
    """A number whose check character is right."""
    return body + id_check_character(body)


def check(number: str, kind: IdType = IdType.RESIDENT_ID) -> NumberProblem | None:
    """What is wrong with a number."""
    return check_document(Document(kind, number), TODAY)


@pytest.mark.parametrize("number", SOUND)
def test_sound_numbers_pass(number: str) -> None:
    """And tell their birthday."""
    assert check(number) is None
    born_on = Document(IdType.RESIDENT_ID, number).born_on
    assert born_on is not None
    assert born_on.strftime("%Y%m%d") == number[6:14]


@given(number=st.sampled_from(SOUND), position=st.integers(0, 17), digit=st.sampled_from("0123456789X"))
def test_one_changed_character_is_noticed(number: str, position: int, digit: str) -> None:
    """ISO 7064 mod 11-2 finds every single mistake, by the check character if not before."""
    changed = number[:position] + digit + number[position + 1 :]
    assert (check(changed) is None) == (changed == number)


@given(number=st.sampled_from(SOUND), position=st.integers(0, 15))
def test_two_swapped_neighbours_are_noticed(number: str, position: int) -> None:
    """The mistake that people make most."""
    swapped = number[:position] + number[position + 1] + number[position] + number[position + 2 :]
    assert (check(swapped) is None) == (swapped == number)


@pytest.mark.parametrize("birthday", ["19900230", "19901301", "19900100", "20260303", "18741231", "00000000"])
def test_an_impossible_birthday_is_refused(birthday: str) -> None:
    """No day of the calendar, a day to come, or nobody alive: whatever the check character says."""
    assert check(a_number(f"330282{birthday}001")) is NumberProblem.BIRTHDAY


def test_an_abolished_region_is_no_reason_to_refuse() -> None:
    """The code of a county that is no more stays on the card of who was born there; so does one nobody knows."""
    assert check(a_number("33022219550101001")) is None
    assert check(a_number("33999919550101001")) is None


def test_a_small_x_is_a_capital_one() -> None:
    """One spelling is stored and looked up."""
    assert normalise_number(" 11010519491231002x ") == "11010519491231002X"


@pytest.mark.parametrize(
    "kind, body",
    [
        (IdType.HK_MACAU_RESIDENCE, "81000019900307001"),
        (IdType.HK_MACAU_RESIDENCE, "82000019900307001"),
        (IdType.TAIWAN_RESIDENCE, "83000019900307001"),
        (IdType.FOREIGN_PERMANENT_RESIDENT, "91156019900307001"),
    ],
)
def test_each_kind_has_its_first_digits(kind: IdType, body: str) -> None:
    """The same check for all; the first digits say which document it is."""
    number = a_number(body)
    assert check(number, kind) is None
    assert check(number, IdType.RESIDENT_ID) is NumberProblem.KIND
    assert check(SOUND[0], kind) is NumberProblem.KIND


@pytest.mark.parametrize("number", ["E12345678", "G1234567", "AB1234567"])
def test_a_passport_has_its_countrys_own_form(number: str) -> None:
    """Capital letters and digits; it tells no birthday."""
    assert check(number, IdType.PASSPORT) is None
    assert Document(IdType.PASSPORT, number).born_on is None


def test_the_older_card_of_a_foreigner_passes() -> None:
    """Three letters and twelve digits, until 2023."""
    assert check("FRA310115900307", IdType.FOREIGN_PERMANENT_RESIDENT) is None


@pytest.mark.parametrize("number", ["", "33028219900307001", "3302821990030700166", "33028219900307001A", "３" * 18])
def test_another_form_is_refused(number: str) -> None:
    """Too short, too long, a letter, digits of another script."""
    assert check(number) is NumberProblem.FORM
    assert check("a b", IdType.PASSPORT) is NumberProblem.FORM


def test_a_document_does_not_tell_its_number_by_accident() -> None:
    """A traceback or a log line that shows the value shows no number."""
    assert SOUND[0] not in repr(Document(IdType.RESIDENT_ID, SOUND[0]))

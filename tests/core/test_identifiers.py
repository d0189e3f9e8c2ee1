"""Codes that others issue: the check characters of GB 32100 and GB 11714, and the form of regions' codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.identifiers import (
    CodeProblem,
    check_credit_code,
    is_region_code,
    parent_region,
    warn_organisation_code,
)

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

# Made up, except the last three, which companies publish with their sites. All pass both checks.
SOUND = (
    "91330282MA2AAA01X1",
    "91330282MA2AAA0281",
    "92330282MA2AAA036Q",
    "52330282MA2AAA01X2",
    "91330106673959654P",
    "9144030071526726XG",
    "91440300MA5H8REU3K",
)

CIXI_TOWNS = [
    *(f"330282{town:03}" for town in range(2, 7)),
    *(f"330282{town}" for town in (104, *range(107, 115), 116, 118, 120, 121, 123)),
    *(f"330282{zone}" for zone in range(402, 407)),
]


def the_check_character(body: str) -> str:
    """The only character that makes these 17 a credit code, found by trying all."""
    found = [character for character in ALPHABET if check_credit_code(body + character) is None]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("code", SOUND)
def test_sound_codes_pass_both_checks(code: str) -> None:
    """A sound code has no problem and gives no warning."""
    assert check_credit_code(code) is None
    assert not warn_organisation_code(code)


@pytest.mark.parametrize("code", SOUND)
def test_one_changed_character_is_noticed(code: str) -> None:
    """No other character of the alphabet, at any place, leaves a sound code sound."""
    for place, right in enumerate(code):
        for wrong in set(ALPHABET) - {right}:
            assert check_credit_code(code[:place] + wrong + code[place + 1 :]) is not None


@pytest.mark.parametrize("code", SOUND)
def test_a_flipped_bit_is_noticed(code: str) -> None:
    """No single flipped bit of the text leaves a sound code sound."""
    for place, character in enumerate(code):
        for bit in range(8):
            wrong = chr(ord(character) ^ 1 << bit)
            assert check_credit_code(code[:place] + wrong + code[place + 1 :]) is not None


@pytest.mark.parametrize("code", SOUND)
def test_two_swapped_neighbours_are_noticed(code: str) -> None:
    """The slip of every typist, two neighbours that change places, is refused unless the two are equal."""
    for place in range(len(code) - 1):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert (check_credit_code(swapped) is None) == (swapped == code)


@pytest.mark.parametrize(
    "code, problem",
    [
        ("", CodeProblem.LENGTH),
        ("91330282MA2AAA01X", CodeProblem.LENGTH),
        ("91330282MA2AAA01X11", CodeProblem.LENGTH),
        (" 91330282MA2AAA01X1", CodeProblem.LENGTH),
        ("91330282ma2aaa01x1", CodeProblem.CHARACTER),
        ("91330282MA2AAA0IX1", CodeProblem.CHARACTER),
        ("\uff191330282MA2AAA01X1", CodeProblem.CHARACTER),
        ("9133028\u0662MA2AAA01X1", CodeProblem.CHARACTER),
        ("91330282MA2AAA01X\n", CodeProblem.CHARACTER),
        ("91A30282MA2AAA01X1", CodeProblem.REGION),
        ("9133028AMA2AAA01X1", CodeProblem.REGION),
        ("91330282MA2AAA01X2", CodeProblem.CHECK_CHARACTER),
    ],
)
def test_a_bad_code_is_told_what_is_wrong(code: str, problem: CodeProblem) -> None:
    """Length, then characters, then the region's digits, then the check: the first problem is the answer."""
    assert check_credit_code(code) is problem


@pytest.mark.parametrize("code", ["", "91330282MA2AAA01X", "91330282MA2A!A01X1", "91330282MA2AAA01X11"])
def test_what_is_no_credit_code_is_warned_about(code: str) -> None:
    """A text in which no organisation code can be read gives the warning, not an exception."""
    assert warn_organisation_code(code)


@pytest.mark.parametrize("letter", "IOSVZ")
def test_the_five_letters_are_not_in_the_alphabet(letter: str) -> None:
    """I, O, S, V and Z occur in no code, at no place: they look like digits and like U."""
    for place in range(18):
        code = SOUND[0][:place] + letter + SOUND[0][place + 1 :]
        assert check_credit_code(code) is CodeProblem.CHARACTER


@given(st.from_regex(r"[1-9][0-9]{7}[0-9A-HJ-NPQRTUWXY]{9}", fullmatch=True))
def test_each_body_has_one_check_character(body: str) -> None:
    """Exactly one of the 31 characters completes 17 others."""
    assert the_check_character(body) in ALPHABET


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    """Whatever is typed, the checks answer and never raise; what has no code's form is warned about."""
    problem = check_credit_code(text)
    assert warn_organisation_code(text) or problem not in (CodeProblem.LENGTH, CodeProblem.CHARACTER)


def test_a_bad_organisation_code_is_a_warning_only() -> None:
    """A credit code may be sound while the organisation code inside is not: sole traders have such codes."""
    body = "92330282MA2AAA037"
    code = body + the_check_character(body)
    assert check_credit_code(code) is None
    assert warn_organisation_code(code)


def test_each_organisation_number_has_one_check_character() -> None:
    """Of the eleven check characters of GB 11714, X among them, one fits eight others."""
    for number in ("MA2AAA01", "MA2AAA02", "67395965", "71526726", "YYYYYYYY", "00000000"):
        fitting = [check for check in "0123456789X" if not warn_organisation_code(f"91330282{number}{check}0")]
        assert len(fitting) == 1


@pytest.mark.parametrize("code", ["33", "3302", "330282", *CIXI_TOWNS, "330282114201", "441900", "441900003"])
def test_codes_of_regions_have_the_form(code: str) -> None:
    """Provinces, cities, counties, towns and villages; and the towns of a city that has no districts."""
    assert is_region_code(code)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "3",
        "330",
        "33028",
        "3302820",
        "3302821142",
        "3302821142010",
        "03",
        "3300",
        "330000",
        "330282000",
        "330282114000",
        "330282000201",
        "33028a",
        "33 282",
        "-30282",
        "\uff1330282",
        "33028\u0662",
        "330282\n",
    ],
)
def test_other_texts_are_no_codes_of_regions(code: str) -> None:
    """Wrong lengths, padding with zeros and digits of other scripts are refused, and have no region above."""
    assert not is_region_code(code)
    assert parent_region(code) is None


@pytest.mark.parametrize(
    "code, parent",
    [
        ("33", None),
        ("3302", "33"),
        ("330282", "3302"),
        ("330282114", "330282"),
        ("330282114201", "330282114"),
        ("441900003", "441900"),
        ("441900", "4419"),
    ],
)
def test_each_region_lies_in_another(code: str, parent: str | None) -> None:
    """A village lies in a town, a town in a county, a county in a city, a city in a province."""
    assert parent_region(code) == parent


@given(st.from_regex(r"[1-9][0-9](?:[1-9][0-9]){2}(?:[1-9][0-9]{2}){2}", fullmatch=True))
def test_every_village_leads_up_to_its_province(village: str) -> None:
    """Four steps up from a village, and each of them is a region's code."""
    path, code = list[str](), parent_region(village)
    while code is not None:
        path.append(code)
        code = parent_region(code)
    assert path == [village[:length] for length in (9, 6, 4, 2)]
    assert all(map(is_region_code, path))

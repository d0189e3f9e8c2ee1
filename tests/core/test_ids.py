"""Ids on the wire: one form each, read back exactly, nothing else accepted."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import (
    PREFIXES,
    ProgrammeId,
    TerminalId,
    format_id,
    format_terminal,
    is_programme_id,
    parse_id,
    parse_terminal,
)

HEX = "0190a1b2c3d4e5f60718293a4b5c6d7e"
programmes = st.from_regex(r"[a-z][a-z0-9-]{1,15}", fullmatch=True).map(ProgrammeId)


@given(prefix=st.sampled_from(sorted(PREFIXES.values())), value=st.uuids())
def test_an_id_is_read_back_under_its_own_prefix_only(prefix: str, value: UUID) -> None:
    """What is written is read; under any other prefix it is nothing."""
    text = format_id(prefix, value)
    assert {other: parse_id(other, text) for other in PREFIXES.values()} == {
        other: value if other == prefix else None for other in PREFIXES.values()
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vol",
        "vol_",
        HEX,
        f"vol{HEX}",
        f"VOL_{HEX}",
        f"vol_{HEX.upper()}",
        f"vol_{HEX[:-1]}",
        f"vol_{HEX}0",
        f"vol_{HEX}\n",
        f" vol_{HEX}",
        f"vol_{HEX[:-1]}g",
        f"vol_{{{HEX[:-2]}}}",
        "vol_0190a1b2-c3d4-e5f6-0718-293a4b5c6d7e",
        f"vol_{HEX[:-1]}１",
    ],
)
def test_no_other_spelling_is_an_id(text: str) -> None:
    """Capitals, dashes, blanks, a line end, other digits: two spellings of one id never both pass."""
    assert parse_id("vol", text) is None


def test_prefixes_are_three_letters_and_all_different() -> None:
    """A prefix says what an id is of, without doubt."""
    assert len(set(PREFIXES.values())) == len(PREFIXES)
    assert all(len(prefix) == 3 and prefix.islower() for prefix in PREFIXES.values())


@given(programme=programmes, value=st.uuids())
def test_a_terminals_name_carries_its_programme(programme: ProgrammeId, value: UUID) -> None:
    """Programme and terminal are read back from one name, also when the programme has dashes."""
    assert parse_terminal(format_terminal(programme, TerminalId(value))) == (programme, value)


@pytest.mark.parametrize(
    "text",
    ["", "ter_", f"ter_{HEX}", f"ter__{HEX}", f"vol_cixi_{HEX}", f"ter_Cixi_{HEX}", f"ter_ci_xi_{HEX}", "ter_cixi_1"],
)
def test_what_is_no_terminal_is_not_read(text: str) -> None:
    """A name without a programme, of another kind or with other characters is none."""
    assert parse_terminal(text) is None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("cixi", True),
        ("ab", True),
        ("a234567890123456", True),
        ("a2345678901234567", False),
        ("a", False),
        ("", False),
        ("1a", False),
        ("-a", False),
        ("Cixi", False),
        ("ci_xi", False),
        ("cixi\n", False),
        ("慈溪", False),
    ],
)
def test_a_programmes_code_is_short_and_plain(text: str, *, expected: bool) -> None:
    """2 to 16 of a-z, 0-9 and the dash, a letter first."""
    assert is_programme_id(text) is expected

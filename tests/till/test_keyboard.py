"""Lines as scanners, keyboards and pipes send them."""

import os
import time
from collections.abc import Iterator

import pytest

from app.till.keyboard import EndOfInput, Keyboard, clean
from app.till.numbers import NUMBER, make_number
from app.till.receipts import local_time
from tests.support.clocks import START
from tests.support.scripted_service import TERMINAL


@pytest.fixture
def pipe() -> Iterator[tuple[Keyboard, int]]:
    """A keyboard, and the end of the pipe where it is typed."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb", closefd=False):
        yield Keyboard(reading), writing


def test_lines_come_one_by_one(pipe: tuple[Keyboard, int]) -> None:
    """Also when many arrive at once, and when one arrives in pieces."""
    keyboard, writing = pipe
    os.write(writing, b"one\r\ntwo\nth")
    assert [keyboard.read_line(1), keyboard.read_line(1), keyboard.read_line(0)] == ["one", "two", None]
    os.write(writing, b"ree\nlast")
    assert keyboard.read_line(1) == "three"
    os.close(writing)
    assert keyboard.read_line(1) == "last"
    with pytest.raises(EndOfInput):
        keyboard.read_line(1)


def test_silence_has_an_end(pipe: tuple[Keyboard, int]) -> None:
    """The till gets its turn while nobody types."""
    keyboard, writing = pipe
    begun = time.monotonic()
    assert keyboard.read_line(0.05) is None
    assert time.monotonic() - begun < 5
    os.close(writing)


@pytest.mark.parametrize(
    "typed, meant",
    [
        (b" 12 \r", "12"),
        ("１２".encode(), "12"),
        (b"\x1b[A12\x00", "[A12"),
        (b"\xff12", "\N{REPLACEMENT CHARACTER}12"),
    ],
)
def test_what_was_meant(typed: bytes, meant: str) -> None:
    """Blanks, control characters and a Chinese keyboard's digits."""
    assert clean(typed) == meant


def test_numbers_are_the_contracts() -> None:
    """32 characters at most, of its alphabet; the day, the terminal, and never the same twice."""
    made = {make_number(TERMINAL, START, "R") for _ in range(2000)}
    assert len(made) == 2000
    assert all(NUMBER.fullmatch(number) and number.startswith("260302-AABB-R") for number in made)


def test_times_are_the_tills_own() -> None:
    """A moment of the service is shown on the till's wall clock."""
    assert local_time(START.isoformat()) == f"{START.astimezone():%Y-%m-%d %H:%M:%S}"

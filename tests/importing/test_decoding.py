"""Text files as offices send them: the encoding is found out by what decodes as a whole, never guessed."""

from pathlib import Path

import pytest

from app.importing.decoding import BadFile, find_encoding
from app.importing.tables import look_at, quote_cell, read_table, unquote_cell

TEXT = "志愿者编号,活动名称\r\nV1,慈溪市“垃圾分类”宣传—㙍村\r\n"
"""Real text, with a character that GBK lacks and GB18030 has."""


@pytest.mark.parametrize(
    "written, found",
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("gb18030", "gb18030"),
    ],
)
def test_each_encoding_is_found_and_read(tmp_path: Path, written: str, found: str) -> None:
    """The same two rows come out, whatever they were written in; a byte order mark is no part of the header."""
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(written))
    table = look_at(path)
    assert table.encoding == found
    rows = list(read_table(table))
    assert rows == [(1, ["志愿者编号", "活动名称"]), (2, ["V1", "慈溪市“垃圾分类”宣传—㙍村"])]


def test_text_that_is_ascii_for_long_is_read_to_its_end(tmp_path: Path) -> None:
    """Two megabytes of ASCII before the first Chinese character do not make it UTF-8."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\r\n" + b"1,2\r\n" * 400_000 + "志愿,服务\r\n".encode("gb18030"))
    assert find_encoding(path) == "gb18030"


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that no encoding takes, and ones that the named one does not take."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\r\n\xff\xff\xff\r\n")
    with pytest.raises(BadFile, match="name its encoding"):
        find_encoding(path)
    path.write_bytes(TEXT.encode("gb18030"))
    with pytest.raises(BadFile, match="not utf-8"):
        find_encoding(path, "utf-8")
    with pytest.raises(BadFile, match="no encoding klingon"):
        find_encoding(path, "klingon")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    """By the header; quoted cells keep what is in them, empty rows are left out and still counted."""
    path = tmp_path / "a.csv"
    path.write_text(f'a{delimiter}b\n\n"x{delimiter}y"{delimiter}"two\nlines"\n', encoding="utf-8")
    assert list(read_table(look_at(path))) == [(1, ["a", "b"]), (3, [f"x{delimiter}y", "two\nlines"])]


def test_a_cell_that_never_ends_breaks_the_file_off(tmp_path: Path) -> None:
    """A forgotten quotation mark is told with its row; it does not swallow the file in silence."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n" + '3,"4' + "x\n" * 10_000, encoding="utf-8")
    with pytest.raises(BadFile, match="row 3"):
        list(read_table(look_at(path)))


def test_cells_are_quoted_against_formulas_and_back() -> None:
    """What a spreadsheet would run is quoted; taking the quotes off gives every cell back."""
    for cell in ("=1+1", "+8613", "-5", "@SUM(A1)", "\t=1", "'quoted", "plain", ""):
        quoted = quote_cell(cell)
        assert quoted[:1] not in {"=", "+", "-", "@", "\t"}
        assert unquote_cell(quoted) == cell

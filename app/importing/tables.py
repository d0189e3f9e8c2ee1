"""Rows of a table file, CSV or XLSX, as texts. The first is the header; each has the number a spreadsheet shows."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from app.importing.decoding import BadFile, find_encoding

_DELIMITERS = ",;\t"
_CELL_MAX = 10_000
QUOTED_HEADER = "行号"
"""The first header of a file of refused rows: its cells are quoted against formulas."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def quote_cell(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


def unquote_cell(cell: str) -> str:
    """The inverse of `quote_cell`."""
    return cell.removeprefix("'")


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file, and how its text is read: both empty for a workbook."""

    path: Path
    encoding: str = ""
    delimiter: str = ""


def look_at(path: Path, encoding: str = "auto") -> TableFile:
    """Find out how a file is read. Raises BadFile."""
    if not path.is_file():
        raise BadFile(f"there is no file {path}")
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        return TableFile(path)
    found = find_encoding(path, encoding)
    with path.open(encoding=found, newline="") as stream:
        header = stream.readline(_CELL_MAX)
    if not header.strip():
        raise BadFile("the first row must name the columns")
    return TableFile(path, found, max(_DELIMITERS, key=header.count))


def read_table(table: TableFile) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows that are not empty, the header first, each with its number. Raises BadFile where the file breaks off."""
    return _read_text(table) if table.encoding else _read_workbook(table.path)


def _read_text(table: TableFile) -> Iterator[tuple[int, Sequence[str]]]:
    csv.field_size_limit(_CELL_MAX)
    with table.path.open(encoding=table.encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=table.delimiter)
        number, quoted = 0, False
        try:
            for number, row in enumerate(reader, start=1):
                if number == 1:
                    quoted = row[:1] == [QUOTED_HEADER]
                if any(row):
                    yield number, list(map(unquote_cell, row)) if quoted else row
        except csv.Error as error:
            raise BadFile(f"row {number + 1}: {error}") from error


def _read_workbook(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError) as error:
        raise BadFile(f"not a workbook: {error}") from error
    try:
        sheet = book.worksheets[0]
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            row = [_as_text(cell) for cell in cells]
            if any(row):
                yield number, row
    finally:
        book.close()


def _as_text(cell: object) -> str:
    """A cell as a person would have typed it."""
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return cell.isoformat()
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case _:
            return str(cell)

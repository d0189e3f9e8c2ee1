"""The mapping of a file: which column is which field, and what its words mean. Read from TOML, or known by headers."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import Any

from app.core.record_numbers import SOURCE_MAX
from app.importing.decoding import BadFile
from app.importing.fields import DEFAULT_VALUES, FIELDS, PERSONAL_FIELDS, ImportKind, is_personal

DEFAULT_SOURCE = "file"
_SECTIONS = {"source", "columns", "constants", "values", "day_begins", "minors"}
CHECKED, AS_RECORDED = "checked", "as-recorded"
"""Whether records of minors must say what the rules ask for, or are taken as the older system has them."""


@dataclass(frozen=True, slots=True)
class Mapping_:  # noqa: N801 - `Mapping` is the standard's
    """How the columns of one kind of file are read."""

    kind: ImportKind
    source: str
    columns: Mapping[str, str]
    """Our field -> the header in the file, where the built-in headers do not say it; empty: that field is not read."""
    constants: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    day_begins: str = "00:00"
    """When a record begins that only says its day."""
    minors: str = CHECKED

    @property
    def sha256(self) -> bytes:
        """What tells two mappings apart: two runs over one file are one import only when it is read the same way."""
        told = (
            self.kind.value,
            self.source,
            *_flat(self.columns),
            *_flat(self.constants),
            self.day_begins,
            self.minors,
        )
        words = [part for field in sorted(self.values) for part in (field, *_flat(self.values[field]))]
        return sha256("\0".join((*told, *words)).encode()).digest()


def _flat(table: Mapping[str, str]) -> list[str]:
    return [part for key in sorted(table) for part in (key, table[key])]


def read_mapping(kind: ImportKind, path: Path | None, source: str | None = None) -> Mapping_:
    """Read a mapping file; without one, the built-in headers and words. Raises BadFile for what is not a mapping."""
    told = _read_toml(path) if path else {}
    if unknown := told.keys() - _SECTIONS:
        raise BadFile(f"the mapping has no section {', '.join(sorted(unknown))}")
    fields = FIELDS[kind]
    columns, constants = _table(told, "columns"), _table(told, "constants")
    if unknown := (columns.keys() | constants.keys()) - fields.keys():
        raise BadFile(f"{kind.value} have no field {', '.join(sorted(unknown))}; they have {', '.join(fields)}")
    for field, header in columns.items():
        sealed = kind is ImportKind.VOLUNTEERS and field in PERSONAL_FIELDS
        if is_personal(header) and header not in fields[field].headers and not sealed:
            raise BadFile(f"the column {header} is personal data and is not read")
    words = {field: {**table, **_words(told, field)} for field, table in DEFAULT_VALUES.items()}
    words |= {field: _words(told, field) for field in _raw(told, "values") if field not in words}
    name = source or str(told.get("source", DEFAULT_SOURCE))
    if not name or len(name) > SOURCE_MAX:
        raise BadFile(f"the source needs a name of 1 to {SOURCE_MAX} characters")
    minors = str(told.get("minors", CHECKED))
    if minors not in {CHECKED, AS_RECORDED}:
        raise BadFile(f'minors of the mapping are "{CHECKED}" or "{AS_RECORDED}"')
    return Mapping_(kind, name, columns, constants, words, str(told.get("day_begins", "00:00")), minors)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise BadFile(f"the mapping {path}: {error}") from error


def _raw(told: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    found = told.get(section, {})
    if not isinstance(found, dict):
        raise BadFile(f"{section} of the mapping is a table")
    return found


def _table(told: Mapping[str, Any], section: str) -> dict[str, str]:
    return {str(key): str(value) for key, value in _raw(told, section).items()}


def _words(told: Mapping[str, Any], field: str) -> dict[str, str]:
    return _table(_raw(told, "values"), field)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields of a file stand: the position of each column, and what is the same for all rows."""

    positions: Mapping[str, int]
    constants: Mapping[str, str]
    headers: Mapping[str, str]
    ignored: Sequence[str]
    """Headers that are not read; those of personal data among them."""


def lay_out(mapping: Mapping_, header: Sequence[str]) -> Layout:
    """Find the columns of a file by its header. Raises BadFile when one is missing that every row needs."""
    names = [name.strip().lstrip("\ufeff") for name in header]
    positions: dict[str, int] = {}
    for field, known in FIELDS[mapping.kind].items():
        wanted = (mapping.columns[field],) if field in mapping.columns else (*known.headers, field)
        found = next((names.index(name) for name in wanted if name and name in names), None)
        if found is not None:
            positions[field] = found
        elif mapping.columns.get(field):
            raise BadFile(f"the file has no column {mapping.columns[field]}")
        elif known.required and field not in mapping.constants:
            raise BadFile(f"no column for {field}: one named {' or '.join(known.headers)}, or say which in a mapping")
    taken = set(positions.values())
    ignored = [name for position, name in enumerate(names) if position not in taken and name]
    placed = sorted(positions.items(), key=itemgetter(1))
    return Layout(dict(placed), mapping.constants, {field: names[place] for field, place in placed}, ignored)

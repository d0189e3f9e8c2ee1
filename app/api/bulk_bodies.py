"""Bodies of many rows: newline-delimited JSON, read as a stream, each line by itself as strictly as a single body.

What is wrong with a line is that line's answer. What is kept of it is where it was wrong, never what stood there.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Generic, TypeVar

from fastapi import Request
from pydantic import ValidationError

from app.api.bodies import Body
from app.api.problems import FieldProblem, Problem, point_to
from app.core.bulk_entries import Fault, RefusedRow
from app.core.codes import Code

if TYPE_CHECKING:
    from hashlib import _Hash

NDJSON = "application/x-ndjson"
BODY_BYTES_MAX = 16 * 1024 * 1024
ROWS_MAX = 10_000
LINE_BYTES_MAX = 16 * 1024
BODIES_MAX = 4
"""So many bodies a process holds at once; whoever brings another comes back in a moment."""

_FAULTS_MAX = 10
LINES_AT_ONCE = 100
"""So many lines are read before others have their turn."""

Row = TypeVar("Row", bound=Body)


@dataclass(frozen=True, slots=True)
class ReceivedRows(Generic[Row]):
    """The rows of a body in order, each understood or refused, and the hash by which a repetition is recognised."""

    rows: list[Row | RefusedRow]
    hash: bytes


@dataclass(frozen=True, slots=True)
class _TooLong:
    """A line that is too long: of what stood in it only the hash is kept."""

    digest: bytes


class _Lines:
    """Cuts a stream into lines."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._summed: _Hash | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes | _TooLong]:
        """The lines that end in this chunk."""
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            self._take(piece)
            yield self._end()
        self._take(rest)

    def finish(self) -> Iterator[bytes | _TooLong]:
        """The last line, when no line break ends it."""
        if self._begun or self._summed:
            yield self._end()

    def _take(self, piece: bytes) -> None:
        if self._summed is None and len(self._begun) + len(piece) > LINE_BYTES_MAX:
            self._summed = sha256(self._begun)
            self._begun.clear()
        if self._summed is None:
            self._begun += piece
        else:
            self._summed.update(piece)

    def _end(self) -> bytes | _TooLong:
        if self._summed is not None:
            line: bytes | _TooLong = _TooLong(self._summed.digest())
        else:
            line = bytes(self._begun)
        self._begun.clear()
        self._summed = None
        return line


class NdjsonBody(Generic[Row]):
    """A dependency that reads the body as rows of one model. The contract is built from it."""

    def __init__(self, model: type[Row]) -> None:
        self.model = model
        self._held = 0

    async def __call__(self, request: Request) -> AsyncIterator[ReceivedRows[Row]]:
        """Read the rows, and hold them until the request is answered."""
        _check_media_type(request)
        if self._held >= BODIES_MAX:
            raise Problem(Code.SYSTEM_BUSY)
        self._held += 1
        try:
            yield await self._read(request)
        finally:
            self._held -= 1

    async def _read(self, request: Request) -> ReceivedRows[Row]:
        rows: list[Row | RefusedRow] = []
        told = sha256()
        async for line in _lines_of(request):
            if len(rows) == ROWS_MAX:
                raise Problem(Code.BODY_TOO_LARGE, {"rows_max": ROWS_MAX})
            row, meant = self._read_line(line)
            rows.append(row)
            told.update(sha256(meant).digest())
            if len(rows) % LINES_AT_ONCE == 0:
                await asyncio.sleep(0)
        if not rows:
            raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="", detail="at least one row")])
        return ReceivedRows(rows, told.digest())

    def _read_line(self, line: bytes | _TooLong) -> tuple[Row | RefusedRow, bytes]:
        """A row, and what it means: fields in another order, or written otherwise, are the same row."""
        if isinstance(line, _TooLong):
            return RefusedRow(Code.BODY_TOO_LARGE, (Fault("", f"more than {LINE_BYTES_MAX} bytes"),)), line.digest
        row = self._parse(line)
        return row, line if isinstance(row, RefusedRow) else row.model_dump_json(exclude_unset=True).encode()

    def _parse(self, line: bytes) -> Row | RefusedRow:
        try:
            return self.model.model_validate_json(line)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)[:_FAULTS_MAX]
        faults = []
        for item in found:
            if item["type"] == "extra_forbidden":  # the name of such a field is the caller's own: it is not kept
                faults.append(Fault(point_to(item["loc"][:-1]), "a field that is not known here"))
            else:
                faults.append(Fault(point_to(item["loc"]), item["msg"] if line.strip() else "an empty line"))
        return RefusedRow(Code.PARAM_ERROR, tuple(dict.fromkeys(faults)))


async def _lines_of(request: Request) -> AsyncIterator[bytes | _TooLong]:
    lines = _Lines()
    async for chunk in request.stream():
        for line in lines.feed(chunk):
            yield line
    for line in lines.finish():
        yield line


def _check_media_type(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower()
    if media_type.strip().lower() != NDJSON or charset not in {"", "charset=utf-8", 'charset="utf-8"'}:
        raise Problem(Code.UNSUPPORTED_MEDIA_TYPE)

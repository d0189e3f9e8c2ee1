"""Requests that bring many records: how far each is, and what became of its rows, chunk by chunk."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core.bulk_entries import Fault, RowAnswer
from app.core.codes import Code
from app.core.ids import ProgrammeId, RecordId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRequest:
    """A request: how many rows it told, what became of those that are done, and when it was received."""

    id: UUID
    rows_told: int
    rows_done: int
    added: int
    repeated: int
    refused: int
    received_at: datetime


_INSERT = text("""
INSERT INTO bulk_requests (programme_id, id, rows_told, received_at) VALUES (:programme, :id, :rows_told, :at)
""")


async def insert_bulk_request(tx: Tx, programme: ProgrammeId, request: UUID, rows_told: int, at: datetime) -> None:
    """Note a request of which nothing is done yet."""
    await tx.execute(_INSERT, {"programme": programme, "id": request, "rows_told": rows_told, "at": at})


_COLUMNS = "id, rows_told, rows_done, added, repeated, refused, received_at"
_FETCH = text(f"SELECT {_COLUMNS} FROM bulk_requests WHERE programme_id = :programme AND id = :id")


async def fetch_bulk_request(reader: Reader, programme: ProgrammeId, request: UUID) -> BulkRequest:
    """How far a request is."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": request})).mappings().one()
    return BulkRequest(**row)


_LOCK = text("SELECT rows_done FROM bulk_requests WHERE programme_id = :programme AND id = :id FOR UPDATE")


async def lock_bulk_request(tx: Tx, programme: ProgrammeId, request: UUID) -> int:
    """Keep others from going on with a request until the transaction ends; how many of its rows are done."""
    return int((await tx.execute(_LOCK, {"programme": programme, "id": request})).scalar_one())


_ADVANCE = text("""
UPDATE bulk_requests SET rows_done = rows_done + :done, added = added + :added, repeated = repeated + :repeated,
       refused = refused + :refused
WHERE programme_id = :programme AND id = :id
""")
_ANSWER = text("""
INSERT INTO bulk_answers (programme_id, request_id, first_row, answers, decided_at)
VALUES (:programme, :id, :first, CAST(:answers AS json), :at)
""")


async def insert_bulk_answers(
    tx: Tx, programme: ProgrammeId, request: UUID, first: int, answers: Sequence[RowAnswer], at: datetime
) -> dict[str, int]:
    """Keep what became of the rows from `first` on, and move the request on. Gives how many went which way."""
    added = sum(answer.added for answer in answers)
    refused = sum(answer.code is not None for answer in answers)
    counts = {"added": added, "repeated": len(answers) - added - refused, "refused": refused}
    named = {"programme": programme, "id": request}
    written = json.dumps([_write(answer) for answer in answers], separators=(",", ":"))
    await tx.execute(_ANSWER, {**named, "first": first, "answers": written, "at": at})
    await tx.execute(_ADVANCE, {**named, "done": len(answers), **counts})
    return counts


def _write(answer: RowAnswer) -> object:
    if answer.code is None:
        return answer.record.hex if answer.record else None
    return [answer.code.value, dict(answer.detail), answer.faults]


_ANSWERS = text("""
SELECT answers FROM bulk_answers WHERE programme_id = :programme AND request_id = :id ORDER BY first_row
""")


async def fetch_bulk_answers(reader: Reader, programme: ProgrammeId, request: UUID) -> list[RowAnswer]:
    """What became of the rows of a request, in order, as far as it is done."""
    chunks = await reader.execute(_ANSWERS, {"programme": programme, "id": request})
    return [answer for (chunk,) in chunks for answer in _read(chunk)]


def _read(chunk: Sequence[Any]) -> Iterator[RowAnswer]:
    for written in chunk:
        match written:
            case str():
                yield RowAnswer(record=RecordId(UUID(hex=written)))
            case [code, detail, faults]:
                yield RowAnswer(code=Code(code), detail=detail, faults=tuple(Fault(*fault) for fault in faults))
            case _:
                raise ValueError("an answer that this program has not written")

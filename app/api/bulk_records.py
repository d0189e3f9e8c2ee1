"""Entering many service records with one request (批量录入): a row is answered like a single record, in its place."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, Field

from app.actions.bulk_records import CHUNK, enter_chunk, open_request
from app.api.access import Requires
from app.api.acting import ticket_of
from app.api.bodies import Answer, json_answer
from app.api.bulk_bodies import NdjsonBody, ReceivedRows
from app.api.fields import RecordRef, refuse_control_characters
from app.api.operations import IdempotencyKey, writes
from app.api.problem_texts import TEXTS
from app.api.problems import FieldProblem, refuse, speaks_english
from app.api.record_fields import RecordRequest
from app.api.record_tellings import faults_of, telling_of
from app.api.services import Serves
from app.core.bulk_entries import BulkRow, Fault, RefusedRow, RowAnswer, ToldRow
from app.core.codes import Code, Rejected
from app.core.ids import format_id
from app.core.quantities import Instant
from app.core.record_numbers import EXTERNAL_NO_MAX, SOURCE_MAX, RecordNumber
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.bulk_records import BulkRequest, fetch_bulk_answers, fetch_bulk_request

router = APIRouter(prefix="/v1/service-records", tags=["Service"])

CREATED = 201
_NO_SOURCE = (Fault("/external_no", "needs the parameter source"),)

Source = Annotated[
    str | None,
    Query(
        pattern=f"^[0-9A-Za-z_.:-]{{1,{SOURCE_MAX}}}$",
        description="The system that the rows' `external_no` come from; needed where there are any",
        examples=["zyh365"],
    ),
]


ExternalNo = Annotated[
    str,
    Field(
        min_length=1,
        max_length=EXTERNAL_NO_MAX,
        description="One record for one number of a `source`, however often and in whichever request it is sent",
        examples=["2026-000123"],
    ),
    AfterValidator(refuse_control_characters),
]


class BulkRecordRow(RecordRequest):
    """One line of the body: hours as they are entered singly, with their number in the system they come from."""

    external_no: ExternalNo | None = None


class BulkRowAnswer(Answer):
    """What became of a row: `id` of its record, or `code`, `detail` and what explains the refusal."""

    line: Annotated[int, Field(description="The line of the body, from 1", examples=[1])]
    status: Annotated[int, Field(description="As the row alone would have been answered", examples=[201])]
    id: RecordRef | None = None
    code: Code | None = None
    detail: Annotated[str | None, Field(description="In the language of Accept-Language")] = None
    errors: list[FieldProblem] | None = None
    figures: dict[str, int | str] | None = None


class BulkRecordsAnswer(Answer):
    """What became of all rows. Repeated ones have records that were there under their numbers."""

    added: int
    repeated: int
    refused: int
    rows: Annotated[list[BulkRowAnswer], Field(description="One for each line, in order")]


def _row_of(row: BulkRecordRow | RefusedRow, source: str | None, actor: Actor, received_at: Instant) -> BulkRow:
    """A row for those who decide: what cannot be so by itself is refused already."""
    if isinstance(row, RefusedRow):
        return row
    if row.external_no and not source:
        return RefusedRow(Code.PARAM_ERROR, _NO_SOURCE)
    if faults := faults_of(row, actor, received_at):
        return RefusedRow(Code.PARAM_ERROR, tuple(Fault(fault.pointer, fault.detail) for fault in faults))
    number = RecordNumber(source, row.external_no) if row.external_no and source else None
    return ToldRow(telling_of(row, actor), number)


def _render_row(line: int, answer: RowAnswer, *, english: bool) -> BulkRowAnswer:
    if answer.code is None:
        return BulkRowAnswer(line=line, status=CREATED, id=format_id("rec", answer.record) if answer.record else None)
    text = TEXTS[answer.code]
    return BulkRowAnswer(
        line=line,
        status=text.status,
        code=answer.code,
        detail=text.en if english else text.zh,
        errors=[FieldProblem(pointer=fault.pointer, detail=fault.detail) for fault in answer.faults],
        figures=dict(answer.detail),
    )


def _render(request: BulkRequest, answers: Sequence[RowAnswer], *, english: bool) -> str:
    rows = [_render_row(line, answer, english=english) for line, answer in enumerate(answers, start=1)]
    answer = BulkRecordsAnswer(added=request.added, repeated=request.repeated, refused=request.refused, rows=rows)
    return answer.model_dump_json(exclude_none=True)


@router.post(
    ":batch",
    operation_id="enterServiceRecords",
    summary="Enter many records of service (批量录入)",
    response_model=BulkRecordsAnswer,
    response_model_exclude_none=True,
    responses=writes(),
)
async def post_records(
    request: Request,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_CREATE))],
    received: Annotated[ReceivedRows[BulkRecordRow], Depends(NdjsonBody(BulkRecordRow))],
    key: IdempotencyKey,
    source: Source = None,
) -> Response:
    """Up to 10,000 rows, one JSON object a line; each is decided as if it had come alone after those before it.

    A row that is refused stops no other: the answer is 200 and says of each line what became of it. Repeated with the
    same key, after whatever went wrong, the request goes on where it had ended and gets the answer of one that ran
    through. Rows with an `external_no` may come again in other requests too: the same number with the same content is
    the same record, with other content it is refused with `EXTERNAL_NO_USED`.
    """
    told = sha256(f"{source or ''}\n".encode() + received.hash).digest()
    opened = await open_request(services.database, ticket_of(services, actor, key, told), len(received.rows))
    if isinstance(opened, Rejected):
        raise refuse(opened)
    async with services.database.read() as reader:
        bulk = await fetch_bulk_request(reader, actor.programme, opened.request)
    done = bulk.rows_done
    while done < bulk.rows_told:
        part = received.rows[done : done + CHUNK]
        rows = await asyncio.to_thread(lambda: [_row_of(row, source, actor, bulk.received_at) for row in part])  # noqa: B023 - waited for
        done = await enter_chunk(services.database, actor, bulk.id, done, rows, services.clock())
    async with services.database.read() as reader:
        finished = await fetch_bulk_request(reader, actor.programme, opened.request)
        answers = await fetch_bulk_answers(reader, actor.programme, opened.request)
    english = speaks_english(request.headers.get("accept-language", ""))
    content = await asyncio.to_thread(_render, finished, answers, english=english)
    replayed = opened.replayed and bulk.rows_done == bulk.rows_told
    return json_answer(content, replayed=replayed, Content_Language="en" if english else "zh-CN")

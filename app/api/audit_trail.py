"""The audit trail (审计日志) for auditors: page by page, as a file, and the signed heads that prove it."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, Field

from app.actions.audit_trail import note_export
from app.api.access import Requires
from app.api.bill_file import write_cell
from app.api.bodies import Answer
from app.api.fields import Moment, refuse_control_characters
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, link_next, seq_after
from app.api.services import Serves, Services
from app.core.audit_trail import AuditRow
from app.core.ids import ProgrammeId
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.audit_trail import TrailFilter, fetch_trail, fetch_trail_heads

router = APIRouter(prefix="/v1/audit-trail", tags=["Audit"])

Audits = Annotated[Actor, Depends(Requires(Scope.AUDIT_READ))]
_CHUNK = 1_000
_COLUMNS = (
    "number 序号",
    "time 时间",
    "actor 操作人",
    "action 操作",
    "subject 对象",
    "changes 变更",
    "request_id 请求",
    "network 网段",
    "device 设备",
)


class AuditRowAnswer(Answer):
    """One act: who, what, to whom, what changed, from where."""

    number: Annotated[int, Field(description="Without gaps", examples=[4711])]
    actor: Annotated[str, Field(description="An id; a guardian stands before the child")]
    action: Annotated[str, Field(examples=["programme.change"])]
    subject: str
    changes: Annotated[
        dict[str, Any],
        Field(
            description="Of an edit the fields that changed, `before` and `after`, and why; of what is new, all of it",
            examples=[{"before": {"grace_days": 3}, "after": {"grace_days": 9}}],
        ),
    ]
    request_id: Annotated[str, Field(description="Empty for what no request began")]
    network: Annotated[str, Field(description="Where it came from, no finer than a network", examples=["10.0.3.0/24"])]
    device: str
    recorded_at: datetime


class AuditTrailPage(Answer):
    """Rows in their order."""

    rows: list[AuditRowAnswer]
    next: str | None


class TrailCheckpoint(Answer):
    """A signed root over the first `size` rows (RFC 6962), signed like a checkpoint under the name `liyu trail v1`."""

    size: int
    root: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    recorded_at: datetime
    kid: str
    signature: Annotated[str, Field(pattern="^[0-9a-f]{128}$")]


class TrailCheckpointPage(Answer):
    """Signed heads, the oldest first."""

    checkpoints: list[TrailCheckpoint]
    next: str | None


class TrailFormat(StrEnum):
    """How the file is written."""

    NDJSON = "ndjson"
    CSV = "csv"


OneLine = Annotated[str, AfterValidator(refuse_control_characters)]


async def _wanted(
    actor: Annotated[OneLine | None, Query(max_length=80, description="Exactly this actor")] = None,
    action: Annotated[OneLine | None, Query(max_length=80, description="This action, or all that begin so")] = None,
    subject: Annotated[OneLine | None, Query(max_length=120, description="Exactly this subject")] = None,
    since: Annotated[Moment | None, Query(description="From this moment on")] = None,
    until: Annotated[Moment | None, Query(description="Before this moment")] = None,
) -> TrailFilter:
    """What to read."""
    return TrailFilter(actor=actor, action=action, subject=subject, since=since, until=until)


Wanted = Annotated[TrailFilter, Depends(_wanted)]


def _render(row: AuditRow) -> AuditRowAnswer:
    return AuditRowAnswer(
        number=row.number,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        changes=json.loads(row.changes),
        request_id=row.request_id,
        network=row.network,
        device=row.device,
        recorded_at=row.recorded_at,
    )


@router.get(
    "",
    operation_id="listAuditTrail",
    summary="Who did what (审计日志)",
    response_model=AuditTrailPage,
    responses=reads(),
)
async def list_trail(
    request: Request,
    response: Response,
    services: Serves,
    actor: Audits,
    wanted: Wanted,
    limit: Limit = PAGE,
    after: After = None,
) -> AuditTrailPage:
    """Every administrative act and every read of personal data, the oldest first."""
    begin = seq_after(after, 0)
    async with services.database.read() as reader:
        found = await fetch_trail(reader, actor.programme, begin, limit + 1, wanted)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].number) if more else None
    response.headers.update(link_next(request, cursor))
    return AuditTrailPage(rows=[_render(row) for row in page], next=cursor)


def _write_csv(rows: list[AuditRow], *, heading: bool) -> bytes:
    """Rows for a spreadsheet: UTF-8 with BOM at the beginning, CRLF, never a formula."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    if heading:
        writer.writerow(_COLUMNS)
    for row in rows:
        told = (row.actor, row.action, row.subject, row.changes, row.request_id, row.network, row.device)
        writer.writerow((row.number, row.recorded_at.isoformat(), *map(write_cell, told)))
    return (b"\xef\xbb\xbf" if heading else b"") + written.getvalue().encode()


async def _stream(
    services: Services, programme: ProgrammeId, wanted: TrailFilter, form: TrailFormat
) -> AsyncIterator[bytes]:
    """The file, a thousand rows at a time, each in a read of its own: rows only ever come at the end."""
    after = 0
    if form is TrailFormat.CSV:
        yield _write_csv([], heading=True)
    while True:
        async with services.database.read() as reader:
            rows = list(await fetch_trail(reader, programme, after, _CHUNK, wanted))
        if not rows:
            return
        after = rows[-1].number
        if form is TrailFormat.CSV:
            yield _write_csv(rows, heading=False)
        else:
            yield "".join(f"{_render(row).model_dump_json()}\n" for row in rows).encode()


@router.get(
    "/export",
    operation_id="exportAuditTrail",
    summary="The trail as a file (导出审计日志)",
    response_class=Response,
    responses={
        200: {
            "description": "NDJSON, or CSV that a spreadsheet opens",
            "content": {
                "application/x-ndjson": {"schema": {"type": "string"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        },
        **reads(),
    },
)
async def export_trail(
    services: Serves, actor: Audits, wanted: Wanted, form: Annotated[TrailFormat, Query(alias="format")]
) -> Response:
    """The export is a row of the trail itself, and the last one in it when everything is asked for.

    Words about a person stand in it sealed, as the leaves were made of them; the list shows them opened.
    """
    asked = {name: str(value) for name in TrailFilter.__slots__ if (value := getattr(wanted, name)) is not None}
    await note_export(services.database, actor, {"format": form.value, **asked}, services.clock())
    kind = "text/csv; charset=utf-8" if form is TrailFormat.CSV else "application/x-ndjson"
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="audit-{actor.programme}.{form.value}"',
    }
    return StreamingResponse(_stream(services, actor.programme, wanted, form), media_type=kind, headers=headers)


@router.get(
    "/checkpoints",
    operation_id="listTrailCheckpoints",
    summary="Signed heads of the trail",
    response_model=TrailCheckpointPage,
    responses=reads(),
)
async def list_trail_checkpoints(
    request: Request, response: Response, services: Serves, actor: Audits, limit: Limit = PAGE, after: After = None
) -> TrailCheckpointPage:
    """Whoever keeps one can prove later that an older row was changed or taken away."""
    begin = seq_after(after, 0)
    async with services.database.read() as reader:
        found = await fetch_trail_heads(reader, actor.programme, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].size) if more else None
    response.headers.update(link_next(request, cursor))
    heads = [
        TrailCheckpoint(
            size=head.size,
            root=head.root.hex(),
            recorded_at=head.recorded_at,
            kid=head.kid,
            signature=head.signature.hex(),
        )
        for head in page
    ]
    return TrailCheckpointPage(checkpoints=heads, next=cursor)

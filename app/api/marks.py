"""Marks on service records (疑点): what rules found odd and nobody has looked into yet, and finding it harmless."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.actions.marks import clear_mark
from app.actions.reaches import fetch_reach
from app.api.access import Requires
from app.api.acting import act, note, secret_ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import ReasonText, RecordRef, TeamRef, VolunteerRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, link_next, refuse_cursor
from app.api.record_fields import MarkAnswer, render_mark
from app.api.service_records import find_record, record_named
from app.api.services import Serves
from app.core.audit_trail import changed
from app.core.codes import Code, Rejected
from app.core.ids import NOBODY, RecordId, UserId, format_id, parse_id
from app.core.marks import Clearing
from app.core.suspicions import Suspicion
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.marks_open import OpenMark, fetch_open_marks
from app.store.relatives import fetch_relatives

router = APIRouter(prefix="/v1", tags=["Service"])


class OpenMarkAnswer(MarkAnswer):
    """An open mark with the record it is on."""

    record_id: RecordRef
    volunteer_id: VolunteerRef
    team_id: TeamRef
    marked_at: datetime


class OpenMarkPage(Answer):
    """Open marks in the order of their records."""

    marks: list[OpenMarkAnswer]
    next: str | None


class ClearMarkRequest(Body):
    """Why a mark is harmless."""

    reason: ReasonText


class ClearedMarkAnswer(Answer):
    """A mark that was cleared."""

    record_id: RecordRef
    kind: Suspicion
    reason: str
    cleared_by: Annotated[str, Field(examples=["usr_0190c6f0a1b27c3d8e9f00112233aabb"])]
    cleared_at: datetime


def _begin(after: str | None) -> tuple[RecordId, str]:
    if after is None:
        return RecordId(NOBODY), ""
    record, _, kind = after.partition("/")
    value = parse_id("rec", record)
    if value is None or kind not in set(Suspicion):
        raise refuse_cursor()
    return RecordId(value), kind


def _render(found: OpenMark) -> OpenMarkAnswer:
    return OpenMarkAnswer(
        **render_mark(found.mark).model_dump(),
        record_id=format_id("rec", found.record),
        volunteer_id=format_id("vol", found.volunteer),
        team_id=format_id("tea", found.team),
        marked_at=found.marked_at,
    )


@router.get(
    "/record-marks",
    operation_id="listOpenMarks",
    summary="Records that rules found odd (疑点清单)",
    response_model=OpenMarkPage,
    responses=reads(),
)
async def list_open_marks(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_READ))],
    rule: Annotated[Suspicion | None, Query(description="Only those of one rule")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OpenMarkPage:
    """The marks that nobody has cleared; an organiser's are those on records of their own part."""
    begin = _begin(after)
    async with services.database.read() as reader:
        teams = await fetch_reach(reader, actor)
        found = await fetch_open_marks(reader, actor.programme, begin, limit + 1, rule, teams)
    page, more = cut_page(found, limit)
    cursor = f"{format_id('rec', page[-1].record)}/{page[-1].mark.mark.kind}" if more else None
    response.headers.update(link_next(request, cursor))
    return OpenMarkPage(marks=[_render(mark) for mark in page], next=cursor)


@router.post(
    "/service-records/{record_id}/marks/{rule}/clear",
    operation_id="clearMark",
    summary="Find a mark harmless (排除疑点)",
    response_model=ClearedMarkAnswer,
    responses=writes(Code.NOT_FOUND, Code.SELF_REVIEW, Code.STATE_CONFLICT),
)
async def post_clearing(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_VERIFY))],
    received: Annotated[Received[ClearMarkRequest], Depends(JsonBody(ClearMarkRequest))],
    key: IdempotencyKey,
    record_id: str,
    rule: Suspicion,
) -> Response:
    """By somebody who is neither the volunteer, nor a relative, nor the one who entered the record.

    The mark stays on the record with its reason, and is on no list any more.
    """
    record = record_named(record_id)
    reason = received.body.reason
    ticket = secret_ticket_of(services, actor, key, received.hash)
    async with services.database.read() as reader:
        view, _ = await find_record(reader, actor, record)
        relatives = await fetch_relatives(reader, actor.programme, UserId(actor.subject))

    async def clear(tx: Tx) -> Clearing | Rejected:
        return await clear_mark(tx, actor, view.record, relatives, rule, reason, ticket.at)

    return await act(
        services,
        ticket,
        clear,
        lambda cleared: note(
            ClearedMarkAnswer(
                record_id=record_id,
                kind=rule,
                reason=cleared.reason,
                cleared_by=format_id("usr", cleared.by),
                cleared_at=cleared.at,
            ),
            "mark.clear",
            record_id,
            {
                "rule": rule.value,
                "reason": cleared.reason,
                **changed({"cleared_at": None}, {"cleared_at": cleared.at.isoformat()}),
            },
        ),
        200,
    )

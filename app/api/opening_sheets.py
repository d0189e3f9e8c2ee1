"""Opening sheets (期初余额单): balances of an older system, drafted and read. Their steps are in `opening_steps`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from app.actions.openings import draft_sheet
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import JsonBody, Received
from app.api.opening_fields import (
    OpeningLineField,
    OpeningLinePage,
    OpeningSheetAnswer,
    OpeningSheetPage,
    OpeningSheetRequest,
    render_line,
    render_sheet,
)
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next, seq_after
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services
from app.api.volunteers import volunteer_named
from app.core.accounts import NEVER
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import OpeningSheetId, UserId, format_id, parse_id
from app.core.opening_sheets import LineState, OpeningSheet, SheetLine, SheetState, find_faults
from app.core.quantities import Minutes, Points
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Reader, Tx
from app.store.opening_lines import fetch_line_counts, fetch_lines
from app.store.opening_sheets import fetch_sheet, fetch_sheets
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1/opening-sheets", tags=["Service"])

Reads = Annotated[Actor, Depends(Requires(Scope.OPENINGS_READ))]
Drafts = Annotated[Actor, Depends(Requires(Scope.OPENINGS_WRITE))]


def sheet_named(reference: str) -> OpeningSheetId:
    """The sheet that a path names; 404 for what cannot be one."""
    value = parse_id("ops", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return OpeningSheetId(value)


async def find_sheet(reader: Reader, actor: Actor, sheet: OpeningSheetId) -> OpeningSheet:
    """The sheet; 404 where the programme has none of that name."""
    found = await fetch_sheet(reader, actor.programme, sheet)
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return found


def _line(line_no: int, body: OpeningLineField) -> SheetLine:
    if body.never_expires and body.expires_on:
        pointer = f"/lines/{line_no - 1}/never_expires"
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer=pointer, detail="not together with expires_on")])
    return SheetLine(
        line_no=line_no,
        external_no=body.external_no,
        volunteer=volunteer_named(body.volunteer_id),
        dated_on=body.dated_on,
        points=Points(body.points),
        minutes=Minutes(body.minutes),
        expires_on=NEVER if body.never_expires else body.expires_on,
    )


async def _lines(services: Services, actor: Actor, body: OpeningSheetRequest) -> list[SheetLine]:
    """The lines as values; a problem that points to each one that can never be a balance."""
    lines = [_line(line_no, each) for line_no, each in enumerate(body.lines, start=1)]
    async with services.database.read() as reader:
        today = business_day(services.clock(), await fetch_zone(reader, actor.programme))
    faults = [
        FieldProblem(pointer=f"/lines/{fault.line_no - 1}/{fault.field}", detail=fault.fault)
        for fault in find_faults(lines, today)
    ]
    if faults:
        raise Problem(Code.PARAM_ERROR, errors=faults)
    return lines


@router.post(
    "",
    operation_id="draftOpeningSheet",
    summary="Draft opening balances (录入期初余额单)",
    status_code=201,
    response_model=OpeningSheetAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_opening_sheet(
    services: Serves,
    actor: Drafts,
    received: Annotated[Received[OpeningSheetRequest], Depends(JsonBody(OpeningSheetRequest))],
    key: IdempotencyKey,
) -> Response:
    """Nothing moves until a second person approves. Lines that can never be balances are refused at once, all told."""
    body, ticket = received.body, ticket_of(services, actor, key, received.hash)
    lines = await _lines(services, actor, body)
    drafted = OpeningSheet(
        id=OpeningSheetId(uuid7()),
        state=SheetState.DRAFT,
        source=body.source,
        reason=body.reason,
        lines=len(lines),
        points=Points(sum(line.points for line in lines)),
        minutes=Minutes(sum(line.minutes for line in lines)),
        drafted_by=UserId(actor.subject),
        drafted_at=ticket.at,
    )

    async def draft(tx: Tx) -> OpeningSheet | Rejected:
        return await draft_sheet(tx, actor, drafted, lines)

    described = {"lines": drafted.lines, "points": drafted.points, "minutes": drafted.minutes, "source": body.source}
    return await act(
        services,
        ticket,
        draft,
        lambda sheet: note(render_sheet(sheet), "opening-sheet.draft", format_id("ops", sheet.id), described),
    )


@router.get(
    "",
    operation_id="listOpeningSheets",
    summary="Opening sheets (期初余额单)",
    response_model=OpeningSheetPage,
    responses=reads(),
)
async def list_opening_sheets(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    state: SheetState | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OpeningSheetPage:
    """All of them, or those in a state, each with its sums."""
    begin = OpeningSheetId(id_after("ops", after))
    async with services.database.read() as reader:
        found = await fetch_sheets(reader, actor.programme, begin, limit + 1, state)
    page, more = cut_page(found, limit)
    cursor = format_id("ops", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return OpeningSheetPage(sheets=[render_sheet(sheet) for sheet in page], next=cursor)


@router.get(
    "/{sheet_id}",
    operation_id="getOpeningSheet",
    summary="One opening sheet, its sums and how far it is",
    response_model=OpeningSheetAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_opening_sheet(services: Serves, actor: Reads, sheet_id: str) -> OpeningSheetAnswer:
    """With the number of lines in each state, once it is approved."""
    named = sheet_named(sheet_id)
    async with services.database.snapshot() as reader:
        sheet = await find_sheet(reader, actor, named)
        under_way = sheet.state in {SheetState.EXECUTING, SheetState.DONE}
        counts = await fetch_line_counts(reader, actor.programme, named) if under_way else None
    return render_sheet(sheet, counts)


@router.get(
    "/{sheet_id}/lines",
    operation_id="listOpeningLines",
    summary="The lines of an opening sheet and what became of each",
    response_model=OpeningLinePage,
    responses=reads(Code.NOT_FOUND),
)
async def list_opening_lines(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    sheet_id: str,
    state: LineState | None = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OpeningLinePage:
    """In the order they were entered; all, or those in a state."""
    named, begin = sheet_named(sheet_id), seq_after(after, 0)
    async with services.database.snapshot() as reader:
        await find_sheet(reader, actor, named)
        found = await fetch_lines(reader, actor.programme, named, limit + 1, after=begin, state=state)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].line.line_no) if more else None
    response.headers.update(link_next(request, cursor))
    return OpeningLinePage(lines=[render_line(view) for view in page], next=cursor)

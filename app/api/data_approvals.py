"""Leave to see a minor's data (未成年人信息访问审批), and the log of everybody who saw anybody's."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.vault import approve_data_access, ask_data_approval
from app.api.access import Requires
from app.api.acting import act, note, note_edit, secret_ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import UserRef, VolunteerRef
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.personal_data import ApprovalRef, Reads, approval_named
from app.api.personal_fields import ReadReason
from app.api.problems import Problem
from app.api.services import Serves, Services
from app.api.volunteers import volunteer_named
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import DataApprovalId, DataReadId, UserId, format_id
from app.core.personal_data import DataApproval, DataRead, ReadKind
from app.core.personal_data import Field as VaultField
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.data_reads import DataReadFilter, fetch_data_approvals, fetch_data_reads
from app.store.database import Tx

router = APIRouter(prefix="/v1", tags=["Personal data"])


class ApprovalRequest(Body):
    """Whose data is to be seen once, what of it, and why."""

    volunteer_id: VolunteerRef
    fields: Annotated[list[VaultField], Field(min_length=1, max_length=5, examples=[["name"]])]
    reason: ReadReason


class ApprovalAnswer(Answer):
    """A request for leave, and what became of it."""

    id: ApprovalRef
    volunteer_id: VolunteerRef
    fields: list[VaultField]
    reason: str
    asked_by: UserRef
    asked_at: datetime
    approved_by: UserRef | None
    approved_at: datetime | None
    valid_until: Annotated[datetime | None, Field(description="An hour after it was approved")]
    used_at: datetime | None


class ApprovalPage(Answer):
    """Requests in the order in which they were made."""

    approvals: list[ApprovalAnswer]
    next: str | None


class DataReadAnswer(Answer):
    """One access to personal data."""

    id: Annotated[str, Field(pattern="^drd_[0-9a-f]{32}$", examples=["drd_0190c6f0a1b27c3d8e9f00112233aabb"])]
    volunteer_id: VolunteerRef
    kind: ReadKind
    actor: Annotated[str, Field(description="Who, by id", examples=["usr_0190c6f0a1b27c3d8e9f00112233aabb"])]
    fields: list[VaultField]
    reason: str
    read_at: datetime


class LoggedRead(DataReadAnswer):
    """One access, as the log has it."""

    address: Annotated[str, Field(description="From where", examples=["10.1.2.3"])]
    approval_id: ApprovalRef | None


class DataReadPage(Answer):
    """Accesses in their order."""

    reads: list[LoggedRead]
    next: str | None


class OwnReadPage(Answer):
    """Accesses to one's own data, in their order."""

    reads: list[DataReadAnswer]
    next: str | None


def _render(approval: DataApproval) -> ApprovalAnswer:
    return ApprovalAnswer(
        id=format_id("dap", approval.id),
        volunteer_id=format_id("vol", approval.volunteer),
        fields=list(approval.fields),
        reason=approval.reason,
        asked_by=format_id("usr", approval.asked_by),
        asked_at=approval.asked_at,
        approved_by=format_id("usr", approval.approved_by) if approval.approved_by else None,
        approved_at=approval.approved_at,
        valid_until=approval.valid_until,
        used_at=approval.used_at,
    )


def read_fields(read: DataRead) -> dict[str, object]:
    """An access as the person concerned sees it."""
    return {
        "id": format_id("drd", read.id),
        "volunteer_id": format_id("vol", read.volunteer),
        "kind": read.kind,
        "actor": read.actor,
        "fields": list(read.fields),
        "reason": read.reason,
        "read_at": read.read_at,
    }


def _render_logged(read: DataRead) -> LoggedRead:
    approval = format_id("dap", read.approval) if read.approval else None
    return LoggedRead.model_validate({**read_fields(read), "address": read.address, "approval_id": approval})


@router.post(
    "/data-approvals",
    operation_id="askForDataApproval",
    summary="Ask for leave to see a minor's data once (申请查看)",
    status_code=201,
    response_model=ApprovalAnswer,
    responses=writes(Code.NOT_FOUND, Code.DATA_ERASED),
)
async def post_approval(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PERSONAL_DATA_UNMASK))],
    received: Annotated[Received[ApprovalRequest], Depends(JsonBody(ApprovalRequest))],
    key: IdempotencyKey,
) -> Response:
    """A second person has three days to approve it."""
    body, ticket = received.body, secret_ticket_of(services, actor, key, received.hash)
    asked = DataApproval(
        id=DataApprovalId(uuid7()),
        volunteer=volunteer_named(body.volunteer_id),
        fields=tuple(dict.fromkeys(body.fields)),
        reason=body.reason,
        asked_by=UserId(actor.subject),
        asked_at=ticket.at,
    )

    async def ask(tx: Tx) -> DataApproval | Rejected:
        return await ask_data_approval(tx, actor.programme, asked)

    changes = {
        "volunteer_id": body.volunteer_id,
        "fields": [field.value for field in asked.fields],
    }
    return await act(
        services,
        ticket,
        ask,
        lambda made: note(
            _render(made), "data-approval.ask", format_id("dap", made.id), {**changes, "reason": made.reason}
        ),
    )


@router.post(
    "/data-approvals/{approval_id}/approve",
    operation_id="approveDataAccess",
    summary="Let somebody see a minor's data once (审批)",
    response_model=ApprovalAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def post_approve(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PERSONAL_DATA_APPROVE))],
    key: IdempotencyKey,
    approval_id: str,
) -> Response:
    """By another than who asked; for one access within the hour."""
    approval = approval_named(approval_id)
    if approval is None:
        raise Problem(Code.NOT_FOUND)
    ticket = secret_ticket_of(services, actor, key, b"approve" + approval.bytes)

    async def approve(tx: Tx) -> Edited[DataApproval] | Rejected:
        return await approve_data_access(tx, actor.programme, approval, UserId(actor.subject), ticket.at)

    return await act(
        services, ticket, approve, lambda edited: note_edit(edited, _render, "data-approval.approve", approval_id), 200
    )


@router.get(
    "/data-approvals",
    operation_id="listDataApprovals",
    summary="Requests to see minors' data",
    response_model=ApprovalPage,
    responses=reads(),
)
async def list_approvals(
    request: Request, response: Response, services: Serves, actor: Reads, limit: Limit = PAGE, after: After = None
) -> ApprovalPage:
    """Who asked, who approved, whether it was used."""
    begin = DataApprovalId(id_after("dap", after))
    async with services.database.read() as reader:
        found = await fetch_data_approvals(reader, actor.programme, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("dap", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return ApprovalPage(approvals=[_render(approval) for approval in page], next=cursor)


async def _page(
    request: Request,
    response: Response,
    services: Services,
    actor: Actor,
    wanted: DataReadFilter,
    limit: int,
    after: str | None,
) -> tuple[list[DataRead], str | None]:
    begin = DataReadId(id_after("drd", after))
    async with services.database.read() as reader:
        found = await fetch_data_reads(reader, actor.programme, begin, limit + 1, wanted)
    page, more = cut_page(found, limit)
    cursor = format_id("drd", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return list(page), cursor


@router.get(
    "/data-reads",
    operation_id="listDataReads",
    summary="Who saw whose personal data in clear (明文查看日志)",
    response_model=DataReadPage,
    responses=reads(),
)
async def list_data_reads(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    volunteer: Annotated[str | None, Query(pattern="^vol_[0-9a-f]{32}$")] = None,
    by: Annotated[str | None, Query(pattern="^usr_[0-9a-f]{32}$")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> DataReadPage:
    """Everything, one person's, or one reader's."""
    wanted = DataReadFilter(volunteer=volunteer_named(volunteer) if volunteer else None, actor=by)
    page, cursor = await _page(request, response, services, actor, wanted, limit, after)
    return DataReadPage(reads=[_render_logged(read) for read in page], next=cursor)


@router.get(
    "/me/data-reads",
    operation_id="listOwnDataReads",
    summary="Who saw one's personal data (谁查看了我的信息)",
    response_model=OwnReadPage,
    responses=reads(),
)
async def list_own_data_reads(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_DATA))],
    limit: Limit = PAGE,
    after: After = None,
) -> OwnReadPage:
    """What of it, why, and when."""
    wanted = DataReadFilter(volunteer=own_id(actor))
    page, cursor = await _page(request, response, services, actor, wanted, limit, after)
    return OwnReadPage(reads=[DataReadAnswer.model_validate(read_fields(read)) for read in page], next=cursor)

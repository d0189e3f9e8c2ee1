"""Everything of one person in one document (个人信息导出, PIPL Art. 45): for themself, or at their request."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.guardianships import note_acted
from app.actions.running import Done
from app.actions.vault import Access, Opened, access_personal_data, open_personal_data
from app.api.access import Requires, address_of
from app.api.acting import act, secret_ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.consent_fields import ConsentAnswer, render_consent
from app.api.data_approvals import DataReadAnswer, read_fields
from app.api.erasures import ErasureAnswer, render_erasure
from app.api.export_parts import AT_ONCE, ExportedParts, gather_parts
from app.api.fields import VolunteerRef
from app.api.honour_fields import HonourAnswer, render_honour
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.personal_data import ApprovalRef, approval_named, business_today
from app.api.personal_fields import ClearData, ReadReason, render_clear
from app.api.problems import Problem
from app.api.record_fields import RecordAnswer, record_fields
from app.api.services import Serves, Services
from app.api.training_records import TrainingAnswer, render_training
from app.api.volunteers import ExternalIdField, VolunteerDetail, volunteer_fields, volunteer_named
from app.api.wallets import WalletAnswer, read_wallet
from app.core.codes import Code, Rejected
from app.core.ids import (
    NOBODY,
    ConsentId,
    DataReadId,
    ErasureId,
    HonourId,
    ProgrammeId,
    RecordId,
    TrainingId,
    VolunteerId,
    format_id,
)
from app.core.personal_data import IN_THE_VAULT, ReadKind
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.bonuses import fetch_referrer
from app.store.consents import fetch_consent_page
from app.store.data_reads import DataReadFilter, fetch_data_reads
from app.store.database import Reader, Tx
from app.store.erasures import fetch_erasure_requests, is_erased
from app.store.honours import HonourFilter, fetch_honours
from app.store.service_records import RecordFilter, fetch_records_page
from app.store.training_records import fetch_trainings
from app.store.volunteers import fetch_external_ids, fetch_volunteer

router = APIRouter(prefix="/v1", tags=["Personal data"])

Item = TypeVar("Item")


class PersonalExport(Answer):
    """All that is kept of one person."""

    exported_at: datetime
    volunteer: VolunteerDetail
    personal_data: ClearData
    wallet: WalletAnswer
    parts: ExportedParts
    service_records: list[RecordAnswer]
    training_records: list[TrainingAnswer]
    honours: list[HonourAnswer]
    consents: list[ConsentAnswer]
    data_reads: Annotated[list[DataReadAnswer], Field(description="Who saw the data in clear")]
    erasures: list[ErasureAnswer]


class ExportRequest(Body):
    """Why somebody's data is exported for them."""

    reason: ReadReason
    approval_id: Annotated[
        ApprovalRef | None, Field(description="Of anybody under 18, or of unknown age: for all four fields")
    ] = None


class ExportAnswer(Answer):
    """An export that was noted. It is in the first answer only: a repetition of the call has null."""

    id: Annotated[str, Field(pattern="^drd_[0-9a-f]{32}$", examples=["drd_0190c6f0a1b27c3d8e9f00112233aabb"])]
    volunteer_id: VolunteerRef
    export: PersonalExport | None


async def _all_pages(fetch: Callable[[UUID], Awaitable[Sequence[Item]]], id_of: Callable[[Item], UUID]) -> list[Item]:
    """Every row of a list that is read page by page, each after the id of the last."""
    found: list[Item] = []
    after = NOBODY
    while page := await fetch(after):
        found.extend(page)
        after = id_of(page[-1])
    return found


async def _volunteer(reader: Reader, programme: ProgrammeId, volunteer: VolunteerId) -> VolunteerDetail:
    found = await fetch_volunteer(reader, programme, volunteer)
    if found is None:
        raise Problem(Code.NOT_FOUND)
    if await is_erased(reader, programme, volunteer):
        raise Problem(Code.DATA_ERASED)
    referrer = await fetch_referrer(reader, programme, volunteer)
    external = await fetch_external_ids(reader, programme, volunteer)
    return VolunteerDetail.model_validate(
        {
            **volunteer_fields(found),
            "born_on": found.born_on,
            "external_ids": [ExternalIdField(system=row.system, external_id=row.external_id) for row in external],
            "referred_by": format_id("vol", referrer) if referrer else None,
        }
    )


async def _gather(request: Request, services: Services, actor: Actor, volunteer: VolunteerId) -> PersonalExport:
    """Everything but the vault's data, which stays null here."""
    programme = actor.programme
    async with services.database.snapshot() as reader:
        known = await _volunteer(reader, programme, volunteer)
        records = await _all_pages(
            lambda after: fetch_records_page(
                reader, programme, RecordId(after), AT_ONCE, RecordFilter(volunteer=volunteer)
            ),
            lambda view: view.record.id,
        )
        trainings = await _all_pages(
            lambda after: fetch_trainings(reader, programme, TrainingId(after), AT_ONCE, volunteer, None),
            lambda training: training.id,
        )
        honours = await _all_pages(
            lambda after: fetch_honours(reader, programme, HonourId(after), AT_ONCE, HonourFilter(volunteer=volunteer)),
            lambda view: view.honour.id,
        )
        consents = await _all_pages(
            lambda after: fetch_consent_page(reader, programme, volunteer, ConsentId(after), AT_ONCE),
            lambda row: row.id,
        )
        seen = await _all_pages(
            lambda after: fetch_data_reads(
                reader, programme, DataReadId(after), AT_ONCE, DataReadFilter(volunteer=volunteer)
            ),
            lambda read: read.id,
        )
        erasures = await _all_pages(
            lambda after: fetch_erasure_requests(reader, programme, ErasureId(after), AT_ONCE, volunteer=volunteer),
            lambda asked: asked.id,
        )
    return PersonalExport(
        exported_at=services.clock(),
        volunteer=known,
        personal_data=render_clear(None),
        wallet=await read_wallet(services, programme, volunteer),
        parts=await gather_parts(request, services, programme, volunteer),
        service_records=[RecordAnswer.model_validate(record_fields(view)) for view in records],
        training_records=[render_training(training) for training in trainings],
        honours=[render_honour(view) for view in honours],
        consents=[render_consent(row) for row in consents],
        data_reads=[DataReadAnswer.model_validate(read_fields(read)) for read in seen],
        erasures=[render_erasure(asked) for asked in erasures],
    )


@router.get(
    "/me/export",
    operation_id="exportOwnData",
    summary="Everything that is kept of oneself (导出我的数据)",
    response_model=PersonalExport,
    responses=reads(Code.NOT_FOUND, Code.DATA_ERASED),
)
async def export_own_data(
    request: Request, services: Serves, actor: Annotated[Actor, Depends(Requires(Scope.ME_DATA))]
) -> Response:
    """In clear, as JSON, at once and whole. For a child the guardian takes it, which the audit trail is told."""
    volunteer = own_id(actor)
    gathered = await _gather(request, services, actor, volunteer)
    async with services.database.snapshot() as reader:
        data = await open_personal_data(reader, services.cabinet.people, actor.programme, volunteer)
    whole = gathered.model_copy(update={"personal_data": render_clear(data)})
    own = format_id("vol", volunteer)
    await note_acted(services.database, actor, "personal-data.export-own", own, {}, services.clock())
    return json_answer(whole.model_dump_json(), Content_Disposition='attachment; filename="liyu-my-data.json"')


def _describe(gathered: PersonalExport, opened: Opened) -> Done:
    read = opened.read
    answer = ExportAnswer(id=format_id("drd", read.id), volunteer_id=format_id("vol", read.volunteer), export=None)
    whole = gathered.model_copy(update={"personal_data": render_clear(opened.data)})
    return Done(
        answer=answer.model_dump_json(),
        action="personal-data.export",
        subject=answer.volunteer_id,
        changes={"reason": read.reason, "address": read.address},
        shown_once={"export": whole.model_dump(mode="json")},
    )


@router.post(
    "/volunteers/{volunteer_id}/export",
    operation_id="exportPersonalData",
    summary="Everything that is kept of a volunteer, on their request (代为导出)",
    response_model=ExportAnswer,
    responses=writes(Code.NOT_FOUND, Code.APPROVAL_REQUIRED, Code.DATA_ERASED),
)
async def export_personal_data(
    request: Request,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PERSONAL_DATA_EXPORT))],
    received: Annotated[Received[ExportRequest], Depends(JsonBody(ExportRequest))],
    key: IdempotencyKey,
    volunteer_id: str,
) -> Response:
    """Noted like any sight of data in clear. Of a minor only with a second person's approval."""
    body, volunteer = received.body, volunteer_named(volunteer_id)
    ticket = secret_ticket_of(services, actor, key, received.hash + b"export" + volunteer.bytes)
    gathered = await _gather(request, services, actor, volunteer)
    today = await business_today(services, actor)
    access = Access(
        id=DataReadId(uuid7()),
        volunteer=volunteer,
        kind=ReadKind.EXPORT,
        fields=IN_THE_VAULT,
        reason=body.reason,
        address=address_of(request),
        approval=approval_named(body.approval_id),
    )

    async def see(tx: Tx) -> Opened | Rejected:
        return await access_personal_data(tx, services.cabinet.people, actor, access, today, ticket.at)

    return await act(services, ticket, see, lambda opened: _describe(gathered, opened), 200)

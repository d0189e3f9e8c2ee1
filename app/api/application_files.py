"""Files of applications (材料原件): uploaded raw, read back by the applicant, and by reviewers for a reason.

A file leaves as it came, with whatever a camera has written into it, and therefore to nobody else.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.application_files import ReadFile, Upload, open_own_file, read_file, upload_file
from app.actions.application_hands import ApplicationTold
from app.actions.running import Done, run_action
from app.actions.vault import Access
from app.api.access import Requires, address_of
from app.api.acting import act, note, secret_ticket_of
from app.api.application_fields import ApplicationAnswer, application_named, render_application
from app.api.benefit_fields import BenefitCode
from app.api.bodies import Body, JsonBody, Received
from app.api.operations import IdempotencyKey, reads, writes
from app.api.personal_data import ApprovalRef, approval_named, business_today
from app.api.personal_fields import ReadReason
from app.api.problems import Problem, refuse
from app.api.services import Serves, Services
from app.core.applications.files import FILE_BYTES_MAX, MediaType, refuse_content
from app.core.codes import Code, Rejected
from app.core.ids import NOBODY, DataReadId, VolunteerId, format_id
from app.core.personal_data import Field as VaultField
from app.core.personal_data import ReadKind
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx

router = APIRouter(prefix="/v1", tags=["Benefits"])

UPLOADS_MAX = 8
"""So many uploads a process holds at once; whoever brings another comes back in a moment."""
UPLOAD_S = 60
"""Whoever takes longer to bring one makes room for others."""
_SUFFIXES = {MediaType.JPEG: "jpg", MediaType.PNG: "png", MediaType.PDF: "pdf"}
_BINARY = {"schema": {"type": "string", "format": "binary", "maxLength": FILE_BYTES_MAX}}
_SENT: dict[str, Any] = {"requestBody": {"required": True, "content": {kind.value: _BINARY for kind in MediaType}}}
_GIVEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file as it was uploaded", "content": {kind.value: _BINARY for kind in MediaType}}
}


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A body that is a file of a kind that is taken, and its hash."""

    media_type: MediaType
    content: bytes
    hash: bytes


class FileBody:
    """A dependency that reads the body as one file, and holds it until the request is answered."""

    def __init__(self) -> None:
        self._held = 0

    async def __call__(self, request: Request) -> AsyncIterator[ReceivedFile]:
        """Read the file. What it says it is must be what it is."""
        if self._held >= UPLOADS_MAX:
            raise Problem(Code.SYSTEM_BUSY)
        self._held += 1
        try:
            try:
                async with asyncio.timeout(UPLOAD_S):
                    content = await request.body()
            except TimeoutError:
                raise Problem(Code.SYSTEM_BUSY) from None
            said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            found = refuse_content(content, said)
            if isinstance(found, Rejected):
                raise refuse(found)
            yield ReceivedFile(found, content, sha256(content).digest())
        finally:
            self._held -= 1


Uploaded = Annotated[ReceivedFile, Depends(FileBody())]
Piece = Annotated[BenefitCode, Field(description="The paper, by its code in the benefit's evidence list")]
_UPLOAD_REFUSALS = writes(
    Code.NOT_FOUND,
    Code.STATE_CONFLICT,
    Code.FILE_TYPE_REFUSED,
    Code.TOO_MANY_FILES,
    Code.DATA_ERASED,
    Code.GUARDIAN_REQUIRED,
)


class MaterialRead(Body):
    """Why a reviewer reads a file."""

    reason: ReadReason
    approval_id: Annotated[
        ApprovalRef | None,
        Field(description="Of anybody under 18, or of unknown age: for the field `material`; used up by this access"),
    ] = None


async def _upload(
    services: Services, actor: Actor, key: str, application_id: str, piece: str, received: ReceivedFile
) -> Response:
    application = application_named(application_id)
    ticket = secret_ticket_of(services, actor, key, received.hash + f"upload {application_id} {piece}".encode())
    upload = Upload(code=piece, media_type=received.media_type, content=received.content)

    async def put(tx: Tx) -> ApplicationTold | Rejected:
        return await upload_file(tx, actor, application, upload, ticket.at)

    noted = {"material": piece, "media_type": received.media_type.value, "size": len(received.content)}
    return await act(
        services,
        ticket,
        put,
        lambda told: note(render_application(told), "application.upload", application_id, noted),
        200,
    )


def _serve(application_id: str, file: ReadFile) -> Response:
    name = f"{application_id}-{file.code}.{_SUFFIXES[file.media_type]}"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(file.content, headers=headers, media_type=file.media_type.value)


@router.put(
    "/me/applications/{application_id}/material/{piece}",
    operation_id="uploadOwnMaterial",
    summary="Upload a paper (上传材料)",
    response_model=ApplicationAnswer,
    responses=_UPLOAD_REFUSALS,
    openapi_extra=_SENT,
)
async def put_own_file(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_APPLY))],
    received: Uploaded,
    key: IdempotencyKey,
    application_id: str,
    piece: Piece,
) -> Response:
    """JPEG, PNG or PDF of 5 MiB at most, one for each paper, ten in all; another takes its place. Sealed at once.

    While the application is a draft, or when something was asked for.
    """
    return await _upload(services, actor, key, application_id, piece, received)


@router.get(
    "/me/applications/{application_id}/material/{piece}",
    operation_id="downloadOwnMaterial",
    summary="A paper as one uploaded it (下载材料)",
    response_class=Response,
    responses={**_GIVEN, **reads(Code.NOT_FOUND)},
)
async def get_own_file(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.ME_READ))],
    application_id: str,
    piece: Piece,
) -> Response:
    """As long as it is kept: ninety days after the case ended without a benefit, three years after it gave one."""
    application = application_named(application_id)
    async with services.database.snapshot() as reader:
        file = await open_own_file(reader, actor, application, piece)
    if file is None:
        raise Problem(Code.NOT_FOUND)
    return _serve(application_id, file)


@router.put(
    "/applications/{application_id}/material/{piece}",
    operation_id="uploadEnteredMaterial",
    summary="Upload a paper on behalf (代为上传材料)",
    response_model=ApplicationAnswer,
    responses=_UPLOAD_REFUSALS,
    openapi_extra=_SENT,
)
async def put_entered_file(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.APPLICATIONS_ENTER))],
    received: Uploaded,
    key: IdempotencyKey,
    application_id: str,
    piece: Piece,
) -> Response:
    """By whoever has entered the application."""
    return await _upload(services, actor, key, application_id, piece, received)


def _describe(application_id: str, file: ReadFile, access: Access) -> Done:
    reason = file.read.reason if file.read else ""
    return Done(
        answer="{}",
        action="application.read-material",
        subject=application_id,
        changes={
            "material": file.code,
            "read_id": format_id("drd", access.id),
            "reason": reason,
            "address": access.address,
        },
    )


@router.post(
    "/applications/{application_id}/material/{piece}/read",
    operation_id="readMaterial",
    summary="Read a paper, as a reviewer (查阅材料)",
    response_class=Response,
    responses={
        **_GIVEN,
        **writes(
            Code.NOT_FOUND,
            Code.SELF_REVIEW,
            Code.REVIEW_LEVEL,
            Code.STATE_CONFLICT,
            Code.APPROVAL_REQUIRED,
            Code.DATA_ERASED,
        ),
    },
)
async def post_read(
    request: Request,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.APPLICATIONS_REVIEW))],
    received: Annotated[Received[MaterialRead], Depends(JsonBody(MaterialRead))],
    key: IdempotencyKey,
    application_id: str,
    piece: Piece,
) -> Response:
    """By the level whose turn it is, or above. Noted before it is answered; a repetition of the call is refused."""
    body, application = received.body, application_named(application_id)
    ticket = secret_ticket_of(services, actor, key, received.hash + f"read {application_id} {piece}".encode())
    today = await business_today(services, actor)
    access = Access(
        id=DataReadId(uuid7()),
        volunteer=VolunteerId(NOBODY),
        kind=ReadKind.MATERIAL,
        fields=(VaultField.MATERIAL,),
        reason=body.reason,
        address=address_of(request),
        approval=approval_named(body.approval_id),
    )
    opened: list[ReadFile] = []

    async def see(tx: Tx) -> Done | Rejected:
        found = await read_file(tx, actor, application, piece, access, today, ticket.at)
        if isinstance(found, Rejected):
            return found
        opened.append(found)
        return _describe(application_id, found, access)

    answered = await run_action(services.database, ticket, see)
    if isinstance(answered, Rejected):
        raise refuse(answered)
    if answered.replayed:
        raise Problem(Code.STATE_CONFLICT, {"read": "before"})
    return _serve(application_id, opened[0])

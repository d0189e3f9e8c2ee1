"""How applications for benefits read on the wire, what an applicant sends, and what a reviewer does."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from app.actions.application_hands import ApplicationTold
from app.actions.applications import Words
from app.api.benefit_fields import BenefitCode
from app.api.bodies import Answer, Body
from app.api.fields import FenField, ReasonText, RegionCode, VolunteerRef, refuse_control_characters
from app.api.problems import Problem
from app.core.applications.files import MediaType
from app.core.applications.material import Material
from app.core.applications.states import ApplicationEvent, ApplicationState
from app.core.benefits.model import BenefitKind
from app.core.codes import Code
from app.core.ids import ApplicationId, format_id, parse_id
from app.core.quantities import Fen

ApplicationRef = Annotated[str, Field(pattern="^app_[0-9a-f]{32}$", examples=["app_0190c6f0a1b27c3d8e9f00112233aabb"])]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["9f86d081884c7d659a2feaa0c55ad015" * 2])]


class MaterialFields(Body):
    """A piece of material (材料). The file itself lies sealed elsewhere; what is here names it and its hash."""

    code: BenefitCode
    sha256: Annotated[Sha256, Field(description="Of the file's bytes: none is swapped unnoticed")]
    reference: Annotated[
        str,
        Field(min_length=1, max_length=200, description="Where the sealed file is kept", examples=["档案 2026-117"]),
        AfterValidator(refuse_control_characters),
    ]
    note: Annotated[
        str, Field(max_length=200, description="No personal data"), AfterValidator(refuse_control_characters)
    ] = ""

    def to_material(self) -> Material:
        """The piece that this body says."""
        return Material(code=self.code, sha256=self.sha256, reference=self.reference, note=self.note)


class MaterialAnswer(Answer):
    """A piece of material as it was named."""

    code: BenefitCode
    sha256: Sha256
    reference: str
    note: str


class ApplicationFile(Answer):
    """A file that was uploaded (材料原件)."""

    code: BenefitCode
    media_type: MediaType
    size: Annotated[int, Field(description="Bytes", examples=[183042])]
    sha256: Sha256
    uploaded_at: datetime


class ApplicationWords(Body):
    """What an applicant says and brings (申请内容)."""

    statement: Annotated[
        str,
        Field(max_length=1000, description="No personal data", examples=["符合条件，特此申请"]),
        AfterValidator(refuse_control_characters),
    ] = ""
    requested_fen: Annotated[FenField | None, Field(description="The sum asked for, where it is about money")] = None
    material: Annotated[tuple[MaterialFields, ...], Field(max_length=20)] = ()

    def to_words(self) -> Words:
        """The words that this body says."""
        asked = Fen(self.requested_fen) if self.requested_fen is not None else None
        return Words(statement=self.statement, material=to_material(self.material), requested_fen=asked)


def to_material(pieces: Sequence[MaterialFields]) -> tuple[Material, ...]:
    """The pieces that a body names."""
    return tuple(piece.to_material() for piece in pieces)


class ApplicationRequest(ApplicationWords):
    """An application for a benefit, to be submitted later."""

    benefit: BenefitCode


class ApplicationOnBehalf(ApplicationRequest):
    """An application that an official writes down for a volunteer (代办)."""

    volunteer_id: VolunteerRef


class MaterialSupply(Body):
    """What was asked for; what was uploaded since then need not be named."""

    material: Annotated[tuple[MaterialFields, ...], Field(max_length=20)] = ()


class ApplicationReason(Body):
    """Why, in writing (理由)."""

    reason: ReasonText


class ReviewDecision(StrEnum):
    """What a reviewer can do: the events of the table that are a reviewer's."""

    REQUEST_MATERIAL = ApplicationEvent.REQUEST_MATERIAL.value
    TAKE_IN = ApplicationEvent.TAKE_IN.value
    ENDORSE = ApplicationEvent.ENDORSE.value
    OPPOSE = ApplicationEvent.OPPOSE.value
    REJECT = ApplicationEvent.REJECT.value
    REINVESTIGATE = ApplicationEvent.REINVESTIGATE.value
    APPROVE = ApplicationEvent.APPROVE.value
    REFER = ApplicationEvent.REFER.value
    AUTHORITY_ACCEPTS = ApplicationEvent.AUTHORITY_ACCEPTS.value
    AUTHORITY_DECLINES = ApplicationEvent.AUTHORITY_DECLINES.value
    FULFIL = ApplicationEvent.FULFIL.value
    REVOKE = ApplicationEvent.REVOKE.value
    PROPOSE_ANNULMENT = ApplicationEvent.PROPOSE_ANNULMENT.value
    DISMISS_ANNULMENT = ApplicationEvent.DISMISS_ANNULMENT.value
    ANNUL = ApplicationEvent.ANNUL.value
    UPHOLD_APPEAL = ApplicationEvent.UPHOLD_APPEAL.value
    DISMISS_APPEAL = ApplicationEvent.DISMISS_APPEAL.value


class ApplicationAnswer(Answer):
    """An application as it stands now, whatever a job has written down."""

    id: ApplicationRef
    benefit: BenefitCode
    version: Annotated[str, Field(description="The version it was submitted under")]
    kind: BenefitKind
    name: str
    name_en: str
    volunteer_id: VolunteerRef
    masked_name: str
    region_code: RegionCode
    state: ApplicationState
    since: datetime
    due_at: Annotated[
        datetime | None, Field(description="Until when the next step is due, or time takes it; working days with 调休")
    ]
    overdue: Annotated[bool, Field(description="Somebody of the programme is late")]
    whole_due_at: Annotated[datetime | None, Field(description="45 working days after submission")]
    notice_until: Annotated[datetime | None, Field(description="The end of the public notice (公示)")]
    valid_until: datetime | None
    created_at: datetime
    submitted_at: datetime | None
    statement: str
    requested_fen: int | None
    amount_fen: Annotated[int | None, Field(description="What the investigation found right; the notice shows it")]
    material: list[MaterialAnswer]
    files: Annotated[
        list[ApplicationFile], Field(description="What was uploaded; each is read at `…/material/{piece}`")
    ]
    material_was_requested: Annotated[bool, Field(description="It is asked for once, completely")]
    appealed: bool
    revision: int


class ApplicationPage(Answer):
    """Applications in the order in which they were begun."""

    applications: list[ApplicationAnswer]
    next: str | None


def render_application(told: ApplicationTold) -> ApplicationAnswer:
    """An application as it stands."""
    return ApplicationAnswer.model_validate(application_content(told))


def application_content(told: ApplicationTold) -> dict[str, object]:
    """The fields of an application's answer."""
    view, application = told.view, told.application
    return {
        "id": format_id("app", application.id),
        "benefit": application.benefit,
        "version": application.version,
        "kind": view.kind,
        "name": view.name,
        "name_en": view.name_en,
        "volunteer_id": format_id("vol", application.volunteer),
        "masked_name": view.applicant.masked_name,
        "region_code": application.region,
        "state": application.state,
        "since": application.since,
        "due_at": told.due_at,
        "overdue": told.overdue,
        "whole_due_at": told.whole_due_at,
        "notice_until": application.notice_until,
        "valid_until": application.valid_until,
        "created_at": application.created_at,
        "submitted_at": application.submitted_at,
        "statement": view.statement,
        "requested_fen": application.requested_fen,
        "amount_fen": application.amount_fen,
        "material": [
            MaterialAnswer(code=each.code, sha256=each.sha256, reference=each.reference, note=each.note)
            for each in view.material
        ],
        "files": [
            ApplicationFile(
                code=each.code,
                media_type=each.media_type,
                size=each.size,
                sha256=each.sha256,
                uploaded_at=each.uploaded_at,
            )
            for each in view.files
        ],
        "material_was_requested": application.asked,
        "appealed": application.appealed,
        "revision": application.revision,
    }


def application_named(reference: str) -> ApplicationId:
    """The application that a path names; 404 for what cannot be one."""
    value = parse_id("app", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return ApplicationId(value)

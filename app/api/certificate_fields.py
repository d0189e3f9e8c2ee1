"""A certificate of service as it is told: the answer, and the claims that are signed."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.api.bodies import Answer
from app.api.fields import RecordRef, TeamRef, VolunteerRef
from app.core.certificates import Certified, CertifyingUnit, Validity
from app.core.ids import format_id
from app.core.rows import Evidence
from app.core.volunteers import Volunteer

NUMBER = "^crt_[a-z][a-z0-9-]{1,15}_[a-z2-7]{24}$"
CertificateNumber = Annotated[
    str,
    Field(
        pattern=NUMBER,
        description="Nobody can guess it; who has it can check the certificate",
        examples=["crt_cixi_mfrggzdfmztwq2lknnwg23tp"],
    ),
]


class CertifiedRecordAnswer(Answer):
    """One verified record."""

    record_id: RecordRef
    served_on: date
    activity: str
    content: Annotated[str, Field(description="What was done (服务内容)")]
    minutes: int
    evidence: Evidence


class CertifyingUnitAnswer(Answer):
    """A recording unit (记录单位) and what it certifies: the activities that it organised itself."""

    team_id: TeamRef
    name: str
    minutes: int
    records: list[CertifiedRecordAnswer]


class CertificateText(Answer):
    """What a certificate says."""

    number: CertificateNumber
    programme: str
    volunteer_id: VolunteerRef
    masked_name: Annotated[str, Field(examples=["张**"])]
    since: Annotated[date | None, Field(description="The first day asked for; null: from the beginning")]
    until: Annotated[date | None, Field(description="The last day asked for; null: up to now")]
    minutes: Annotated[int, Field(description="Time given (服务时间)", examples=[1788])]
    units: list[CertifyingUnitAnswer]
    issued_at: Annotated[datetime, Field(description="When it was given out first")]


class CertificateAnswer(CertificateText):
    """A certificate, where anybody can check it, and the same words signed."""

    check_url: Annotated[
        str, Field(examples=["https://liyu.example/v1/certificates/crt_cixi_mfrggzdfmztwq2lknnwg23tp"])
    ]
    jws: Annotated[
        str,
        Field(description="A compact JWS (RFC 7515, Ed25519) over the same; its key is at `/v1/auth/keys/{programme}`"),
    ]


class CertificateCheck(Answer):
    """What anybody learns of a number: whether its hours still stand, of whom by the mask only, how many."""

    state: Annotated[
        Validity, Field(description="`superseded`: hours have been withdrawn since; `unknown`: never given out")
    ]
    masked_name: str | None
    minutes: Annotated[int | None, Field(description="As certified", examples=[1788])]


def _render_unit(unit: CertifyingUnit) -> CertifyingUnitAnswer:
    return CertifyingUnitAnswer(
        team_id=format_id("tea", unit.team),
        name=unit.name,
        minutes=unit.minutes,
        records=[
            CertifiedRecordAnswer(
                record_id=format_id("rec", record.id),
                served_on=record.served_on,
                activity=record.activity,
                content=record.content or record.activity,
                minutes=record.minutes,
                evidence=record.evidence,
            )
            for record in unit.records
        ],
    )


def render_text(
    number: str, programme: str, volunteer: Volunteer, certified: Certified, issued_at: datetime
) -> CertificateText:
    """What a certificate says, before it is signed."""
    return CertificateText(
        number=number,
        programme=programme,
        volunteer_id=format_id("vol", volunteer.id),
        masked_name=volunteer.masked_name,
        since=certified.since,
        until=certified.until,
        minutes=certified.minutes,
        units=[_render_unit(unit) for unit in certified.units],
        issued_at=issued_at,
    )

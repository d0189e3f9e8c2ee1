"""Certificates of service (志愿服务证明), free and from the verified records only, and their public check."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from app.actions.certificates import issue_certificate
from app.actions.credentials import place_status
from app.actions.reaches import fetch_reach
from app.api.access import PUBLIC, Requires
from app.api.bodies import json_answer
from app.api.certificate_fields import CertificateAnswer, CertificateCheck, render_text
from app.api.certificate_pages import render_certificate_page, render_check_page
from app.api.credentials import status_claim_of
from app.api.me import own_id
from app.api.operations import reads, refusals
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services, public_base
from app.api.volunteers import volunteer_named
from app.core.business_days import end_of_day
from app.core.certificates import Validity, certify, judge
from app.core.codes import Code
from app.core.ids import VolunteerId
from app.security.actors import Actor
from app.security.certificates import derive_number, programme_of_number, sign_certificate
from app.security.scopes import Scope
from app.store.certificates import fetch_certified, fetch_checked
from app.store.programmes import fetch_zone
from app.store.wallets import fetch_volunteer_status

router = APIRouter(prefix="/v1", tags=["Service"])

ReadsOwn = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Certifies = Annotated[Actor, Depends(Requires(Scope.RECORDS_VERIFY))]
Since = Annotated[date | None, Query(description="Only service that began on this business day or later")]
Until = Annotated[date | None, Query(description="Only service that began on this business day or before")]

_FIRST_YEAR, _LAST_YEAR = 2000, 9000
_HTML = "text/html"
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A page, A4 when printed", "content": {_HTML: {"schema": {"type": "string"}}}}
}


@dataclass(frozen=True, slots=True)
class _Asked:
    since: date | None
    until: date | None


async def _period(since: Since = None, until: Until = None) -> _Asked:
    """The days asked for, refused where there are none."""
    for name, day in (("since", since), ("until", until)):
        if day and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer=f"/{name}", detail="from 2000 to 9000")])
    if since and until and until < since:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/until", detail="before since")])
    return _Asked(since, until)


Period = Annotated[_Asked, Depends(_period)]


async def _certify(
    request: Request, services: Services, actor: Actor, volunteer: VolunteerId, asked: _Asked
) -> tuple[CertificateAnswer, str]:
    """The certificate, and the zone of its days. 404 where there is nothing that could be certified."""
    programme = actor.programme
    async with services.database.snapshot() as reader:
        zone = await fetch_zone(reader, programme)
        known = await fetch_volunteer_status(reader, programme, volunteer)
        begin = end_of_day(asked.since - timedelta(days=1), zone) if asked.since else None
        end = end_of_day(asked.until, zone) if asked.until else None
        reach = await fetch_reach(reader, actor)
        records = await fetch_certified(reader, programme, volunteer, begin, end, reach, zone)
    if known is None or not records:
        raise Problem(Code.NOT_FOUND)
    certified = certify(volunteer, asked.since, asked.until, records)
    number = derive_number(services.cabinet.certificates, programme, certified.encode())
    issued_at = await issue_certificate(services.database, actor, number, certified, services.clock())
    said = render_text(number, programme, known, certified, issued_at)
    place = await place_status(services.database, programme, number, services.clock())
    claims = said.model_dump(mode="json") | status_claim_of(request, programme, place)
    signed = sign_certificate(await services.cabinet.token_keys(programme), claims)
    check_url = f"{public_base(request)}v1/certificates/{number}"
    return CertificateAnswer(**said.model_dump(), check_url=check_url, jws=signed), zone


@router.get(
    "/me/certificate",
    operation_id="getOwnCertificate",
    summary="A certificate of one's own service (志愿服务证明)",
    tags=["Volunteers' own"],
    response_model=CertificateAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_certificate(request: Request, services: Serves, actor: ReadsOwn, period: Period) -> Response:
    """Free. The same records give the same number; it is written down the first time it is asked for."""
    certificate, _ = await _certify(request, services, actor, own_id(actor), period)
    return json_answer(certificate.model_dump_json())


@router.get(
    "/me/certificate/page",
    operation_id="printOwnCertificate",
    summary="The same to print (打印证明)",
    tags=["Volunteers' own"],
    response_class=Response,
    responses={**_PAGE, **reads(Code.NOT_FOUND)},
)
async def print_own_certificate(request: Request, services: Serves, actor: ReadsOwn, period: Period) -> Response:
    """Chinese with English, with a QR code that leads to the public check."""
    return render_certificate_page(*await _certify(request, services, actor, own_id(actor), period))


@router.get(
    "/volunteers/{volunteer_id}/certificate",
    operation_id="getVolunteerCertificate",
    summary="A certificate of a volunteer's service (开具证明)",
    response_model=CertificateAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_volunteer_certificate(
    request: Request, services: Serves, actor: Certifies, volunteer_id: str, period: Period
) -> Response:
    """An organiser certifies what teams of their own part have organised, and nothing else (谁记录谁证明)."""
    certificate, _ = await _certify(request, services, actor, volunteer_named(volunteer_id), period)
    return json_answer(certificate.model_dump_json())


@router.get(
    "/volunteers/{volunteer_id}/certificate/page",
    operation_id="printVolunteerCertificate",
    summary="The same to print and seal (打印盖章)",
    response_class=Response,
    responses={**_PAGE, **reads(Code.NOT_FOUND)},
)
async def print_volunteer_certificate(
    request: Request, services: Serves, actor: Certifies, volunteer_id: str, period: Period
) -> Response:
    """Each unit seals what stands under its name, where a seal is asked for (order 67, Art. 15)."""
    return render_certificate_page(*await _certify(request, services, actor, volunteer_named(volunteer_id), period))


@router.get(
    "/certificates/{number}",
    operation_id="checkCertificate",
    summary="Check a certificate (证明核验)",
    response_model=CertificateCheck,
    responses={
        200: {
            "description": "JSON, or a page for who accepts HTML",
            "content": {_HTML: {"schema": {"type": "string"}}},
        },
        **refusals((Code.PARAM_ERROR,)),
    },
    openapi_extra={"x-access": PUBLIC},
)
async def check_certificate(request: Request, services: Serves, number: str) -> Response:
    """For anybody who has the number: whether it stands, the masked name, the minutes; nothing else of anybody."""
    programme = programme_of_number(number)
    found = None
    if programme:
        async with services.database.read() as reader:
            found = await fetch_checked(reader, programme, number)
    checked = CertificateCheck(state=Validity.UNKNOWN, masked_name=None, minutes=None)
    if found:
        state = judge(found.minutes, found.standing)
        checked = CertificateCheck(state=state, masked_name=found.masked_name, minutes=found.minutes)
    if _HTML in request.headers.get("accept", ""):
        return render_check_page(number, checked)
    return json_answer(checked.model_dump_json())

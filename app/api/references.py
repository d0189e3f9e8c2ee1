"""Reference letters (佐证/推荐函) of referred applications, as JSON and to print: the authority decides, not we."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from app.api.access import Requires
from app.api.application_details import find_told
from app.api.application_fields import ApplicationRef
from app.api.application_pages import render_page
from app.api.bodies import Answer, json_answer
from app.api.fields import VolunteerRef
from app.api.operations import reads
from app.api.problems import Problem, refuse
from app.api.services import Serves, Services
from app.core.applications.references import refer
from app.core.codes import Code, Rejected
from app.core.ids import format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.benefits import fetch_version
from app.store.programmes import fetch_zone

router = APIRouter(prefix="/v1", tags=["Benefits"])

ReadsOwn = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Reads = Annotated[Actor, Depends(Requires(Scope.APPLICATIONS_READ))]
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A page, A4 when printed", "content": {"text/html": {"schema": {"type": "string"}}}}
}


class ReferenceLetter(Answer):
    """A letter about somebody's service, from the facts frozen at submission. It decides nothing."""

    application_id: ApplicationRef
    volunteer_id: VolunteerRef
    masked_name: str
    name: str
    name_en: str
    addressee: str
    addressee_en: str
    title: str
    title_en: str
    as_of: date
    stars: int
    minutes: int
    window_from: date | None
    window_minutes: int
    honours: int
    statement: str
    statement_en: str
    facts_hash: str


async def _write(services: Services, actor: Actor, application_id: str) -> tuple[ReferenceLetter, str]:
    """The letter, and the zone of its days."""
    async with services.database.snapshot() as reader:
        told = await find_told(services, reader, actor, application_id)
        application = told.application
        published = await fetch_version(reader, actor.programme, application.benefit, application.version)
        zone = await fetch_zone(reader, actor.programme)
    if published is None:
        raise Problem(Code.NOT_FOUND)
    said = refer(application, published.benefit, told.view.facts)
    if isinstance(said, Rejected):
        raise refuse(said)
    letter = ReferenceLetter(
        application_id=format_id("app", application.id),
        volunteer_id=format_id("vol", application.volunteer),
        masked_name=told.view.applicant.masked_name,
        name=told.view.name,
        name_en=told.view.name_en,
        addressee=said.addressee.name,
        addressee_en=said.addressee.name_en,
        title=said.title,
        title_en=said.title_en,
        as_of=said.as_of,
        stars=said.stars,
        minutes=said.minutes,
        window_from=said.window_from,
        window_minutes=said.window_minutes,
        honours=said.honours,
        statement=said.statement,
        statement_en=said.statement_en,
        facts_hash=application.facts_hash.hex() if application.facts_hash else "",
    )
    return letter, zone


@router.get(
    "/me/applications/{application_id}/reference",
    operation_id="getOwnReference",
    summary="The letter of one's own referred application (佐证函)",
    tags=["Volunteers' own"],
    response_model=ReferenceLetter,
    responses=reads(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def get_own_reference(services: Serves, actor: ReadsOwn, application_id: str) -> Response:
    """While it is referred to the authority that decides."""
    letter, _ = await _write(services, actor, application_id)
    return json_answer(letter.model_dump_json())


@router.get(
    "/me/applications/{application_id}/reference/page",
    operation_id="printOwnReference",
    summary="The same to print (打印佐证函)",
    tags=["Volunteers' own"],
    response_class=Response,
    responses={**_PAGE, **reads(Code.NOT_FOUND, Code.STATE_CONFLICT)},
)
async def print_own_reference(services: Serves, actor: ReadsOwn, application_id: str) -> Response:
    """Chinese with English."""
    letter, zone = await _write(services, actor, application_id)
    return render_page("reference.html", letter, services.clock(), zone)


@router.get(
    "/applications/{application_id}/reference",
    operation_id="getReference",
    summary="The letter of a referred application (推荐函)",
    response_model=ReferenceLetter,
    responses=reads(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def get_reference(services: Serves, actor: Reads, application_id: str) -> Response:
    """For the authority that it goes to."""
    letter, _ = await _write(services, actor, application_id)
    return json_answer(letter.model_dump_json())


@router.get(
    "/applications/{application_id}/reference/page",
    operation_id="printReference",
    summary="The same to print (打印推荐函)",
    response_class=Response,
    responses={**_PAGE, **reads(Code.NOT_FOUND, Code.STATE_CONFLICT)},
)
async def print_reference(services: Serves, actor: Reads, application_id: str) -> Response:
    """Chinese with English."""
    letter, zone = await _write(services, actor, application_id)
    return render_page("reference.html", letter, services.clock(), zone)

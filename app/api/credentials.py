"""Credentials of grants (礼遇凭证), the public keys at their well-known address, and the public status lists."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field

from app.actions.credentials import place_status
from app.api.access import PUBLIC, Requires
from app.api.application_details import find_told
from app.api.auth import PublicKeys, answer_keys
from app.api.bodies import Answer, json_answer
from app.api.log_ins import ProgrammeCode
from app.api.operations import reads, refusals
from app.api.problems import Problem
from app.api.services import Serves, Services, public_base
from app.core.benefit_grants import BenefitGrant
from app.core.benefits.model import Benefit
from app.core.codes import Code
from app.core.ids import BenefitGrantId, ProgrammeId, format_id
from app.security.actors import Actor
from app.security.credentials import STATUS_TTL_S, STATUS_TYPE, sign_grant, sign_status_list, status_claim
from app.security.scopes import Scope
from app.store.benefits import fetch_version
from app.store.credentials import StatusPlace, fetch_granted, fetch_newest_list, fetch_revoked_places

router = APIRouter(tags=["Credentials"])

ReadsOwn = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Reads = Annotated[Actor, Depends(Requires(Scope.APPLICATIONS_READ))]
_STATUS_MEDIA = f"application/{STATUS_TYPE}"
_STATUS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A signed status list (draft-ietf-oauth-status-list), good for a day, to be kept five minutes",
        "content": {_STATUS_MEDIA: {"schema": {"type": "string"}}},
    }
}


class GrantCredential(Answer):
    """A grant as a signed credential, and where to find what it is checked with."""

    application_id: Annotated[str, Field(examples=["app_0190c6f0a1b27c3d8e9f00112233aabb"])]
    benefit: Annotated[str, Field(description="Code and version", examples=["startup-rent@2026-1"])]
    valid_until: datetime | None
    jws: Annotated[
        str, Field(description="A compact JWS (RFC 7515, Ed25519), type `liyu-grant+jws`; `liyu credential check`")
    ]
    keys_url: Annotated[str, Field(examples=["https://liyu.example/.well-known/liyu/cixi/jwks.json"])]
    status_url: Annotated[str, Field(examples=["https://liyu.example/.well-known/liyu/cixi/status-lists/1"])]


def status_url(request: Request, programme: ProgrammeId, list_no: int) -> str:
    """Where a status list is published."""
    return f"{public_base(request)}.well-known/liyu/{programme}/status-lists/{list_no}"


def status_claim_of(request: Request, programme: ProgrammeId, place: StatusPlace) -> dict[str, object]:
    """What a credential says of its status."""
    return status_claim(status_url(request, programme, place.list_no), place.place)


def _claims(programme: ProgrammeId, grant: BenefitGrant, benefit: Benefit) -> dict[str, object]:
    """What a credential says: which benefit, to whom by the opaque id only, for how long, from which facts."""
    claims: dict[str, object] = {
        "programme": programme,
        "sub": format_id("vol", grant.volunteer),
        "jti": format_id("bgr", grant.id),
        "iat": int(grant.approved_at.timestamp()),
        "nbf": int(grant.approved_at.timestamp()),
        "benefit": {
            "code": benefit.code,
            "version": benefit.version,
            "kind": benefit.kind.value,
            "name_zh": benefit.name,
            "name_en": benefit.name_en,
            "owner": benefit.owner.code,
            "external_decision": benefit.external_decision,
        },
        "facts_hash": grant.facts_hash.hex(),
    }
    if grant.valid_until:
        claims["exp"] = int(grant.valid_until.timestamp())
    return claims


async def _issue(request: Request, services: Services, actor: Actor, application_id: str) -> GrantCredential:
    """The credential of an application's grant; 404 where there is none that stands."""
    programme = actor.programme
    async with services.database.snapshot() as reader:
        told = await find_told(services, reader, actor, application_id)
        grant = await fetch_granted(reader, programme, BenefitGrantId(told.application.id))
        published = await fetch_version(reader, programme, grant.benefit, grant.version) if grant else None
    if grant is None or published is None or not grant.is_valid(services.clock()):
        raise Problem(Code.NOT_FOUND)
    place = await place_status(services.database, programme, grant.id, services.clock())
    claims = _claims(programme, grant, published.benefit) | status_claim_of(request, programme, place)
    return GrantCredential(
        application_id=application_id,
        benefit=published.benefit.reference,
        valid_until=grant.valid_until,
        jws=sign_grant(await services.cabinet.token_keys(programme), claims),
        keys_url=f"{public_base(request)}.well-known/liyu/{programme}/jwks.json",
        status_url=status_url(request, programme, place.list_no),
    )


@router.get(
    "/v1/me/applications/{application_id}/credential",
    operation_id="getOwnCredential",
    summary="The signed credential of one's own grant (礼遇凭证)",
    tags=["Volunteers' own"],
    response_model=GrantCredential,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_credential(request: Request, services: Serves, actor: ReadsOwn, application_id: str) -> Response:
    """While the grant stands. The same grant gives the same words; the office that is shown it checks it offline."""
    credential = await _issue(request, services, actor, application_id)
    return json_answer(credential.model_dump_json(), Cache_Control="no-store")


@router.get(
    "/v1/applications/{application_id}/credential",
    operation_id="getCredential",
    summary="The signed credential of a grant (礼遇凭证)",
    response_model=GrantCredential,
    responses=reads(Code.NOT_FOUND),
)
async def get_credential(request: Request, services: Serves, actor: Reads, application_id: str) -> Response:
    """For the officials of the application's own part."""
    credential = await _issue(request, services, actor, application_id)
    return json_answer(credential.model_dump_json(), Cache_Control="no-store")


@router.get(
    "/.well-known/liyu/{programme}/jwks.json",
    operation_id="getWellKnownKeys",
    summary="Public keys that verify credentials (公钥)",
    response_model=PublicKeys,
    responses=refusals((Code.PARAM_ERROR,)),
    openapi_extra={"x-access": PUBLIC},
)
async def get_well_known_keys(services: Serves, programme: ProgrammeCode) -> Response:
    """The same as `listPublicKeys`, where others look for it. Retired keys stay in it."""
    return await answer_keys(services, programme)


@router.get(
    "/.well-known/liyu/{programme}/status-lists/{list_no}",
    operation_id="getStatusList",
    summary="A status list: what was revoked (状态列表)",
    response_class=Response,
    responses={**_STATUS, **refusals((Code.PARAM_ERROR, Code.NOT_FOUND))},
    openapi_extra={"x-access": PUBLIC},
)
async def get_status_list(
    request: Request, services: Serves, programme: ProgrammeCode, list_no: Annotated[int, Path(ge=1, le=1_000_000)]
) -> Response:
    """One bit a credential, as long as ever whatever was given out. A grant's bit turns as soon as it is revoked."""
    named = ProgrammeId(programme)
    keys = await services.cabinet.token_keys(named)
    async with services.database.snapshot() as reader:
        newest, _ = await fetch_newest_list(reader, named)
        revoked = list(await fetch_revoked_places(reader, named, list_no))
    if not keys.keys or list_no > newest:
        raise Problem(Code.NOT_FOUND)
    signed = sign_status_list(keys, status_url(request, named, list_no), revoked, services.clock())
    headers = {"Cache-Control": f"public, max-age={STATUS_TTL_S}"}
    return Response(signed, media_type=_STATUS_MEDIA, headers=headers)

"""The caller's programme: its settings and its regions."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import AfterValidator, Field

from app.actions.programmes import change_programme
from app.api.access import Requires
from app.api.acting import act, note_edit, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import FundRef, Name, RegionCode
from app.api.operations import IdempotencyKey, reads, writes
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import format_id, parse_id
from app.core.programmes import LapsePolicy
from app.core.stars import STARS_MAX, is_scale
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.programmes import ProgrammeRow, fetch_programme
from app.store.regions import fetch_regions

router = APIRouter(prefix="/v1", tags=["Programme"])


class ProgrammeAnswer(Answer):
    """A programme and the settings that decisions depend on."""

    id: Annotated[str, Field(examples=["cixi"])]
    name: str
    region_code: RegionCode
    zone: Annotated[str, Field(description="Time zone of its business days", examples=["Asia/Shanghai"])]
    fen_per_hundred_points: int
    settlement_fund_id: FundRef | None
    lapse_policy: LapsePolicy
    grace_days: int
    notice_days: int
    expiry_years: int | None
    points_max: Annotated[int, Field(description="The most points that one redemption may take")]
    confirm_points: int | None = Field(description="A redemption of more waits for the volunteer; null: never")
    confirm_count: int | None = Field(description="After so many a day, each further one waits; null: never")
    same_amount_s: int = Field(
        description="The same amount at the same merchant within so many seconds waits for the volunteer"
    )
    redemptions_a_day: int | None = Field(description="So many a day and volunteer at most; null: no limit")
    star_minutes: list[int] = Field(
        description="Verified minutes for one star, two stars, … (星级)", examples=[[6000, 18000, 36000, 60000, 90000]]
    )
    star_quality_min: int | None = Field(
        description="Least average of evaluations for any star, in hundredths (350: 3.5); null: not asked for"
    )
    appeal_days: int = Field(description="Working days to appeal a penalty (申诉期限)")
    pool_grant_points: int = Field(description="The most that one grant from the pool may give (积分池)")
    pool_year_points: int = Field(description="The most that the pool gives one volunteer in a calendar year")
    family_use: bool = Field(description="Whether family members may spend a volunteer's points (家庭共用)")
    family_members: int = Field(description="So many members a volunteer at most")
    sandbox: bool = Field(description="A programme for trying tills out: it honours faults on demand")
    revision: int


def _check_scale(minutes: list[int]) -> list[int]:
    if not is_scale(tuple(minutes)):
        raise ValueError("each must be more than the one before")
    return minutes


StarMinutes = Annotated[
    list[Annotated[int, Field(ge=1, le=60_000_000)]],
    Field(
        min_length=1,
        max_length=STARS_MAX,
        description="Verified minutes for one star, two stars, …, rising; stars everywhere follow at once",
        examples=[[6000, 18000, 36000, 60000, 90000]],
    ),
    AfterValidator(_check_scale),
]


class ProgrammeChange(Body):
    """The settings to change; what is left out stays. Null lifts a limit that may be lifted."""

    name: Name | None = None
    fen_per_hundred_points: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    settlement_fund_id: FundRef | None = None
    lapse_policy: LapsePolicy | None = None
    grace_days: Annotated[int, Field(ge=1, le=366)] | None = None
    notice_days: Annotated[int, Field(ge=0, le=60)] | None = None
    expiry_years: Annotated[int, Field(ge=0, le=50)] | None = None
    points_max: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    confirm_points: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    confirm_count: Annotated[int, Field(ge=0, le=10_000)] | None = None
    same_amount_s: Annotated[int, Field(ge=0, le=3600)] | None = None
    redemptions_a_day: Annotated[int, Field(ge=1, le=10_000)] | None = None
    star_minutes: StarMinutes | None = None
    pool_grant_points: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    pool_year_points: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    family_use: bool | None = None
    family_members: Annotated[int, Field(ge=1, le=20)] | None = None
    star_quality_min: Annotated[int, Field(ge=100, le=500, examples=[350])] | None = None
    appeal_days: Annotated[int, Field(ge=1, le=60)] | None = None


_LIFTED_BY_NULL = frozenset(("confirm_points", "confirm_count", "redemptions_a_day", "star_quality_min"))


class RegionLevel(StrEnum):
    """The levels of GB/T 2260 and of the statistical codes below."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"


class RegionAnswer(Answer):
    """A node of the region tree."""

    code: RegionCode
    name: str
    level: RegionLevel
    parent_code: RegionCode | None
    kind: str


class RegionList(Answer):
    """Regions in the order of their codes."""

    regions: list[RegionAnswer]


def render_programme(programme: ProgrammeRow) -> ProgrammeAnswer:
    """A programme as answers carry it."""
    return ProgrammeAnswer(
        id=programme.id,
        name=programme.name,
        region_code=programme.region_code,
        zone=programme.zone,
        fen_per_hundred_points=programme.fen_per_hundred_points,
        settlement_fund_id=format_id("fun", programme.settlement_fund) if programme.settlement_fund else None,
        lapse_policy=programme.lapse_policy,
        grace_days=programme.grace_days,
        notice_days=programme.notice_days,
        expiry_years=programme.expiry_years,
        points_max=programme.points_max,
        confirm_points=programme.confirm_points,
        confirm_count=programme.confirm_count,
        same_amount_s=programme.same_amount_s,
        redemptions_a_day=programme.redemptions_a_day,
        star_minutes=list(programme.stars.thresholds),
        star_quality_min=programme.stars.quality_min,
        appeal_days=programme.appeal_days,
        pool_grant_points=programme.pool_grant_points,
        pool_year_points=programme.pool_year_points,
        family_use=programme.family_use,
        family_members=programme.family_members,
        sandbox=programme.sandbox,
        revision=programme.revision,
    )


@router.get(
    "/programme",
    operation_id="getProgramme",
    summary="The programme (项目)",
    response_model=ProgrammeAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_programme(services: Serves, actor: Annotated[Actor, Depends(Requires(Scope.PROGRAMME_READ))]) -> Response:
    """With an ETag to send back as If-Match when changing it."""
    async with services.database.read() as reader:
        found = await fetch_programme(reader, actor.programme)
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return json_answer(render_programme(found).model_dump_json(), ETag=f'"{found.revision}"')


ETAG = r'^"[0-9]{1,9}"$'
IfMatch = Annotated[str, Header(alias="If-Match", pattern=ETAG, examples=['"3"'])]


@router.patch(
    "/programme",
    operation_id="changeProgramme",
    summary="Change settings of the programme",
    response_model=ProgrammeAnswer,
    responses=writes(Code.EDIT_CONFLICT, Code.NOT_FOUND),
)
async def patch_programme(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.PROGRAMME_WRITE))],
    received: Annotated[Received[ProgrammeChange], Depends(JsonBody(ProgrammeChange))],
    if_match: IfMatch,
    key: IdempotencyKey,
) -> Response:
    """Only if nobody has changed it since the revision named by If-Match."""
    sent = received.body.model_dump(mode="json", exclude_unset=True)
    changes = {name: value for name, value in sent.items() if value is not None or name in _LIFTED_BY_NULL}
    fund = changes.pop("settlement_fund_id", None)
    if fund is not None:
        changes["settlement_fund"] = parse_id("fun", fund)
    if not changes:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="", detail="nothing to change")])

    async def change(tx: Tx) -> Edited[ProgrammeRow] | Rejected:
        return await change_programme(tx, actor.programme, int(if_match.strip('"')), changes)

    return await act(
        services,
        ticket_of(services, actor, key, received.hash + if_match.encode()),
        change,
        lambda edited: note_edit(edited, render_programme, "programme.change", actor.programme),
        200,
    )


@router.get(
    "/regions",
    operation_id="listRegions",
    summary="Regions of the programme (行政区划)",
    response_model=RegionList,
    responses=reads(),
)
async def list_regions(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.REGIONS_READ))],
    parent: Annotated[str | None, Query(pattern=r"^[0-9]{2,12}$", description="Only the children of this one")] = None,
) -> RegionList:
    """The tree of GB/T 2260 with the statistical units below it."""
    async with services.database.read() as reader:
        found = await fetch_regions(reader, actor.programme, parent)
    return RegionList(
        regions=[
            RegionAnswer(
                code=region.code,
                name=region.name,
                level=RegionLevel(region.level),
                parent_code=region.parent_code,
                kind=region.kind,
            )
            for region in found
        ]
    )

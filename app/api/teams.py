"""Teams in three tiers (总队、大队、小队)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.teams import create_team
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import Name, RegionCode, TeamRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves
from app.core.codes import Code, Rejected
from app.core.ids import TeamId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.teams import Team, fetch_team, fetch_teams

router = APIRouter(prefix="/v1/teams", tags=["People"])

Reads = Annotated[Actor, Depends(Requires(Scope.TEAMS_READ))]


class TeamRequest(Body):
    """A team to make."""

    name: Name
    kind: Annotated[Name, Field(examples=["平安志愿服务队"])]
    tier: Annotated[int, Field(ge=1, le=3, description="1 总队, 2 大队, 3 小队")]
    parent_id: TeamRef | None = None
    region_code: RegionCode


class TeamAnswer(Answer):
    """A team."""

    id: TeamRef
    name: str
    kind: str
    tier: int
    parent_id: TeamRef | None
    region_code: RegionCode
    created_at: datetime


class TeamPage(Answer):
    """Teams in the order of their making."""

    teams: list[TeamAnswer]
    next: str | None


def _render(team: Team) -> TeamAnswer:
    return TeamAnswer(
        id=format_id("tea", team.id),
        name=team.name,
        kind=team.kind,
        tier=team.tier,
        parent_id=format_id("tea", team.parent) if team.parent else None,
        region_code=team.region_code,
        created_at=team.created_at,
    )


def team_named(reference: str | None) -> TeamId | None:
    """The team that a field names, whose shape has been checked."""
    value = parse_id("tea", reference) if reference else None
    return TeamId(value) if value else None


@router.post(
    "",
    operation_id="createTeam",
    summary="Make a team (队伍)",
    status_code=201,
    response_model=TeamAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS),
)
async def post_team(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.TEAMS_WRITE))],
    received: Annotated[Received[TeamRequest], Depends(JsonBody(TeamRequest))],
    key: IdempotencyKey,
) -> Response:
    """Under a parent of the tier above; names are unique within a region."""
    body = received.body
    ticket = ticket_of(services, actor, key, received.hash)
    team = Team(
        id=TeamId(uuid7()),
        parent=team_named(body.parent_id),
        tier=body.tier,
        kind=body.kind,
        name=body.name,
        region_code=body.region_code,
        created_at=ticket.at,
    )

    async def create(tx: Tx) -> Team | Rejected:
        return await create_team(tx, actor.programme, team)

    described = body.model_dump(mode="json")
    return await act(
        services,
        ticket,
        create,
        lambda made: note(_render(made), "team.create", format_id("tea", made.id), described),
    )


@router.get("", operation_id="listTeams", summary="Teams", response_model=TeamPage, responses=reads())
async def list_teams(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    parent: Annotated[str | None, Query(pattern="^tea_[0-9a-f]{32}$")] = None,
    region: Annotated[str | None, Query(pattern="^[0-9]{2,12}$")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> TeamPage:
    """All of them, those under a parent, or those of a region."""
    begin = TeamId(id_after("tea", after))
    async with services.database.read() as reader:
        found = await fetch_teams(reader, actor.programme, begin, limit + 1, team_named(parent), region)
    teams, more = cut_page(found, limit)
    cursor = format_id("tea", teams[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return TeamPage(teams=[_render(team) for team in teams], next=cursor)


@router.get(
    "/{team_id}",
    operation_id="getTeam",
    summary="One team",
    response_model=TeamAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_team(services: Serves, actor: Reads, team_id: str) -> TeamAnswer:
    """404 for a team of another programme too."""
    team = team_named(team_id)
    async with services.database.read() as reader:
        found = await fetch_team(reader, actor.programme, team) if team else None
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return _render(found)

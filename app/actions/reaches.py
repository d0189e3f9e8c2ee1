"""Reach: an organiser acts within their part of the team tree and the region tree, everybody else where scopes say.

Without a team an organiser stands above all teams of the region, or of the programme when no region is set either,
but is no root: the longest days still go to one, or to an administrator.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.core.ids import TeamId, VolunteerId
from app.core.reviews import ReviewLevel, level_of
from app.security.actors import Actor, ActorKind
from app.store.database import Reader, Tx
from app.store.reaches import Line, fetch_part, fetch_regions_above, fetch_regions_within
from app.store.volunteers import VolunteerFilter, VolunteerRow, fetch_volunteer


def level_over(actor: Actor, line: Line) -> ReviewLevel | None:
    """How high an actor stands above a team, by the line of it; None when the team is none of their business."""
    if actor.kind is not ActorKind.ORGANISER:
        return ReviewLevel.TOP
    if actor.region and actor.region not in line.regions:
        return None
    return level_of(actor.team, line.teams) if actor.team else ReviewLevel.PARENT


def place_in(actor: Actor, line: Line) -> int | None:
    """Where an actor who reaches a team stands in its line: 0 at the team itself; None above all of it."""
    if actor.kind is not ActorKind.ORGANISER:
        return None
    return line.teams.index(actor.team) if actor.team else len(line.teams) - 1


async def fetch_reach(reader: Reader | Tx, actor: Actor) -> Sequence[TeamId] | None:
    """The teams that an actor may know the records of; None: all."""
    if actor.kind is not ActorKind.ORGANISER or (actor.team is None and actor.region is None):
        return None
    return await fetch_part(reader, actor.programme, actor.team, actor.region)


async def may_know_of(reader: Reader | Tx, actor: Actor, region: str, team: TeamId | None) -> bool:
    """Whether somebody of this region and team is any business of an actor: an organiser knows of their own part."""
    if actor.kind is not ActorKind.ORGANISER:
        return True
    if actor.region and actor.region not in await fetch_regions_above(reader, actor.programme, region):
        return False
    return actor.team is None or team in await fetch_part(reader, actor.programme, actor.team, None)


async def find_known_volunteer(reader: Reader | Tx, actor: Actor, volunteer: VolunteerId) -> VolunteerRow | None:
    """A volunteer whom an actor may know of; None for nobody, and for somebody outside an organiser's part."""
    found = await fetch_volunteer(reader, actor.programme, volunteer)
    if found is None or not await may_know_of(reader, actor, found.region_code, found.team):
        return None
    return found


async def within_part(reader: Reader, actor: Actor, wanted: VolunteerFilter) -> VolunteerFilter:
    """Of the volunteers asked for, those whom an actor may know of."""
    if actor.kind is not ActorKind.ORGANISER:
        return wanted
    programme = actor.programme
    teams = await fetch_part(reader, programme, actor.team, None) if actor.team else None
    regions = await fetch_regions_within(reader, programme, actor.region) if actor.region else None
    return replace(wanted, part_teams=teams, part_regions=regions)

"""Teams: a team of tier 2 or 3 hangs under one of the tier above."""

from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId
from app.store.database import Tx
from app.store.regions import is_region
from app.store.teams import Team, fetch_team, insert_team


async def create_team(tx: Tx, programme: ProgrammeId, team: Team) -> Team | Rejected:
    """Make a team in a region the programme knows, under a parent of the right tier."""
    if not await is_region(tx, programme, team.region_code):
        return Rejected(Code.NOT_FOUND, {"region_code": team.region_code})
    parent = await fetch_team(tx, programme, team.parent) if team.parent else None
    if team.parent and parent is None:
        return Rejected(Code.NOT_FOUND, {"parent_id": team.parent.hex})
    if team.tier != (parent.tier + 1 if parent else 1):
        return Rejected(Code.PARAM_ERROR, {"tier": team.tier})
    return team if await insert_team(tx, programme, team) else Rejected(Code.ALREADY_EXISTS)

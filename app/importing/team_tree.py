"""Running an import of teams: the whole tree in one transaction, parents before their children."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from uuid_utils.compat import uuid7

from app.core.codes import Code
from app.core.ids import ProgrammeId, TeamId
from app.importing.feeding import FeedPlan, Understood, feed
from app.importing.people_rows import TeamLine
from app.importing.values import Fault
from app.store.database import Database
from app.store.imports import (
    Counts,
    ImportKey,
    KnownTeam,
    NewTeam,
    OpenImport,
    RefusedRow,
    advance_import,
    fetch_known_teams,
    fetch_region_codes,
    insert_numbered_teams,
    insert_team_numbers,
    open_import,
)

TIERS = 3


@dataclass(slots=True)
class Grown:
    """What the rows of a file add to the tree."""

    added: list[NewTeam] = field(default_factory=list)
    numbered: dict[str, TeamId] = field(default_factory=dict)
    """Teams that were there under their name, and now have a number too."""
    known: int = 0
    refused: list[RefusedRow] = field(default_factory=list)


def grow(rows: Sequence[Understood], there: Sequence[KnownTeam], regions: frozenset[str]) -> Grown:
    """Find each row's place in the tree; a parent may stand behind its children in the file."""
    grown = Grown()
    tiers = {team.external_no: (team.id, team.tier) for team in there if team.external_no}
    names = {(team.region_code, team.name): team for team in there}
    seen: set[str] = set()
    waiting: list[tuple[int, TeamLine]] = []
    for row_no, line, field_name, fault in rows:
        if not isinstance(line, TeamLine):
            grown.refused.append(RefusedRow(row_no, field_name, Code.PARAM_ERROR.value, fault))
        elif line.external_no in tiers:
            grown.known += 1
        elif line.external_no in seen:
            grown.refused.append(RefusedRow(row_no, "external_no", Code.PARAM_ERROR.value, Fault.TWICE.value))
        elif line.region not in regions:
            grown.refused.append(RefusedRow(row_no, "region", Code.NOT_FOUND.value, ""))
        else:
            seen.add(line.external_no)
            waiting.append((row_no, line))
    while waiting:
        ready = [each for each in waiting if not each[1].parent_no or each[1].parent_no in tiers]
        if not ready:
            break
        waiting = [each for each in waiting if each not in ready]
        for row_no, line in ready:
            _plant(row_no, line, tiers, names, grown)
    grown.refused += [RefusedRow(row_no, "parent", Code.NOT_FOUND.value, "") for row_no, _ in waiting]
    grown.refused.sort()
    return grown


def _plant(
    row_no: int,
    line: TeamLine,
    tiers: dict[str, tuple[TeamId, int]],
    names: dict[tuple[str, str], KnownTeam],
    grown: Grown,
) -> None:
    parent, above = tiers[line.parent_no] if line.parent_no else (None, 0)
    tier = above + 1
    if tier > TIERS:
        grown.refused.append(RefusedRow(row_no, "parent", Code.PARAM_ERROR.value, "tier"))
        return
    same = names.get((line.region, line.name))
    if same is not None:
        if same.external_no or same.tier != tier:
            grown.refused.append(RefusedRow(row_no, "name", Code.ALREADY_EXISTS.value, ""))
            return
        names[line.region, line.name] = same._replace(external_no=line.external_no)
        tiers[line.external_no] = (same.id, tier)
        grown.numbered[line.external_no] = same.id
        grown.known += 1
        return
    team = NewTeam(TeamId(uuid7()), parent, tier, line.kind, line.name, line.region, line.external_no)
    names[line.region, line.name] = KnownTeam(team.id, tier, line.name, line.region, line.external_no)
    tiers[line.external_no] = (team.id, tier)
    grown.added.append(team)


@dataclass(slots=True, kw_only=True)
class TeamImport:
    """The import of one file of teams."""

    database: Database
    programme: ProgrammeId
    plan: FeedPlan
    key: ImportKey
    clock: Callable[[], datetime]
    show: Callable[[Counts], None]
    dry_run: bool = False
    refused: list[RefusedRow] = field(default_factory=list)
    """Of a dry run only: an import that counts keeps them in the database."""

    async def run(self) -> OpenImport:
        """Import what is not in yet, all in one transaction. Raises BadFile for a file that breaks off."""
        rows = [row async for batch in feed(self.plan) for row in batch]
        source = self.key.source
        connection = await self.database.connect_bulk()
        try:
            async with connection.transaction():
                there = await fetch_known_teams(connection, self.programme, source)
                grown = grow(rows, there, await fetch_region_codes(connection, self.programme))
                counts = Counts().plus(added=len(grown.added), known=grown.known, refused=len(grown.refused))
                now = OpenImport(uuid7(), counts)
                if self.dry_run:
                    self.refused = grown.refused
                else:
                    at = self.clock()
                    now = OpenImport((await open_import(connection, self.programme, self.key, now.id, at)).id, counts)
                    await insert_numbered_teams(connection, self.programme, source, grown.added, at)
                    await insert_team_numbers(connection, self.programme, source, grown.numbered)
                    await advance_import(connection, self.programme, at, now, grown.refused)
        finally:
            await connection.close(timeout=1)
        self.show(counts)
        return now

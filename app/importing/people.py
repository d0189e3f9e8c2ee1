"""Running an import of volunteers or teams: by their numbers, each once, whatever was imported before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from uuid_utils.compat import uuid7

from app.core.bonuses import brings_start_grant
from app.core.business_days import business_day
from app.core.codes import Code
from app.core.ids import ProgrammeId, TeamId, VolunteerId
from app.core.policies import AccrualPolicy
from app.core.volunteers import VolunteerStatus
from app.importing.feeding import FeedPlan, Understood, feed
from app.importing.people_rows import VolunteerLine
from app.store.batch_bonuses import insert_start_claims
from app.store.batch_rows import fetch_policies
from app.store.database import BatchConnection, Database
from app.store.imports import (
    Counts,
    ImportKey,
    NewVolunteer,
    OpenImport,
    RefusedRow,
    advance_import,
    fetch_region_codes,
    fetch_team_numbers,
    fetch_volunteer_numbers,
    insert_numbered_volunteers,
    open_import,
)

StartClaim = tuple[VolunteerId, date]
"""Whose registration of which day is to bring a start grant."""


@dataclass(slots=True, kw_only=True)
class VolunteerImport:
    """The import of one file of volunteers."""

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
        """Import who is not in yet. Raises BadFile where the file breaks off; what came before it stays."""
        connection = await self.database.connect_bulk()
        try:
            source = self.key.source
            known = await fetch_volunteer_numbers(connection, self.programme, source)
            teams = await fetch_team_numbers(connection, self.programme, source)
            regions = await fetch_region_codes(connection, self.programme)
            policies = await fetch_policies(connection, self.programme)
            now = OpenImport(uuid7(), Counts())
            if not self.dry_run:
                now = await open_import(connection, self.programme, self.key, now.id, self.clock())
            skip = now.counts.rows_done
            async for batch in feed(self.plan):
                fresh = batch[skip:]
                skip -= len(batch) - len(fresh)
                if fresh:
                    sorted_rows = _sort(fresh, known, teams, regions, self.clock())
                    sorted_rows.claims = self._claims(sorted_rows.registered, policies)
                    now = await self._write(connection, now, sorted_rows)
                    self.show(now.counts)
        finally:
            await connection.close(timeout=1)
        return now

    def _claims(self, registered: Sequence[NewVolunteer], policies: Sequence[AccrualPolicy]) -> list[StartClaim]:
        """Whose registration brings a start grant: said by the file, and on a day whose policy has one."""
        days = [business_day(row.registered_at, self.plan.zone) for row in registered]
        promising = {day for day in set(days) if brings_start_grant(policies, day)}
        return [(row.id, day) for row, day in zip(registered, days, strict=True) if day in promising]

    async def _write(self, connection: BatchConnection, now: OpenImport, sorted_rows: "_Sorted") -> OpenImport:
        added, known, refused = sorted_rows.added, sorted_rows.known, sorted_rows.refused
        after = OpenImport(now.id, now.counts.plus(added=len(added), known=known, refused=len(refused)))
        if self.dry_run:
            self.refused.extend(refused)
            return after
        async with connection.transaction():
            at = self.clock()
            if added:
                await insert_numbered_volunteers(connection, self.programme, self.key.source, added, at)
                await insert_start_claims(connection, self.programme, sorted_rows.claims)
            await advance_import(connection, self.programme, at, after, refused)
        return after


@dataclass(slots=True)
class _Sorted:
    """What is to become of the rows of a chunk."""

    added: list[NewVolunteer] = field(default_factory=list)
    registered: list[NewVolunteer] = field(default_factory=list)
    """Those of them whose day of registration the file says, and who have not left."""
    claims: list[StartClaim] = field(default_factory=list)
    known: int = 0
    refused: list[RefusedRow] = field(default_factory=list)


def _sort(
    rows: Iterable[Understood],
    known: dict[str, VolunteerId],
    teams: Mapping[str, TeamId],
    regions: frozenset[str],
    at: datetime,
) -> _Sorted:
    found = _Sorted()
    for row_no, line, field_name, fault in rows:
        if not isinstance(line, VolunteerLine):
            found.refused.append(RefusedRow(row_no, field_name, Code.PARAM_ERROR.value, fault))
        elif line.external_no in known:
            found.known += 1
        elif line.region not in regions:
            found.refused.append(RefusedRow(row_no, "region", Code.NOT_FOUND.value, ""))
        elif line.team_no and line.team_no not in teams:
            found.refused.append(RefusedRow(row_no, "team", Code.NOT_FOUND.value, ""))
        else:
            known[line.external_no] = volunteer = VolunteerId(uuid7())
            found.added.append(_new(line, volunteer, teams.get(line.team_no), at))
            if line.registered_at and line.status is not VolunteerStatus.LEFT:
                found.registered.append(found.added[-1])
    return found


def _new(line: VolunteerLine, volunteer: VolunteerId, team: TeamId | None, at: datetime) -> NewVolunteer:
    return NewVolunteer(
        id=volunteer,
        status=line.status.value,
        region_code=line.region,
        team=team,
        registered_at=line.registered_at or at,
        born_on=line.born_on,
        external_no=line.external_no,
    )

"""Running an import of volunteers: by their numbers, each once, whatever was imported before.

What identifies a person is sealed before it is written, in the transaction of its chunk: a chunk is in with all that
its rows told, or not at all. Who came in earlier without personal data gets it from a later file.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from uuid_utils.compat import uuid7

from app.core.bonuses import brings_start_grant
from app.core.business_days import business_day
from app.core.ids import ConsentId, ProgrammeId, VolunteerId, format_id
from app.core.masking import mask_name
from app.core.personal_data import Field
from app.core.policies import AccrualPolicy
from app.importing.feeding import FeedPlan, Understood, feed
from app.importing.newcomers import AgreedElsewhere, Digests, Newcomer, Register, Sorted, brings_data, sort_rows
from app.importing.people_rows import VolunteerLine
from app.importing.sealing import index_person, seal_people
from app.security.vault import PersonVault
from app.store.batch_bonuses import insert_start_claims
from app.store.batch_rows import fetch_policies
from app.store.bulk_vault import (
    ImportedConsent,
    SealedRow,
    copy_imported_consents,
    copy_sealed_people,
    fetch_spoken,
    identify_volunteers,
    lock_bare,
    lock_documents,
)
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
    """The import of one file of volunteers. `vault`: seals what identifies them; None for a file that tells nothing."""

    database: Database
    programme: ProgrammeId
    plan: FeedPlan
    key: ImportKey
    clock: Callable[[], datetime]
    show: Callable[[Counts], None]
    vault: PersonVault | None = None
    agreed: AgreedElsewhere | None = None
    dry_run: bool = False
    refused: list[RefusedRow] = field(default_factory=list)
    """Of a dry run only: an import that counts keeps them in the database."""
    sealed: int = 0
    """Whose data this run has put into the vault, or would have."""
    _policies: Sequence[AccrualPolicy] = ()

    async def run(self) -> OpenImport:
        """Import who is not in yet. Raises BadFile where the file breaks off; what came before it stays."""
        connection = await self.database.connect_bulk()
        try:
            source = self.key.source
            register = Register(
                numbers=await fetch_volunteer_numbers(connection, self.programme, source),
                teams=await fetch_team_numbers(connection, self.programme, source),
                regions=await fetch_region_codes(connection, self.programme),
                agreed=self.agreed,
            )
            self._policies = await fetch_policies(connection, self.programme)
            now = OpenImport(uuid7(), Counts())
            if not self.dry_run:
                now = await open_import(connection, self.programme, self.key, now.id, self.clock())
            skip = now.counts.rows_done
            async for batch in feed(self.plan):
                fresh = batch[skip:]
                skip -= len(batch) - len(fresh)
                if fresh:
                    now = await self._take(connection, now, register, fresh)
                    self.show(now.counts)
        finally:
            await connection.close(timeout=1)
        return now

    async def _take(
        self, connection: BatchConnection, now: OpenImport, register: Register, rows: Sequence[Understood]
    ) -> OpenImport:
        """A chunk: looked up, sorted and written in one transaction."""
        at = self.clock()
        if self.dry_run:
            found = await self._sort(connection, register, rows, at)
            self.refused.extend(found.refused)
            return _count(now, found)
        async with connection.transaction():
            found = await self._sort(connection, register, rows, at)
            after = _count(now, found)
            await self._write(connection, after, found, at)
            await advance_import(connection, self.programme, at, after, found.refused)
        return after

    async def _sort(
        self, connection: BatchConnection, register: Register, rows: Sequence[Understood], at: datetime
    ) -> Sorted:
        telling = [(row.row_no, row.row) for row in rows if isinstance(row.row, VolunteerLine) and brings_data(row.row)]
        known = {register.numbers[line.external_no] for _, line in telling if line.external_no in register.numbers}
        register.bare = await lock_bare(connection, self.programme, known)
        digests: dict[int, Digests] = {}
        for row_no, line in telling:
            owner = register.numbers.get(line.external_no)
            if self.vault and (owner is None or owner in register.bare):
                digests[row_no] = index_person(self.vault, self.programme, line.data)
        documents = {told[Field.ID_NUMBER] for told in digests.values() if Field.ID_NUMBER in told}
        held = await lock_documents(connection, self.programme, documents)
        # What a dry run has let through is in no table: it is remembered to the end of the file.
        register.documents = register.documents | held if self.dry_run else set(held)
        found = sort_rows(rows, register, digests, at)
        self.sealed += len(found.newcomers)
        return found

    def _claims(self, registered: Sequence[NewVolunteer]) -> list[StartClaim]:
        """Whose registration brings a start grant: said by the file, and on a day whose policy has one."""
        days = [business_day(row.registered_at, self.plan.zone) for row in registered]
        promising = {day for day in set(days) if brings_start_grant(self._policies, day)}
        return [(row.id, day) for row, day in zip(registered, days, strict=True) if day in promising]

    async def _write(self, connection: BatchConnection, now: OpenImport, found: Sorted, at: datetime) -> None:
        """Write a chunk. Sealing, in a thread, costs the database no wait: it adds the volunteers meanwhile."""
        sealed, _ = await asyncio.gather(self._seal(found.newcomers), self._register(connection, found, at))
        if sealed and self.vault:
            await copy_sealed_people(connection, self.programme, self.vault.newest, sealed, at)
            named = [(it.volunteer, mask_name(it.data.name or ""), it.born_on) for it in found.filled]
            await identify_volunteers(connection, self.programme, named)
            await self._agree(connection, now, found)

    async def _register(self, connection: BatchConnection, found: Sorted, at: datetime) -> None:
        if found.added:
            await insert_numbered_volunteers(connection, self.programme, self.key.source, found.added, at)
            await insert_start_claims(connection, self.programme, self._claims(found.registered))

    async def _seal(self, people: Sequence[Newcomer]) -> list[SealedRow]:
        if self.vault is None or not people:
            return []
        told = [(it.volunteer, it.data, it.digests) for it in people]
        return await asyncio.to_thread(seal_people, self.vault, self.programme, told)

    async def _agree(self, connection: BatchConnection, now: OpenImport, found: Sorted) -> None:
        """Note that they agreed elsewhere. Of whoever was here before and has spoken on it, that stands."""
        if self.agreed is None:
            return
        spoken = await fetch_spoken(connection, self.programme, [it.volunteer for it in found.filled])
        await copy_imported_consents(
            connection,
            self.programme,
            [
                ImportedConsent(it.volunteer, ConsentId(uuid7()), it.consent_by)
                for it in found.newcomers
                if it.volunteer not in spoken
            ],
            version=self.agreed.version,
            given_at=self.agreed.at,
            actor=format_id("imp", now.id),
        )


def _count(now: OpenImport, found: Sorted) -> OpenImport:
    counts = now.counts.plus(added=len(found.added), known=found.known, refused=len(found.refused))
    return OpenImport(now.id, counts)

"""Loading people and their hours the way `liyu import` does: sealed, by the thousand, by the engine's bulk path."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from uuid_utils.compat import uuid7

from app.api.services import Services
from app.core.book import Decision
from app.core.codes import Rejected
from app.core.consents import GivenBy
from app.core.ids import ConsentId, ProgrammeId, TransactionId, UserId, VolunteerId
from app.core.imports import ImportRecord
from app.core.record_numbers import ImportItems, RecordNumber
from app.core.rows import ImportedRecord
from app.demo.people import Person
from app.engine.bulk import BulkWriter
from app.importing.garbage import no_collecting
from app.importing.sealing import index_person, seal_people
from app.store.bulk_vault import ImportedConsent, copy_imported_consents, copy_sealed_people
from app.store.bulk_writes import prepare_copying
from app.store.database import BatchConnection
from app.store.imports import NewVolunteer, insert_numbered_volunteers
from app.store.service_records import RecordView

CHUNK = 1_000
SOURCE = "demo"
CONSENT_VERSION = "demo-1"
"""The text that the city's people have agreed to: there is none, since there are no such people."""


class PeopleLoader:
    """Loads people with records that somebody has entered and one administrator verifies."""

    def __init__(self, services: Services, programme: ProgrammeId, verifier: UserId) -> None:
        self._services = services
        self._programme = programme
        self._verifier = verifier
        self.volunteers: list[VolunteerId] = []
        self.records = 0

    async def load(self, people: Iterator[Person], show: Callable[[int], None]) -> Rejected | None:
        """Load all of them; shows how many are in. A refusal ends it: demo data have none."""
        connection = await self._services.database.connect_bulk()
        try:
            await prepare_copying(connection)
            writer = BulkWriter(connection, self._programme, self._services.clock)
            with no_collecting():
                while chunk := list(islice(people, CHUNK)):
                    await self._register(connection, chunk)
                    if refused := await self._write(writer, chunk):
                        return refused
                    show(len(self.volunteers))
        finally:
            await connection.close(timeout=1)
        return None

    async def _register(self, connection: BatchConnection, people: Sequence[Person]) -> None:
        """Add volunteers with their numbers; who they are goes into the vault, and that they agreed to it."""
        at, vault, programme = self._services.clock(), self._services.cabinet.people, self._programme
        first = len(self.volunteers) + 1
        rows = [_arriving(person, number) for number, person in enumerate(people, start=first)]
        told = [
            (it.volunteer.id, it.data, index_person(vault, programme, it.data)) for it in people if it.data.fields()
        ]
        consents = [ImportedConsent(volunteer, ConsentId(uuid7()), GivenBy.SELF) for volunteer, *_ in told]
        async with connection.transaction():
            await insert_numbered_volunteers(connection, programme, SOURCE, rows, at)
            await copy_sealed_people(connection, programme, vault.newest, seal_people(vault, programme, told), at)
            await copy_imported_consents(
                connection, programme, consents, version=CONSENT_VERSION, given_at=at, actor="system"
            )

    async def _write(self, writer: BulkWriter, people: Sequence[Person]) -> Rejected | None:
        commands = list(self._commands(people))
        decisions = await writer.write(commands, _nothing_along)
        self.records += len(commands)
        self.volunteers += [person.volunteer.id for person in people]
        return next((each for each in decisions if isinstance(each, Rejected)), None)

    def _commands(self, people: Iterable[Person]) -> Iterator[ImportRecord]:
        views = (view for person in people for view in person.records)
        for number, view in enumerate(views, start=self.records + 1):
            yield ImportRecord(
                told=ImportedRecord(view.record, RecordNumber(SOURCE, f"{number:08d}"), _items(view)),
                transaction=TransactionId(uuid7()),
                verifier=self._verifier,
                verifier_is=None,
            )


def _arriving(person: Person, number: int) -> NewVolunteer:
    it = person.volunteer
    return NewVolunteer(
        id=it.id,
        status=it.status.value,
        region_code=it.region_code,
        team=it.team,
        registered_at=it.registered_at,
        born_on=it.born_on,
        masked_name=it.masked_name,
        external_no=f"{number:07d}",
    )


def _items(view: RecordView) -> ImportItems:
    told = view.items
    facts = (told.place, told.content, told.in_charge, told.check_ins, told.guardian, told.hazardous)
    return ImportItems(view.activity, *facts)


async def _nothing_along(_connection: BatchConnection, _decisions: Sequence[Decision], _at: datetime) -> None:
    """A load that breaks off is started over: nobody needs to know how far it was."""

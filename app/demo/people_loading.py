"""Loading people and their hours the way `liyu import` does: by the thousand, through the engine's bulk path."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from uuid_utils.compat import uuid7

from app.api.services import Services
from app.core.book import Decision
from app.core.codes import Rejected
from app.core.ids import ProgrammeId, TransactionId, UserId, VolunteerId
from app.core.imports import ImportRecord
from app.core.record_numbers import ImportItems, RecordNumber
from app.core.rows import ImportedRecord
from app.demo.people import Person
from app.engine.bulk import BulkWriter
from app.importing.garbage import no_collecting
from app.store.bulk_writes import prepare_copying
from app.store.database import BatchConnection
from app.store.service_records import RecordView
from app.store.volunteers import insert_volunteers

CHUNK = 1_000
SOURCE = "demo"


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
                    if refused := await self._write(writer, chunk):
                        return refused
                    show(len(self.volunteers))
        finally:
            await connection.close(timeout=1)
        return None

    async def _write(self, writer: BulkWriter, people: Sequence[Person]) -> Rejected | None:
        async with self._services.database.begin() as tx:
            await insert_volunteers(tx, self._programme, [person.volunteer for person in people])
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


def _items(view: RecordView) -> ImportItems:
    told = view.items
    facts = (told.place, told.content, told.in_charge, told.check_ins, told.guardian, told.hazardous)
    return ImportItems(view.activity, *facts)


async def _nothing_along(_connection: BatchConnection, _decisions: Sequence[Decision], _at: datetime) -> None:
    """A load that breaks off is started over: nobody needs to know how far it was."""

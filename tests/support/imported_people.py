"""People of a file that is imported with all that identifies them, and what the vault keeps of them afterwards."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from app.actions.vault import open_personal_data
from app.core.identity_numbers import Document, IdType
from app.core.ids import ProgrammeId, VolunteerId
from app.core.personal_data import PersonalData
from app.importing.fields import ImportKind
from app.importing.importing import ImportReport
from app.security.vault import make_person_vault
from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.import_files import PERSON_HEADER, a_person, import_file, write_csv
from tests.support.ledgers import fetch_rows
from tests.support.sites import MASTER_KEY

PROGRAMME = ProgrammeId("cixi")
VAULT = make_person_vault(MASTER_KEY)
_KNOWN_BY = "SELECT volunteer_id FROM volunteer_external_ids WHERE external_id = :number"


def a_file(folder: Path, rows: Iterable[Sequence[object]], header: Sequence[str] = PERSON_HEADER) -> Path:
    """A file of people."""
    return write_csv(folder / "people.csv", [header, *rows])


def told_of(number: int, name: str = "陈志明", phone: str | None = "13800000000") -> PersonalData:
    """What the file tells of the person of a number."""
    return PersonalData(name=name, phone=phone, document=Document(IdType.RESIDENT_ID, str(a_person(number)[3])))


async def import_people(database: Database, clock: Clock, path: Path, **options: object) -> ImportReport:
    """Import a file of people."""
    return await import_file(database, clock, ImportKind.VOLUNTEERS, path, **options)


async def number_of(database: Database, number: str) -> VolunteerId:
    """Who has this number."""
    [(volunteer,)] = await fetch_rows(database, _KNOWN_BY, number=number)
    return VolunteerId(volunteer)


async def opened(database: Database, number: str) -> PersonalData | None:
    """What the vault keeps of whoever has this number."""
    volunteer = await number_of(database, number)
    async with database.read() as reader:
        return await open_personal_data(reader, VAULT, PROGRAMME, volunteer)

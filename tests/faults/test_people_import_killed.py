"""An import of people that is killed at a random moment and started again: everybody sealed once, as they were told."""

import asyncio
import base64
import os
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

from app.actions.vault import open_personal_data
from app.core.identity_numbers import Document, IdType
from app.core.ids import ProgrammeId, VolunteerId
from app.core.personal_data import PersonalData
from app.importing.fields import ImportKind
from app.security.vault import make_person_vault
from app.store.database import Database
from tests.faults.killed_imports import kill_import_after
from tests.support.cities import a_city
from tests.support.city_rows import name_city
from tests.support.import_files import PERSON_HEADER, a_person, import_file, write_csv, write_teams
from tests.support.ledgers import fetch_rows
from tests.support.people import find_in_database
from tests.support.processes import a_clock_of_today
from tests.support.sites import MASTER_KEY
from tests.support.soundness import assert_all_sound

PEOPLE = 8_000
PROGRAMME = ProgrammeId("cixi")
PROGRESS = "SELECT state, rows_done, added, known, refused FROM imports WHERE kind = 'volunteers'"
VAULTED = """
SELECT (SELECT count(*) FROM volunteers), (SELECT count(*) FROM person_keys), (SELECT count(*) FROM vault_fields),
       (SELECT count(*) FROM vault_indexes), (SELECT count(*) FROM consents)
"""


def _row(number: int) -> tuple[object, ...]:
    """Somebody with a phone and a document of their own; each hundredth row is wrong."""
    return a_person(number, 手机号="12" if number % 100 == 7 else f"154{number:08}")


def _start(database: Database, path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "app", "import", "volunteers", str(path), "--source", "old"]
    command += ["--consent-version", "2023-1", "--consent-at", "2024-01-01"]
    key = base64.b64encode(MASTER_KEY).decode()
    environment = {**os.environ, "LIYU_DATABASE_URL": database.url, "LIYU_MASTER_KEY": key, "LIYU_LOG_LEVEL": "ERROR"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)


async def test_killed_and_started_again(database: Database, tmp_path: Path) -> None:
    """Killed twice: each row is in with all that it told or not at all; at the end everybody, and nobody in clear."""
    draw = random.Random()
    clock = a_clock_of_today()
    await a_city(database, clock, volunteers=0, merchants=0, fund_fen=0)
    await import_file(database, clock, ImportKind.TEAMS, write_teams(tmp_path))
    path = write_csv(tmp_path / "people.csv", [PERSON_HEADER, *map(_row, range(PEOPLE))])
    start = partial(_start, database, path)
    done = 0
    for _ in range(2):
        before, rows = done, done + draw.randrange(1, 1_500)
        done = await kill_import_after(start, database, PROGRESS, rows, draw.random() * 0.05)
        assert before < done < PEOPLE, "killed in the middle"
        people = done - len(range(7, done, 100))
        [found] = await fetch_rows(database, VAULTED)
        assert found == (people, people, 4 * people, 2 * people, people)
    assert await asyncio.to_thread(start().wait, 120) == 1  # some rows are refused
    assert await fetch_rows(database, PROGRESS) == [("done", PEOPLE, PEOPLE - 80, 0, 80)]
    owners = dict(await fetch_rows(database, "SELECT external_id, volunteer_id FROM volunteer_external_ids"))
    vault = make_person_vault(MASTER_KEY)
    async with database.read() as reader:
        for number in draw.sample([n for n in range(PEOPLE) if n % 100 != 7], 50):
            _, name, phone, document, *_ = map(str, _row(number))
            told = PersonalData(name=name, phone=phone, document=Document(IdType.RESIDENT_ID, document))
            assert await open_personal_data(reader, vault, PROGRAMME, VolunteerId(owners[f"V{number}"])) == told
    assert await find_in_database(database, ("陈志明", "15400000042", str(a_person(42)[3]))) == []
    await assert_all_sound(database, name_city("cixi", volunteers=0, merchants=0))

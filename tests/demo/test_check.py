"""`make demo CHECK=1` as a whole: it walks to its end, its ledger is sound, and nobody it met is left in clear."""

import asyncio
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from app.actions.vault import open_personal_data
from app.core.ids import ProgrammeId, VolunteerId
from app.core.personal_data import PersonalData
from app.demo.identities import draw_identities
from app.demo.people import SEED
from app.jobs.verifying import run_verify
from app.security.vault import make_person_vault
from app.settings import decode_master_key
from app.store.database import Database
from tests.support.databases import EMPTY, TestServer, a_database
from tests.support.dumps import dump, find_any
from tests.support.ledgers import fetch_rows

SCALE, PEOPLE = "0.0005", 170
CITY = ProgrammeId("cixi")
MET = (
    "张三丰",
    "李四光",
    "王二小",
    "赵明远",
    "钱小满",
    "孙大力",
    "周知秋",
    "观众甲",
    "13800138000",
    "330282199003070016",
)
"""The names, the phone and the document of the people of `app/demo/*_job.py`."""
LOADED = """
SELECT volunteer_id FROM volunteer_external_ids WHERE programme_id = 'cixi' AND system = 'demo' ORDER BY external_id
"""


def loaded() -> list[PersonalData]:
    """Who the people are that the demo loads."""
    return list(islice(draw_identities(SEED), PEOPLE))


def secrets_of(people: list[PersonalData]) -> set[str]:
    """Their names, phones and documents."""
    documents = [person.document.number for person in people if person.document]
    return {str(person.name) for person in people} | {str(person.phone) for person in people} | {*documents}


def _check(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LIYU_DATABASE_URL": url, "LIYU_DATA_DIR": str(folder), "LIYU_LOG_LEVEL": "DEBUG"}
    command = [sys.executable, "-m", "app", "demo", "--scale", SCALE, "--check", "--data-dir", str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


def _files(folder: Path) -> list[str]:
    return [path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file()]


async def _opened(database: Database, folder: Path) -> list[PersonalData | None]:
    """What the vault opens of the people that were loaded, in their order."""
    vault = make_person_vault(decode_master_key((folder / "master.key").read_text(encoding="ascii").strip()))
    owners = await fetch_rows(database, LOADED)
    async with database.read() as reader:
        return [await open_personal_data(reader, vault, CITY, VolunteerId(owner)) for (owner,) in owners]


async def test_the_check_walks_to_its_end_and_leaves_nobody_in_clear(server: TestServer, tmp_path: Path) -> None:
    """Every step is told. The vault opens who was loaded; a dump, the logs, the output and the files tell of nobody."""
    async with a_database(server, EMPTY) as database:
        ran = await asyncio.to_thread(_check, database.url, tmp_path)
        assert ran.returncode == 0, ran.stdout + ran.stderr[-2_000:]
        assert "The main job works." in ran.stdout
        report = await run_verify(database, CITY, lambda _done, _total: None)
        assert report.findings == ()
        assert await _opened(database, tmp_path) == loaded()
        dumped = await dump(database)
    secrets = secrets_of(loaded()) | {*MET}
    told = [dumped, ran.stdout, ran.stderr, *await asyncio.to_thread(_files, tmp_path)]
    assert set().union(*(find_any(each, secrets) for each in told)) == set()


async def test_the_search_of_a_dump_finds_people(database: Database) -> None:
    """Names, phones and documents, as text, inside longer text, and as bytes; and nobody else."""
    one, two, three, *_ = (person for person in loaded() if person.document)
    secrets = secrets_of(loaded())
    number = three.document.number if three.document else ""
    values = {"id": uuid4(), "name": f"x{one.name}{two.phone}", "sealed": number.encode()}
    async with database.begin() as tx:
        await tx.execute(text("CREATE TABLE leaks (id uuid, name text, sealed bytea)"))
        await tx.execute(text("INSERT INTO leaks VALUES (:id, :name, :sealed)"), values)
    assert find_any(await dump(database), secrets) == {one.name, two.phone, number}


def test_people_of_the_demo_are_told_apart_and_repeat() -> None:
    """The same for the same seed; a phone and a document belong to one, and three of five have a document."""
    many = list(islice(draw_identities(7), 50_000))
    assert many[:100] == list(islice(draw_identities(7), 100))
    assert many[:100] != list(islice(draw_identities(8), 100))
    documents = [person.document.number for person in many if person.document]
    assert len({person.phone for person in many}) == len(many)
    assert len(set(documents)) == len(documents)
    assert 29_000 < len(documents) < 31_000

"""An import that is killed at a random moment and started again ends as one that was left alone (issue 4)."""

import asyncio
import os
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

from app.store.database import Database
from tests.faults.killed_imports import kill_import_after
from tests.support.cities import a_city
from tests.support.city_rows import name_city
from tests.support.databases import TestServer, a_database
from tests.support.import_files import RECORD_HEADER, a_line, import_people, write_csv
from tests.support.ledgers import fetch_rows
from tests.support.processes import a_clock_of_today
from tests.support.soundness import assert_all_sound

CITY = name_city("cixi", volunteers=0, merchants=0)
PEOPLE = 40
ROWS = 5_000
BALANCES = """
SELECT x.external_id, a.kind, a.part, a.balance FROM accounts a
JOIN volunteer_external_ids x ON x.volunteer_id = a.owner_id ORDER BY 1, 2, 3
"""
RECORDS = """
SELECT external_no, started_at, minutes, points, expires_on, policy FROM service_records ORDER BY external_no
"""
REFUSALS = "SELECT row_no, field, code, fault FROM import_refusals ORDER BY row_no"
PROGRESS = "SELECT state, rows_done, added, known, refused FROM imports WHERE kind = 'service-records'"
STORED = "SELECT count(*) FROM service_records"


def _start(database: Database, path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "app", "import", "service-records", str(path), "--source", "old"]
    command += ["--entered-by", "enterer", "--verified-by", "verifier"]
    environment = {**os.environ, "LIYU_DATABASE_URL": database.url, "LIYU_LOG_LEVEL": "ERROR"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)


async def _finish(database: Database, path: Path) -> None:
    process = _start(database, path)
    assert await asyncio.to_thread(process.wait, 120) == 1  # some rows are refused


def _day(number: int) -> str:
    return f"{2021 + number // 1000}-{1 + number // 84 % 12:02d}-{1 + number % 28:02d}"


def _write(folder: Path) -> Path:
    """Rows of many people on days of their own, some of them wrong, some twice."""
    draw = random.Random(7)
    lines = [a_line(number, f"V{1 + number % PEOPLE}", 日期=_day(number)) for number in range(ROWS)]
    lines[100:100] = [a_line(1, "V99"), a_line(3, 日期="soon")]
    lines += draw.sample(lines, 50)
    return write_csv(folder / "records.csv", [RECORD_HEADER, *lines])


async def test_killed_and_started_again(server: TestServer, database: Database, tmp_path: Path) -> None:
    """Killed twice: every record once, every refusal once, the same balance on every account; a sound ledger."""
    draw = random.Random()
    path = _write(tmp_path)
    clock = a_clock_of_today()
    async with a_database(server) as unbroken:
        for each in (unbroken, database):
            await a_city(each, clock, volunteers=0, merchants=0, fund_fen=0)
            await import_people(each, clock, tmp_path, PEOPLE)
        await _finish(unbroken, path)
        start = partial(_start, database, path)
        done = 0
        for most in (800, 400):
            before, rows = done, done + draw.randrange(1, most)
            done = await kill_import_after(start, database, PROGRESS, rows, draw.random() * 0.05)
            assert before < done < ROWS, "in the middle, twice"
        [(stored,)] = await fetch_rows(database, STORED)
        assert 0 < stored <= done
        await _finish(database, path)
        for query in (BALANCES, RECORDS, REFUSALS, PROGRESS):
            assert await fetch_rows(database, query) == await fetch_rows(unbroken, query)
        [(state, rows, *_)] = await fetch_rows(database, PROGRESS)
        assert (state, rows) == ("done", ROWS + 52)
        await assert_all_sound(database, CITY)

"""`make demo CHECK=1` as a whole: it walks to its end, its ledger is sound, and nobody it met is left in clear."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from app.core.ids import ProgrammeId
from app.jobs.verifying import run_verify
from tests.support.databases import EMPTY, TestServer, a_database
from tests.support.people import find_in_database

PEOPLE = ("张三丰", "李四光", "王二小", "赵明远", "钱小满", "孙大力", "周知秋", "观众甲")
MET = (*PEOPLE, "13800138000", "330282199003070016")
"""The names, the phone and the document of the people of `app/demo/*_job.py`."""


def _check(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LIYU_DATABASE_URL": url, "LIYU_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "app", "demo", "--scale", "0.0005", "--check", "--data-dir", str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


def _files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_the_check_walks_to_its_end_and_leaves_nobody_in_clear(server: TestServer, tmp_path: Path) -> None:
    """Every step is told; database, output and files of the demo hold no name, phone or document number."""
    async with a_database(server, EMPTY) as database:
        ran = await asyncio.to_thread(_check, database.url, tmp_path)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "The main job works." in ran.stdout
        assert await find_in_database(database, MET) == []
        report = await run_verify(database, ProgrammeId("cixi"), lambda _done, _total: None)
        assert report.findings == ()
    told = [ran.stdout.encode(), ran.stderr.encode(), *await asyncio.to_thread(_files, tmp_path)]
    assert [one for one in MET if any(one.encode() in each for each in told)] == []

"""`liyu import volunteers` from end to end: what it tells, how it ends, and with whose keys."""

import asyncio
import base64
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.actions.keys import KeyCabinet, rotate_signing_key
from app.cli import cli
from app.core.ids import ProgrammeId
from app.importing.fields import ImportKind
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.import_files import PERSON_HEADER, a_person, import_file, write_csv, write_teams
from tests.support.ledgers import fetch_rows
from tests.support.sites import MASTER_KEY

CONSENT = ("--consent-version", "2023-1", "--consent-at", "2024-06-01 09:30")


@pytest.fixture(autouse=True)
async def _city(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A city with its teams and a signing key."""
    await a_city(database, clock, volunteers=0, merchants=0, fund_fen=0)
    await import_file(database, clock, ImportKind.TEAMS, write_teams(tmp_path))
    async with database.begin() as tx:
        await rotate_signing_key(tx, KeyCabinet(database, MASTER_KEY), ProgrammeId("cixi"), clock)


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    """The command puts the search for garbage off until its process ends; here others live on."""
    yield
    gc.enable()


async def run(database: Database, monkeypatch: pytest.MonkeyPatch, path: Path, *more: str, key: bytes) -> Result:
    """Call it with a master key."""
    monkeypatch.setenv("LIYU_DATABASE_URL", database.url)
    monkeypatch.setenv("LIYU_MASTER_KEY", base64.b64encode(key).decode())
    arguments = ["import", "volunteers", str(path), "--source", "old", *more]
    return await asyncio.to_thread(CliRunner().invoke, cli, arguments)


async def test_it_tells_what_went_into_the_vault_and_nobodys_data(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Columns and a count, also of a dry run; 1 where a row was refused, 0 where none was."""
    wrong = a_person(3, 手机号="139577")
    path = write_csv(tmp_path / "people.csv", [PERSON_HEADER, a_person(1), a_person(2), wrong])
    for more in (("--dry-run",), ()):
        said = await run(database, monkeypatch, path, *CONSENT, *more, key=MASTER_KEY)
        assert said.exit_code == 1, said.output
        assert "into the vault: 姓名, 手机号, 身份证号码 of 2 people" in said.output
        assert [cell for cell in (*a_person(1)[1:4], *wrong[2:4]) if str(cell) in said.output] == []
    again = write_csv(tmp_path / "again.csv", [PERSON_HEADER, a_person(1), a_person(2)])
    said = await run(database, monkeypatch, again, *CONSENT, key=MASTER_KEY)
    assert (said.exit_code, "of 0 people" in said.output) == (0, True)
    assert await fetch_rows(database, "SELECT DISTINCT version, at::text FROM consents") == [
        ("2023-1", "2024-06-01 01:30:00+00")
    ]


async def test_with_other_keys_it_ends_before_it_begins(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who is sealed under a key that the service does not have would be lost: 2, the variable named, nobody in."""
    path = write_csv(tmp_path / "people.csv", [PERSON_HEADER, a_person(1)])
    said = await run(database, monkeypatch, path, key=b"x" * 32)
    assert (said.exit_code, "LIYU_MASTER_KEY" in said.output) == (2, True)
    assert await fetch_rows(database, "SELECT count(*) FROM volunteers") == [(0,)]
    bare = write_csv(tmp_path / "bare.csv", [PERSON_HEADER[:1] + PERSON_HEADER[4:], ("V1", *a_person(1)[4:])])
    said = await run(database, monkeypatch, bare, key=b"x" * 32)
    assert said.exit_code == 0, said.output

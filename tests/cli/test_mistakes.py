"""A mistake of the caller's ends with 2 and a line in each language; nothing of a password or a row is shown."""

import asyncio
import base64
import contextlib
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError

from app.cli import main
from app.cli.mistakes import mistake_of
from app.security.vault import make_person_vault
from app.store.database import Database
from app.store.vault import SealedPerson, insert_person_key
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.databases import EMPTY, TestServer, a_database
from tests.support.processes import a_clock_of_today
from tests.support.sites import MASTER_KEY, a_site

PASSWORD = "kT7-not-to-be-seen"
NOWHERE = f"postgresql://liyu:{PASSWORD}@127.0.0.1:1/liyu"
OTHER_KEY = "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3Q="


@dataclass(frozen=True, slots=True)
class Said:
    """How a call of the command line ended, and what stood on standard error."""

    code: object
    error: str


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str, **told: str) -> Said:
    """Call `liyu` with these words and settings."""
    for name, value in told.items():
        monkeypatch.setenv(f"LIYU_{name}", value)
    monkeypatch.setattr(sys, "argv", ["liyu", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return Said(ended.value.code, capsys.readouterr().err)


@contextlib.contextmanager
def a_taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def assert_told(said: Said, *parts: str) -> None:
    """Exit code 2, one line of English and one of Chinese, and these words in them."""
    assert said.code == 2, said.error
    lines = said.error.splitlines()
    assert [line[:5] for line in lines] == ["liyu:", "liyu："], said.error
    for part in parts:
        assert part in said.error
    assert PASSWORD not in said.error


@pytest.mark.parametrize("words", [("migrate",), ("verify",), ("serve", "--port", "0"), ("token", "cixi", "alice")])
def test_a_database_that_is_down_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    """By every command alike, without the password of the address."""
    said = call(monkeypatch, capsys, *words, DATABASE_URL=NOWHERE, DATA_DIR=str(tmp_path))
    assert_told(said, "cannot be reached", "无法连接数据库")


@pytest.mark.parametrize(
    "url", [f"mysql://liyu:{PASSWORD}@db/liyu", PASSWORD, f"postgresql://liyu:{PASSWORD}@127.0.0.1:1/l?sslmode=perhaps"]
)
def test_an_address_that_is_none_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, url: str
) -> None:
    """Of another kind of database, no address at all, an option that does not exist."""
    said = call(monkeypatch, capsys, "migrate", DATABASE_URL=url, DATA_DIR=str(tmp_path))
    assert_told(said, "LIYU_DATABASE_URL")


async def test_what_the_database_lacks_is_told(
    server: TestServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The database itself, the tables, and a role: each with what to do."""
    folder = str(tmp_path)
    nowhere = make_url(server.url).set(database="liyu_nowhere").render_as_string(hide_password=False)
    said = await asyncio.to_thread(call, monkeypatch, capsys, "migrate", DATABASE_URL=nowhere, DATA_DIR=folder)
    assert_told(said, "create it first", "不存在")
    async with a_database(server, EMPTY) as empty:
        url = empty.url
        said = await asyncio.to_thread(call, monkeypatch, capsys, "vault", "rotate", DATABASE_URL=url, DATA_DIR=folder)
        assert_told(said, "liyu migrate", "liyu migrate")
        words = ("migrate", "--grant-to", "liyu_nobody_of_this_name")
        said = await asyncio.to_thread(call, monkeypatch, capsys, *words, DATABASE_URL=url, DATA_DIR=folder)
        assert_told(said, "no such role", "没有该角色")


async def test_an_older_program_leaves_a_newer_database_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """After an upgrade that is taken back, it says so and changes nothing."""
    async with database.begin() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '29991231'"))
    said = await asyncio.to_thread(
        call, monkeypatch, capsys, "migrate", DATABASE_URL=database.url, DATA_DIR=str(tmp_path)
    )
    assert_told(said, "29991231", "更新版本")


async def test_another_master_key_is_refused_before_it_serves(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Not found out by each till for itself."""
    async with a_site(database, a_clock_of_today(), tmp_path):
        told = {"DATABASE_URL": database.url, "DATA_DIR": str(tmp_path), "MASTER_KEY": OTHER_KEY}
        said = await asyncio.to_thread(call, monkeypatch, capsys, "serve", "--port", "0", **told)
    assert_told(said, "LIYU_MASTER_KEY", "主密钥")
    assert OTHER_KEY not in said.error


async def test_a_vault_key_that_was_taken_away_too_early_is_named(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Before it serves: with how many people it still seals."""
    async with a_site(database, a_clock_of_today(), tmp_path) as site:
        programme, volunteer = site.city.programme, site.city.volunteers[0]
        _, sealed = make_person_vault(MASTER_KEY, {"2026": bytes(range(1, 33))}, "2026").make(programme, volunteer)
        async with database.begin() as tx:
            await insert_person_key(tx, programme, SealedPerson(volunteer, sealed, "2026"), site.clock())
        key = base64.b64encode(MASTER_KEY).decode()
        told = {"DATABASE_URL": database.url, "DATA_DIR": str(tmp_path), "MASTER_KEY": key}
        said = await asyncio.to_thread(call, monkeypatch, capsys, "serve", "--port", "0", **told)
    assert_told(said, "LIYU_VAULT_KEYS lacks the key 2026, which seals 1 people", "设置有误")


async def test_a_taken_port_is_told_before_anything_is_done(
    server: TestServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Serving and the demo leave the database as it is."""
    async with a_database(server, EMPTY) as empty:
        with a_taken_port() as port:
            told = {"DATABASE_URL": empty.url, "DATA_DIR": str(tmp_path), "PORT": str(port)}
            for word in ("serve", "demo"):
                assert_told(await asyncio.to_thread(call, monkeypatch, capsys, word, **told), str(port), "LIYU_PORT")
        async with empty.read() as reader:
            assert await reader.scalar(text("SELECT to_regclass('alembic_version')")) is None


async def test_a_programme_that_is_not_there_is_not_called_broken(
    database: Database,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """`liyu verify` of a slip names those that are there; nobody is made an administrator of it."""
    city = await a_city(database, clock)
    told = {"DATABASE_URL": database.url, "DATA_DIR": str(tmp_path), "NEW_PASSWORD": PASSWORD}
    assert (await asyncio.to_thread(call, monkeypatch, capsys, "verify", "cxi", **told)).code == 2
    said = await asyncio.to_thread(call, monkeypatch, capsys, "admin", "create", "cxi", "alice", **told)
    assert said.code == 1
    assert "no programme cxi" in said.error
    assert city.programme != "cxi"


@pytest.mark.parametrize(
    "content, named",
    [
        (b"code,name\n1,a\n", "--regions"),
        ("code,name,level,parent,kind\n1,慈溪,city,,x\n".encode("gb18030"), "UTF-8"),
        (b"code,name,level,parent,kind\n1,a,city\n", "--regions"),
        (b"code,name,level,parent,kind\n1,a,city,,x\n1,b,city,,x\n", "twice"),
        (b"code,name,level,parent,kind\n1,a,city,,x\n", "330282"),
    ],
)
def test_a_file_of_regions_is_checked_before_the_database_is_touched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, named: str
) -> None:
    """Its columns, its encoding, codes that are there twice, and that the programme's own region is in it."""
    file = tmp_path / "r.csv"
    file.write_bytes(content)
    words = ("programme", "create", "cixi", "慈溪", "--region", "330282", "--regions", str(file))
    said = call(monkeypatch, capsys, *words, DATABASE_URL=NOWHERE, DATA_DIR=str(tmp_path))
    assert said.code == 2
    assert named in said.error


def test_a_folder_that_is_none_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file in the place of the data folder, named."""
    (tmp_path / "file").touch()
    monkeypatch.delenv("LIYU_DATABASE_URL", raising=False)
    assert_told(call(monkeypatch, capsys, "migrate", DATA_DIR=str(tmp_path / "file")), str(tmp_path / "file"))


async def test_an_error_of_the_database_shows_no_row(database: Database) -> None:
    """Neither the values of the statement nor the row that PostgreSQL quotes; and it is no mistake of the caller's."""
    statement = text("INSERT INTO sessions (programme_id, id) VALUES ('cixi', CAST(:told AS uuid))")
    async with database.engine.connect() as connection:
        with pytest.raises(IntegrityError) as refused:
            await connection.execute(statement, {"told": "01a21e60-975b-74e6-af12-daf4a7200daf"})
    assert "01a21e60" not in str(refused.value).partition("DETAIL")[0]
    assert mistake_of(refused.value) is None

"""What the server of our own is like, for every user who may start it: its settings, its data, its failures."""

import asyncio
import os
import stat
import threading
from pathlib import Path

import asyncpg
import pytest

from app.store.postgres import (
    Binaries,
    EmbeddedPostgres,
    InitFailed,
    PostgresVersionMismatch,
    ServerFailed,
)
from tests.store.postgres.owners import INSTALLED, ME, QUICK, USERS, Place, User, an_owner, processes_in


async def ask(url: str, *questions: str) -> list[object]:
    """The single values that these queries answer."""
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetchval(question) for question in questions]
    finally:
        await connection.close()


def secret_of(data_dir: Path) -> Path:
    """The file with the cluster's password."""
    return data_dir / "postgres.password"


@pytest.mark.parametrize("installed", INSTALLED, ids=lambda each: f"{each.version}")
@pytest.mark.parametrize("user", USERS, ids=str)
async def test_an_empty_folder_becomes_a_database(place: Place, user: User, installed: Binaries) -> None:
    """From nothing but a folder: a UTF-8 database `liyu`, sorted alike on every machine, in UTC, checksums on."""
    data_dir = place.a_folder("data", user)
    programs = place.binaries if installed.version == place.binaries.version else installed
    with an_owner(place, data_dir, user, binaries=programs) as owner:
        names = ("server_encoding", "timezone", "data_checksums", "password_encryption")
        questions = [f"SELECT current_setting('{name}')" for name in names]
        order = "SELECT string_agg(word, '' ORDER BY word) FROM (VALUES ('a'), ('B'), ('ä'), ('Z')) AS words (word)"
        told = await ask(owner.url, "SELECT current_database()", *questions, order)
    assert told == ["liyu", "UTF8", "UTC", "on", "scram-sha-256", "BZaä"]


@pytest.mark.parametrize("user", USERS, ids=str)
def test_the_data_is_the_servers_alone(place: Place, user: User) -> None:
    """The server runs as nobody when root starts it, else as its owner; cluster and password are private."""
    data_dir = place.a_folder("data", user)
    with an_owner(place, data_dir, user) as owner:
        assert Path(f"/proc/{owner.server_pid}").stat().st_uid == user.server_uid
        home = data_dir / "postgres"
        assert (home.stat().st_uid, stat.S_IMODE(home.stat().st_mode)) == (user.server_uid, 0o700)
        password = secret_of(data_dir)
        assert (password.stat().st_uid, stat.S_IMODE(password.stat().st_mode)) == (user.uid, 0o600)
        assert [entry.name for entry in home.iterdir()] == ["pgdata"]
        assert (data_dir / "postgres.log").stat().st_uid == user.uid


async def test_only_this_machine_gets_in_and_only_with_the_password(place: Place) -> None:
    """It listens on loopback TCP and on nothing else, and refuses a wrong password."""
    data_dir = place.a_data_dir(ME)
    with an_owner(place, data_dir) as owner:
        settings = await ask(owner.url, "SHOW listen_addresses", "SHOW unix_socket_directories")
        assert settings == ["127.0.0.1", ""]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(owner.url, password="a guess")


async def test_the_data_is_there_after_a_stop(place: Place) -> None:
    """Stopped and started anew, by another process and at a moved place, it has the same data and password."""
    data_dir = place.a_data_dir(ME)
    with an_owner(place, data_dir) as owner:
        await ask(owner.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    moved = data_dir.rename(place.folder / "moved")
    with an_owner(place, moved) as owner:
        assert await ask(owner.url, "SELECT answer FROM kept") == [42]
    assert not data_dir.exists()


@pytest.mark.parametrize("durable, switch", [(True, "on"), (False, "off")])
async def test_durable_is_a_promise(place: Place, durable: bool, switch: str) -> None:  # noqa: FBT001 - the case
    """Durable by default, whatever else is set; only the tests' servers do without."""
    names = ("fsync", "synchronous_commit", "full_page_writes")
    contrary = dict.fromkeys(names, "off" if durable else "on")
    with an_owner(place, place.a_data_dir(ME), settings=contrary, durable=durable) as owner:
        assert await ask(owner.url, *(f"SHOW {name}" for name in names)) == [switch] * 3


async def test_a_setting_can_be_given(place: Place) -> None:
    """A setting of the caller's replaces ours."""
    with an_owner(place, place.a_data_dir(ME), settings={"max_connections": "37"}) as owner:
        assert await ask(owner.url, "SHOW max_connections") == ["37"]


def test_starting_twice_and_stopping_twice_is_harmless(place: Place) -> None:
    """While it runs, a start gives the same address and the same server; a second stop finds nothing to do."""
    server = EmbeddedPostgres(place.a_data_dir(ME), binaries=place.binaries, settings=QUICK)
    with server as url:
        before = server.pid
        assert (server.start(), server.pid) == (url, before)
    assert server.pid is None
    server.stop()


def test_a_start_that_fails_says_why(place: Place) -> None:
    """The end of the server's log is in the message, nothing stays running, and the folder is free again."""
    data_dir = place.a_data_dir(ME)
    broken = EmbeddedPostgres(data_dir, binaries=place.binaries, settings={"shared_buffers": "a lot"})
    with pytest.raises(ServerFailed, match='invalid value for parameter "shared_buffers": "a lot"'):
        broken.start()
    assert broken.pid is None
    assert processes_in(data_dir) == []
    with EmbeddedPostgres(data_dir, binaries=place.binaries, settings=QUICK):
        pass


def test_a_cluster_that_cannot_be_made_says_why(place: Place) -> None:
    """What initdb says is in the message, and the next try begins anew."""
    bindir = place.folder / "broken"
    bindir.mkdir()
    (bindir / "initdb").write_text("#!/bin/sh\nmkdir making-half\necho 'disk full' >&2\nexit 3\n", "utf-8")
    (bindir / "initdb").chmod(0o755)
    (bindir / "postgres").touch(0o755)
    data_dir = place.folder / "data"
    with pytest.raises(InitFailed, match=r"(?s)initdb ended with 3.*disk full"):
        EmbeddedPostgres(data_dir, binaries=Binaries(bindir=bindir, version=18)).start()
    assert [entry.name for entry in (data_dir / "postgres").iterdir()] == ["making-half"]
    with EmbeddedPostgres(data_dir, binaries=place.binaries, settings=QUICK, durable=False):
        assert [entry.name for entry in (data_dir / "postgres").iterdir()] == ["pgdata"]


def test_data_of_another_version_is_not_touched(place: Place) -> None:
    """A data folder of another major version is refused with both numbers and the way out."""
    data_dir = place.a_data_dir(ME)
    (data_dir / "postgres/pgdata/PG_VERSION").write_text("14\n", "utf-8")
    before = sorted(path.stat().st_mtime_ns for path in (data_dir / "postgres").rglob("*"))
    with pytest.raises(PostgresVersionMismatch, match=rf"14.*version {place.binaries.version}.*LIYU_PG_BINDIR"):
        EmbeddedPostgres(data_dir, binaries=place.binaries).start()
    assert sorted(path.stat().st_mtime_ns for path in (data_dir / "postgres").rglob("*")) == before


def test_a_long_log_is_put_aside(place: Place) -> None:
    """At a start the log of the days before makes room once it is large."""
    data_dir = place.a_data_dir(ME)
    log = data_dir / "postgres.log"
    os.truncate(log, 17 * 1024 * 1024)
    with EmbeddedPostgres(data_dir, binaries=place.binaries, settings=QUICK):
        assert log.stat().st_size < 1024 * 1024
        assert log.with_suffix(".log.1").stat().st_size == 17 * 1024 * 1024


def test_another_thread_is_refused(place: Place) -> None:
    """The kernel would end the server with the thread that started it, so a thread is told no at once."""
    server = EmbeddedPostgres(place.a_data_dir(ME), binaries=place.binaries, settings=QUICK)
    told: list[str] = []

    def try_it() -> None:
        try:
            server.start()
        except RuntimeError as error:
            told.append(str(error))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert len(told) == 1
    assert "main thread" in told[0]
    asyncio.run(ask(server.start(), "SELECT 1"))
    server.stop()


def test_erased_data_is_gone(place: Place) -> None:
    """Erasing stops the server and leaves no cluster; the next start is a new beginning."""
    data_dir = place.a_data_dir(ME)
    server = EmbeddedPostgres(data_dir, binaries=place.binaries, settings=QUICK)
    asyncio.run(ask(server.start(), "CREATE TABLE secrets ()"))
    server.erase()
    assert not (data_dir / "postgres").exists()
    with EmbeddedPostgres(data_dir, binaries=place.binaries, settings=QUICK, durable=False) as url:
        assert asyncio.run(ask(url, "SELECT to_regclass('secrets')")) == [None]

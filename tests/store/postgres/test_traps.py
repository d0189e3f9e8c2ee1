"""What goes wrong around a server of our own: killed owners and servers, pid files of others, a second owner."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from app.store.postgres import EmbeddedPostgres
from app.store.postgres.children import launch
from app.store.postgres.privileges import account_for
from tests.store.postgres.owners import (
    ME,
    ORDINARY,
    QUICK,
    USERS,
    Owner,
    Place,
    User,
    an_owner,
    processes_in,
    within,
)

ON_LOOPBACK = ("--unix_socket_directories=", "--listen_addresses=127.0.0.1")
WRITERS = 4
ROWS_BEFORE_THE_KILL = 200


async def insert_until_cut_off(url: str, writer: int, acknowledged: set[tuple[int, int]]) -> None:
    """Commit row after row, noting each that the server has acknowledged, until the connection breaks."""
    connection = await asyncpg.connect(url)
    # asyncpg's own errors too: it may meet the end of the connection in the middle of an exchange.
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        for number in range(1_000_000):
            await connection.execute("INSERT INTO rows VALUES ($1, $2)", writer, number)
            acknowledged.add((writer, number))
    connection.terminate()


async def kill_under_load(owner: Owner, victim: int) -> set[tuple[int, int]]:
    """Kill a process with SIGKILL while rows are being committed. Returns those that were acknowledged."""
    connection = await asyncpg.connect(owner.url)
    await connection.execute("CREATE TABLE rows (writer integer, number integer, PRIMARY KEY (writer, number))")
    await connection.close()
    acknowledged: set[tuple[int, int]] = set()
    async with asyncio.timeout(60), asyncio.TaskGroup() as writers:
        for writer in range(WRITERS):
            writers.create_task(insert_until_cut_off(owner.url, writer, acknowledged))
        while len(acknowledged) < ROWS_BEFORE_THE_KILL:  # noqa: ASYNC110 - what it waits for is the number
            await asyncio.sleep(0.01)
        os.kill(victim, signal.SIGKILL)
    return acknowledged


async def fetch_rows(url: str) -> set[tuple[int, int]]:
    """The rows that the server has."""
    connection = await asyncpg.connect(url)
    try:
        return {(row["writer"], row["number"]) for row in await connection.fetch("SELECT * FROM rows")}
    finally:
        await connection.close()


@pytest.mark.parametrize("user", USERS, ids=str)
async def test_a_killed_server_loses_nothing(place: Place, user: User) -> None:
    """After kill -9 of the postmaster its owner starts it again, at the same address, with all acknowledged rows."""
    with an_owner(place, place.a_data_dir(user), user) as owner:
        address, killed = owner.url, owner.server_pid
        acknowledged = await kill_under_load(owner, killed)
        owner.start_again()
        assert (owner.url, owner.server_pid == killed) == (address, False)
        assert len(acknowledged) >= ROWS_BEFORE_THE_KILL
        assert acknowledged <= await fetch_rows(owner.url)


@pytest.mark.parametrize("user", USERS, ids=str)
async def test_a_killed_owner_takes_its_server_along(place: Place, user: User) -> None:
    """After kill -9 of the owner no process of the server is left, and the next owner has all acknowledged rows."""
    data_dir = place.a_data_dir(user)
    with an_owner(place, data_dir, user) as owner:
        acknowledged = await kill_under_load(owner, owner.process.pid)
    assert within(10, lambda: not processes_in(data_dir))
    with an_owner(place, data_dir, user) as owner:
        assert acknowledged <= await fetch_rows(owner.url)


@pytest.mark.parametrize("user", USERS, ids=str)
def test_the_next_owner_need_not_wait(place: Place, user: User) -> None:
    """Started the moment its predecessor is killed, an owner waits for the old server's end by itself."""
    data_dir = place.a_data_dir(user)
    with an_owner(place, data_dir, user) as first:
        first.process.kill()
        first.process.wait()
        with an_owner(place, data_dir, user) as second:
            assert second.server_pid != first.server_pid


@pytest.mark.parametrize("user", USERS, ids=str)
def test_a_second_owner_is_refused(place: Place, user: User) -> None:
    """The message names the folder and the process that has it; that one's server goes on, and nothing else starts."""
    data_dir = place.a_data_dir(user)
    with an_owner(place, data_dir, user) as first:
        running = processes_in(data_dir)
        with an_owner(place, data_dir, user) as second:
            assert second.said["error"] == "DataFolderInUse"
            assert f"{data_dir} is in use by process {first.process.pid}." in second.said["message"]
        assert second.process.returncode == 1
        assert first.server_pid in running
        assert asyncio.run(_answers(first.url))


async def _answers(url: str) -> bool:
    connection = await asyncpg.connect(url)
    answer = await connection.fetchval("SELECT 1")
    await connection.close()
    return bool(answer == 1)


@contextmanager
def a_stranger(*, zombie: bool) -> Iterator[int]:
    """The number of a process that has nothing to do with PostgreSQL: asleep, or ended and not reaped."""
    with subprocess.Popen(["true"] if zombie else ["sleep", "60"]) as process:
        if zombie:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        yield process.pid
        # Still there: whoever takes a number for a server must not end it.
        assert process.poll() == (0 if zombie else None)
        process.kill()


def a_pid_file(data_dir: Path, content: str) -> None:
    """What a server leaves behind that had no time to clean up."""
    (data_dir / "postgres/pgdata/postmaster.pid").write_text(content, "utf-8")


@pytest.mark.parametrize("zombie", [False, True])
def test_a_pid_file_with_the_number_of_another_is_no_obstacle(place: Place, zombie: bool) -> None:  # noqa: FBT001 - the case
    """The number has gone to another process, or to a zombie: the server starts, and the other is left alone."""
    data_dir = place.a_data_dir(ME)
    with a_stranger(zombie=zombie) as pid:
        a_pid_file(data_dir, f"{pid}\n{data_dir}/postgres/pgdata\n1700000000\n5432\n\n127.0.0.1\n1 2\nready   \n")
        with an_owner(place, data_dir) as owner:
            assert owner.server_pid != pid


@pytest.mark.parametrize(
    "content", ["", "nonsense\n", "{gone}\n/elsewhere\n1700000000\n5432\n\n127.0.0.1\n1 2\nready\n"]
)
def test_a_stale_pid_file_is_no_obstacle(place: Place, content: str) -> None:
    """Empty, broken or with the number of a process that is gone: the server starts."""
    data_dir = place.a_data_dir(ME)
    with subprocess.Popen(["true"]) as gone:
        pass
    a_pid_file(data_dir, content.format(gone=gone.pid))
    with an_owner(place, data_dir) as owner:
        assert owner.server_pid


def a_free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def test_a_server_without_owner_is_ended_first(place: Place) -> None:
    """A server that runs on the folder without an owner is stopped, properly, before ours is started."""
    data_dir = place.a_data_dir(ME)
    cluster = data_dir / "postgres/pgdata"
    with (place.folder / "log").open("wb") as log:
        orphan = launch(
            [place.binaries.program("postgres"), "-D", str(cluster), f"--port={a_free_port()}", *ON_LOOPBACK],
            account=account_for(data_dir / "postgres"),
            cwd=place.folder,
            dies_by=signal.SIGKILL,
            output=log,
        )
        assert within(20, lambda: "ready" in _read(cluster / "postmaster.pid"))
    with orphan, EmbeddedPostgres(data_dir, binaries=place.binaries, settings=QUICK):
        assert orphan.wait(timeout=1) == 0


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def test_root_lends_a_hand_on_an_ordinary_users_data(place: Place) -> None:
    """Whoever may start it on a user's data, the server runs as that user, who can go on afterwards."""
    data_dir = place.a_data_dir(ORDINARY)
    for user in (ORDINARY, ME, ORDINARY):
        with an_owner(place, data_dir, user) as owner:
            assert Path(f"/proc/{owner.server_pid}").stat().st_uid == ORDINARY.server_uid


def test_data_of_another_account_is_refused(place: Place) -> None:
    """A folder that is not ours is told in one sentence with its name, and stays as it is."""
    data_dir = place.a_data_dir(ME)
    secret = data_dir / "postgres.password"
    if ME == ORDINARY:
        # Without root there is no second account; what the first one may not read looks just the same.
        secret.chmod(0)
    with an_owner(place, data_dir, ORDINARY) as owner:
        assert owner.said["error"] == "DataFolderNotOurs"
        assert f"{data_dir} holds data of another account" in owner.said["message"]
    assert processes_in(data_dir) == []

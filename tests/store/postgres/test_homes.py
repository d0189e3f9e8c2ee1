"""A checkout under a private home: the server's account gets what it needs, and nobody's folders are opened for it."""

import pwd
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from app.store.postgres import Binaries, BinariesNotFound, homes
from app.store.postgres.privileges import Account
from tests.store.postgres.owners import ME, USERS, Place, User, an_owner, modes_above, processes_in

NOBODY = Account(uid=pwd.getpwnam("nobody").pw_uid, gid=pwd.getpwnam("nobody").pw_gid)


def a_private_checkout(place: Place, user: User) -> tuple[Path, Binaries]:
    """A checkout in a home that only its user may enter, with a wheel installed in it."""
    home = place.a_folder("home", user, mode=0o700)
    site = home / "checkout/site-packages"
    for part in place.binaries.parts:
        (site / part).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", place.binaries.root / part, site / part], check=True)
    subprocess.run(["chown", "-R", f"{user.uid}:{user.gid}", home], check=True)
    bindir = site / place.binaries.bindir.relative_to(place.binaries.root)
    return home / "checkout", replace(place.binaries, bindir=bindir, root=site)


async def tables_of(url: str, *statements: str) -> set[str]:
    """The names of our tables, after some statements."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
        return {row[0] for row in await connection.fetch("SELECT relname FROM pg_stat_user_tables")}
    finally:
        await connection.close()


@pytest.mark.parametrize("user", USERS, ids=str)
async def test_a_checkout_under_a_private_home_works(place: Place, user: User) -> None:
    """It starts and starts again with its data, even under umask 077; no folder's mode and no account changes."""
    checkout, binaries = a_private_checkout(place, user)
    before = (modes_above(binaries.bindir, checkout), pwd.getpwall())
    with an_owner(place, checkout / ".liyu", user, binaries=binaries, umask=0o077) as owner:
        assert Path(f"/proc/{owner.server_pid}").lstat().st_uid == user.server_uid  # noqa: ASYNC240 - /proc is memory
        assert await tables_of(owner.url, "CREATE TABLE kept ()") == {"kept"}
    with an_owner(place, checkout / ".liyu", user, binaries=binaries, umask=0o077) as owner:
        assert await tables_of(owner.url) == {"kept"}
    assert (modes_above(binaries.bindir, checkout), pwd.getpwall()) == before


@pytest.mark.parametrize("user", USERS, ids=str)
def test_only_root_keeps_anything_elsewhere(place: Place, user: User) -> None:
    """Root's private data and programs lie in the shared folder, and a file says where; a user's stay at home."""
    checkout, binaries = a_private_checkout(place, user)
    data_dir = checkout / ".liyu"
    with an_owner(place, data_dir, user, binaries=binaries, durable=False) as owner:
        program = Path(f"/proc/{owner.server_pid}/exe").readlink()
        (home,) = {Path(f"/proc/{pid}/cwd").readlink().parent for pid in processes_in(place.folder)}
    if user.uid != 0:
        assert (home, program.parent) == (data_dir / "postgres", binaries.bindir)
        assert not place.shared.exists()
        return
    assert (data_dir / "postgres.path").read_text("utf-8") == f"{home}\n"
    assert home.parent == place.shared
    assert (stat.S_IMODE(home.stat().st_mode), home.stat().st_uid) == (0o700, NOBODY.uid)
    copy = place.shared / program.relative_to(place.shared).parts[0]
    assert not [path for path in copy.rglob("*") if path.lstat().st_uid != 0]
    assert not [path for path in copy.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022]


@pytest.mark.parametrize("user", USERS, ids=str)
async def test_a_removed_data_folder_is_a_new_beginning(place: Place, user: User) -> None:
    """Whoever removes the data folder gets an empty database with a new password, wherever the old data lay."""
    data_dir = place.a_folder("home", user, mode=0o700) / "data"
    with an_owner(place, data_dir, user, durable=False) as owner:
        assert await tables_of(owner.url, "CREATE TABLE old ()") == {"old"}
    shutil.rmtree(data_dir)
    with an_owner(place, data_dir, user, durable=False) as owner:
        assert await tables_of(owner.url) == set()


def test_data_that_is_gone_is_not_replaced_in_silence(place: Place) -> None:
    """When the folder that the data folder points at is missing, the message says which, and none is made."""
    data_dir = place.a_folder("data", ME)
    (data_dir / "postgres.path").write_text(f"{place.shared}/lost\n", "utf-8")
    with an_owner(place, data_dir) as owner:
        assert owner.said["error"] == "DataFolderNotOurs"
        assert f"{place.shared}/lost, which is gone" in owner.said["message"]
    assert not place.shared.exists()


@pytest.mark.parametrize("user", USERS, ids=str)
def test_a_folder_that_became_private_is_told(place: Place, user: User) -> None:
    """Data of nobody's behind a folder that has become private is refused by name; one's own stays usable."""
    parent = place.a_folder("parent", user)
    data_dir = place.a_data_dir(user, "parent/data")
    parent.chmod(0o700)
    with an_owner(place, data_dir, user) as owner:
        if user.uid != 0:
            assert owner.server_pid
            return
        assert owner.said["error"] == "DataFolderNotOurs"
        assert str(data_dir / "postgres") in owner.said["message"]
        assert "has become private" in owner.said["message"]
    assert stat.S_IMODE(parent.stat().st_mode) == 0o700


def test_programs_that_cannot_be_copied_are_refused(place: Place) -> None:
    """A named folder that the server's account cannot enter is refused by name: it may hold anything."""
    bindir = place.a_folder("home", ME, mode=0o700) / "bin"
    bindir.mkdir()
    (bindir / "postgres").touch(0o755)
    with pytest.raises(BinariesNotFound, match=f"{bindir} lies in a private folder"):
        homes.reachable(Binaries(bindir=bindir, version=18), NOBODY)


def test_programs_are_copied_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second who needs the copy of the same programs takes the first one's, and no half copy is left."""
    monkeypatch.setattr(homes, "SHARED", place.shared)
    _, binaries = a_private_checkout(place, ME)
    first = homes.reachable(binaries, NOBODY)
    made = first.bindir.stat().st_ctime_ns
    assert homes.reachable(binaries, NOBODY) == first
    assert first.bindir.stat().st_ctime_ns == made
    assert list(place.shared.iterdir()) == [first.root]
    assert subprocess.run([first.program("postgres"), "--version"], check=True).returncode == 0

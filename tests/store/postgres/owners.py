"""Builders for the tests of the embedded server: users, places that they own, processes that own a server."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.store.postgres import Binaries, find_binaries

ROOT = Path(__file__).resolve().parents[3]
QUICK = {"shared_buffers": "16MB", "max_connections": "20"}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account of this machine that a server's owner may be."""

    name: str
    uid: int
    gid: int

    def __str__(self) -> str:
        return self.name

    @property
    def server_uid(self) -> int:
        """Who the server runs as: root's as nobody, everyone else's as themselves."""
        return pwd.getpwnam("nobody").pw_uid if self.uid == 0 else self.uid


def _known(uid: int) -> User:
    entry = pwd.getpwuid(uid)
    return User(name=entry.pw_name, uid=uid, gid=entry.pw_gid)


def _someone_else() -> User:
    ordinary = (each for each in pwd.getpwall() if each.pw_uid != 0 and each.pw_name != "nobody")
    return _known(next(ordinary).pw_uid)


ME = _known(os.geteuid())
# Root can be anyone, so it tries both; anyone else can only be themselves.
USERS = [ME, _someone_else()] if ME.uid == 0 else [ME]
ORDINARY = USERS[-1]

# What the tests run on, and the system's PostgreSQL where there is one: an older one has other choices.
_ON_SYSTEM = [find_binaries(bindir) for bindir in Path("/usr/lib/postgresql").glob("1[5-9]/bin")]
INSTALLED = list({each.version: each for each in (*_ON_SYSTEM, find_binaries(None))}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder that everyone may enter, for one test, with a cluster to copy and programs that anyone can run."""

    folder: Path
    template: Path
    binaries: Binaries

    @property
    def shared(self) -> Path:
        """What stands in for /var/lib/liyu."""
        return self.folder / "shared"

    def a_folder(self, name: str, user: User, mode: int = 0o755) -> Path:
        """An empty folder of a user's."""
        made = self.folder / name
        made.mkdir()
        os.chown(made, user.uid, user.gid)
        made.chmod(mode)
        return made

    def a_data_dir(self, user: User, name: str = "data") -> Path:
        """A data folder of a user's with a cluster, stopped."""
        made = self.folder / name
        subprocess.run(["cp", "-a", self.template, made], check=True)
        if user.uid != ME.uid:
            subprocess.run(["chown", "-R", f"{user.uid}:{user.gid}", made], check=True)
        return made


class Owner:
    """A running process that owns a server, or failed to get one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = self._listen()

    def _listen(self) -> dict[str, str]:
        if self.process.stdout is None:
            raise TypeError("the owner has nothing to say it with")
        said: dict[str, str] = json.loads(self.process.stdout.readline())
        return said

    @property
    def url(self) -> str:
        """The server's address."""
        assert "url" in self.said, self.said
        return self.said["url"]

    @property
    def server_pid(self) -> int:
        """The server's process number."""
        assert "pid" in self.said, self.said
        return int(self.said["pid"])

    def start_again(self) -> None:
        """Have it start its server once more."""
        if self.process.stdin is None:
            raise TypeError("the owner cannot be told anything")
        self.process.stdin.write("start\n")
        self.process.stdin.flush()
        self.said = self._listen()


@contextlib.contextmanager
def an_owner(
    place: Place,
    data_dir: Path,
    user: User = ME,
    *,
    binaries: Binaries | None = None,
    settings: Mapping[str, str] | None = None,
    durable: bool = True,
    umask: int = 0o022,
) -> Iterator[Owner]:
    """A process of a user's that starts a server on a data folder; stopped with the block if it still runs."""
    chosen = binaries or place.binaries
    told = {
        "data_dir": str(data_dir),
        "bindir": str(chosen.bindir),
        "version": chosen.version,
        "root": str(chosen.root),
        "parts": [str(part) for part in chosen.parts],
        "shared": str(place.shared),
        "uid": user.uid,
        "gid": user.gid,
        "settings": {**QUICK, **(settings or {})},
        "durable": durable,
        "umask": umask,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.postgres.owner", json.dumps(told)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Owner(process)
        with contextlib.suppress(BrokenPipeError):
            process.communicate("stop\n", timeout=60)


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def processes_in(folder: Path) -> list[int]:
    """The living processes that work below a folder, as every process of a server does in its cluster."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink().is_relative_to(folder):
                found.append(int(entry.name))
    return found


def modes_above(*paths: Path) -> dict[Path, int]:
    """The modes of the folders above and at these paths."""
    return {each: each.stat().st_mode for path in paths for each in (path, *path.parents)}


def remove(folder: Path) -> None:
    """Remove a test's folder, after whatever still works in it."""
    for pid in processes_in(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)

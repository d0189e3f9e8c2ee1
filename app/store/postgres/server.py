"""The server process: started and stopped by its owner, gone when its owner is gone.

`postgres` itself is started, as our child and from the main thread: the kernel sends the parent-death signal when
the *thread* that started a child ends, so a helper thread would take the server down with it.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from app.store.postgres.binaries import Binaries
from app.store.postgres.cluster import DATABASE, USER, make_cluster, read_password
from app.store.postgres.privileges import choose_account, home_for, make_home, reachable_binaries

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
START_ATTEMPTS = 5
_PAUSE_S = 0.05
_PR_SET_PDEATHSIG = 1
_STATUS_LINE = 7
_LOG_LINES = 20

_DEFAULTS = {
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class DataFolderInUse(Exception):
    """Another process owns this data folder; the message names it."""


class ServerFailed(Exception):
    """The server did not come up; the message holds the end of its log."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _die_with_parent(parent: int) -> Callable[[], None]:
    """What the child runs before it becomes `postgres`: after the change of account, which would clear it again."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _is_postmaster_of(pid: int, cluster: Path) -> bool:
    """Whether a process is alive and is the server of this cluster: a number alone may be someone else's by now."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and str(cluster).encode() in arguments


class EmbeddedPostgres:
    """One server on one data folder. `durable=False` is for tests: a crash of the machine may lose data then."""

    def __init__(
        self,
        data_dir: Path,
        *,
        binaries: Binaries,
        settings: Mapping[str, str] | None = None,
        durable: bool = True,
    ) -> None:
        self._data_dir = data_dir
        self._account = choose_account()
        self._binaries = binaries
        self._settings = {**_DEFAULTS, **({} if durable else _NOT_DURABLE), **(settings or {})}
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the server, or start it again after a crash. Returns its address.

        Raises DataFolderInUse, PostgresVersionMismatch, InitFailed, ServerFailed. To be called in the main thread.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("the server must be started from the main thread: it dies with the thread that starts it")
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            binaries = reachable_binaries(self._binaries, self._account)
            home = home_for(self._data_dir, self._account)
            make_home(home, self._account)
            password = read_password(self._data_dir)
            cluster = make_cluster(home, binaries, self._account, password)
            self._clear_away(cluster)
            port = self._start_on_some_port(binaries, cluster)
        except BaseException:
            self._release_lock()
            raise
        return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        """The process number of the server, if it was started."""
        return self._process.pid if self._process else None

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self._data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(lock)
            raise DataFolderInUse(
                f"{self._data_dir} is in use by process {owner}. Stop it, or choose another LIYU_DATA_DIR."
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _clear_away(self, cluster: Path) -> None:
        """Wait for a server that lost its owner to end; drop a pid file that names nobody's server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        pid_file = cluster / "postmaster.pid"
        deadline = time.monotonic() + STOP_TIMEOUT_S
        asked = False
        while pid_file.exists():
            with contextlib.suppress(OSError, ValueError, IndexError):
                pid = int(pid_file.read_text(encoding="ascii").split()[0])
                if not _is_postmaster_of(pid, cluster):
                    pid_file.unlink(missing_ok=True)
                    return
                if not asked:
                    os.kill(pid, signal.SIGINT)
                    asked = True
                elif time.monotonic() > deadline:
                    os.kill(pid, signal.SIGQUIT)
            time.sleep(_PAUSE_S)

    def _start_on_some_port(self, binaries: Binaries, cluster: Path) -> int:
        log = cluster.parent / "postgres.log"
        for attempt in range(START_ATTEMPTS):
            port = _free_port()
            self._launch(binaries, cluster, log, port)
            if self._await_ready(cluster):
                return port
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                self._process = None
            # Backends of a killed server hold its memory for a moment, and a port may be taken: worth another try.
            time.sleep(_PAUSE_S * 4**attempt)
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
        raise ServerFailed(f"PostgreSQL on {cluster} did not start. The end of {log}:\n" + "\n".join(tail))

    def _launch(self, binaries: Binaries, cluster: Path, log: Path, port: int) -> None:
        options = [f"--{name}={value}" for name, value in {**self._settings, "port": str(port)}.items()]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [binaries.program("postgres"), "-D", str(cluster), *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=cluster.parent,
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                user=self._account.uid,
                group=self._account.gid,
                extra_groups=[] if self._account.uid is not None else None,
                start_new_session=True,
                preexec_fn=_die_with_parent(os.getpid()),  # noqa: PLW1509 - the main thread forks, nothing else holds a lock we need
            )

    def _await_ready(self, cluster: Path) -> bool:
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                lines = (cluster / "postmaster.pid").read_text(encoding="ascii").splitlines()
                if len(lines) > _STATUS_LINE and lines[0] == str(self._process.pid):
                    if lines[_STATUS_LINE].strip() == "ready":
                        return True
            time.sleep(_PAUSE_S)
        return False

    def stop(self) -> None:
        """Stop the server: connections are ended, what was committed is on disk. Doing it twice is harmless."""
        if self._process is not None:
            for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    self._process.send_signal(request)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(STOP_TIMEOUT_S)
                    break
            self._process = None
        self._release_lock()

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

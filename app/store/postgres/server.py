"""The server process: started and stopped by its owner, gone when its owner is gone.

`postgres` itself is started, without pg_ctl: it stays our child, so that we see it end and reap it.
"""

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from app.store.postgres.binaries import Binaries
from app.store.postgres.children import launch
from app.store.postgres.cluster import DATABASE, USER, make_cluster, read_password
from app.store.postgres.failures import DataFolderNotOurs, ServerFailed
from app.store.postgres.homes import erase_home, find_home, make_home, reachable
from app.store.postgres.leftovers import clear_away
from app.store.postgres.ownership import FolderLock
from app.store.postgres.privileges import Account, account_for
from app.store.postgres.serverlog import ServerLog

# A crash in the middle of a full WAL is replayed before the server answers; a slow disk takes its time.
START_TIMEOUT_S = 600.0
STOP_TIMEOUT_S = 30.0
START_ATTEMPTS = 6
_PAUSE_S = 0.02
_STATUS_LINE = 7
_PORT_LINE = 3

# Backends of a killed server hold its memory for a moment; a free port may be taken before we bind it.
_PASSING = ("pre-existing shared memory block", "could not bind", '"postmaster.pid" already exists')

_DEFAULTS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "8GB",  # with less an import of a city makes a checkpoint every 15 s
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "jit": "off",  # compiling costs more than our short statements
    "autovacuum_naptime": "30s",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "log_line_prefix": "%m [%p] ",
    "log_error_verbosity": "terse",  # a refused row is quoted otherwise
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")


class EmbeddedPostgres:
    """One server on one data folder. `durable=False` is for tests: a crash of the machine may lose data."""

    def __init__(
        self,
        data_dir: Path,
        *,
        binaries: Binaries,
        settings: Mapping[str, str] | None = None,
        durable: bool = True,
    ) -> None:
        self._data_dir = data_dir.resolve()
        self._binaries = binaries
        self._durable = durable
        safe = dict.fromkeys(_DURABILITY, "on" if durable else "off")
        self._settings = {**_DEFAULTS, **(settings or {}), **safe}
        self._lock = FolderLock(self._data_dir)
        self._log = ServerLog(self._data_dir / "postgres.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._port: int | None = None

    @property
    def pid(self) -> int | None:
        """The process number of the server, if it was started."""
        return self._process.pid if self._process else None

    def start(self) -> str:
        """Start the server, or start it again after a crash, and return its address; while it runs, just that.

        To be called in the main thread. Raises DataFolderInUse, PostgresVersionMismatch, BinariesNotFound,
        ServerFailed.
        """
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            self._lock.take()
            password = read_password(self._data_dir)
            if self._process is None or self._process.poll() is not None:
                self._bring_up(password)
        except PermissionError as error:
            self.stop()
            raise DataFolderNotOurs(f"{self._data_dir} holds data of another account: {error}") from error
        except BaseException:
            self.stop()
            raise
        return _address(password, self._port)

    def stop(self) -> None:
        """Stop the server: connections end, what was committed is on disk. Doing it twice is harmless."""
        if self._process is not None:
            for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                self._process.send_signal(request)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(STOP_TIMEOUT_S)
                    break
            self._process = None
        self._lock.release()

    def erase(self) -> None:
        """Stop the server and remove its data for good, also where root keeps it outside the data folder."""
        self.stop()
        self._lock.take()
        try:
            erase_home(self._data_dir)
        finally:
            self._lock.release()

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _bring_up(self, password: str) -> None:
        home = find_home(self._data_dir)
        account = account_for(home)
        binaries = reachable(self._binaries, account)
        if home is None:
            home = make_home(self._data_dir, account)
        elif not account.reaches(home.parent):
            raise DataFolderNotOurs(
                f"{home} is the data of an account that can no longer get there: "
                "a folder above it has become private, or it was moved into one. Move it back."
            )
        cluster = make_cluster(home, binaries, account, password=password, durable=self._durable)
        self._log.rotate()
        for attempt in range(START_ATTEMPTS):
            clear_away(cluster)
            # The same port again after a crash: the connection pools of our own processes know no other.
            port = self._port if self._port and attempt == 0 else _free_port()
            if self._comes_up(binaries, cluster, account, port):
                self._port = port
                return
            if not self._log.mentions(_PASSING):
                break
            time.sleep(_PAUSE_S * 4**attempt)
        raise ServerFailed(f"PostgreSQL on {cluster} did not start. {self._log.describe_end()}")

    def _comes_up(self, binaries: Binaries, cluster: Path, account: Account, port: int) -> bool:
        options = [f"--{name}={value}" for name, value in {**self._settings, "port": str(port)}.items()]
        with self._log.open() as output:
            self._process = launch(
                [binaries.program("postgres"), "-D", str(cluster), *options],
                account=account,
                cwd=cluster.parent,
                # Not the polite SIGINT: nobody is left to wait for a checkpoint, and the WAL has it all.
                dies_by=signal.SIGQUIT,
                output=output,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._process.poll() is None:
            if _is_ready(cluster, self._process.pid):
                return True
            if time.monotonic() > deadline:
                raise ServerFailed(f"PostgreSQL on {cluster} was not ready in time. {self._log.describe_end()}")
            time.sleep(_PAUSE_S)
        self._process = None
        return False


def running_address(data_dir: Path) -> str | None:
    """The address of the server that another process runs on this data folder; None if none does.

    For commands beside a service: whoever gets it owns nothing, and loses the server when its owner stops.
    Raises DataFolderNotOurs.
    """
    lock = FolderLock(data_dir)
    try:
        if not (data_dir / "postgres.lock").exists() or not lock.is_taken():
            return None
        home = find_home(data_dir)
        lines = (home / "pgdata" / "postmaster.pid").read_text("utf-8").splitlines() if home else []
        if len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready":
            return _address(read_password(data_dir), int(lines[_PORT_LINE]))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise DataFolderNotOurs(f"{data_dir} holds data of another account: {error}") from error
    return None


def _address(password: str, port: int | None) -> str:
    return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"


def _is_ready(cluster: Path, pid: int) -> bool:
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8").splitlines()
    except OSError:
        return False
    return len(lines) > _STATUS_LINE and lines[0] == str(pid) and lines[_STATUS_LINE].strip() == "ready"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

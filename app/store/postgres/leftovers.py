"""What a server that lost its owner leaves: itself for a moment, and a pid file that may name a stranger."""

import contextlib
import os
import signal
import time
from pathlib import Path

from app.store.postgres.failures import DataFolderInUse

PATIENCE_S = 30.0
_QUICK_AFTER_S = 10.0
_PAUSE_S = 0.05


def _runs(pid: int) -> bool:
    """Whether PostgreSQL would take the number for a living process: it does so for a zombie as well."""
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def is_server_of(pid: int, cluster: Path) -> bool:
    """Whether a process lives and is the server of this cluster: a number may be someone else's by now."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    named = Path(os.fsdecode(arguments[0])).name == "postgres"
    return named and state not in {"Z", "X"} and os.fsencode(cluster) in arguments


def _read_pid(pid_file: Path) -> int | None:
    """The number in a pid file; None when there is no file, 0 when there is no number in it."""
    try:
        return int(pid_file.read_bytes().split()[0])
    except FileNotFoundError:
        return None
    except (ValueError, IndexError):
        return 0


def clear_away(cluster: Path) -> None:
    """End a server without owner; drop a pid file with the number of a stranger, of a zombie, or none.

    To be called by the owner of the data folder. Raises DataFolderInUse when the server will not end.

    A pid file whose process is gone stays: PostgreSQL removes it, after it has made sure by the shared memory
    noted in there that no backend of the old server is left.
    """
    pid_file = cluster / "postmaster.pid"
    begun = time.monotonic()
    while (pid := _read_pid(pid_file)) is not None and (pid <= 0 or _runs(pid)):
        if pid <= 0 or not is_server_of(pid, cluster):
            pid_file.unlink(missing_ok=True)
            return
        waited = time.monotonic() - begun
        if waited > PATIENCE_S:
            raise DataFolderInUse(f"{cluster} is in use by the PostgreSQL server {pid}, which does not stop")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if waited < _QUICK_AFTER_S else signal.SIGQUIT)
        time.sleep(_PAUSE_S)

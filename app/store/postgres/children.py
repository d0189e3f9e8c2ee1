"""How a program of PostgreSQL is started: as its account, and never outliving us.

The kernel sends the parent-death signal when the *thread* that made a child ends, not the process. So all of
this belongs in the main thread, which lasts as long as the process.
"""

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from app.store.postgres.failures import InitFailed
from app.store.postgres.privileges import Account

_PR_SET_PDEATHSIG = 1
_TOOL_TIMEOUT_S = 600
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}


def _die_with_parent(by: signal.Signals) -> Callable[[], None]:
    """What the child does before it becomes the program; after the change of account, which clears the signal."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def prepare() -> None:
        if prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0) != 0 or os.getppid() != parent:
            # The parent died before the kernel was told: its signal will never come.
            os._exit(1)

    return prepare


def launch(
    arguments: Sequence[str],
    *,
    account: Account,
    cwd: Path,
    dies_by: signal.Signals,
    stdin: int = subprocess.DEVNULL,
    output: IO[bytes] | int,
) -> subprocess.Popen[bytes]:
    """Start a program that the kernel ends by `dies_by` when we end, however we end.

    It has a session of its own: an interrupt from the terminal is ours to handle, not its.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("to be started from the main thread: the server dies with the thread that starts it")
    return subprocess.Popen(
        arguments,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=_ENVIRONMENT,
        user=account.uid,
        group=account.gid,
        extra_groups=None if account.uid is None else [],
        start_new_session=True,
        preexec_fn=_die_with_parent(dies_by),  # noqa: PLW1509 - makes two system calls and takes no lock
    )


def run_tool(arguments: Sequence[str], *, account: Account, cwd: Path, given: str = "") -> None:
    """Run a program to its end. Raises InitFailed with what it said."""
    process = launch(
        arguments,
        account=account,
        cwd=cwd,
        dies_by=signal.SIGKILL,
        stdin=subprocess.PIPE,
        output=subprocess.PIPE,
    )
    with process:
        try:
            said, _ = process.communicate(given.encode(), timeout=_TOOL_TIMEOUT_S)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise InitFailed(f"{arguments[0]} ended with {process.returncode}:\n{said.decode(errors='replace')}")

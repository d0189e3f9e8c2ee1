"""One owner for one data folder: a lock that the kernel opens when its holder is gone, however it went."""

import fcntl
import os
from pathlib import Path

from app.store.postgres.failures import DataFolderInUse

_NUMBER_BYTES = 20


class FolderLock:
    """The lock on a data folder. It holds its owner's process number, for whoever finds it taken."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock; having it already is fine. Raises DataFolderInUse."""
        if self._file is not None:
            return
        file = os.open(self._data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(file, _NUMBER_BYTES, 0).decode("utf-8", "replace").strip()
            os.close(file)
            raise DataFolderInUse(
                f"{self._data_dir} is in use by process {owner or '(just starting)'}. "
                "Stop it, or choose another data folder (LIYU_DATA_DIR)."
            ) from error
        # Always as wide, so that a reader never finds half a number.
        os.pwrite(file, f"{os.getpid():<{_NUMBER_BYTES - 1}}\n".encode(), 0)
        self._file = file

    def is_taken(self) -> bool:
        """Whether another process has the lock at this moment."""
        file = os.open(self._data_dir / "postgres.lock", os.O_RDWR)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def release(self) -> None:
        """Let go of the lock; not having it is fine."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

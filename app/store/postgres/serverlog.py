"""The server's log: a file in the data folder that does not grow without end, and its end for messages."""

from collections.abc import Iterable
from io import BufferedWriter
from pathlib import Path

_BYTES_MAX = 16 * 1024 * 1024
_SHOWN_LINES = 20


class ServerLog:
    """The log of one data folder; what a start writes is told from what was there before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin = 0

    def rotate(self) -> None:
        """Put a large log aside, in place of the one before it."""
        if self._path.exists() and self._path.stat().st_size > _BYTES_MAX:
            self._path.replace(self._path.with_suffix(".log.1"))

    def open(self) -> BufferedWriter:
        """The log to be written to by a start that begins now."""
        file = self._path.open("ab")
        self._begin = file.tell()
        return file

    def mentions(self, phrases: Iterable[str]) -> bool:
        """Whether the last start wrote any of these."""
        written = self._written()
        return any(phrase in written for phrase in phrases)

    def describe_end(self) -> str:
        """The last lines of the last start, for a person."""
        return f"The end of {self._path}:\n" + "\n".join(self._written().splitlines()[-_SHOWN_LINES:])

    def _written(self) -> str:
        with self._path.open("rb") as file:
            file.seek(self._begin)
            return file.read().decode("utf-8", "replace")

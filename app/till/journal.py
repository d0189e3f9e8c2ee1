"""What the till must not forget, on its own disk: sales whose outcome is open, refunds that nobody has answered.

A sale is written down before it is sent and struck out when its outcome is certain. What is still open after a crash
or a power cut is reversed when the till is back: nobody has seen it succeed. One line of JSON for each note.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class JournalInUse(Exception):
    """Another till program runs on this journal; it would reverse what that one is about to sell."""


class Kind(StrEnum):
    """What is repeated until the service answers: a reversal of a sale, or a refund."""

    REVERSE = "reverse"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """Something whose outcome is not known. `number` is the refund's for a refund, else the sale's."""

    kind: Kind
    number: str
    opened_at: float
    trade_no: str = ""
    points: int = 0
    reason: str = ""


class Journal:
    """The open calls of one terminal, on disk before `open` returns."""

    def __init__(self, path: Path) -> None:
        """Read what an earlier run has left. Raises JournalInUse, OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "a+", encoding="utf-8")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise JournalInUse(str(path)) from error
        self._open = self._read()

    def _read(self) -> dict[str, OpenCall]:
        found: dict[str, OpenCall] = {}
        self._file.seek(0)
        text = self._file.read()
        for line in text.splitlines():
            try:
                note = json.loads(line)
                if "closed" in note:
                    found.pop(note["closed"], None)
                else:
                    found[note["number"]] = OpenCall(**{**note, "kind": Kind(note["kind"])})
            except (ValueError, TypeError, KeyError):
                continue  # torn by a power cut before `open` returned: nothing was sent
        if not found:
            self._file.truncate(0)
        elif not text.endswith("\n"):
            self._append("")
        return found

    def __contains__(self, number: str) -> bool:
        """Whether this number is open."""
        return number in self._open

    def calls(self) -> list[OpenCall]:
        """What is open, the oldest first."""
        return list(self._open.values())

    def open(self, call: OpenCall) -> None:
        """Note a call before it is sent. Raises OSError: then it must not be sent."""
        self._append(json.dumps(asdict(call)))
        self._open[call.number] = call

    def close(self, number: str) -> None:
        """Strike a call out: its outcome is certain."""
        if self._open.pop(number, None):
            self._append(json.dumps({"closed": number}))

    def _append(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def release(self) -> None:
        """Let another program have it."""
        self._file.close()

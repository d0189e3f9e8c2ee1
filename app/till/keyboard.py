"""Lines from a keyboard, a scanner or a pipe, with a time limit: the till has work to do while nobody types."""

import os
import select
import time
import unicodedata

_READ_BYTES = 4096


class EndOfInput(Exception):
    """Nobody will type any more."""


class Keyboard:
    """Reads lines from a file descriptor. It buffers itself: `select` knows nothing of what Python has read ahead."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = b""
        self._ended = False

    def read_line(self, wait_s: float | None) -> str | None:
        """The next line, cleaned; None when none came in time. Raises EndOfInput."""
        until = None if wait_s is None else time.monotonic() + wait_s
        while b"\n" not in self._waiting:
            if self._ended:
                return self._take_rest()
            left_s = None if until is None else max(0.0, until - time.monotonic())
            ready, _, _ = select.select([self._descriptor], [], [], left_s)
            if not ready:
                return None
            self._read_some()
        line, _, self._waiting = self._waiting.partition(b"\n")
        return clean(line)

    def _read_some(self) -> None:
        try:
            came = os.read(self._descriptor, _READ_BYTES)
        except OSError:  # the terminal was closed
            came = b""
        self._ended = not came
        self._waiting += came

    def _take_rest(self) -> str:
        rest, self._waiting = self._waiting, b""
        if not rest:
            raise EndOfInput
        return clean(rest)


def clean(line: bytes) -> str:
    """What was meant: a Chinese keyboard's full-width digits as digits, no control characters, no blanks around."""
    text = unicodedata.normalize("NFKC", line.decode(errors="replace"))
    return "".join(letter for letter in text if letter.isprintable()).strip()

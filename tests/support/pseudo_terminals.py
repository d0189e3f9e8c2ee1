"""A program in a real terminal: what it shows is read as a person would, what is typed goes through the line editor."""

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Only who owns the terminal is interrupted by its Ctrl-C."""
_ROWS, _COLUMNS = 40, 100
PATIENCE_S = 40


@dataclass(slots=True)
class PseudoTerminal:
    """The keyboard and the screen of one program."""

    process: asyncio.subprocess.Process
    descriptor: int
    shown: str = ""
    _seen: int = 0
    _written: asyncio.Event = field(default_factory=asyncio.Event)

    def read(self) -> None:
        """Take what the program has written."""
        self._written.set()
        with contextlib.suppress(OSError):  # the program has ended
            self.shown += os.read(self.descriptor, 65536).decode(errors="replace")

    def screen(self) -> str:
        """Everything shown so far, without colours."""
        return _ESCAPES.sub("", self.shown)

    async def sees(self, text: str) -> None:
        """Wait until this is shown, after whatever was waited for before."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := self.screen().find(text, self._seen)) < 0:
                    self._written.clear()
                    await self._written.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} was not shown:\n{self.screen()}") from None
        self._seen = found + len(text)

    def type(self, text: str, end: str = "\n") -> None:
        """Type a line, or with another end a key."""
        os.write(self.descriptor, (text + end).encode())

    async def ends(self) -> int:
        """The exit code."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


@contextlib.asynccontextmanager
async def a_pseudo_terminal(*command: str, env: Mapping[str, str]) -> AsyncIterator[PseudoTerminal]:
    """Run a program in a terminal of its own; it is gone when the block ends."""
    descriptor, side_of_program = pty.openpty()
    fcntl.ioctl(side_of_program, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _TAKE_TERMINAL,
        *command,
        stdin=side_of_program,
        stdout=side_of_program,
        stderr=side_of_program,
        env={**os.environ, "TERM": "xterm-256color", **env},
        start_new_session=True,
    )
    os.close(side_of_program)
    terminal = PseudoTerminal(process, descriptor)
    asyncio.get_running_loop().add_reader(descriptor, terminal.read)
    try:
        yield terminal
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        os.close(descriptor)

"""Reads a compiled requirements file strictly: only pinned versions with their hashes may stand in it."""

import re

PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)(\[[a-z0-9,-]+\])?==(?P<version>[^\s;]+)( ; [^\\]+?)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class NotPinned(Exception):
    """A line that is neither a pin with hashes nor blank."""


def parse(text: str) -> dict[str, str]:
    """Name -> version of every requirement. NotPinned for an option, an address, a path, a missing hash."""
    pins: dict[str, str] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        if not entry.strip():
            continue
        words = re.split(r"\s+(?=--hash=)", entry.strip())
        pin = PIN.fullmatch(words[0].rstrip())
        if pin is None or len(words) == 1 or not all(HASH.fullmatch(word) for word in words[1:]):
            raise NotPinned(entry[:100])
        pins[pin["name"]] = pin["version"]
    return pins

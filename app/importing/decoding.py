"""How a text file is encoded: found out strictly, by what decodes from beginning to end."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TRIED = ("utf-8", "gb18030")
"""In this order: text in GB18030 is hardly ever UTF-8 by chance, but UTF-8 is often GB18030 by chance."""


class BadFile(Exception):
    """A file that cannot be read at all; the message says why."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a look at the whole file says."""

    sha256: bytes
    size: int


def hash_file(path: Path) -> FileFacts:
    """The file's hash and size."""
    digest, size = sha256(), 0
    for block in _blocks(path):
        digest.update(block)
        size += len(block)
    return FileFacts(digest.digest(), size)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def find_encoding(path: Path, named: str = "auto") -> str:
    """The encoding of a text file. Raises BadFile when no known one fits, or not the one that was named."""
    if named != "auto":
        try:
            codecs.lookup(named)
        except LookupError:
            raise BadFile(f"there is no encoding {named}") from None
        return _must_decode(path, (named,))
    with path.open("rb") as stream:
        head = stream.read(4096)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _must_decode(path, (encoding,))
    if b"\0" in head:  # text has none: UTF-16 without its mark, told by which byte of ASCII is the empty one
        encoding = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        return _must_decode(path, (encoding,))
    return _must_decode(path, _TRIED)


def _must_decode(path: Path, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        if _decodes(path, encoding):
            return encoding
    raise BadFile(f"the text is not {' or '.join(encodings)}: name its encoding")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True

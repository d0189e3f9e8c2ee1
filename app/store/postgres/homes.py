"""Where the cluster and the programs lie, so that the server's account can get at them.

Usually the cluster lies in the data folder and the programs stay where they are. When root's data folder or
checkout is private, which `nobody` cannot enter, they go under /var/lib/liyu instead, and a file in the data
folder says where.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from app.store.postgres.binaries import Binaries
from app.store.postgres.failures import BinariesNotFound, DataFolderNotOurs
from app.store.postgres.privileges import Account

SHARED = Path("/var/lib/liyu")
_POINTER = "postgres.path"


def find_home(data_dir: Path) -> Path | None:
    """The cluster's folder, if it has one yet."""
    pointer = data_dir / _POINTER
    if pointer.exists():
        home = Path(pointer.read_text("utf-8").strip())
        if not home.exists():
            raise DataFolderNotOurs(
                f"{pointer} says that the data is in {home}, which is gone. "
                f"Bring it back, or remove {data_dir} to begin anew."
            )
        return home
    inside = data_dir / "postgres"
    return inside if inside.exists() else None


def make_home(data_dir: Path, account: Account) -> Path:
    """A folder for the cluster, the account's own and nobody else's."""
    if account.reaches(data_dir):
        home = data_dir / "postgres"
        home.mkdir(mode=0o700)
        account.give(home)
        return home
    _make_shared(account)
    # Never a name twice: whoever removes the data folder wants to begin anew, not to meet the old data.
    named = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    home = Path(tempfile.mkdtemp(prefix=f"{named}-", dir=SHARED))
    account.give(home)
    written = data_dir / f"{_POINTER}.new"
    written.write_text(f"{home}\n", "utf-8")
    written.replace(data_dir / _POINTER)
    return home


def erase_home(data_dir: Path) -> None:
    """Remove the cluster, wherever it lies. Nothing of it can be brought back."""
    home = find_home(data_dir)
    if home is not None:
        shutil.rmtree(home)
        (data_dir / _POINTER).unlink(missing_ok=True)


def reachable(binaries: Binaries, account: Account) -> Binaries:
    """Programs that the account can run: where they are, or a copy of the wheel's under /var/lib/liyu."""
    postgres = binaries.bindir / "postgres"
    if account.reaches(postgres):
        return binaries
    if not binaries.parts:
        raise BinariesNotFound(
            f"{binaries.bindir} lies in a private folder, and root runs PostgreSQL as an account that cannot "
            "enter it. Name a folder that everyone may enter, or run as the folder's owner."
        )
    _make_shared(account)
    with postgres.open("rb") as file:
        stamp = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    target = SHARED / f"postgres-{binaries.version}-{stamp}"
    if not target.exists():
        _copy(binaries, target)
    return replace(binaries, bindir=target / binaries.bindir.relative_to(binaries.root), root=target)


def _make_shared(account: Account) -> None:
    if not SHARED.exists():
        SHARED.mkdir(parents=True)
        # Whatever the umask of the shell is, the account has to get through.
        SHARED.chmod(0o755)
    if not account.reaches(SHARED):
        raise DataFolderNotOurs(f"root keeps data for PostgreSQL in {SHARED}, which must let everyone pass")


def _copy(binaries: Binaries, target: Path) -> None:
    making = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=SHARED))
    try:
        for part in binaries.parts:
            shutil.copytree(binaries.root / part, making / part, symlinks=True)
        for current, _, files in os.walk(making):
            Path(current).chmod(0o755)
            for path in (Path(current, name) for name in files):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o555 if os.access(path, os.X_OK) else 0o444))
        making.rename(target)
    except OSError:
        # Another process was faster with the same copy.
        if not target.exists():
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)

"""PostgreSQL refuses to run as root, so root runs it as `nobody`: which account, and what that account can reach."""

import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.store.postgres.binaries import Binaries

SHARED = Path("/var/lib/liyu")
"""Where root keeps what `nobody` must reach when the data folder lies behind a private home."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the server runs as; None in both for the one we run as ourselves."""

    uid: int | None
    gid: int | None

    def give(self, path: Path) -> None:
        """Make a path of ours the account's."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def choose_account() -> Account:
    """`nobody` for root, ourselves otherwise. No account is ever created."""
    if os.geteuid() != 0:
        return Account(None, None)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def is_open_to_others(path: Path) -> bool:
    """Whether another account can get to this folder: it and every parent lets anyone pass."""
    resolved = path.resolve()
    return all(
        os.stat(folder).st_mode & stat.S_IXOTH for folder in (resolved, *resolved.parents) if folder.exists()
    )


def _fingerprint(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def home_for(data_dir: Path, account: Account) -> Path:
    """The folder for the cluster: in the data folder, or for root behind a private home under /var/lib/liyu.

    Once chosen it is noted in the data folder, so that it never moves. No parent's mode is changed.
    """
    pointer = data_dir / "postgres.path"
    if pointer.exists():
        return Path(pointer.read_text(encoding="utf-8").strip())
    home = data_dir.resolve() / "postgres"
    if account.uid is not None and not is_open_to_others(data_dir):
        home = SHARED / f"data-{_fingerprint([str(data_dir.resolve())])}"
    pointer.write_text(f"{home}\n", encoding="utf-8")
    return home


def make_home(home: Path, account: Account) -> None:
    """Make the cluster's folder, the account's own and nobody else's."""
    home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not home.exists():
        home.mkdir(mode=0o700)
    account.give(home)


def reachable_binaries(binaries: Binaries, account: Account) -> Binaries:
    """Programs that the account can run: where they are, or a copy under /var/lib/liyu."""
    if account.uid is None or is_open_to_others(binaries.bindir) or not binaries.bundle:
        return binaries
    package = binaries.bundle[0]
    stamp = _fingerprint([str(binaries.version), str(os.stat(binaries.bindir / "postgres").st_mtime_ns)])
    target = SHARED / f"postgres-{binaries.version}-{stamp}"
    if not target.exists():
        making = target.with_name(f"{target.name}.{os.getpid()}")
        making.mkdir(mode=0o755, parents=True)
        for part in binaries.bundle:
            shutil.copytree(part, making / part.name, symlinks=True)
        _open_for_reading(making)
        try:
            making.rename(target)
        except OSError:
            shutil.rmtree(making)
    return Binaries(target / package.name / binaries.bindir.relative_to(package), binaries.version)


def _open_for_reading(folder: Path) -> None:
    for current, folders, files in os.walk(folder):
        for name in folders:
            Path(current, name).chmod(0o755)
        for name in files:
            path = Path(current, name)
            if not path.is_symlink():
                path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)

"""The cluster on disk: made once, whole or not at all, and checked before each start."""

import os
import secrets
import shutil
from pathlib import Path

from app.store.postgres.binaries import Binaries
from app.store.postgres.children import run_tool
from app.store.postgres.failures import PostgresVersionMismatch
from app.store.postgres.privileges import Account

USER = "liyu"
DATABASE = "liyu"
_BUILTIN_LOCALE_SINCE = 17


def read_password(data_dir: Path) -> str:
    """The password of the cluster, made at the first call; a file that only we can read."""
    path = data_dir / "postgres.password"
    if not path.exists():
        written = path.with_suffix(".new")
        written.unlink(missing_ok=True)
        _write_secret(written, secrets.token_urlsafe(24))
        written.replace(path)
    return path.read_text("utf-8")


def check_version(cluster: Path, binaries: Binaries) -> None:
    """Refuse to start on the data of another major version, before anything touches it."""
    written = (cluster / "PG_VERSION").read_text("utf-8").strip()
    if written != str(binaries.version):
        raise PostgresVersionMismatch(
            f"{cluster} was written by PostgreSQL {written}, and the programs in {binaries.bindir} are "
            f"version {binaries.version}. Point LIYU_PG_BINDIR at the programs of PostgreSQL {written}; to move on, "
            "dump with them and restore into a new data folder."
        )


def make_cluster(home: Path, binaries: Binaries, account: Account, *, password: str, durable: bool) -> Path:
    """The cluster in a home folder, made if it is not there. A crash half-way leaves nothing that counts."""
    cluster = home / "pgdata"
    if cluster.exists():
        check_version(cluster, binaries)
        return cluster
    for left in home.glob("making-*"):
        shutil.rmtree(left, ignore_errors=True)
    making = home / f"making-{os.getpid()}"
    secret = home / "initial.password"
    secret.unlink(missing_ok=True)
    _write_secret(secret, password)
    account.give(secret)
    try:
        initdb = [binaries.program("initdb"), f"--pgdata={making}", f"--pwfile={secret}", *_choices(binaries)]
        run_tool([*initdb, *(() if durable else ("--no-sync",))], account=account, cwd=home)
        single = [binaries.program("postgres"), "--single", "-D", str(making)]
        single += [] if durable else ["-c", "fsync=off"]
        run_tool([*single, "postgres"], account=account, cwd=home, given=f"CREATE DATABASE {DATABASE};\n")
    finally:
        secret.unlink()
    making.rename(cluster)
    _flush(home)
    return cluster


def _choices(binaries: Binaries) -> tuple[str, ...]:
    # A collation of PostgreSQL's own sorts the same on every machine; the system's changes with its libc.
    builtin = binaries.version >= _BUILTIN_LOCALE_SINCE
    locale = ("--locale-provider=builtin", "--locale=C.UTF-8") if builtin else ("--locale=C",)
    return (f"--username={USER}", "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", *locale)


def _write_secret(path: Path, secret: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """Make a rename last: after a crash, what was committed later must not lie under the old name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The cluster on disk: made once, whole or not at all, and checked before each start."""

import os
import secrets
import subprocess
from pathlib import Path

from app.store.postgres.binaries import Binaries
from app.store.postgres.privileges import Account

USER = "liyu"
DATABASE = "liyu"
_BUILTIN_LOCALE = 17
_INITDB_TIMEOUT_S = 300
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}


class PostgresVersionMismatch(Exception):
    """The data was written by another major version of PostgreSQL."""


class InitFailed(Exception):
    """The cluster could not be made; the message holds what the programs said."""


def read_password(data_dir: Path) -> str:
    """The password of the cluster, made at the first call; a file that only we can read."""
    path = data_dir / "postgres.password"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii")


def check_version(cluster: Path, binaries: Binaries) -> None:
    """Refuse to start on the data of another major version, before anything touches it."""
    written = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    if written != str(binaries.version):
        raise PostgresVersionMismatch(
            f"{cluster} was written by PostgreSQL {written}, and the programs in {binaries.bindir} are version "
            f"{binaries.version}. Point LIYU_PG_BINDIR at a PostgreSQL {written}, or dump with it and restore with "
            f"the new one (README, 'Upgrade')."
        )


def _run(arguments: list[str], account: Account, cwd: Path, given: str | None = None) -> None:
    done = subprocess.run(
        arguments,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=_ENVIRONMENT,
        user=account.uid,
        group=account.gid,
        extra_groups=[] if account.uid is not None else None,
        timeout=_INITDB_TIMEOUT_S,
    )
    if done.returncode != 0:
        raise InitFailed(f"{arguments[0]} ended with {done.returncode}:\n{done.stderr or done.stdout}")


def make_cluster(home: Path, binaries: Binaries, account: Account, password: str) -> Path:
    """The cluster in a home folder, made if it is not there. A crash half-way leaves nothing behind that counts."""
    cluster = home / "pgdata"
    if cluster.exists():
        check_version(cluster, binaries)
        return cluster
    making = home / f"making-{os.getpid()}"
    secret = home / f"password-{os.getpid()}"
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    account.give(secret)
    builtin = ["--locale-provider=builtin", "--locale=C.UTF-8"] if binaries.version >= _BUILTIN_LOCALE else ["--locale=C"]
    try:
        _run(
            [
                binaries.program("initdb"),
                f"--pgdata={making}",
                f"--username={USER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
                *builtin,
            ],
            account,
            home,
        )
        single = [binaries.program("postgres"), "--single", "-D", str(making), "postgres"]
        _run(single, account, home, f"CREATE DATABASE {DATABASE};\n")
    finally:
        secret.unlink()
    making.rename(cluster)
    return cluster

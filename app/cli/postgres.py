"""PostgreSQL's own programs on the service's database: for backups, and for whoever wants to look.

Nothing is learned of them here: they are told by environment where the database is, and say the rest themselves.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Annotated

import typer
from sqlalchemy import make_url

from app.hosting import settings_with_database
from app.store.postgres import find_binaries

PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []}
"""Options behind the program's name are the program's."""


def postgres(
    words: Annotated[list[str], typer.Argument(help="A program and what it is told, e.g. pg_dump -Fc -f backup.dump")],
) -> None:
    """Run pg_dump, pg_restore, psql… on the service's database, also while it serves. Exits as the program does."""
    with settings_with_database() as settings:
        binaries = find_binaries(settings.pg_bindir)
        environment = {**os.environ, **_told(str(settings.database_url))}
        environment["PATH"] = f"{binaries.bindir}{os.pathsep}{os.environ.get('PATH', '')}"
        try:
            done = subprocess.run(words, env=environment, check=False)
        except FileNotFoundError:
            typer.echo(f"liyu: there is no {words[0]} in {binaries.bindir}\nliyu：找不到程序 {words[0]}", err=True)
            sys.exit(2)
    sys.exit(done.returncode)


def _told(url: str) -> Mapping[str, str]:
    """The address as PostgreSQL's programs read it: never as an argument, which every process list shows."""
    address = make_url(url)
    told = {
        "PGHOST": address.host,
        "PGPORT": str(address.port) if address.port else None,
        "PGUSER": address.username,
        "PGPASSWORD": address.password,
        "PGDATABASE": address.database,
        "PGSSLMODE": address.query.get("sslmode"),
        "PGSSLROOTCERT": address.query.get("sslrootcert"),
    }
    return {name: value for name, value in told.items() if isinstance(value, str)}

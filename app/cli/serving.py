"""Serving, and bringing the database up to date."""

import asyncio
import os
from dataclasses import replace
from typing import Annotated

import typer

from app.hosting import database_of, migrate_database, serve_processes, settings_with_database
from app.settings import Settings, read_settings
from app.store.migrating import newest_revision


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (LIYU_HOST).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on (LIYU_PORT).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Server processes (LIYU_WORKERS).")] = None,
) -> None:
    """Migrate the database if need be, then serve the API."""
    with database_of(read_settings(os.environ)) as settings:
        chosen = replace(
            settings,
            host=host or settings.host,
            port=settings.port if port is None else port,
            workers=workers or settings.workers,
        )
        serve_processes(chosen, lambda: _tell(chosen))


def _tell(settings: Settings) -> None:
    typer.echo(f"serving http://{settings.host}:{settings.port}  (contract: /openapi.yaml, readiness: /readyz)")


def migrate(
    grant_to: Annotated[str | None, typer.Option(help="Let this role run the service: append, never change.")] = None,
) -> None:
    """Bring the database to the newest schema."""
    with settings_with_database() as settings:
        asyncio.run(migrate_database(settings, grant_to))
    typer.echo(f"at revision {newest_revision()}")

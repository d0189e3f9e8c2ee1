"""The `liyu` command."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli import (
    administration,
    benefits,
    conformance,
    contract,
    credentials,
    importing,
    programmes,
    serving,
    till,
    vault,
    verifying,
)
from app.demo.running import run_demo
from app.settings import BadSetting
from app.store.postgres import BinariesNotFound, DataFolderInUse, PostgresVersionMismatch, ServerFailed

cli = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Liyu (礼遇): points and rewards of a city's volunteers."
)
cli.command("serve")(serving.serve)
cli.command("migrate")(serving.migrate)
cli.command("openapi")(contract.openapi)
cli.command("verify")(verifying.verify)
cli.command("till")(till.till)
cli.command("token")(administration.token)
cli.command("conformance")(conformance.conformance)
cli.add_typer(administration.admin, name="admin")
cli.add_typer(programmes.programme, name="programme")
cli.add_typer(importing.importing, name="import")
cli.add_typer(benefits.benefits, name="benefits")
cli.add_typer(vault.vault, name="vault")
cli.add_typer(credentials.credential, name="credential")


@cli.command("demo")
def demo(
    scale: Annotated[
        float, typer.Option(min=0.0005, max=1.0, help="1 is the whole city of 340,500 volunteers.")
    ] = 0.01,
    check: Annotated[bool, typer.Option("--check", help="Run the main job once over HTTP, then leave.")] = False,
    port: Annotated[int, typer.Option(help="Port to serve on; with --check a free one.")] = 8000,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the demo's data is; with --check a temporary one.")
    ] = None,
) -> None:
    """Load a synthetic city through the commands that production uses, then serve it."""
    sys.exit(run_demo(scale=scale, check=check, port=port, data_dir=data_dir))


def main() -> None:
    """Run the command line; a mistake of the caller's is told in one line."""
    try:
        cli()
    except (BadSetting, BinariesNotFound, DataFolderInUse, PostgresVersionMismatch, ServerFailed) as error:
        typer.echo(f"liyu: {error}", err=True)
        sys.exit(2)

"""The `liyu` command."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli import (
    administration,
    benefits,
    conformance,
    consent_texts,
    contract,
    credentials,
    importing,
    postgres,
    programmes,
    serving,
    till,
    vault,
    verifying,
)
from app.cli.mistakes import EXIT_CODE, mistake_of
from app.demo.running import run_demo

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # five hundred lines, where one is to be read
    help="Liyu (礼遇): points and rewards of a city's volunteers.",
)
cli.command("serve")(serving.serve)
cli.command("migrate")(serving.migrate)
cli.command("postgres", context_settings=postgres.PASSED_ON)(postgres.postgres)
cli.command("openapi")(contract.openapi)
cli.command("verify")(verifying.verify)
cli.command("till")(till.till)
cli.command("token")(administration.token)
cli.command("conformance")(conformance.conformance)
cli.add_typer(administration.admin, name="admin")
cli.add_typer(programmes.programme, name="programme")
cli.add_typer(importing.importing, name="import")
cli.add_typer(benefits.benefits, name="benefits")
cli.add_typer(consent_texts.consent_texts, name="consent-texts")
cli.add_typer(vault.vault, name="vault")
cli.add_typer(credentials.credential, name="credential")


@cli.command("demo")
def demo(
    scale: Annotated[
        float, typer.Option(min=0.0005, max=1.0, help="1 is the whole city of 340,500 volunteers.")
    ] = 0.01,
    check: Annotated[bool, typer.Option("--check", help="Run the main job once over HTTP, then leave.")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to serve on (LIYU_PORT); with --check a free one.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the demo's data is; with --check a temporary one.")
    ] = None,
) -> None:
    """Load a synthetic city through the commands that production uses, then serve it."""
    sys.exit(run_demo(scale=scale, check=check, port=port, data_dir=data_dir))


def main() -> None:
    """Run the command line; a mistake of the caller's is told in a line of each language."""
    try:
        cli()
    except Exception as error:
        mistake = mistake_of(error)
        if mistake is None:
            raise
        typer.echo(f"liyu: {mistake.en}\nliyu：{mistake.zh}", err=True)
        sys.exit(EXIT_CODE)

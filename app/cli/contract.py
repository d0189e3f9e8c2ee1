"""openapi.yaml: written from the code, and compared with it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.api.openapi import render_contract
from app.main import create_app
from app.settings import Settings


def openapi(
    check: Annotated[bool, typer.Option("--check", help="Only say whether the file is what the code serves.")] = False,
    path: Annotated[Path, typer.Option(help="The file.")] = Path("openapi.yaml"),
) -> None:
    """Write openapi.yaml from the code, or check it."""
    written = render_contract(create_app(Settings()).openapi())
    if not check:
        path.write_text(written, encoding="utf-8")
        return
    if not path.exists() or path.read_text(encoding="utf-8") != written:
        typer.echo(f"{path} is not what the code serves: run `make openapi`", err=True)
        sys.exit(1)
    typer.echo(f"{path} is what the code serves")

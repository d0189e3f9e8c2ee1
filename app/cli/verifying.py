"""`liyu verify`."""

import typer


def verify() -> None:
    """Recompute every invariant of the ledger."""
    typer.echo("…")

"""`liyu verify`: every invariant recomputed, with a progress bar; the first wrong sequence number is named."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app.core.ids import ProgrammeId
from app.hosting import settings_with_database
from app.jobs.verifying import VerifyReport, run_verify
from app.jobs.verifying_spans import VerifyingStopped
from app.store.database import Database
from app.store.migrating import fetch_revision
from app.store.programmes import fetch_programme_ids

_console = Console(highlight=False, soft_wrap=True)


class NoLedger(Exception):
    """The database that was named, or the folder, holds nothing of ours."""


def verify(
    programme: Annotated[str | None, typer.Argument(help="One programme; all of them when left out.")] = None,
) -> None:
    """Recompute every invariant of the ledger. Exits 1 if one is broken, 2 if it did not come to its end."""
    with settings_with_database() as settings:
        try:
            reports = asyncio.run(_verify(Database(str(settings.database_url)), programme))
        except (VerifyingStopped, NoLedger) as stopped:
            _console.print(f"[bold red]The verification did not come to its end: {stopped}.[/bold red]")
            sys.exit(2)
    for report in reports:
        _print_report(report)
    if not reports:
        _console.print("no programme to verify")
    sys.exit(1 if any(report.findings for report in reports) else 0)


async def _verify(database: Database, programme: str | None) -> list[VerifyReport]:
    if await fetch_revision(database) is None:
        await database.close()
        raise NoLedger("there is no ledger here; name another LIYU_DATABASE_URL or LIYU_DATA_DIR, or run liyu migrate")
    async with database.read() as reader:
        known = await fetch_programme_ids(reader)
    if programme and programme not in known:
        await database.close()
        raise NoLedger(f"there is no programme {programme} here, only {', '.join(known) or 'an empty database'}")
    chosen = [ProgrammeId(programme)] if programme else known
    columns = (TextColumn("verifying {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    reports = []
    with Progress(*columns, console=_console) as bars:
        for name in chosen:
            task = bars.add_task(name, total=None)

            def show(done: int, total: int, task: TaskID = task) -> None:
                bars.update(task, completed=done, total=total)

            reports.append(await run_verify(database, name, show))
    await database.close()
    return reports


def _print_report(report: VerifyReport) -> None:
    speed = report.transactions / report.seconds if report.seconds else 0
    _console.print(
        f"{report.programme}: {report.transactions:,} transactions, {report.accounts:,} accounts, "
        f"{report.checkpoints:,} checkpoints in {report.seconds:.1f} s ({speed:,.0f} transactions/s)"
    )
    for finding in report.findings:
        where = f"transaction {finding.seq}" if finding.seq is not None else "ledger"
        _console.print(f"[red]✗ {where}: {finding.invariant.value}[/red]: {finding.what}")
    if report.first_wrong_seq is not None:
        _console.print(f"[bold red]The first wrong sequence number is {report.first_wrong_seq}.[/bold red]")
    elif not report.findings:
        _console.print("[green]✓ every invariant holds[/green]")

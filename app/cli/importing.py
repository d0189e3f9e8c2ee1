"""`liyu import`: files of an older system, with a dry run, a file of what was refused, and a resume after any stop."""

import asyncio
import gc
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.actions.keys import KeyCabinet
from app.core.ids import ProgrammeId
from app.hosting import migrate_database, settings_with_database
from app.importing.agreeing import Agreement
from app.importing.decoding import BadFile
from app.importing.fields import ImportKind
from app.importing.importing import ImportOrder, ImportReport, NotAllowed, run_import
from app.settings import Settings, master_key_of, vault_of
from app.store.database import Database
from app.store.imports import Counts
from app.store.programmes import fetch_programme_ids

importing = typer.Typer(
    no_args_is_help=True,
    help="Bring in an older system's files: CSV or XLSX, teams first, then volunteers, then their service records and "
    "opening balances. "
    f"A mapping file says which column is which: {Path(__file__).parents[1] / 'importing' / 'sample_mapping.toml'}",
)
_console = Console(highlight=False, soft_wrap=True)

_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX; the first row is the header.")]
_Programme = Annotated[str | None, typer.Option(help="Code of the programme; not needed when there is only one.")]
_Mapping = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="TOML: columns, constants, words.")]
_Source = Annotated[str | None, typer.Option(help="Name of the system the file comes from.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")]
_Errors = Annotated[Path | None, typer.Option(dir_okay=False, help="Write the refused rows here, to be corrected.")]
_Encoding = Annotated[str, typer.Option(help="auto tries UTF-8, UTF-16 and GB18030.")]

EXIT_REFUSED = 1
EXIT_BROKEN = 2


@importing.command("teams")
def teams(
    file: _File,
    programme: _Programme = None,
    mapping: _Mapping = None,
    source: _Source = None,
    errors: _Errors = None,
    encoding: _Encoding = "auto",
    dry_run: _DryRun = False,
) -> None:
    """Import teams (团队) of up to three tiers; a parent may stand behind its children."""
    _run(ImportKind.TEAMS, file, programme, mapping, source, errors, encoding, dry_run=dry_run)


@importing.command("volunteers")
def volunteers(
    file: _File,
    programme: _Programme = None,
    mapping: _Mapping = None,
    source: _Source = None,
    errors: _Errors = None,
    encoding: _Encoding = "auto",
    consent_version: Annotated[
        str, typer.Option(help="To which text the people of the file agreed in the older system; with --consent-at.")
    ] = "",
    consent_at: Annotated[str, typer.Option(help="When: a day or a moment.")] = "",
    dry_run: _DryRun = False,
) -> None:
    """Import volunteers (志愿者) by number, region, team, birth date and status, and seal who they are.

    Names (姓名), phones (手机号) and documents (证件类型, 身份证号) are checked as in a registration and sealed in the
    vault: set LIYU_MASTER_KEY and LIYU_VAULT_KEYS as the service has them. In clear they are kept nowhere, and no
    file of refused rows shows them. Who was imported without them gets them from a second run.
    """
    if bool(consent_version) != bool(consent_at):
        typer.echo("liyu: --consent-version and --consent-at belong together", err=True)
        sys.exit(EXIT_BROKEN)
    agreement = Agreement(consent_version, consent_at) if consent_version else None
    _run(
        ImportKind.VOLUNTEERS,
        file,
        programme,
        mapping,
        source,
        errors,
        encoding,
        dry_run=dry_run,
        agreement=agreement,
    )


@importing.command("service-records")
def service_records(
    file: _File,
    entered_by: Annotated[str, typer.Option(help="The administrator who enters the records.")],
    verified_by: Annotated[str, typer.Option(help="Another administrator, who answers for them.")],
    programme: _Programme = None,
    mapping: _Mapping = None,
    source: _Source = None,
    errors: _Errors = None,
    encoding: _Encoding = "auto",
    dry_run: _DryRun = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Larger steps: for a city whose tills are not open yet.")
    ] = False,
) -> None:
    """Import service records (服务记录): verified at once, priced by the policy of their day.

    Started again after any stop it goes on where it was; a second run adds nothing.
    """
    _run(
        ImportKind.RECORDS,
        file,
        programme,
        mapping,
        source,
        errors,
        encoding,
        dry_run=dry_run,
        fast=fast,
        entered_by=entered_by,
        verified_by=verified_by,
    )


@importing.command("opening-balances")
def opening_balances(
    file: _File,
    entered_by: Annotated[str, typer.Option(help="The administrator who enters the balances.")],
    approved_by: Annotated[str, typer.Option(help="Another administrator, who answers for them.")],
    programme: _Programme = None,
    mapping: _Mapping = None,
    source: _Source = None,
    errors: _Errors = None,
    encoding: _Encoding = "auto",
    expect_points: Annotated[
        int | None, typer.Option(min=0, help="What the file's points must add up to, or nothing is written.")
    ] = None,
    expect_minutes: Annotated[
        int | None, typer.Option(min=0, help="What the file's minutes must add up to, or nothing is written.")
    ] = None,
    dry_run: _DryRun = False,
) -> None:
    """Import opening balances (期初余额): points with their own last day and hours, dated from the older system.

    Each number once, however often it comes. The command acts with database privileges: the audit trail says so,
    and names both administrators.
    """
    _run(
        ImportKind.OPENINGS,
        file,
        programme,
        mapping,
        source,
        errors,
        encoding,
        dry_run=dry_run,
        entered_by=entered_by,
        verified_by=approved_by,
        expect_points=expect_points,
        expect_minutes=expect_minutes,
    )


def _run(
    kind: ImportKind,
    file: Path,
    programme: str | None,
    mapping: Path | None,
    source: str | None,
    errors: Path | None,
    encoding: str,
    *,
    dry_run: bool,
    fast: bool = False,
    entered_by: str = "",
    verified_by: str = "",
    expect_points: int | None = None,
    expect_minutes: int | None = None,
    agreement: Agreement | None = None,
) -> None:
    gc.disable()  # what an import keeps it keeps to the end, and nothing of it goes in circles
    try:
        with settings_with_database() as settings:
            order = ImportOrder(
                kind=kind,
                path=file,
                programme=ProgrammeId(programme or ""),
                mapping=mapping,
                source=source,
                encoding=encoding,
                entered_by=entered_by,
                verified_by=verified_by,
                errors=errors,
                dry_run=dry_run,
                fast=fast,
                expect_points=expect_points,
                expect_minutes=expect_minutes,
                agreement=agreement,
            )
            report = asyncio.run(_import(settings, order))
    except (BadFile, NotAllowed) as error:
        typer.echo(f"liyu: {error}", err=True)
        sys.exit(EXIT_BROKEN)
    _print_report(report, order)
    sys.exit(EXIT_REFUSED if report.counts.refused else 0)


async def _import(settings: Settings, order: ImportOrder) -> ImportReport:
    await migrate_database(settings)
    database = Database(str(settings.database_url))
    try:
        if not order.programme:
            order = await _with_programme(database, order)
        began = time.monotonic()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=_console, transient=not _console.is_terminal) as bars:
            task = bars.add_task("reading")

            def show(counts: Counts) -> None:
                speed = counts.rows_done / max(time.monotonic() - began, 1e-3)
                bars.update(task, description=f"{_told(counts)}, {speed:,.0f} rows/s")

            def keys() -> KeyCabinet:
                return KeyCabinet(database, master_key_of(settings), vault_of(settings))

            return await run_import(database, order, lambda: datetime.now(UTC), show, keys)
    finally:
        await database.close()


async def _with_programme(database: Database, order: ImportOrder) -> ImportOrder:
    async with database.read() as reader:
        known = await fetch_programme_ids(reader)
    if len(known) != 1:
        raise NotAllowed("name the programme with --programme")
    return replace(order, programme=known[0])


def _told(counts: Counts) -> str:
    return f"{counts.rows_done:,} rows: {counts.added:,} added, {counts.known:,} known, {counts.refused:,} refused"


def _print_report(report: ImportReport, order: ImportOrder) -> None:
    table = Table(title=f"{order.kind.value} from {order.path.name}" + (" (dry run)" if order.dry_run else ""))
    for title in ("rows", "added", "known", "refused"):
        table.add_column(title, justify="right")
    table.add_row(*(f"{count:,}" for count in report.counts))
    _console.print(table)
    if report.sealed_columns:
        _console.print(f"into the vault: {', '.join(report.sealed_columns)} of {report.sealed:,} people")
    if report.personal:
        _console.print(f"not read, since they are about persons: {', '.join(report.personal)}")
    if report.ignored:
        _console.print(f"not read: {', '.join(report.ignored)}")
    if report.sums:
        would = "would bring" if order.dry_run else "brought"
        _console.print(f"{would} {report.sums.points:,} points and {report.sums.minutes:,} minutes")
    if order.dry_run:
        _console.print("nothing was changed")
    if report.counts.refused:
        where = f"; the rows are in {order.errors}" if order.errors else "; --errors FILE.csv tells which and why"
        _console.print(f"[red]{report.counts.refused:,} rows were refused{where}[/red]")

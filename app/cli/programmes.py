"""Making a programme: the first thing on a new database."""

import asyncio
import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.actions.programmes import create_programme
from app.cli.mistakes import tell_refusal
from app.core.codes import Rejected
from app.core.ids import ProgrammeId
from app.core.programmes import LapsePolicy
from app.hosting import migrate_database, settings_with_database
from app.main import make_services
from app.settings import Settings
from app.store.database import Database
from app.store.programmes import ProgrammeRow
from app.store.regions import Region

programme = typer.Typer(no_args_is_help=True, help="Programmes (cities).")
_COLUMNS = ("code", "name", "level", "parent", "kind")


def _read_regions(path: Path, root: str) -> list[Region]:
    """The regions of a file, in which `root` must be one. Raises BadParameter."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except UnicodeDecodeError as error:
        raise typer.BadParameter("not UTF-8 · 文件须为 UTF-8 编码", param_hint="--regions") from error
    if not rows or not set(rows[0]) >= set(_COLUMNS) or any(None in row or None in row.values() for row in rows):
        told = f"needs the columns {','.join(_COLUMNS)} in each line · 每行须有这些列"
        raise typer.BadParameter(told, param_hint="--regions")
    regions = [Region(row["code"], row["name"], row["level"], row["parent"] or None, row["kind"]) for row in rows]
    codes = {region.code for region in regions}
    if len(codes) < len(regions):
        raise typer.BadParameter("a code is there twice · 区划代码重复", param_hint="--regions")
    if root not in codes:
        raise typer.BadParameter(f"{root} is not in {path} · 区划文件中没有该代码", param_hint="--region")
    return regions


@programme.callback()
def programmes() -> None:
    """Programmes (cities)."""


@programme.command("create")
def create(
    code: Annotated[str, typer.Argument(help="2 to 16 of a-z, 0-9, -; a letter first. It leads every key.")],
    name: Annotated[str, typer.Argument()],
    region: Annotated[str, typer.Option(help="Code of the programme's region (GB/T 2260).")],
    regions: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="CSV: code,name,level,parent,kind.")],
    zone: Annotated[str, typer.Option(help="Time zone of its business days.")] = "Asia/Shanghai",
    sandbox: Annotated[bool, typer.Option("--sandbox", help="For trying tills out: faults on demand.")] = False,
) -> None:
    """Make a programme with its regions, an empty journal and a signing key."""
    listed = _read_regions(regions, region)
    with settings_with_database() as settings:
        sys.exit(asyncio.run(_create(settings, ProgrammeId(code), name, region, zone, listed, sandbox=sandbox)))


async def _create(
    settings: Settings, code: ProgrammeId, name: str, region: str, zone: str, regions: list[Region], *, sandbox: bool
) -> int:
    await migrate_database(settings)
    database = Database(str(settings.database_url))
    try:
        services = make_services(settings, database)
        row = ProgrammeRow(
            id=code,
            name=name,
            region_code=region,
            zone=zone,
            fen_per_hundred_points=300,
            settlement_fund=None,
            lapse_policy=LapsePolicy.GRACE,
            grace_days=30,
            notice_days=0,
            expiry_years=2,
            points_max=100_000,
            sandbox=sandbox,
            revision=1,
            created_at=services.clock(),
        )
        async with database.begin() as tx:
            made = await create_programme(tx, services.cabinet, row, regions, services.clock)
    finally:
        await database.close()
    if isinstance(made, Rejected):
        tell_refusal("not made", made)
        return 1
    typer.echo(f"programme {code} made; next: liyu admin create {code} NAME")
    return 0

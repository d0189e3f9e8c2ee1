"""`python -m benchmarks.importing --scale 0.05`: a city's files imported by `liyu import`, timed beside bare COPY.

The import runs as its own process on a durable database. With --kill it is killed in the middle and started again,
with --dry-run it is rehearsed before. At the end the same rows are copied into the same tables of an empty database,
and `liyu verify` checks the ledger. The figures are kept in benchmarks/results.json, beside those of `make bench`.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
from sqlalchemy import make_url
from uuid_utils.compat import uuid7

from app.actions.programmes import create_programme
from app.actions.users import NewUser, create_user
from app.core.ids import ProgrammeId, UserId
from app.core.policies import AccrualPolicy
from app.core.programmes import LapsePolicy
from app.demo.figures import city_figures
from app.hosting import migrate_database
from app.jobs.verifying import run_verify
from app.main import make_services
from app.security.actors import ActorKind
from app.settings import Settings
from app.store.accrual_policies import Publication, insert_policy
from app.store.database import Database
from app.store.postgres import EmbeddedPostgres, find_binaries
from app.store.programmes import ProgrammeRow
from benchmarks.city_files import CityFiles, write_city

TABLES = ("transactions", "transfers", "accounts", "service_records", "accruals")
_BEFORE = ("programmes", "regions", "teams", "volunteers")
"""What the tables that are measured refer to."""
_MIB = 1024 * 1024


@dataclass(slots=True)
class Figures:
    """What one run has measured."""

    scale: float
    volunteers: int
    records: int
    hours: float
    people_s: float = 0.0
    import_s: float = 0.0
    rows_per_s: float = 0.0
    peak_mib: float = 0.0
    dry_run_s: float = 0.0
    dry_run_mib: float = 0.0
    copy_s: float = 0.0
    of_copy: float = 0.0
    again_s: float = 0.0
    verify_per_s: float = 0.0


TARGETS = {
    "rows_per_s": (">=", 5_700),
    "of_copy": (">=", 0.25),
    "peak_mib": ("<=", 1_536),
    "dry_run_mib": ("<=", 1_536),
    "verify_per_s": (">=", 40_000),
}
"""The whole city's 3.4 million records in ten minutes, within 1.5 GiB."""
RESULTS = Path(__file__).with_name("results.json")


async def prepare(settings: Settings, database: Database) -> ProgrammeId:
    """A programme with its regions, a policy and the two administrators who stand for the import."""
    figures, now = city_figures(), datetime.now(UTC)
    services = make_services(settings, database)
    programme = ProgrammeId(figures.programme)
    row = ProgrammeRow(
        id=programme,
        name=figures.name,
        region_code=figures.region,
        zone=figures.zone,
        fen_per_hundred_points=300,
        settlement_fund=None,
        lapse_policy=LapsePolicy.GRACE,
        grace_days=30,
        notice_days=0,
        expiry_years=2,
        points_max=100_000,
        revision=1,
        created_at=now,
    )
    policy = AccrualPolicy(
        version="2020-1",
        effective_from=date(2020, 1, 1),
        rate_per_hour=10,
        coefficients_bp={1: 10_000, 2: 12_000, 3: 15_000},
    )
    async with database.begin() as tx:
        await create_programme(tx, services.cabinet, row, figures.regions, services.clock)
        users = [UserId(uuid7()) for _ in range(2)]
        for user, name in zip(users, ("enterer", "verifier"), strict=True):
            await create_user(
                tx, programme, NewUser(id=user, kind=ActorKind.ADMIN, username=name, password=uuid7().hex), now
            )
        await insert_policy(tx, programme, policy, Publication(created_by=users[0], created_at=now))
    await services.committers.close()
    return programme


def _command(kind: str, file: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "app", "import", kind, str(file), "--source", "old", *more]


def start(settings: Settings, kind: str, file: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start one import as a process of its own, with the keys of the service."""
    places = {"LIYU_DATABASE_URL": str(settings.database_url), "LIYU_DATA_DIR": str(settings.data_dir)}
    environment = {**os.environ, **places, "LIYU_LOG_LEVEL": "ERROR"}
    return subprocess.Popen(_command(kind, file, *more), env=environment, stdout=subprocess.DEVNULL)


def resident_mib(process: int) -> float:
    """The memory of a process and of those it started, now."""
    total = 0
    for pid in (process, *_children(process)):
        try:
            found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
        except OSError:
            continue
        total += int(found[1]) * 1024 if found else 0
    return total / _MIB


def _children(process: int) -> Iterator[int]:
    try:
        listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    except OSError:
        return
    yield from map(int, listed.split())


def wait(process: subprocess.Popen[bytes]) -> float:
    """Wait for an import to end well; the most memory that it had."""
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, resident_mib(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise RuntimeError(f"the import ended with {process.returncode}")
    return peak


class Bench:
    """One run on one server."""

    def __init__(self, settings: Settings, files: CityFiles, arguments: argparse.Namespace) -> None:
        self._settings = settings
        self._url = str(settings.database_url)
        self._files = files
        self._given = arguments
        self._figures = Figures(arguments.scale, files.volunteer_count, files.record_count, files.minutes / 60)

    async def run(self) -> Figures:
        """Import, compare, verify."""
        database = Database(self._url)
        await migrate_database(self._settings)
        programme = await prepare(self._settings, database)
        self._import()
        await self._copy()
        report = await run_verify(database, programme, lambda _done, _total: None)
        if report.findings:
            raise RuntimeError(f"the ledger is broken: {report.findings[:3]}")
        self._figures.verify_per_s = report.transactions / report.seconds
        await database.close()
        return self._figures

    def _import(self) -> None:
        figures, began = self._figures, time.perf_counter()
        wait(start(self._settings, "teams", self._files.teams))
        figures.peak_mib = wait(start(self._settings, "volunteers", self._files.volunteers))
        figures.people_s = time.perf_counter() - began
        records = ("--entered-by", "enterer", "--verified-by", "verifier", *(["--fast"] if self._given.fast else []))
        if self._given.dry_run:
            began = time.perf_counter()
            figures.dry_run_mib = wait(
                start(self._settings, "service-records", self._files.records, *records, "--dry-run")
            )
            figures.dry_run_s = time.perf_counter() - began
        began = time.perf_counter()
        process = start(self._settings, "service-records", self._files.records, *records)
        if self._given.kill:
            time.sleep(self._given.kill)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = start(self._settings, "service-records", self._files.records, *records)
        figures.peak_mib = max(figures.peak_mib, wait(process))
        figures.import_s = time.perf_counter() - began
        figures.rows_per_s = figures.records / figures.import_s
        if self._given.again:
            began = time.perf_counter()
            wait(start(self._settings, "service-records", self._files.records, *records))
            figures.again_s = time.perf_counter() - began

    async def _copy(self) -> None:
        """The rows that the import has written, copied into the same tables of another database."""
        parsed = make_url(self._url)
        other = parsed.set(database="copied").render_as_string(hide_password=False)
        here = await asyncpg.connect(self._url)
        await here.execute("CREATE DATABASE copied")
        copied = Settings(database_url=other, data_dir=self._settings.data_dir)
        await migrate_database(copied)
        there = await asyncpg.connect(other)
        with tempfile.TemporaryDirectory() as folder:
            for table in (*_BEFORE, *TABLES):
                await here.copy_from_table(table, output=Path(folder) / table, format="binary")
            await there.execute("ALTER TABLE programmes DROP CONSTRAINT IF EXISTS fk_programmes_fund")
            for table in _BEFORE:
                await there.copy_to_table(table, source=Path(folder) / table, format="binary")
            began = time.perf_counter()
            for table in TABLES:
                await there.copy_to_table(table, source=Path(folder) / table, format="binary")
            self._figures.copy_s = time.perf_counter() - began
        self._figures.of_copy = self._figures.copy_s / self._figures.import_s
        await there.close()
        await here.close()


def show(figures: Figures) -> None:
    """Print the figures beside what they are to reach."""
    for name, value in asdict(figures).items():
        sign, goal = TARGETS.get(name, ("", 0))
        met = value >= goal if sign == ">=" else value <= goal
        print(
            f"{name:<14}{value:>16,.3f}" + (f"   {sign} {goal:,}: {'yes' if met else 'NO'}" if sign and value else "")
        )


def keep(figures: Figures, path: Path = RESULTS) -> None:
    """Write the figures beside those of the other benchmarks; a run at another scale stands in a line of its own."""
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    told = {name: round(value, 3) for name, value in asdict(figures).items()}
    results.setdefault("imports", {})[f"scale {figures.scale:g}"] = told
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


@contextmanager
def _server(given: argparse.Namespace) -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="liyu-import-", dir=given.folder) as folder:
        data = Path(folder) / "data"
        with EmbeddedPostgres(data, binaries=find_binaries(None)) as url:
            yield Settings(database_url=url, data_dir=data)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--fast", action="store_true", help="import with --fast")
    parser.add_argument("--kill", type=float, default=0.0, help="kill the import after so many seconds, start it again")
    parser.add_argument("--again", action="store_true", help="import the file a second time: nothing may be added")
    parser.add_argument("--dry-run", action="store_true", help="rehearse before: time and memory of a dry run")
    parser.add_argument("--folder", type=Path, default=None, help="where the database is; its disk is measured too")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="liyu-files-", dir=given.folder) as folder:
        files = write_city(Path(folder), given.scale)
        with _server(given) as settings:
            figures = asyncio.run(Bench(settings, files, given).run())
    show(figures)
    keep(figures)


if __name__ == "__main__":
    main()

"""`make bench`: measures, prints the table and the ratios, writes benchmarks/results.json."""

import argparse
import asyncio
import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from app.hosting import migrate_database
from app.main import make_services, tame_garbage_collector
from app.settings import Settings, master_key_of
from app.store.database import Database
from app.store.postgres import EmbeddedPostgres, find_binaries
from benchmarks.city import load_city, prepare_offer
from benchmarks.importing import RESULTS
from benchmarks.preparing import Preparer
from benchmarks.servers import Load, run_pgbench, run_wrk, serving
from benchmarks.verbs import IN_PROCESS, TILL_VERBS, Verb, prepare_ceiling, prepare_pays, redeem_in_process

CONNECTIONS = (1, 32, 128)
_APP = "app.main:create_app_from_environment"
_NOOP = "benchmarks.noop:create_app"
_PAY = Verb(6_000, prepare_pays)
_CEILING = Verb(25_000, prepare_ceiling)
_RUSH = 64
"""Connections at which each verb's latency is compared with a single client's."""
_PGBENCH_CLIENTS = (1, 8, 32)


class Bench:
    """One run of the benchmark on one server."""

    def __init__(self, settings: Settings, folder: Path, arguments: argparse.Namespace, pgbench: str) -> None:
        self._settings = settings
        self._folder = folder
        self._arguments = arguments
        self._pgbench = pgbench
        self.measured: dict[str, Any] = {}

    async def run(self) -> None:
        """Load the city, then measure everything."""
        database = Database(str(self._settings.database_url))
        services = make_services(self._settings, database)
        print("loading the city", flush=True)
        city = await load_city(services, self._arguments.volunteers)
        preparer = Preparer(services, city, await prepare_offer(database, city), self._settings)
        async with database.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.exec_driver_sql("VACUUM (ANALYZE)")
        await self._everything(preparer)
        if self._arguments.transactions:
            await self._grow(preparer, database)
            await self._growth(preparer)
        await services.committers.close()
        await database.close()

    async def _everything(self, preparer: Preparer) -> None:
        for workers in (1, 2):
            for connections in CONNECTIONS:
                name = f"a {workers} process, {connections} connections"
                await self._http(preparer, name, _PAY, connections, workers=workers)
        await self._http(preparer, "b ceiling, 128 connections", _CEILING, 128, app=_NOOP)
        await self._http(preparer, "c one by one, 128 connections", _PAY, 128, batch_max=1)
        for name, measure in IN_PROCESS.items():
            await self._repeat(name, partial(self._in_process, preparer, measure))
        for name, verb in TILL_VERBS.items():
            for connections in (1, _RUSH):
                await self._http(preparer, f"f {name}, {connections} connections", verb, connections, workers=2)
        await self._pgbench_all()

    async def _repeat(self, name: str, measure: Callable[[], Coroutine[Any, Any, float | Load]]) -> None:
        runs = [await measure() for _ in range(self._arguments.runs)]
        loads = [run for run in runs if isinstance(run, Load)]
        rates = [run.per_second if isinstance(run, Load) else run for run in runs]
        self.measured[name] = {"per_second": median(rates), "runs": rates}
        if loads:
            self.measured[name]["p50_ms"] = median(load.p50_ms for load in loads)
            self.measured[name]["p99_ms"] = median(load.p99_ms for load in loads)
        print(f"  {name}: {self.measured[name]}", flush=True)

    async def _http(
        self,
        preparer: Preparer,
        name: str,
        verb: Verb,
        connections: int,
        *,
        app: str = _APP,
        workers: int = 1,
        batch_max: int = 256,
    ) -> None:
        environment = {
            "LIYU_DATABASE_URL": str(self._settings.database_url),
            "LIYU_MASTER_KEY": base64.b64encode(master_key_of(self._settings)).decode(),
            "LIYU_BATCH_MAX": str(batch_max),
            "LIYU_LOG_LEVEL": "WARNING",
        }
        seconds = self._arguments.seconds
        requests = self._folder / "requests.tsv"

        async def write(count: int) -> None:
            if connections == 1:
                count //= 4
            lines = [request.line for request in await verb.prepare(preparer, count)]
            await asyncio.to_thread(requests.write_text, "".join(lines), encoding="utf-8")

        async def once() -> Load:
            await write(verb.per_second * seconds)
            return await asyncio.to_thread(run_wrk, base_url, connections, seconds, requests)

        with serving(app, workers, environment) as base_url:
            await write(verb.per_second)
            await asyncio.to_thread(run_wrk, base_url, connections, 1, requests)
            await self._repeat(name, once)

    async def _in_process(self, preparer: Preparer, measure: Callable[[Preparer, int], Awaitable[float]]) -> float:
        count: int = 4_000 * self._arguments.seconds
        return count / await measure(preparer, count)

    async def _pgbench_all(self) -> None:
        url = str(self._settings.database_url).rpartition("/")[0] + "/pgbench"
        maintenance = Database(str(self._settings.database_url))
        async with maintenance.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.exec_driver_sql("CREATE DATABASE pgbench")
        await maintenance.close()
        prepare = [self._pgbench, "-i", "-q", "-s", "10", url]
        await asyncio.to_thread(subprocess.run, prepare, check=True, capture_output=True)
        for clients in _PGBENCH_CLIENTS:
            await self._repeat(f"e pgbench TPC-B, {clients} clients", partial(self._tpcb, url, clients))

    async def _tpcb(self, url: str, clients: int) -> float:
        return await asyncio.to_thread(run_pgbench, self._pgbench, url, clients, self._arguments.seconds)

    async def _grow(self, preparer: Preparer, database: Database) -> None:
        """Redeem in process until the journal has as many transactions as asked for."""
        while True:
            async with database.engine.connect() as connection:
                found = await connection.exec_driver_sql("SELECT next_seq - 1 FROM journal_heads")
                written = int(found.scalar_one())
            print(f"  journal: {written:,} transactions", flush=True)
            if written >= self._arguments.transactions:
                self.measured["transactions"] = written
                return
            await redeem_in_process(preparer, min(50_000, self._arguments.transactions - written))

    async def _growth(self, preparer: Preparer) -> None:
        await self._http(preparer, "a grown, 128 connections", _PAY, 128)
        await self._http(preparer, "c grown, 128 connections", _PAY, 128, batch_max=1)


def ratios(measured: dict[str, Any]) -> dict[str, float]:
    """What is claimed, as ratios of one run."""
    rate = {name: row["per_second"] for name, row in measured.items() if isinstance(row, dict)}
    hot = measured["a 1 process, 128 connections"]
    found = {
        "a/b": hot["per_second"] / rate["b ceiling, 128 connections"],
        "a/c": hot["per_second"] / rate["c one by one, 128 connections"],
        "p99/p50": hot["p99_ms"] / hot["p50_ms"],
        "d/e": rate["d engine in process"] / max(rate[f"e pgbench TPC-B, {n} clients"] for n in _PGBENCH_CLIENTS),
    }
    plain = rate["d engine in process"]
    found.update((f"plain / {name[2:-11]}", plain / rate[name]) for name in IN_PROCESS if rate[name] != plain)
    for name in TILL_VERBS:
        alone, rush = (measured[f"f {name}, {connections} connections"] for connections in (1, _RUSH))
        found[f"p99 at {_RUSH} / p50 alone, {name}"] = rush["p99_ms"] / alone["p50_ms"]
    if "a grown, 128 connections" in rate:
        grown = rate["a grown, 128 connections"] / rate["c grown, 128 connections"]
        found["a/c grown"] = grown
        found["a/c grown / a/c"] = grown / found["a/c"]
    return found


TARGETS = {
    "a/b": (">=", 0.5),
    "a/c": (">=", 8.0),
    "p99/p50": ("<=", 4.0),
    "d/e": (">=", 1.2),
    "a/c grown / a/c": (">=", 0.9),
    **{f"plain / {name[2:-11]}": ("<=", 2.0) for name in IN_PROCESS if name != "d engine in process"},
    **{f"p99 at {_RUSH} / p50 alone, {name}": ("<=", 20.0) for name in TILL_VERBS},
}


def print_table(measured: dict[str, Any], found: dict[str, float]) -> None:
    """The figures and the ratios as a person reads them."""
    console = Console()
    table = Table("measured", "per second", "p50 ms", "p99 ms")
    for name, row in measured.items():
        if isinstance(row, dict):
            latencies = [f"{row[key]:.1f}" if key in row else "" for key in ("p50_ms", "p99_ms")]
            table.add_row(name, f"{row['per_second']:,.0f}", *latencies)
    console.print(table)
    goals = Table("ratio", "found", "to reach", "")
    for name, value in found.items():
        sign, goal = TARGETS.get(name, ("", 0.0))
        met = not sign or (value >= goal if sign == ">=" else value <= goal)
        goals.add_row(name, f"{value:.2f}", f"{sign} {goal}" if sign else "", "yes" if met else "NO")
    console.print(goals)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("--volunteers", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=5, help="of each run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--transactions", type=int, default=1_000_000, help="grow the journal to this; 0: do not")
    arguments = parser.parse_args()
    tame_garbage_collector()
    binaries = find_binaries()
    with tempfile.TemporaryDirectory(prefix="liyu-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedPostgres(folder / "data", binaries=binaries) as url:
            settings = replace(Settings(), database_url=url, data_dir=folder / "data")
            asyncio.run(migrate_database(settings))
            bench = Bench(settings, folder, arguments, binaries.program("pgbench"))
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the loop of the server processes
                runner.run(bench.run())
    found = ratios(bench.measured)
    print_table(bench.measured, found)
    results = {
        "measured": bench.measured,
        "ratios": found,
        "arguments": vars(arguments),
        "python": sys.version,
    }
    if RESULTS.exists():  # what `python -m benchmarks.importing` has measured stays
        results["imports"] = json.loads(RESULTS.read_text(encoding="utf-8")).get("imports", {})
    RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

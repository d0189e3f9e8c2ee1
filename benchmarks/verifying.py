"""How fast `liyu verify` checks a large ledger: `python -m benchmarks.verifying --transactions 300000`.

Prints transactions a second end to end, the memory of the largest processes, and what each phase takes alone.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from app.core.invariants import JournalAudit
from app.core.merkle import Frontier
from app.core.spans import audit_span, lines_of
from app.jobs.verifying import SPAN, VerifyReport, run_verify
from app.store.auditing import (
    fetch_raw_names,
    fetch_raw_span,
    fetch_spans,
    fetch_sums,
    in_snapshot,
    sharing_snapshot,
    stream_balances,
)
from app.store.auditing_rows import fetch_mismatches
from app.store.database import Database
from benchmarks.ledgers import Measured, a_ledger

GOAL_PER_SECOND = 40_000
MEMORY_MIB = 1024
_CITY = 3_400_000


async def verify(measured: Measured, workers: int | None) -> VerifyReport:
    """One verification as the command runs it. Raises when the ledger is not sound: then there is nothing to time."""
    database = Database(str(measured.settings.database_url))
    report = await run_verify(database, measured.city.programme, lambda _done, _total: None, workers)
    await database.close()
    if report.findings:
        raise ValueError(f"the ledger to measure on is not sound: {report.findings[:3]}")
    return report


def verify_apart(measured: Measured, workers: int | None) -> tuple[VerifyReport, int]:
    """The report, and the most mebibytes that this process and its workers held. Call it in a fresh process."""
    report = asyncio.run(verify(measured, workers))
    own, largest = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    readers = (os.cpu_count() or 1) if workers is None else workers
    return report, (own + readers * largest) // 1024


async def take_apart(measured: Measured) -> dict[str, float]:
    """Seconds of each phase on one core, one after the other."""
    database, programme, taken = Database(str(measured.settings.database_url)), measured.city.programme, Counter[str]()

    @contextmanager
    def timing(phase: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        taken[phase] += time.perf_counter() - began  # type: ignore[assignment]  # seconds, not counts

    first, second = await database.connect_reading(), await database.connect_reading()
    async with sharing_snapshot(first) as snapshot, in_snapshot(second, snapshot):
        audit, tree = JournalAudit(programme), Frontier()
        for seqs in await fetch_spans(second, programme, SPAN):
            with timing("transactions and transfers read"):
                transactions, transfers = await fetch_raw_span(second, programme, seqs)
            with timing("account names read"):
                numbers = {row[2] for row in transfers} | {row[3] for row in transfers}
                lines = lines_of(await fetch_raw_names(second, programme, numbers))
            with timing("balances followed, leaves hashed"):
                sound = audit_span(programme, seqs, transactions, transfers, lines)
            with timing("tree"):
                tree = tree.graft(Frontier().extend([row[10] for row in transactions]))
            with timing("spans joined"):
                if sound is None or not audit.accept(sound):
                    raise ValueError(f"the ledger to measure on is not sound in {seqs}")
        with timing("business rows compared"):
            await fetch_mismatches(second, programme)
        with timing("accounts compared"):
            await fetch_sums(second, programme)
            async for chunk in stream_balances(second, programme):
                audit.balances.differing(chunk)
    await first.close()
    await second.close()
    await database.close()
    return dict(taken)


def print_report(report: VerifyReport, mebibytes: int, phases: dict[str, float]) -> bool:
    """The figures as a person reads them; whether they are what is to be reached."""
    per_second = report.transactions / report.seconds
    console, table = Console(highlight=False), Table("phase, alone", "s", "share")
    for phase, seconds in phases.items():
        table.add_row(phase, f"{seconds:.2f}", f"{seconds / sum(phases.values()):.0%}")
    console.print(table)
    console.print(
        f"{report.transactions:,} transactions, {report.accounts:,} accounts, {report.checkpoints} checkpoints: "
        f"{report.seconds:.1f} s, {per_second:,.0f} transactions/s (to reach: {GOAL_PER_SECOND:,}), {mebibytes:,} MiB\n"
        f"{_CITY:,} would take {_CITY / per_second:,.0f} s at this speed"
    )
    return per_second >= GOAL_PER_SECOND and mebibytes < MEMORY_MIB


def main() -> None:
    """Build, measure, print. Exits 1 when the speed or the memory is not reached."""
    parser = argparse.ArgumentParser(prog="benchmarks.verifying")
    parser.add_argument("--transactions", type=int, default=300_000)
    parser.add_argument("--workers", type=int, help="as many as there are cores when left out")
    arguments = parser.parse_args()
    with a_ledger(arguments.transactions) as measured:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
            report, mebibytes = fresh.submit(verify_apart, measured, arguments.workers).result()
        phases = asyncio.run(take_apart(measured))
    if not print_report(report, mebibytes, phases):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

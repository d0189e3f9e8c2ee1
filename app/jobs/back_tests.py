"""Running back-tests in the background: one at a time a programme, from one snapshot, without a lock on anything.

Killed half-way, the next run begins it again: nothing is written before the report. A few records are counted here;
more go to processes of their own, one a core.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from app.core.ids import ProgrammeId
from app.core.policies.back_test_reports import Report, Tally, make_report
from app.core.policies.back_tests import Order, order_for
from app.jobs.back_test_slices import Task, count_slice, fetch_question
from app.store.back_test_bodies import decode_tally
from app.store.back_test_records import Slice, count_attested, count_records, cut_volunteers, fetch_drains
from app.store.back_tests import BackTest, begin_next, finish, is_waiting, note_progress
from app.store.database import BatchConnection, Database
from app.store.programmes import fetch_programme_ids
from app.store.snapshots import export_snapshot, try_lock

HERE_MAX = 1_000
"""Up to so many records are counted in the server's own process: some tens of milliseconds."""
PROCESSES_MAX = 4
_LOOK_EVERY_S = 0.5
_LINE_MAX = 64 * 1024 * 1024

_log = structlog.get_logger(__name__)


class _CalledOffError(Exception):
    """Somebody cancelled it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the counting is done."""

    here_max: int = HERE_MAX
    processes: int = field(default_factory=lambda: max(1, min(PROCESSES_MAX, os.cpu_count() or 1)))


async def run_back_tests(
    database: Database, clock: Callable[[], datetime], asked: asyncio.Event, every_s: float
) -> None:
    """Do all that waits, whenever one is asked for and every so often, until cancelled."""
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), every_s)
        asked.clear()
        try:
            async with database.read() as reader:
                programmes = await fetch_programme_ids(reader)
            for programme in programmes:
                await _run_safely(database, programme, clock)
        except Exception:  # noqa: BLE001 - the next time must not depend on it
            _log.exception("back-tests were not looked for")


async def _run_safely(database: Database, programme: ProgrammeId, clock: Callable[[], datetime]) -> None:
    """What fails is begun again the next time, a few times; other programmes do not wait for it."""
    try:
        await run_waiting(database, programme, clock)
    except Exception:  # noqa: BLE001 - other programmes must not depend on it
        _log.exception("a back-test came to no end", programme=programme)


async def run_waiting(
    database: Database, programme: ProgrammeId, clock: Callable[[], datetime], manner: Manner | None = None
) -> int:
    """Do all back-tests of a programme that wait. Returns how many were brought to their end.

    A process that works on one holds a lock as long as it lives; what it leaves behind when it dies waits again.
    """
    async with database.read() as reader:
        if not await is_waiting(reader, programme):
            return 0
    ended = 0
    connection = await database.connect_reading()
    try:
        if not await try_lock(connection, f"back-tests:{programme}"):
            return 0
        while True:
            async with database.begin() as tx:
                begun = await begin_next(tx, programme, clock())
            if begun is None:
                return ended
            work = _Work(database, connection, programme, begun, manner or Manner())
            with contextlib.suppress(_CalledOffError):
                report = await work.make(clock())
                async with database.begin() as tx:
                    ended += await finish(tx, programme, begun.id, report, clock())
    finally:
        await connection.close()


class _Work:
    """One back-test being worked on."""

    def __init__(
        self,
        database: Database,
        connection: BatchConnection,
        programme: ProgrammeId,
        back_test: BackTest,
        manner: Manner,
    ) -> None:
        self._database = database
        self._connection = connection
        self._programme = programme
        self._test = back_test
        self._manner = manner
        self._total = 0

    async def make(self, at: datetime) -> Report:
        """The report of what a snapshot taken now shows."""
        test, connection, programme = self._test, self._connection, self._programme
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            question = await fetch_question(connection, programme, test.body, test.since, test.until)
            self._total = await count_records(connection, programme, question)
            await self._note(0)
            attested = await count_attested(connection, programme, test.since, test.until)
            drains = await fetch_drains(connection, programme, test.since, test.until)
            if self._total <= self._manner.here_max:
                tally = await count_slice(connection, programme, question, Slice(), self._note)
            else:
                alone = order_for(question.draft) is Order.JOURNAL
                parts = await cut_volunteers(connection, programme, 1 if alone else self._manner.processes)
                tally = await self._count_apart(await export_snapshot(connection), parts)
        return make_report(
            tally,
            since=test.since,
            until=test.until,
            as_of=question.programme.business_day(at),
            attested=attested,
            rate=question.programme.fen_per_hundred_points,
            drains=drains,
        )

    async def _note(self, done: int) -> None:
        async with self._database.begin() as tx:
            if not await note_progress(tx, self._programme, self._test.id, done, self._total):
                raise _CalledOffError

    async def _count_apart(self, snapshot: str, parts: Sequence[Slice]) -> Tally:
        """Count in processes of their own. Whatever ends this ends them too."""
        test = self._test
        tasks = [
            Task(
                url=self._database.url,
                programme=self._programme,
                snapshot=snapshot,
                body=test.body,
                since=test.since,
                until=test.until,
                part=part,
            )
            for part in parts
        ]
        done = [0] * len(tasks)
        counting = [asyncio.create_task(_count(task, done, number)) for number, task in enumerate(tasks)]
        try:
            while not all(each.done() for each in counting):
                await asyncio.wait(counting, timeout=_LOOK_EVERY_S, return_when=asyncio.FIRST_EXCEPTION)
                await self._note(sum(done))
                if failed := next((each for each in counting if each.done() and each.exception()), None):
                    failed.result()
        finally:
            for each in counting:
                each.cancel()
            await asyncio.gather(*counting, return_exceptions=True)
        tally = Tally()
        for each in counting:
            tally = tally.plus(each.result())
        return tally


async def _count(task: Task, done: list[int], number: int) -> Tally:
    async with _process() as process:
        if process.stdin is None or process.stdout is None:
            raise TypeError("a process without pipes")
        process.stdin.write(task.encode())
        await process.stdin.drain()
        while line := await process.stdout.readline():
            said = json.loads(line)
            if "tally" in said:
                return decode_tally(said["tally"])
            done[number] = said["done"]
    raise RuntimeError(f"a process of a back-test ended with {process.returncode}")


@contextlib.asynccontextmanager
async def _process() -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that counts, gone when the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.jobs.back_test_slices",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_MAX,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

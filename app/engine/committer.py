"""The committer: one queue per programme and process, drained batch by batch by one task.

No timer and no fixed size: a batch is whatever has queued up while the one before it was written.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.core.ids import ProgrammeId
from app.engine.batch import Outcome, Submission, run_batch
from app.engine.failures import is_connection_lost, is_transient
from app.store.database import BatchConnection, Database
from app.telemetry import BATCH_SECONDS, BATCH_SIZE, QUEUE_LENGTH

_log = structlog.get_logger(__name__)

QUEUE_MAX = 2_000
BATCH_MAX = 256
ATTEMPTS_MAX = 5
BACKOFF_S = 0.05


class QueueFull(Exception):
    """More is waiting than can be answered soon: the caller should come back in a moment."""


class OutcomeUnknown(Exception):
    """The database could not be reached often enough; the command may or may not have been committed."""


class CommandFailed(Exception):
    """A command that our own code or the database's rules broke on. Nothing of it was written."""


@dataclass(slots=True)
class _Waiting:
    submission: Submission
    future: asyncio.Future[Outcome]

    def answer(self, outcome: Outcome) -> None:
        if not self.future.done():
            self.future.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Committer:
    """Takes submissions of one programme and answers each after the commit of its batch."""

    def __init__(
        self,
        database: Database,
        programme: ProgrammeId,
        clock: Callable[[], datetime],
        *,
        queue_max: int = QUEUE_MAX,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._database = database
        self._programme = programme
        self._clock = clock
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._connection: BatchConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._busy = False

    async def submit(self, submission: Submission) -> Outcome:
        """Queue a command and wait for its outcome.

        Raises QueueFull at once when too much is waiting, OutcomeUnknown when the database stays away,
        CommandFailed when this command is broken. A caller that stops waiting does not stop the command.
        """
        if len(self._queue) >= self._queue_max:
            raise QueueFull
        waiting = _Waiting(submission, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._arrived.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"committer-{self._programme}")
        return await waiting.future

    async def close(self) -> None:
        """Finish what is queued, then let the connection go."""
        while self._queue or self._busy:  # noqa: ASYNC110 - once, at the end; an event for it would cost every batch
            await asyncio.sleep(BACKOFF_S)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close(timeout=1)

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._busy = True
            await self._commit_queued()
            self._busy = False
            if not self._queue:
                self._arrived.clear()

    async def _commit_queued(self) -> None:
        """Commit one batch of what is queued; a batch that breaks is decided one by one."""
        drawn: list[_Waiting] = []

        def draw() -> list[Submission]:
            while self._queue and len(drawn) < self._batch_max:
                drawn.append(self._queue.popleft())
            return [waiting.submission for waiting in drawn]

        try:
            await self._commit(draw, drawn)
        except OutcomeUnknown as unknown:
            draw()
            for waiting in drawn:
                waiting.fail(unknown)
        except Exception as error:  # noqa: BLE001 - whatever broke it, the others in the batch must not suffer
            draw()
            _log.warning("batch broken, deciding one by one", error=repr(error), commands=len(drawn))
            await self._commit_apart(drawn)

    async def _commit_apart(self, drawn: list[_Waiting]) -> None:
        """Decide the commands of a broken batch one by one; once the database stays away, nobody waits for it again."""
        for position, waiting in enumerate(drawn):
            try:
                await self._commit_alone(waiting)
            except OutcomeUnknown as unknown:
                for left in drawn[position:]:
                    left.fail(unknown)
                return

    async def _commit_alone(self, waiting: _Waiting) -> None:
        try:
            await self._commit(lambda: [waiting.submission], [waiting])
        except OutcomeUnknown:
            raise
        except Exception as error:  # noqa: BLE001 - the caller gets it as a failed command
            _log.exception("command broken", command=type(waiting.submission.command).__name__)
            failed = CommandFailed(type(waiting.submission.command).__name__)
            failed.__cause__ = error
            waiting.fail(failed)

    async def _commit(self, draw: Callable[[], Sequence[Submission]], drawn: list[_Waiting]) -> None:
        """Run one batch, trying again for a bounded number of times, and answer it."""
        for attempt in range(ATTEMPTS_MAX):
            try:
                with BATCH_SECONDS.time():
                    outcomes = await run_batch(await self._connect(), self._programme, draw, self._clock)
            except Exception as error:
                if is_connection_lost(error):
                    await self._drop_connection()
                if not is_transient(error):
                    raise
                _log.warning("batch tried again", attempt=attempt + 1, error=repr(error))
                await asyncio.sleep(BACKOFF_S * 2**attempt)
            else:
                BATCH_SIZE.observe(len(outcomes))
                QUEUE_LENGTH.labels(self._programme).set(len(self._queue))
                for waiting, outcome in zip(drawn, outcomes, strict=True):
                    waiting.answer(outcome)
                return
        raise OutcomeUnknown

    async def _connect(self) -> BatchConnection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.connect_batch()
        return self._connection

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


class Committers:
    """The committers of one process, one per programme that it has seen."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        *,
        queue_max: int = QUEUE_MAX,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._database = database
        self._clock = clock
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._committers: dict[ProgrammeId, Committer] = {}

    async def submit(self, programme: ProgrammeId, submission: Submission) -> Outcome:
        """Queue a command with its programme's committer and wait for the outcome. Raises as `Committer.submit`."""
        committer = self._committers.get(programme)
        if committer is None:
            committer = Committer(
                self._database, programme, self._clock, queue_max=self._queue_max, batch_max=self._batch_max
            )
            self._committers[programme] = committer
        return await committer.submit(submission)

    async def close(self) -> None:
        """Finish what is queued everywhere."""
        await asyncio.gather(*(committer.close() for committer in self._committers.values()))

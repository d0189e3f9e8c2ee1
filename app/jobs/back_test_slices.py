"""One slice of a back-test: some volunteers' records streamed and counted, here or in a process of its own.

As a program (`python -m app.jobs.back_test_slices`) it reads one task from its standard input and writes lines: how
far it has come, and at last the tally. A server starts one for each core, so that the till never waits for a report.
"""

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.core.ids import ProgrammeId
from app.core.policies.back_test_reports import Tally
from app.core.policies.back_tests import LotMove, Question, Replay
from app.store.back_test_bodies import encode_tally
from app.store.back_test_records import Slice, stream_events
from app.store.batch_rows import fetch_policies
from app.store.database import BatchConnection, Database
from app.store.journal import fetch_settings
from app.store.policy_bodies import decode_policy
from app.store.snapshots import adopt_snapshot

_TOLD_EVERY_S = 0.5
_NICE = 5
"""A report waits for the tills, not they for it."""

Progress = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a process is to count: which volunteers, as which snapshot shows them, under which draft."""

    url: str
    programme: ProgrammeId
    snapshot: str
    body: str
    since: date
    until: date
    part: Slice

    def encode(self) -> bytes:
        """The task as one line of JSON."""
        said = {
            "url": self.url,
            "programme": self.programme,
            "snapshot": self.snapshot,
            "body": self.body,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "low": self.part.low.hex,
            "high": self.part.high.hex if self.part.high else None,
        }
        return json.dumps(said).encode() + b"\n"

    @classmethod
    def decode(cls, line: str) -> "Task":
        """The task that `encode` wrote."""
        said: dict[str, Any] = json.loads(line)
        return cls(
            url=said["url"],
            programme=ProgrammeId(said["programme"]),
            snapshot=said["snapshot"],
            body=said["body"],
            since=date.fromisoformat(said["since"]),
            until=date.fromisoformat(said["until"]),
            part=Slice(UUID(hex=said["low"]), UUID(hex=said["high"]) if said["high"] else None),
        )


async def fetch_question(
    connection: BatchConnection, programme: ProgrammeId, body: str, since: date, until: date
) -> Question:
    """What a back-test asks, with the settings and the published versions of its programme."""
    return Question(
        draft=decode_policy(body),
        since=since,
        until=until,
        programme=await fetch_settings(connection, programme),
        published={policy.version: policy for policy in await fetch_policies(connection, programme)},
    )


async def count_slice(
    connection: BatchConnection, programme: ProgrammeId, question: Question, part: Slice, progress: Progress
) -> Tally:
    """Go through the records of some volunteers. `progress` hears how many are done. Call it inside a snapshot."""
    replay = Replay(question)
    done = 0
    async for chunk in stream_events(connection, programme, question, part):
        for event in chunk:
            if isinstance(event, LotMove):
                replay.move(event)
            else:
                replay.add(event)
                done += 1
        await progress(done)
    return replay.tally()


def _tell(**said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


async def run_task(task: Task) -> None:
    """Do a task and tell it. Its reader gone, the next line ends the process: nobody would read the tally."""
    told_at = time.monotonic()

    async def progress(done: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _TOLD_EVERY_S:
            told_at = time.monotonic()
            _tell(done=done)

    database = Database(task.url)
    connection = await database.connect_reading()
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await adopt_snapshot(connection, task.snapshot)
            question = await fetch_question(connection, task.programme, task.body, task.since, task.until)
            tally = await count_slice(connection, task.programme, question, task.part, progress)
    finally:
        await connection.close()
        await database.close()
    _tell(tally=encode_tally(tally))


if __name__ == "__main__":
    os.nice(_NICE)
    gc.disable()  # millions of small values without a cycle: looking for one costs and finds nothing
    asyncio.run(run_task(Task.decode(sys.stdin.readline())))

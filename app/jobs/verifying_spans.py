"""Reports on spans of the journal for `liyu verify`: made here, or by processes of their own, all in one snapshot.

A process that ends early ends the verification: a span without a report is never taken as sound.
"""

import asyncio
import gc
import multiprocessing
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from app.core.canonical import format_instant
from app.core.ids import ProgrammeId
from app.core.merkle import Frontier
from app.core.spans import SoundSpan, audit_span, lines_of
from app.security.checkpoints import checkpoint_text, is_signed_by
from app.store.auditing import (
    StoredCheckpoint,
    fetch_raw_names,
    fetch_raw_span,
    in_snapshot,
    stream_checkpoints,
)
from app.store.database import BatchConnection, Database

_GARBAGE = 200_000
"""Values that a worker makes before it looks for cycles: a span's are hundreds of thousands, and none is in one."""


class VerifyingStopped(Exception):
    """The verification did not come to its end; the message says why."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is verified: one programme as one snapshot shows it, which has to be open still."""

    url: str
    snapshot: str
    programme: ProgrammeId


@dataclass(frozen=True, slots=True)
class SpanHead:
    """A checkpoint that ends within a span: the tree of the span's leaves up to there, and whether we signed it."""

    size: int
    root: bytes
    tree: Frontier
    is_ours: bool


@dataclass(frozen=True, slots=True)
class SpanReport:
    """What was found of one span: None when something is wrong there. `tree` is over its stored leaf hashes."""

    seqs: range
    sound: SoundSpan | None
    tree: Frontier
    heads: Sequence[SpanHead]


async def report_span(connection: BatchConnection, programme: ProgrammeId, seqs: range) -> SpanReport:
    """Audit one span."""
    transactions, transfers = await fetch_raw_span(connection, programme, seqs)
    numbers = {row[2] for row in transfers} | {row[3] for row in transfers}
    lines = lines_of(await fetch_raw_names(connection, programme, numbers))
    sound = audit_span(programme, seqs, transactions, transfers, lines)
    tree, heads, leaves = Frontier(), list[SpanHead](), [row[10] for row in transactions]
    async for checkpoint in stream_checkpoints(connection, programme, seqs):
        tree = tree.extend(leaves[tree.size : checkpoint.size - seqs.start + 1])
        heads.append(SpanHead(checkpoint.size, checkpoint.root, tree, is_ours(programme, checkpoint)))
    return SpanReport(seqs, sound, tree.extend(leaves[tree.size :]), heads)


def is_ours(programme: ProgrammeId, checkpoint: StoredCheckpoint) -> bool:
    """Whether a checkpoint was signed with one of the programme's keys."""
    text = checkpoint_text(programme, checkpoint.size, checkpoint.root, format_instant(checkpoint.recorded_at))
    return checkpoint.public_key is not None and is_signed_by(checkpoint.public_key, checkpoint.signature, text)


async def stream_reports(ledger: Ledger, spans: Sequence[range], workers: int) -> AsyncGenerator[SpanReport, None]:
    """The reports on all spans in their order. Without workers they are made in this process.

    Raises VerifyingStopped when a worker ends before its last report.
    """
    if not workers:
        async with aclosing(_report_here(ledger, spans)) as reports:
            async for report in reports:
                yield report
        return
    context = multiprocessing.get_context("spawn")  # a fork would share the connections that are open here
    pipes = [context.Pipe(duplex=False) for _ in range(workers)]
    processes: list[BaseProcess] = [
        context.Process(target=_work, args=(ledger, spans[turn::workers], writer), daemon=True)
        for turn, (_, writer) in enumerate(pipes)
    ]
    try:
        for process, (_, writer) in zip(processes, pipes, strict=True):
            process.start()
            writer.close()
        for turn, seqs in enumerate(spans):
            yield await _receive(processes[turn % workers], pipes[turn % workers][0], seqs)
    finally:
        for process, (reader, _) in zip(processes, pipes, strict=True):
            if process.pid is not None:
                process.kill()
                process.join()
            reader.close()


async def _report_here(ledger: Ledger, spans: Sequence[range]) -> AsyncGenerator[SpanReport, None]:
    connection = await Database(ledger.url).connect_reading()
    try:
        async with in_snapshot(connection, ledger.snapshot):
            for seqs in spans:
                yield await report_span(connection, ledger.programme, seqs)
    finally:
        await connection.close()


async def _receive(process: BaseProcess, pipe: "Connection[None, SpanReport]", seqs: range) -> SpanReport:
    try:
        report = await asyncio.to_thread(pipe.recv)
    except (EOFError, OSError) as broken:
        await asyncio.to_thread(process.join)
        raise VerifyingStopped(f"a worker ended with code {process.exitcode}") from broken
    if report.seqs != seqs:
        raise VerifyingStopped(f"a worker told of {report.seqs}, not of {seqs}")
    return report


def _work(ledger: Ledger, spans: Sequence[range], pipe: "Connection[SpanReport, None]") -> None:
    """What a worker process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the process that will end this one
    gc.set_threshold(_GARBAGE)
    asyncio.run(_send_all(ledger, spans, pipe))


async def _send_all(ledger: Ledger, spans: Sequence[range], pipe: "Connection[SpanReport, None]") -> None:
    async with aclosing(_report_here(ledger, spans)) as reports:
        async for report in reports:
            pipe.send(report)

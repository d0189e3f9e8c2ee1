"""Verifying a ledger: every invariant recomputed from the rows, in one snapshot, span by span, on all cores."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice

from app.core.accounts import AccountKind
from app.core.balances import Balances
from app.core.ids import ProgrammeId
from app.core.invariants import FINDINGS_MAX, Finding, Invariant, JournalAudit
from app.core.merkle import Frontier
from app.core.quantities import BrokenInvariant
from app.jobs.verifying_spans import Ledger, SpanHead, SpanReport, is_ours, stream_reports
from app.jobs.verifying_trail import check_trail
from app.store.auditing import (
    fetch_account_names,
    fetch_lost_answers,
    fetch_next_seq,
    fetch_spans,
    fetch_stored_span,
    fetch_strays,
    fetch_sums,
    in_snapshot,
    sharing_snapshot,
    stream_balances,
    stream_checkpoints,
)
from app.store.auditing_rows import Mismatch, fetch_mismatches
from app.store.database import BatchConnection, Database

SPAN = 1 << 14
"""Transactions that are audited at a time: a power of two, so that a span's leaves make one subtree."""
_SPANS_ALONE = 8
"""Up to so many spans it would take longer to start processes than to read them here."""
_SIZE_END = 2**63 - 1

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was found in one programme's ledger."""

    programme: ProgrammeId
    transactions: int
    accounts: int
    checkpoints: int
    seconds: float
    findings: Sequence[Finding]

    @property
    def first_wrong_seq(self) -> int | None:
        """The first sequence number at which something is wrong."""
        return min((finding.seq for finding in self.findings if finding.seq is not None), default=None)


async def run_verify(
    database: Database, programme: ProgrammeId, progress: Progress, workers: int | None = None, span: int = SPAN
) -> VerifyReport:
    """Verify one programme's ledger. `progress` hears how many transactions of how many are done.

    `workers` processes read beside this one; None: as many as there are cores, none for a small ledger.
    Raises VerifyingStopped when it could not be brought to its end.
    """
    began = time.perf_counter()
    connection = await database.connect_reading()
    try:
        async with sharing_snapshot(connection) as snapshot:
            spans = await fetch_spans(connection, programme, span)
            verification = _Verification(connection, Ledger(database.url, snapshot, programme), spans, progress)
            reading = asyncio.create_task(_read_beside(database, snapshot, programme))
            try:
                await verification.run(_workers_for(spans) if workers is None else workers)
                beside = await reading
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            await verification.compare(beside)
    finally:
        await connection.close()
    return VerifyReport(
        programme,
        verification.audit.transactions,
        beside.accounts,
        verification.checkpoints,
        time.perf_counter() - began,
        tuple(verification.audit.findings),
    )


def _workers_for(spans: Sequence[range]) -> int:
    return (os.cpu_count() or 1) if len(spans) > _SPANS_ALONE else 0


@dataclass(slots=True)
class _Beside:
    """What stands beside the journal: the accounts' balances, and what the database says of the business rows."""

    balances: Balances = field(default_factory=Balances)
    accounts: int = 0
    sums: Mapping[AccountKind, int] = field(default_factory=dict)
    lost: Sequence[int] = ()
    mismatches: Sequence[Mismatch] = ()
    trail: Sequence[str] = ()


async def _read_beside(database: Database, snapshot: str, programme: ProgrammeId) -> _Beside:
    """Read and compare what stands beside the journal, while that is read."""
    beside = _Beside()
    connection = await database.connect_reading()
    try:
        async with in_snapshot(connection, snapshot):
            beside.lost = await fetch_lost_answers(connection, programme)
            beside.mismatches = await fetch_mismatches(connection, programme)
            beside.trail = await check_trail(connection, programme)
            beside.sums = await fetch_sums(connection, programme)
            async for chunk in stream_balances(connection, programme):
                beside.balances.update(chunk)
                beside.accounts += len(chunk)
    finally:
        await connection.close()
    return beside


class _Verification:
    """One run: what was found, and how far the tree has grown."""

    def __init__(self, connection: BatchConnection, ledger: Ledger, spans: Sequence[range], progress: Progress) -> None:
        self._connection = connection
        self._ledger = ledger
        self._spans = spans
        self._progress = progress
        self._tree = Frontier()
        self.audit = JournalAudit(ledger.programme)
        self.checkpoints = 0

    async def run(self, workers: int) -> None:
        """Read the journal, and compare its end with its head and its checkpoints."""
        programme = self._ledger.programme
        next_seq = await fetch_next_seq(self._connection, programme)
        async with aclosing(stream_reports(self._ledger, self._spans, workers)) as reports:
            async for report in reports:
                await self._take(report)
                self._progress(self.audit.last_seq, max(next_seq - 1, self._spans[-1][-1]))
        self.audit.finish(next_seq)
        for seq in await fetch_strays(self._connection, programme, self.audit.last_seq):
            self.audit.note(Invariant.NO_GAP, seq, "something is kept of a transaction that is not there")
        await self._check_other_heads()

    async def _take(self, report: SpanReport) -> None:
        self.checkpoints += len(report.heads)
        for head in report.heads:
            self._note_signature(head.size, is_ours=head.is_ours)
        if report.sound and self.audit.accept(report.sound):
            self._grow(report)
        elif self.audit.is_full:
            self.audit.skip(report.seqs)
        else:
            await self._audit_slowly(report)

    def _grow(self, report: SpanReport) -> None:
        """Let the tree grow by a sound span. Behind a gap no root can be right."""
        fits = self._tree.size == report.seqs.start - 1
        for head in report.heads:
            self._note_root(head, self._tree.graft(head.tree).root() if fits else b"")
        if fits:
            self._tree = self._tree.graft(report.tree)

    async def _audit_slowly(self, report: SpanReport) -> None:
        """Find out what is wrong in a span, transaction by transaction."""
        found = len(self.audit.findings)
        rows, names = await fetch_stored_span(self._connection, self._ledger.programme, report.seqs)
        heads, leaves = {head.size: head for head in report.heads}, list[bytes]()
        for stored in rows:
            self.audit.check(stored, names)
            leaves.append(stored.leaf_hash)
            if head := heads.pop(stored.seq, None):
                self._tree, leaves = self._tree.extend(leaves), []
                self._note_root(head, self._tree.root())
        self._tree = self._tree.extend(leaves)
        for head in heads.values():
            self._note_root(head, b"")
        if len(self.audit.findings) == found and self.audit.last_seq == report.seqs[-1]:
            raise BrokenInvariant(f"the quick audit refuses transactions {report.seqs}, the slow one does not")

    def _note_root(self, head: SpanHead, root: bytes) -> None:
        if head.root != root:
            self.audit.note(Invariant.HASHES_MATCH, head.size, "the root of the checkpoint does not recompute")

    def _note_signature(self, size: int, *, is_ours: bool) -> None:
        if not is_ours:
            self.audit.note(Invariant.HASHES_MATCH, size, "the signature of the checkpoint is not ours")

    async def _check_other_heads(self) -> None:
        """Check the checkpoints that end in no span: where transactions are missing, or behind the last one."""
        programme, start = self._ledger.programme, 0
        for span in (*self._spans, range(_SIZE_END, _SIZE_END)):
            async for head in stream_checkpoints(self._connection, programme, range(start, span.start)):
                self.checkpoints += 1
                self._note_signature(head.size, is_ours=is_ours(programme, head))
                seq = min(head.size, self.audit.last_seq + 1)
                self.audit.note(Invariant.NO_GAP, seq, f"a checkpoint covers {head.size} transactions")
            start = span.stop

    async def compare(self, beside: _Beside) -> None:
        """Compare the journal, when it is read to its end, with what stands beside it."""
        differing = list(islice(self.audit.balances.unlike(beside.balances), FINDINGS_MAX))
        names = await fetch_account_names(self._connection, self._ledger.programme, differing)
        for number in differing:
            if number in names:  # an entry of an account that is not there was found where it stands
                self.audit.compare(number, names[number], beside.balances[number])
        self.audit.sum_up(beside.sums)
        for seq in beside.lost:
            self.audit.note(Invariant.ONE_ANSWER, seq, "a kept answer names a transaction that is not there")
        for mismatch in beside.mismatches:
            self.audit.note(mismatch.invariant, None, mismatch.what)
        for wrong in beside.trail:
            self.audit.note(Invariant.TRAIL_MATCHES, None, wrong)

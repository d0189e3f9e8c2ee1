"""Verifying a ledger: every invariant recomputed from the rows, in one snapshot, streaming."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.core.canonical import format_instant
from app.core.ids import ProgrammeId
from app.core.invariants import Finding, Invariant, JournalAudit
from app.core.merkle import Frontier
from app.security.checkpoints import checkpoint_text, is_signed_by
from app.store.auditing import (
    StoredCheckpoint,
    fetch_all_accounts,
    fetch_checkpoints_by_size,
    fetch_lost_answers,
    fetch_next_seq,
    stream_journal,
)
from app.store.auditing_rows import fetch_mismatches
from app.store.database import BatchConnection, Database

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


async def run_verify(database: Database, programme: ProgrammeId, progress: Progress) -> VerifyReport:
    """Verify one programme's ledger. `progress` hears how many transactions of how many are done."""
    began = time.perf_counter()
    connection = await database.connect_reading()
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            audit, checkpoints = await _audit(connection, programme, progress)
    finally:
        await connection.close()
    return VerifyReport(
        programme,
        audit.last_seq,
        len(audit.accounts),
        len(checkpoints),
        time.perf_counter() - began,
        tuple(audit.findings),
    )


async def _audit(
    connection: BatchConnection, programme: ProgrammeId, progress: Progress
) -> tuple[JournalAudit, Mapping[int, StoredCheckpoint]]:
    names, balances = await fetch_all_accounts(connection, programme)
    next_seq = await fetch_next_seq(connection, programme)
    checkpoints = await fetch_checkpoints_by_size(connection, programme)
    audit = JournalAudit(programme, names)
    frontier = Frontier()
    async for chunk in stream_journal(connection, programme):
        leaves: list[bytes] = []
        for stored in chunk:
            audit.check(stored)
            leaves.append(stored.leaf_hash)
            if stored.seq in checkpoints:
                frontier = frontier.extend(leaves)
                leaves = []
                _check_root(audit, checkpoints[stored.seq], stored.seq, frontier.root())
        frontier = frontier.extend(leaves)
        progress(audit.last_seq, next_seq - 1)
    audit.finish(next_seq, balances)
    for size, checkpoint in checkpoints.items():
        _check_signature(audit, checkpoint, size)
        if size > audit.last_seq:
            audit.note(Invariant.NO_GAP, audit.last_seq + 1, f"a checkpoint covers {size} transactions")
    await _check_rows(connection, programme, audit)
    return audit, checkpoints


def _check_root(audit: JournalAudit, checkpoint: StoredCheckpoint, size: int, root: bytes) -> None:
    if checkpoint.root != root:
        audit.note(Invariant.HASHES_MATCH, size, "the root of the checkpoint does not recompute")


def _check_signature(audit: JournalAudit, checkpoint: StoredCheckpoint, size: int) -> None:
    text = checkpoint_text(audit.programme, size, checkpoint.root, format_instant(checkpoint.recorded_at))
    if checkpoint.public_key is None or not is_signed_by(checkpoint.public_key, checkpoint.signature, text):
        audit.note(Invariant.HASHES_MATCH, size, "the signature of the checkpoint is not ours")


async def _check_rows(connection: BatchConnection, programme: ProgrammeId, audit: JournalAudit) -> None:
    for seq in await fetch_lost_answers(connection, programme):
        audit.note(Invariant.ONE_ANSWER, seq, "a kept answer names a transaction that is not there")
    for mismatch in await fetch_mismatches(connection, programme):
        audit.note(mismatch.invariant, None, mismatch.what)

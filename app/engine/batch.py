"""One batch: lock the head, replay what is known, prefetch, decide one by one in memory, write, advance, commit.

The caller owns the retry. Nothing but SQL is awaited inside the transaction.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from uuid_utils.compat import uuid7

from app.core.accounts import AccountKey
from app.core.book import Accepted, AnswerFields, Book, Decision
from app.core.canonical import encode_transaction, format_instant, hash_leaf
from app.core.codes import Code, Rejected
from app.core.commands import Command, decide
from app.core.confirmations import CloseRedemption
from app.core.idempotency import ANY_BODY, NOT_KEPT, AnswerKey, KeptAnswer, encode_outcome, replay, till_key
from app.core.ids import ProgrammeId, TransactionId
from app.core.lapses import lapses_before
from app.core.orders import ExpireOrder
from app.core.rows import Row, Tombstone
from app.store.accounts import AccountRow, write_accounts
from app.store.answers import fetch_answers, insert_answers
from app.store.batch_writes import write_rows
from app.store.books import fetch_book, merge_needs
from app.store.database import BatchConnection
from app.store.journal import (
    Head,
    TransactionRow,
    TransferRow,
    advance_head,
    insert_transactions,
    insert_transfers,
    lock_head,
)
from app.store.journal_copies import copy_journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A command with the key under which its answer is kept, and the hash of the body it came in."""

    command: Command
    key: AnswerKey
    body_hash: bytes
    conflict: Code = Code.IDEMPOTENCY_KEY_USED
    render: Callable[["Outcome"], str] | None = None
    """How the caller writes a fresh answer: asked while the database writes the batch, when there is time for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a submission: an answer or a refusal, fresh (with rows and receipt) or replayed."""

    answer: AnswerFields | Rejected
    replayed: bool = False
    rows: tuple[Row, ...] = ()
    seq: int | None = None
    leaf_hash: bytes = b""
    transaction: TransactionId | None = None
    body: str = ""
    """What `Submission.render` made of it; empty where nobody asked, for refusals and replays, and for want of time."""


RENDERED_AT_ONCE = 2
"""After so many the database is listened to again."""

COPY_FROM = 16
"""So many transactions are appended by COPY, a tenth faster in all; for fewer its extra round trips cost more."""

JOB_BODY = b"job"
"""The body hash of commands that no body came with."""

REVERSED_BEFORE = Rejected(Code.ORDER_REVERSED)
"""The answer that waits for a redemption whose number was reversed before it arrived."""


def _new_transaction() -> TransactionId:
    return TransactionId(uuid7())


@dataclass(slots=True)
class Ink:
    """What a batch is going to write."""

    transactions: list[TransactionRow] = field(default_factory=list)
    transfers: list[TransferRow] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    answers: dict[AnswerKey, KeptAnswer] = field(default_factory=dict)
    touched: dict[AccountKey, int] = field(default_factory=dict)


class Desk:
    """Decides the commands of one batch on one book, and collects what is to be written."""

    def __init__(self, head: Head, book: Book, account_nos: dict[AccountKey, int], at: datetime) -> None:
        self.book = book
        self.ink = Ink()
        self.next_seq = head.next_seq
        self.next_account_no = head.next_account_no
        self._account_nos = account_nos
        self._at = at
        self._recorded_at = format_instant(at)
        self._sales = {till_key(sale): sale for sale in book.sales}

    def decide(self, submission: Submission) -> Outcome:
        """Decide one command that has no answer yet, after the ends of holds that are over and concern it."""
        command = submission.command
        if self.book.lapsing and not isinstance(command, CloseRedemption | ExpireOrder):
            for lapse in lapses_before(command.needs(), self.book, _new_transaction):
                self.take(decide(lapse, self.book, self._at))
        decision = decide(command, self.book, self._at)
        seq, leaf_hash, transaction = self.take(decision)
        if not (isinstance(decision, Rejected) and decision.code in NOT_KEPT):
            self._keep(submission, decision, seq)
        if isinstance(decision, Rejected):
            return Outcome(answer=decision)
        return Outcome(
            answer=decision.answer, rows=decision.rows, seq=seq, leaf_hash=leaf_hash, transaction=transaction
        )

    def take(self, decision: Decision) -> tuple[int | None, bytes, TransactionId | None]:
        """Take a decision into the book, and note what is to be written of it."""
        if isinstance(decision, Rejected):
            return None, b"", None
        self._keep_rows(decision.rows)
        if decision.transaction is None:
            self.book.post(decision)
            return None, b"", None
        return *self._post(decision), decision.transaction.id

    def _keep(self, submission: Submission, decision: Decision, seq: int | None) -> None:
        self.ink.answers[submission.key] = KeptAnswer(submission.body_hash, encode_outcome(decision), seq)
        if isinstance(decision, Rejected) and (sale := self._sales.get(submission.key)):
            self.book.sales[sale] = decision.code

    def _keep_rows(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if isinstance(row, Tombstone):
                self.ink.answers[till_key(row.sale)] = KeptAnswer(ANY_BODY, encode_outcome(REVERSED_BEFORE))
            else:
                self.ink.rows.append(row)

    def _post(self, accepted: Accepted) -> tuple[int, bytes]:
        transaction = accepted.transaction
        if transaction is None:
            raise TypeError("nothing to post")
        seq = self.next_seq
        for position, (transfer, debit_balance, credit_balance) in enumerate(self.book.post(accepted)):
            debit = self._account_no(transfer.debit)
            credit = self._account_no(transfer.credit)
            self.ink.touched[transfer.debit] = debit
            self.ink.touched[transfer.credit] = credit
            self.ink.transfers.append(
                TransferRow(seq, position, debit, credit, transfer.amount, debit_balance, credit_balance)
            )
        canonical = encode_transaction(self.book.programme.id, seq, self._recorded_at, transaction)
        leaf_hash = hash_leaf(canonical)
        self.ink.transactions.append(TransactionRow(seq, transaction, leaf_hash))
        self.next_seq = seq + 1
        return seq, leaf_hash

    def _account_no(self, key: AccountKey) -> int:
        number = self._account_nos.get(key)
        if number is None:
            number = self.next_account_no
            self.next_account_no = number + 1
            self._account_nos[key] = number
        return number


async def run_batch(
    connection: BatchConnection,
    programme: ProgrammeId,
    draw: Callable[[], Sequence[Submission]],
    clock: Callable[[], datetime],
) -> list[Outcome]:
    """Run one batch in a transaction of its own; `draw` is called once the head is ours.

    Returns the outcomes in the order drawn, after the commit. Raises what the database or a broken command raises;
    then nothing was written.
    """
    async with connection.transaction():
        head = await lock_head(connection, programme)
        submissions = draw()
        at = max(clock(), head.recorded_at)
        known = await fetch_answers(connection, programme, {submission.key for submission in submissions})
        fresh = [submission for submission in submissions if submission.key not in known]
        fetched = await fetch_book(
            connection, head.programme, merge_needs(submission.command.needs() for submission in fresh), at
        )
        desk = Desk(head, fetched.book, fetched.account_nos, at)
        outcomes = []
        for submission in submissions:
            kept = known.get(submission.key) or desk.ink.answers.get(submission.key)
            outcomes.append(_replay(kept, submission) if kept else desk.decide(submission))
        writing = asyncio.ensure_future(write_desk(connection, programme, desk, at))
        try:
            outcomes = await render_meanwhile(writing, submissions, outcomes)
        finally:
            await writing
    return outcomes


async def render_meanwhile(
    writing: asyncio.Future[None], submissions: Sequence[Submission], outcomes: Sequence[Outcome]
) -> list[Outcome]:
    """Write fresh answers for their callers as long as the database is busy, and no longer: others wait for the head.

    What there is no time for, and what cannot be written, is left to the caller.
    """
    rendered = list(outcomes)
    for position, (submission, outcome) in enumerate(zip(submissions, outcomes, strict=True)):
        if position % RENDERED_AT_ONCE == 0:
            await asyncio.sleep(0)
            if writing.done():
                break
        if submission.render and not outcome.replayed and not isinstance(outcome.answer, Rejected):
            with suppress(Exception):
                rendered[position] = replace(outcome, body=submission.render(outcome))
    return rendered


def _replay(kept: KeptAnswer, submission: Submission) -> Outcome:
    answer = replay(kept, submission.body_hash, submission.conflict)
    conflict = isinstance(answer, Rejected) and answer.code is submission.conflict
    return Outcome(answer=answer, replayed=not conflict and kept.body_hash != ANY_BODY, seq=kept.seq)


async def write_desk(connection: BatchConnection, programme: ProgrammeId, desk: Desk, at: datetime) -> None:
    """Write what a desk has decided, and move the head on. Within the transaction that holds the head."""
    ink = desk.ink
    if ink.transactions:
        if len(ink.transactions) < COPY_FROM:
            await insert_transactions(connection, programme, at, ink.transactions)
            await insert_transfers(connection, programme, ink.transfers)
        else:
            await copy_journal(connection, programme, at, ink.transactions, ink.transfers)
        balances = [AccountRow(number, key, desk.book.accounts[key.owner][key]) for key, number in ink.touched.items()]
        await write_accounts(connection, programme, balances)
    if ink.rows:
        seqs = {row.transaction.id: row.seq for row in ink.transactions}
        await write_rows(connection, programme, ink.rows, seqs)
    if ink.answers:
        await insert_answers(connection, programme, at, ink.answers)
    if ink.transactions:
        await advance_head(connection, programme, desk.next_seq, desk.next_account_no, at)

"""Commands on their way: a committer that is closed at the end, submissions, a volunteer who pays."""

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from uuid import UUID

from uuid_utils.compat import uuid7

from app.core.book import AnswerFields
from app.core.codes import Code, Rejected
from app.core.commands import Command
from app.core.idempotency import AnswerKey
from app.core.ids import ProgrammeId, RedemptionId, TransactionId, VolunteerId
from app.core.pay_codes import IssuePayCode
from app.core.quantities import Points
from app.core.redemptions import Redeem
from app.core.rows import PayCodeHash, TradeNo
from app.engine.batch import Outcome, Submission, run_batch
from app.engine.committer import BATCH_MAX, QUEUE_MAX, Committer
from app.store.database import BatchConnection, Database
from tests.support.city_rows import Till


@contextlib.asynccontextmanager
async def a_committer(
    database: Database,
    programme: ProgrammeId,
    clock: Callable[[], datetime],
    *,
    queue_max: int = QUEUE_MAX,
    batch_max: int = BATCH_MAX,
) -> AsyncIterator[Committer]:
    """A committer for the length of the block."""
    committer = Committer(database, programme, clock, queue_max=queue_max, batch_max=batch_max)
    try:
        yield committer
    finally:
        await committer.close()


@contextlib.asynccontextmanager
async def a_connection(database: Database) -> AsyncIterator[BatchConnection]:
    """A connection such as committers have, for the length of the block."""
    connection = await database.connect_batch()
    try:
        yield connection
    finally:
        await connection.close()


async def run_together(
    database: Database, programme: ProgrammeId, clock: Callable[[], datetime], *submissions: Submission
) -> list[Outcome]:
    """Run submissions as exactly one batch."""
    async with a_connection(database) as connection:
        return await run_batch(connection, programme, lambda: submissions, clock)


async def run_apart(
    database: Database, programme: ProgrammeId, clock: Callable[[], datetime], *submissions: Submission
) -> list[Outcome]:
    """Run submissions as a batch each."""
    async with a_connection(database) as connection:
        outcomes = [
            await run_batch(connection, programme, partial(tuple, [submission]), clock) for submission in submissions
        ]
    return [outcome for [outcome] in outcomes]


def a_submission(
    command: Command,
    key: str | None = None,
    *,
    scope: str = "test",
    body: str = "",
    conflict: Code = Code.IDEMPOTENCY_KEY_USED,
) -> Submission:
    """A command under a key (a new one unless given), with the body it came in."""
    return Submission(
        command=command,
        key=AnswerKey(scope, key or uuid7().hex),
        body_hash=sha256(body.encode()).digest(),
        conflict=conflict,
    )


def accepted(outcome: Outcome) -> AnswerFields:
    """The answer of an outcome that must not be a refusal."""
    assert not isinstance(outcome.answer, Rejected), outcome.answer
    return outcome.answer


def refused(outcome: Outcome) -> Code:
    """The code of an outcome that must be a refusal."""
    assert isinstance(outcome.answer, Rejected), outcome.answer
    return outcome.answer.code


async def a_pay_code(committer: Committer, volunteer: VolunteerId) -> PayCodeHash:
    """Let a volunteer have a pay code; only its hash is known to the engine."""
    code = PayCodeHash(sha256(uuid7().bytes).digest())
    accepted(await committer.submit(a_submission(IssuePayCode(code=code, volunteer=volunteer))))
    return code


def a_redeem(
    till: Till,
    code: PayCodeHash,
    points: int,
    trade_no: str,
    *,
    redemption: UUID | None = None,
    transaction: UUID | None = None,
) -> Redeem:
    """The command of a till that takes points."""
    return Redeem(
        redemption=RedemptionId(redemption or uuid7()),
        transaction=TransactionId(transaction or uuid7()),
        trade_no=TradeNo(trade_no),
        code=code,
        terminal=till.terminal,
        points=Points(points),
    )


def at_till(till: Till, command: Redeem, body: str | None = None) -> Submission:
    """A redemption as the till's endpoint submits it: under the merchant's own order number."""
    return a_submission(
        command,
        command.trade_no,
        scope=f"till:{till.merchant.hex}",
        body=f"{command.points} {command.code.hex()}" if body is None else body,
        conflict=Code.OUT_TRADE_NO_USED,
    )


async def pay(committer: Committer, till: Till, volunteer: VolunteerId, points: int, trade_no: str) -> Outcome:
    """A volunteer shows a new pay code and the till takes points."""
    code = await a_pay_code(committer, volunteer)
    return await committer.submit(at_till(till, a_redeem(till, code, points, trade_no)))

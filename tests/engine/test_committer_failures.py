"""What the committer does when a command, the database or the line breaks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import asyncpg
import pytest

from app.core.book import Book, Decision
from app.core.commands import Command, decide
from app.core.redemptions import Redeem
from app.core.rows import TradeNo
from app.engine import batch
from app.engine import committer as committers
from app.engine.batch import Outcome
from app.engine.committer import ATTEMPTS_MAX, CommandFailed, OutcomeUnknown
from app.store.database import Database
from tests.engine.failing import (
    fail_before_writing,
    kill_connection_while_writing,
    lose_connection_after_commit,
)
from tests.engine.rushes import POINTS, answered, issue_codes, submit_all
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.commands import a_committer, accepted, at_till
from tests.support.ledgers import assert_sound, fetch_rows, fetch_tables

RUSH = 5
BROKEN = 2

PAID = "SELECT count(*)::int, count(DISTINCT trade_no)::int, coalesce(sum(points), 0)::int FROM redemptions"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committers, "BACKOFF_S", 0.001)


def assert_only_the_broken_failed(outcomes: Sequence[Outcome | BaseException]) -> BaseException | None:
    """All but the one were answered; the cause of that one's failure is given back."""
    broken = outcomes[BROKEN]
    answered([outcome for outcome in outcomes if outcome is not broken])
    assert isinstance(broken, CommandFailed), broken
    return broken.__cause__


async def test_a_bug_hurts_only_the_command_that_meets_it(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command of a batch raises: its caller gets an error, the others are answered."""
    city = await a_city(database, clock, volunteers=RUSH)
    async with a_committer(database, city.programme, clock) as committer:
        commands = await issue_codes(committer, city)

        def buggy(command: Command, book: Book, at: datetime) -> Decision:
            if command is commands[BROKEN]:
                raise ZeroDivisionError
            return decide(command, book, at)

        monkeypatch.setattr(batch, "decide", buggy)
        cause = assert_only_the_broken_failed(await submit_all(committer, city, commands))
        assert isinstance(cause, ZeroDivisionError)
        assert await fetch_rows(database, PAID) == [(RUSH - 1, RUSH - 1, POINTS * (RUSH - 1))]
        monkeypatch.setattr(batch, "decide", decide)
        mended = await committer.submit(at_till(city.tills[0], commands[BROKEN]))
    accepted(mended)
    assert not mended.replayed
    await assert_sound(database, city.programme)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda bad, good: replace(bad, transaction=good.transaction), id="constraint"),
        pytest.param(lambda bad, _: replace(bad, trade_no=TradeNo("A\0")), id="what PostgreSQL cannot store"),
        pytest.param(lambda bad, _: replace(bad, trade_no=TradeNo("\ud800")), id="what UTF-8 cannot write"),
        pytest.param(lambda bad, _: replace(bad, terminal="no uuid"), id="what the driver cannot encode"),
    ],
)
async def test_a_command_that_the_database_refuses_fails_alone(
    database: Database, clock: Clock, spoil: Callable[[Redeem, Redeem], Redeem]
) -> None:
    """One command of a batch breaks a rule of the database: only its caller gets an error."""
    city = await a_city(database, clock, volunteers=RUSH)
    async with a_committer(database, city.programme, clock) as committer:
        commands = list(await issue_codes(committer, city))
        commands[BROKEN] = spoil(commands[BROKEN], commands[0])
        cause = assert_only_the_broken_failed(await submit_all(committer, city, commands))
    assert isinstance(cause, asyncpg.PostgresError | ValueError)
    assert await fetch_rows(database, PAID) == [(RUSH - 1, RUSH - 1, POINTS * (RUSH - 1))]
    await assert_sound(database, city.programme)


TRANSIENT = [
    asyncpg.SerializationError("could not serialize access"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
    asyncpg.LockNotAvailableError("lock timeout"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.InterfaceError("connection is closed"),
    ConnectionResetError("reset by peer"),
    TimeoutError(),
]


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
async def test_what_passes_is_tried_again(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A batch that fails for a passing reason as often as is allowed is committed at the last try, once."""
    city = await a_city(database, clock, volunteers=RUSH)
    async with a_committer(database, city.programme, clock) as committer:
        commands = await issue_codes(committer, city)
        tries = fail_before_writing(monkeypatch, error, times=ATTEMPTS_MAX - 1)
        outcomes = answered(await submit_all(committer, city, commands))
    assert len(tries) == ATTEMPTS_MAX
    assert not any(outcome.replayed for outcome in outcomes)
    assert await fetch_rows(database, PAID) == [(RUSH, RUSH, POINTS * RUSH)]
    await assert_sound(database, city.programme)


async def test_what_does_not_pass_is_given_up(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last try everyone in the batch learns that the outcome is unknown; asking again works."""
    city = await a_city(database, clock, volunteers=RUSH)
    async with a_committer(database, city.programme, clock) as committer:
        commands = await issue_codes(committer, city)
        before = await fetch_tables(database)
        tries = fail_before_writing(monkeypatch, ConnectionResetError(), times=ATTEMPTS_MAX)
        outcomes = await submit_all(committer, city, commands)
        assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * RUSH
        assert len(tries) == ATTEMPTS_MAX
        assert await fetch_tables(database) == before
        answered(await submit_all(committer, city, commands))
    assert await fetch_rows(database, PAID) == [(RUSH, RUSH, POINTS * RUSH)]


async def test_a_database_that_is_away_is_an_unknown_outcome(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever for a server that cannot be reached; once it is back, all goes on."""
    city = await a_city(database, clock, volunteers=RUSH)
    async with a_committer(database, city.programme, clock) as other:
        commands = await issue_codes(other, city)

    async def away() -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(database, "connect_batch", away)
        committer = committers.Committer(database, city.programme, clock)
        outcomes = await submit_all(committer, city, commands)
        assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * RUSH
    answered(await submit_all(committer, city, commands))
    await committer.close()


async def test_a_connection_killed_in_the_middle_of_a_batch_is_replaced(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends the committer's connection while it writes: the batch is run again, once."""
    city = await a_city(database, clock, volunteers=RUSH)
    async with a_committer(database, city.programme, clock) as committer:
        commands = await issue_codes(committer, city)
        killed = kill_connection_while_writing(monkeypatch, database)
        outcomes = answered(await submit_all(committer, city, commands))
        connection = committer._connection
    assert connection is not None
    assert len(killed) == 1
    assert not any(outcome.replayed for outcome in outcomes)
    assert await fetch_rows(database, PAID) == [(RUSH, RUSH, POINTS * RUSH)]
    await assert_sound(database, city.programme)


async def test_a_commit_whose_news_was_lost_is_answered_and_there_once(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line dies after the commit reached the server: answers are replayed, the ledger has them once."""
    city = await a_city(database, clock, volunteers=RUSH)
    async with a_committer(database, city.programme, clock) as committer:
        commands = await issue_codes(committer, city)
        lost = lose_connection_after_commit(monkeypatch)
        outcomes = answered(await submit_all(committer, city, commands))
    assert lost
    assert [outcome.replayed for outcome in outcomes] == [True] * RUSH
    stored = await fetch_rows(database, "SELECT seq FROM redemptions ORDER BY trade_no")
    assert [(outcome.seq,) for outcome in outcomes] == stored
    assert await fetch_rows(database, PAID) == [(RUSH, RUSH, POINTS * RUSH)]
    await assert_sound(database, city.programme)

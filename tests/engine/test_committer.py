"""The committer: nobody waits for ever, nobody suffers for another's fault, and what was answered stays."""

import asyncio

import pytest

from app.engine.committer import QueueFull
from app.store.database import Database
from app.store.journal import lock_head
from tests.engine.rushes import answered, issue_codes, submit_all, wait_for_queue
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_connection, accepted, at_till
from tests.support.ledgers import assert_sound, fetch_rows


async def test_a_full_queue_refuses_at_once(database: Database, clock: Clock) -> None:
    """While another process holds the head, as many wait as may; the next is told to come back."""
    city = await a_city(database, clock, volunteers=4)
    async with a_committer(database, city.programme, clock, queue_max=3) as committer:
        commands = await issue_codes(committer, city)
        async with a_connection(database) as holder, holder.transaction():
            await lock_head(holder, city.programme)
            waiting = asyncio.create_task(submit_all(committer, city, commands[:3]))
            await wait_for_queue(committer, 3)
            with pytest.raises(QueueFull):
                await committer.submit(at_till(city.tills[0], commands[3]))
        assert len(answered(await waiting)) == 3
        accepted(await committer.submit(at_till(city.tills[0], commands[3])))
    await assert_sound(database, city.programme)


async def test_what_queues_up_behind_the_lock_is_one_batch(database: Database, clock: Clock) -> None:
    """No timer and no size: whatever arrived while the head was away is written together, at one moment."""
    city = await a_city(database, clock, volunteers=5)
    async with a_committer(database, city.programme, clock) as committer:
        commands = await issue_codes(committer, city)
        await submit_all(committer, city, commands)
    assert await fetch_rows(database, "SELECT count(*), count(DISTINCT xmin::text) FROM redemptions") == [(5, 1)]


async def test_a_cancelled_caller_does_not_take_the_command_along(database: Database, clock: Clock) -> None:
    """A client that hangs up while its command waits leaves it in the queue: it is decided and kept."""
    city = await a_city(database, clock, volunteers=1)
    [till] = city.tills[:1]
    async with a_committer(database, city.programme, clock) as committer:
        [command] = await issue_codes(committer, city)
        async with a_connection(database) as holder, holder.transaction():
            await lock_head(holder, city.programme)
            caller = asyncio.create_task(committer.submit(at_till(till, command)))
            await wait_for_queue(committer, 1)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
        outcome = await committer.submit(at_till(till, command))
    assert accepted(outcome)
    assert outcome.replayed
    assert await fetch_rows(database, "SELECT count(*) FROM redemptions") == [(1,)]


async def test_closing_finishes_what_is_queued(database: Database, clock: Clock) -> None:
    """A process that is told to stop answers everyone who is waiting before it goes."""
    city = await a_city(database, clock, volunteers=9)
    async with a_committer(database, city.programme, clock, batch_max=2) as committer:
        commands = await issue_codes(committer, city)
        async with a_connection(database) as holder, holder.transaction():
            await lock_head(holder, city.programme)
            answers = asyncio.create_task(submit_all(committer, city, commands))
            await wait_for_queue(committer, 9)
            closing = asyncio.create_task(committer.close())
            await asyncio.sleep(0)
        await closing
        assert answers.done()
    assert len(answered(await answers)) == 9


async def test_two_committers_share_one_journal(database: Database, clock: Clock) -> None:
    """Two processes write in turns: sequence numbers without gaps, each redemption once, every leaf right."""
    city = await a_city(database, clock, volunteers=40)
    async with (
        a_committer(database, city.programme, clock, batch_max=1) as one,
        a_committer(database, city.programme, clock, batch_max=1) as other,
    ):
        commands = await issue_codes(one, city)
        by_one, by_other = [], []
        for first in range(0, 20, 4):  # in rounds: left alone, one may be done before the other has its connection
            mine, theirs = await asyncio.gather(
                submit_all(one, city, commands[first : first + 4]),
                submit_all(other, city, commands[first + 20 : first + 24]),
            )
            by_one += mine
            by_other += theirs
    seqs = [[outcome.seq or 0 for outcome in answered(outcomes)] for outcomes in (by_one, by_other)]
    assert min(seqs[0]) < max(seqs[1]), "they took turns"
    assert min(seqs[1]) < max(seqs[0]), "they took turns"
    assert sorted(seqs[0] + seqs[1]) == list(range(max(map(max, seqs)) - 39, max(map(max, seqs)) + 1))
    assert await fetch_rows(database, "SELECT count(*), count(DISTINCT trade_no) FROM redemptions") == [(40, 40)]
    await assert_sound(database, city.programme)

"""Answers are written for their callers while the database is busy, and none leaves before the commit."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from app.core.codes import Code
from app.core.rows import PayCodeHash
from app.engine.batch import RENDERED_AT_ONCE, Outcome, Submission
from app.engine.committer import Committer
from app.store.database import Database
from tests.engine.rushes import PATIENCE_S, issue_codes
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_connection, a_redeem, accepted, at_till, refused
from tests.support.ledgers import assert_sound, fetch_rows

Render = Callable[[Outcome], str]


def _write(outcome: Outcome) -> str:
    """What a caller might write: the receipt."""
    return f"{outcome.seq}:{outcome.leaf_hash.hex()}"


async def _submissions(committer: Committer, city: City, render: Render) -> Sequence[Submission]:
    """A redemption of each volunteer, to be rendered."""
    commands = await issue_codes(committer, city)
    return [replace(at_till(city.tills[0], command), render=render) for command in commands]


async def test_fresh_answers_come_written(database: Database, clock: Clock) -> None:
    """Each with its own receipt, as far as there was time; a refusal and a replay are left to the caller."""
    city = await a_city(database, clock, volunteers=9)
    async with a_committer(database, city.programme, clock) as committer:
        submissions = await _submissions(committer, city, _write)
        outcomes = await asyncio.gather(*map(committer.submit, submissions))
        assert all(outcome.body == _write(outcome) for outcome in outcomes[:RENDERED_AT_ONCE]), (
            "before the first answer"
        )
        assert all(outcome.body in {"", _write(outcome)} for outcome in outcomes)
        again = await committer.submit(submissions[0])
        assert again.replayed
        assert not again.body
        wrong = at_till(city.tills[0], a_redeem(city.tills[0], PayCodeHash(bytes(32)), 1, "W-1"))
        refusal = await committer.submit(replace(wrong, render=_write))
        assert refused(refusal) is Code.CODE_INVALID
        assert not refusal.body


async def test_what_cannot_be_written_is_left_to_the_caller(database: Database, clock: Clock) -> None:
    """A bug while an answer is written spoils neither the command nor the others of the batch."""
    city = await a_city(database, clock, volunteers=2)
    broken: list[Outcome] = []

    def write(outcome: Outcome) -> str:
        if not broken:
            broken.append(outcome)
            raise ZeroDivisionError
        return _write(outcome)

    async with a_committer(database, city.programme, clock) as committer:
        first, second = await _submissions(committer, city, write)
        outcomes = await asyncio.gather(committer.submit(first), committer.submit(second))
    assert [accepted(outcome)["redemption"] for outcome in outcomes]
    assert [outcome.body for outcome in outcomes] == ["", _write(outcomes[1])]
    assert await fetch_rows(database, "SELECT count(*) FROM redemptions") == [(2,)]
    await assert_sound(database, city.programme)


async def test_a_written_answer_waits_for_the_commit(database: Database, clock: Clock) -> None:
    """It is written while a row that the batch needs is locked; the caller hears nothing until all is in."""
    city = await a_city(database, clock, volunteers=1)
    written = asyncio.Event()

    def write(outcome: Outcome) -> str:
        written.set()
        return _write(outcome)

    async with a_committer(database, city.programme, clock) as committer:
        [submission] = await _submissions(committer, city, write)
        async with a_connection(database) as other, other.transaction():
            await other.fetch("SELECT * FROM accounts WHERE programme_id = $1 FOR UPDATE", city.programme)
            caller = asyncio.create_task(committer.submit(submission))
            async with asyncio.timeout(PATIENCE_S):
                await written.wait()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(caller), 0.2)
            assert await fetch_rows(database, "SELECT count(*) FROM redemptions") == [(0,)]
        assert (await caller).body
    assert await fetch_rows(database, "SELECT count(*) FROM redemptions") == [(1,)]

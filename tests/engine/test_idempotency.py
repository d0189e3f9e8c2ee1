"""An answer lives as long as the entry that it is about: asked again, it is given again."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from app.core.accounts import AccountKind
from app.core.codes import Code
from app.core.ids import NOBODY, TransactionId
from app.core.lot_life import ExpireLots
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import named
from tests.support.clocks import Clock
from tests.support.commands import (
    a_committer,
    a_pay_code,
    a_redeem,
    a_submission,
    accepted,
    at_till,
    pay,
    refused,
)
from tests.support.earnings import Service, earn
from tests.support.ledgers import assert_sound, fetch_rows, fetch_tables, fetch_total

A_YEAR = timedelta(days=365)


async def test_the_same_answer_a_year_later_and_after_the_lots_have_expired(database: Database, clock: Clock) -> None:
    """Case 6: the code is long dead and the lots are breakage, and the same number still has its answer."""
    city = await a_city(database, clock)
    [till, *_], [volunteer, *_] = city.tills, city.volunteers
    async with a_committer(database, city.programme, clock) as committer:
        code = await a_pay_code(committer, volunteer)
        submission = at_till(till, a_redeem(till, code, 120, "20231105-0001"))
        first = await committer.submit(submission)
        clock.move(A_YEAR)
        a_year_later = await committer.submit(submission)
        clock.move(2 * A_YEAR)
        expire = ExpireLots(volunteer=volunteer, transaction=TransactionId(named("expiry")))
        accepted(await committer.submit(a_submission(expire)))
        assert await fetch_total(database, AccountKind.BREAKAGE, NOBODY) == 380
        before = await fetch_tables(database)
        after_expiry = await committer.submit(submission)
    assert accepted(a_year_later) == accepted(after_expiry) == accepted(first)
    assert (first.replayed, a_year_later.replayed, after_expiry.replayed) == (False, True, True)
    assert after_expiry.seq == first.seq
    assert await fetch_tables(database) == before
    await assert_sound(database, city.programme)


async def test_another_body_under_a_known_number_is_a_conflict(database: Database, clock: Clock) -> None:
    """Case 6: the same order number with other points is refused, and nothing is touched."""
    city = await a_city(database, clock)
    till = city.tills[0]
    async with a_committer(database, city.programme, clock) as committer:
        first = at_till(till, a_redeem(till, await a_pay_code(committer, city.volunteers[0]), 10, "A-1"))
        answer = await committer.submit(first)
        other = at_till(till, a_redeem(till, await a_pay_code(committer, city.volunteers[0]), 11, "A-1"))
        before = await fetch_tables(database)
        conflict = await committer.submit(other)
        again = await committer.submit(first)
    assert refused(conflict) is Code.OUT_TRADE_NO_USED
    assert not conflict.replayed
    assert accepted(again) == accepted(answer)
    assert await fetch_tables(database) == before


async def test_the_same_number_of_two_merchants_is_two_numbers(database: Database, clock: Clock) -> None:
    """An order number is unique per merchant only."""
    city = await a_city(database, clock)
    async with a_committer(database, city.programme, clock) as committer:
        outcomes = [await pay(committer, till, city.volunteers[0], 10, "A-1") for till in city.tills]
    assert [outcome.replayed for outcome in outcomes] == [False, False]
    assert await fetch_rows(database, "SELECT count(*), sum(points)::int FROM redemptions") == [(2, 20)]


async def test_a_refusal_is_kept_under_its_number(database: Database, clock: Clock) -> None:
    """Refused for want of points, then points arrive: the same number stays refused with the same figures."""
    city = await a_city(database, clock, points=50)
    till = city.tills[0]
    async with a_committer(database, city.programme, clock) as committer:
        code = await a_pay_code(committer, city.volunteers[0])
        refusal = await committer.submit(at_till(till, a_redeem(till, code, 60, "A-1")))
        service = Service(city.volunteers[0], 30, clock.now - timedelta(days=2))
        await earn(database, committer, city, [service])
        again = await committer.submit(at_till(till, a_redeem(till, code, 60, "A-1")))
        new_number = await committer.submit(at_till(till, a_redeem(till, code, 60, "A-2")))
    assert refused(refusal) is Code.NOT_ENOUGH
    assert again.answer == refusal.answer
    assert (refusal.replayed, again.replayed) == (False, True)
    accepted(new_number)


async def test_what_says_nothing_about_the_command_is_not_kept(database: Database, clock: Clock) -> None:
    """SIGN_ERROR of a disabled terminal leaves the number free: enabled again, it may pay."""
    city = await a_city(database, clock)
    till = city.tills[0]
    async with a_committer(database, city.programme, clock) as committer:
        submission = at_till(till, a_redeem(till, await a_pay_code(committer, city.volunteers[0]), 10, "A-1"))
        await _execute(database, "UPDATE terminals SET disabled_at = created_at")
        before = await fetch_tables(database)
        assert refused(await committer.submit(submission)) is Code.SIGN_ERROR
        assert await fetch_tables(database) == before
        await _execute(database, "UPDATE terminals SET disabled_at = NULL")
        paid = await committer.submit(submission)
    accepted(paid)
    assert not paid.replayed


async def test_one_number_sent_to_two_processes_at_once_pays_once(database: Database, clock: Clock) -> None:
    """Forty submissions of one number over two committers: one pays, the others replay it."""
    city = await a_city(database, clock)
    till = city.tills[0]
    async with (
        a_committer(database, city.programme, clock) as one,
        a_committer(database, city.programme, clock) as other,
    ):
        code = await a_pay_code(one, city.volunteers[0])
        submissions = [at_till(till, a_redeem(till, code, 10, "A-1")) for _ in range(20)]
        outcomes = await asyncio.gather(
            *(committer.submit(submission) for submission in submissions for committer in (one, other))
        )
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert len({(str(accepted(outcome)), outcome.seq) for outcome in outcomes}) == 1
    assert await fetch_rows(database, "SELECT points FROM redemptions") == [(10,)]
    await assert_sound(database, city.programme)


async def _execute(database: Database, statement: str) -> None:
    async with database.begin() as tx:
        await tx.execute(text(statement))

"""Unknown outcomes: a number reversed is dead, whichever of the two arrives first; refunds never exceed the sale."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from app.core.accounts import AccountKind
from app.core.codes import Code, Rejected
from app.core.refunds import REVERSE_WITHIN
from app.core.rows import PayCodeHash, RedemptionState
from app.engine.batch import Outcome, Submission
from app.store.database import Database
from tests.support.afterwards import redeemed, refund, reverse
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.commands import (
    a_committer,
    a_pay_code,
    a_redeem,
    accepted,
    at_till,
    pay,
    refused,
    run_apart,
    run_together,
)
from tests.support.ledgers import fetch_rows, fetch_tables, fetch_total
from tests.support.offers import agree
from tests.support.soundness import assert_all_sound

STATES = "SELECT state::text FROM redemptions"
NOTHING_PAID = {AccountKind.REDEEMED: 0, AccountKind.PAYABLE: 0}


async def a_sale(database: Database, city: City, clock: Clock, points: int = 120) -> Submission:
    """The first volunteer has shown a code at the first till; the request is still on its way."""
    async with a_committer(database, city.programme, clock) as committer:
        code = await a_pay_code(committer, city.volunteers[0])
    return at_till(city.tills[0], a_redeem(city.tills[0], code, points, "A-1"))


async def of_merchant(database: Database, city: City) -> dict[AccountKind, int]:
    """What the first merchant has got."""
    return {kind: await fetch_total(database, kind, city.tills[0].merchant) for kind in NOTHING_PAID}


def state_of(outcome: Outcome) -> object:
    """The state that a reversal tells."""
    return accepted(outcome)["state"]


async def test_a_number_never_seen_is_buried(database: Database, clock: Clock) -> None:
    """Case 13's other half: reversed before it arrived, the late original is refused, and asked again it still is."""
    city = await a_city(database, clock)
    sale = await a_sale(database, city, clock)
    buried, again, late, later, other_body = await run_apart(
        database,
        city.programme,
        clock,
        reverse(city.tills[0], "A-1"),
        reverse(city.tills[0], "A-1"),
        sale,
        sale,
        at_till(city.tills[0], a_redeem(city.tills[0], PayCodeHash(b"another"), 1, "A-1")),
    )
    assert (state_of(buried), state_of(again)) == (RedemptionState.REVERSED, RedemptionState.REVERSED)
    assert (buried.replayed, again.replayed) == (False, True)
    assert {refused(outcome) for outcome in (late, later, other_body)} == {Code.ORDER_REVERSED}
    assert await fetch_rows(database, STATES) == []
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 500
    async with a_committer(database, city.programme, clock) as committer:
        accepted(await pay(committer, city.tills[1], city.volunteers[0], 10, "A-1"))
    await assert_all_sound(database, city)


@pytest.mark.parametrize("reversal_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
async def test_either_order_ends_with_nothing_paid(
    database: Database, clock: Clock, *, reversal_first: bool, together: bool
) -> None:
    """Sale and reversal, in one batch or in two, in either order: the state is REVERSED and all is back."""
    city = await a_city(database, clock)
    both = [await a_sale(database, city, clock), reverse(city.tills[0], "A-1")]
    run = run_together if together else run_apart
    outcomes = await run(database, city.programme, clock, *(both[::-1] if reversal_first else both))
    sale, reversal = outcomes[::-1] if reversal_first else outcomes
    assert state_of(reversal) == RedemptionState.REVERSED
    if reversal_first:
        assert refused(sale) is Code.ORDER_REVERSED
        assert await fetch_rows(database, STATES) == []
    else:
        accepted(sale)
        assert await fetch_rows(database, STATES) == [("REVERSED",)]
    assert await of_merchant(database, city) == NOTHING_PAID
    assert await fetch_total(database, AccountKind.FUND, city.fund) == 1_000_000
    await assert_all_sound(database, city)


async def test_the_race_of_two_processes_ends_with_nothing_paid(database: Database, clock: Clock) -> None:
    """Twenty sales and their reversals meet in two processes: whoever wins, nobody has paid."""
    city = await a_city(database, clock, volunteers=20)
    [till, *_] = city.tills
    async with (
        a_committer(database, city.programme, clock, batch_max=3) as one,
        a_committer(database, city.programme, clock, batch_max=3) as other,
    ):
        codes = [await a_pay_code(one, volunteer) for volunteer in city.volunteers]
        sales = [at_till(till, a_redeem(till, code, 30, f"A-{number}")) for number, code in enumerate(codes)]
        reversals = [reverse(till, f"A-{number}") for number in range(20)]
        outcomes = await asyncio.gather(*map(one.submit, sales), *map(other.submit, reversals))
        asked_again = await asyncio.gather(*map(other.submit, sales), *map(one.submit, reversals))
    assert {state_of(outcome) for outcome in outcomes[20:]} == {RedemptionState.REVERSED}
    assert {outcome.answer.code for outcome in outcomes[:20] if isinstance(outcome.answer, Rejected)} <= {
        Code.ORDER_REVERSED
    }
    assert [outcome.answer for outcome in asked_again] == [outcome.answer for outcome in outcomes]
    assert await of_merchant(database, city) == NOTHING_PAID
    await assert_all_sound(database, city)


async def test_a_refused_number_is_closed_already(database: Database, clock: Clock) -> None:
    """Reversing what was refused says CLOSED, apart or in the same batch; the refusal stays what it was."""
    city = await a_city(database, clock, points=100)
    sale = await a_sale(database, city, clock, 101)
    refusal, together = await run_together(database, city.programme, clock, sale, reverse(city.tills[0], "A-1"))
    [again] = await run_apart(database, city.programme, clock, sale)
    assert refused(refusal) is refused(again) is Code.NOT_ENOUGH
    async with a_committer(database, city.programme, clock) as committer:
        assert refused(await pay(committer, city.tills[0], city.volunteers[1], 101, "A-2")) is Code.NOT_ENOUGH
        apart = await committer.submit(reverse(city.tills[0], "A-2"))
    assert state_of(together) == state_of(apart) == RedemptionState.CLOSED
    await assert_all_sound(database, city)


async def test_a_reversal_is_said_twice_and_done_once(database: Database, clock: Clock) -> None:
    """Fifty reversals of one sale from two processes: one gives back, all have the same answer."""
    city = await a_city(database, clock)
    async with (
        a_committer(database, city.programme, clock) as one,
        a_committer(database, city.programme, clock) as other,
    ):
        accepted(await pay(one, city.tills[0], city.volunteers[0], 120, "A-1"))
        calls = ((one, other)[number % 2].submit(reverse(city.tills[0], "A-1")) for number in range(50))
        outcomes = await asyncio.gather(*calls)
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert len({str(accepted(outcome)) for outcome in outcomes}) == 1
    assert await fetch_rows(database, "SELECT count(*) FROM transactions WHERE kind = 'reverse.v1'") == [(1,)]
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 500
    await assert_all_sound(database, city)


async def test_a_reversal_has_a_day(database: Database, clock: Clock) -> None:
    """After 24 hours to the second a sale is reversed, a second later it is not, and nothing has moved."""
    city = await a_city(database, clock)
    async with a_committer(database, city.programme, clock) as committer:
        for number in (1, 2):
            accepted(await pay(committer, city.tills[0], city.volunteers[0], 50, f"A-{number}"))
        clock.move(REVERSE_WITHIN)
        assert state_of(await committer.submit(reverse(city.tills[0], "A-1"))) == RedemptionState.REVERSED
        clock.move(timedelta(seconds=1))
        assert refused(await committer.submit(reverse(city.tills[0], "A-2"))) is Code.REVERSE_EXPIRED
    assert await fetch_total(database, AccountKind.REDEEMED, city.tills[0].merchant) == 50
    await assert_all_sound(database, city)


async def test_fifty_refunds_at_once_give_back_the_whole_and_no_more(database: Database, clock: Clock) -> None:
    """Case 7: fifty refunds of 10 of a sale of 100 over two processes: ten go through, forty learn what is left."""
    city = await a_city(database, clock)
    async with (
        a_committer(database, city.programme, clock, batch_max=7) as one,
        a_committer(database, city.programme, clock, batch_max=7) as other,
    ):
        accepted(await pay(one, city.tills[0], city.volunteers[0], 100, "A-1"))
        refunds = [refund(city.tills[0], "A-1", 10, f"R-{number}") for number in range(50)]
        outcomes = await asyncio.gather(
            *((one, other)[number % 2].submit(submission) for number, submission in enumerate(refunds))
        )
        again = await asyncio.gather(*map(other.submit, reversed(refunds)))
    assert Counter(isinstance(outcome.answer, Rejected) for outcome in outcomes) == {False: 10, True: 40}
    assert {refused(outcome) for outcome in outcomes if isinstance(outcome.answer, Rejected)} == {Code.REFUND_TOO_MUCH}
    assert [outcome.answer for outcome in reversed(again)] == [outcome.answer for outcome in outcomes]
    assert all(outcome.replayed for outcome in again)
    row = "SELECT state::text, refunded_points::int, refunded_fen::int, refund_count::int FROM redemptions"
    assert await fetch_rows(database, row) == [("REFUNDED", 100, 300, 10)]
    refunded = "SELECT count(*), sum(points)::int, sum(settlement_fen)::int FROM refunds"
    assert await fetch_rows(database, refunded) == [(10, 100, 300)]
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 500
    assert await of_merchant(database, city) == NOTHING_PAID
    await assert_all_sound(database, city)


async def test_a_sale_and_its_refund_fit_into_one_batch(database: Database, clock: Clock) -> None:
    """Paid, refunded in parts and asked to be reversed within one batch: each sees those before it."""
    city = await a_city(database, clock)
    [till, *_] = city.tills
    sale, first, other, reversal = await run_together(
        database,
        city.programme,
        clock,
        await a_sale(database, city, clock, 100),
        refund(till, "A-1", 33, "R-1"),
        refund(till, "A-1", 67, "R-2"),
        reverse(till, "A-1"),
    )
    assert redeemed(sale).state is RedemptionState.SUCCESS
    assert redeemed(first).state is RedemptionState.PARTIALLY_REFUNDED
    assert redeemed(other).state is RedemptionState.REFUNDED
    assert refused(reversal) is Code.ORDER_CLOSED
    await assert_all_sound(database, city)


@pytest.mark.parametrize("together", [True, False])
async def test_a_refund_of_what_was_reversed_is_refused(database: Database, clock: Clock, *, together: bool) -> None:
    """Reversed, or only its number: there is nothing to refund, and nothing is given back twice."""
    city = await a_city(database, clock)
    [till, *_] = city.tills
    run = run_together if together else run_apart
    paid, _, _, *refunds = await run(
        database,
        city.programme,
        clock,
        await a_sale(database, city, clock),
        reverse(till, "A-1"),
        reverse(till, "A-0"),
        refund(till, "A-1", 10, "R-1"),
        refund(till, "A-0", 10, "R-2"),
        refund(till, "A-3", 10, "R-3"),
    )
    accepted(paid)
    codes = [Code.ORDER_REVERSED, Code.ORDER_REVERSED, Code.ORDER_NOT_EXIST]
    assert [refused(outcome) for outcome in refunds] == codes
    await assert_all_sound(database, city)


async def test_what_is_given_back_can_be_taken_again(database: Database, clock: Clock) -> None:
    """Case 8: a merchant's quota and a volunteer's points both come back with a refund, once."""
    city = await a_city(database, clock, points=100)
    [till, *_] = city.tills
    await agree(database, city, till.merchant, monthly_points=100)
    async with a_committer(database, city.programme, clock) as committer:
        accepted(await pay(committer, till, city.volunteers[0], 100, "A-1"))
        assert refused(await pay(committer, till, city.volunteers[1], 1, "A-2")) is Code.QUOTA_EXCEEDED
        accepted(await committer.submit(refund(till, "A-1", 60, "R-1")))
        assert refused(await pay(committer, till, city.volunteers[0], 61, "A-3")) is Code.QUOTA_EXCEEDED
        accepted(await pay(committer, till, city.volunteers[0], 60, "A-4"))
        before = await fetch_tables(database)
        accepted(await committer.submit(refund(till, "A-1", 60, "R-1")))
        assert await fetch_tables(database) == before
        assert refused(await pay(committer, till, city.volunteers[1], 1, "A-5")) is Code.QUOTA_EXCEEDED
    assert await fetch_total(database, AccountKind.REDEEMED, till.merchant) == 100
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 0
    await assert_all_sound(database, city)

"""What is limited, wanted by many at once: stock, units per person, points a merchant may take in a month."""

import asyncio
from collections import Counter

from app.core.codes import Code, Rejected
from app.core.offers import Limit, LimitPeriod
from app.engine.batch import Outcome
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_submission, accepted, pay, refused, run_together
from tests.support.ledgers import fetch_rows
from tests.support.offers import Terms, agree, an_offer, an_order, cancel_order, ordered, place_order
from tests.support.soundness import assert_all_sound


def codes_of(outcomes: list[Outcome]) -> Counter[Code | None]:
    """How many went through (None), and how many were refused why."""
    return Counter(outcome.answer.code if isinstance(outcome.answer, Rejected) else None for outcome in outcomes)


async def test_fifty_volunteers_want_the_last_unit(database: Database, clock: Clock) -> None:
    """One gets it, 49 learn that nothing is left; once it is cancelled one of them gets it, whoever asks first."""
    city = await a_city(database, clock, volunteers=50, points=100)
    offer = await an_offer(database, city, city.tills[0].merchant, stock=1)
    async with (
        a_committer(database, city.programme, clock, batch_max=6) as one,
        a_committer(database, city.programme, clock, batch_max=6) as other,
    ):
        for _ in range(2):
            outcomes = await asyncio.gather(
                *(
                    (one, other)[number % 2].submit(a_submission(an_order(volunteer, offer)))
                    for number, volunteer in enumerate(city.volunteers)
                )
            )
            assert codes_of(outcomes) == {None: 1, Code.OUT_OF_STOCK: 49}
            [order] = [ordered(outcome) for outcome in outcomes if not isinstance(outcome.answer, Rejected)]
            accepted(await other.submit(cancel_order(order.id, order.volunteer)))
    assert await fetch_rows(database, "SELECT total::int, taken::int FROM offer_stocks") == [(1, 0)]
    assert await fetch_rows(database, "SELECT state::text FROM orders") == [("CANCELLED",)] * 2
    await assert_all_sound(database, city)


async def test_a_limit_per_person_holds_for_orders_at_once(database: Database, clock: Clock) -> None:
    """Three a month: of twenty parallel orders of one volunteer three go through, of another's one of three units."""
    city = await a_city(database, clock, points=500)
    till, [eager, other, _] = city.tills[0], city.volunteers
    terms = Terms(points=10, limits=(Limit(LimitPeriod.MONTH, 3), Limit(LimitPeriod.YEAR, 4)))
    offer = await an_offer(database, city, till.merchant, terms)
    async with (
        a_committer(database, city.programme, clock, batch_max=3) as one,
        a_committer(database, city.programme, clock, batch_max=3) as two,
    ):
        outcomes = await asyncio.gather(
            *((one, two)[number % 2].submit(a_submission(an_order(eager, offer))) for number in range(20)),
        )
        assert codes_of(outcomes) == {None: 3, Code.QUOTA_EXCEEDED: 17}
        await place_order(one, other, offer, 3)
        assert refused(await one.submit(a_submission(an_order(other, offer)))) is Code.QUOTA_EXCEEDED
        clock.now = clock.now.replace(month=4, day=1)
        wanted = [a_submission(an_order(eager, offer)) for _ in range(3)]
    outcomes = await run_together(database, city.programme, clock, *wanted)
    assert codes_of(outcomes) == {None: 1, Code.QUOTA_EXCEEDED: 2}
    await assert_all_sound(database, city)


async def test_a_merchants_quota_is_met_exactly(database: Database, clock: Clock) -> None:
    """Orders and payments of forty volunteers at once, 100 points a month: exactly ten of 10 go through, any mix."""
    city = await a_city(database, clock, volunteers=40, points=20)
    [till, elsewhere] = city.tills
    await agree(database, city, till.merchant, monthly_points=105)
    offer = await an_offer(database, city, till.merchant, Terms(points=10))
    async with (
        a_committer(database, city.programme, clock, batch_max=8) as one,
        a_committer(database, city.programme, clock, batch_max=8) as other,
    ):
        orders = (one.submit(a_submission(an_order(volunteer, offer))) for volunteer in city.volunteers[:20])
        pays = (pay(other, till, volunteer, 10, f"A-{number}") for number, volunteer in enumerate(city.volunteers[20:]))
        outcomes = await asyncio.gather(*orders, *pays)
        assert codes_of(outcomes) == {None: 10, Code.QUOTA_EXCEEDED: 30}
        accepted(await pay(one, till, city.volunteers[0], 5, "A-99"))
        assert refused(await pay(one, till, city.volunteers[1], 1, "A-100")) is Code.QUOTA_EXCEEDED
        accepted(await pay(one, elsewhere, city.volunteers[1], 10, "B-1"))
        clock.now = clock.now.replace(month=4, day=1)
        accepted(await pay(one, till, city.volunteers[2], 10, "A-101"))
    tallies = "SELECT period::text, amount::int FROM tallies WHERE scope = 'points' ORDER BY 1"
    assert await fetch_rows(database, tallies) == [("2026-03", 105), ("2026-04", 10)]
    await assert_all_sound(database, city)

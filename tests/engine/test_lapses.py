"""Holds that are past their time end by themselves: no decision waits for a job."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from app.core.accounts import AccountKind
from app.core.claw_backs import ClawBack
from app.core.codes import Code, Rejected
from app.core.donations import DonatePoints
from app.core.ids import OfferId, TransactionId
from app.core.offers import Limit, LimitPeriod
from app.core.orders import PlaceOrder
from app.core.quantities import Points
from app.core.redemptions import CONFIRM_WITHIN
from app.core.rows import Redemption, RedemptionState
from app.core.transactions import Reason, TransactionKind
from app.engine.batch import Submission
from app.engine.committer import Committer
from app.store.database import Database
from tests.support.afterwards import confirm, decline, redeemed, refund, reverse
from tests.support.cities import a_city
from tests.support.city_rows import City
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
    run_apart,
    run_together,
)
from tests.support.earnings import Service
from tests.support.ledgers import fetch_journal, fetch_rows, fetch_total
from tests.support.offers import (
    Terms,
    a_reimbursed,
    agree,
    an_offer,
    an_order,
    cancel_order,
    place_order,
    use_voucher,
)
from tests.support.soundness import assert_all_sound

ASKS_ABOVE = 100
A_DAY = timedelta(days=1)
UNTIL_TONIGHT = Terms(points=100, voucher_days=0)
ORDERS = "SELECT state::text, count(*)::int FROM orders GROUP BY 1 ORDER BY 1"
REDEMPTIONS = "SELECT state::text FROM redemptions ORDER BY trade_no"


async def a_waiting(committer: Committer, city: City, points: int = 450, trade_no: str = "A-1") -> Redemption:
    """The first volunteer is asked to confirm a redemption at the first till."""
    waiting = redeemed(await pay(committer, city.tills[0], city.volunteers[0], points, trade_no))
    assert waiting.state is RedemptionState.AWAITING_CONFIRMATION
    return waiting


async def test_points_behind_a_lapsed_redemption_are_spent_at_once(database: Database, clock: Clock) -> None:
    """At the very second its minute is over, the end of waiting is booked in the batch of what spends the points."""
    city = await a_city(database, clock, confirm_points=ASKS_ABOVE)
    till = city.tills[1]
    async with a_committer(database, city.programme, clock) as committer:
        waiting = await a_waiting(committer, city)
        clock.move(CONFIRM_WITHIN / 2)
        codes = [await a_pay_code(committer, city.volunteers[0]) for _ in range(6)]
        clock.move(CONFIRM_WITHIN / 2 - timedelta(seconds=1))
        too_early = await committer.submit(at_till(till, a_redeem(till, codes[0], 51, "B-0")))
        assert refused(too_early) is Code.NOT_ENOUGH
        clock.move(timedelta(seconds=1))
    pays = [at_till(till, a_redeem(till, code, 100, f"B-{number}")) for number, code in enumerate(codes[1:], start=1)]
    outcomes = await run_together(database, city.programme, clock, *pays)
    assert [accepted(outcome) is not None for outcome in outcomes] == [True] * 5
    journal = (await fetch_journal(database, city.programme))[-6:]
    end = journal[0].transaction
    assert [posted.transaction.kind for posted in journal] == [TransactionKind.VOID] + [TransactionKind.REDEEM] * 5
    assert (end.actor, end.reason, end.occurred_at) == ("system", Reason.ORDER_TIMED_OUT, waiting.closes_at)
    assert end.reverses == waiting.transaction
    assert await fetch_rows(database, REDEMPTIONS) == [("CLOSED",)] + [("SUCCESS",)] * 5
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 0
    await assert_all_sound(database, city)


def _donate(city: City) -> Submission:
    transaction = TransactionId(uuid7())
    return a_submission(DonatePoints(volunteer=city.volunteers[0], transaction=transaction, points=Points(500)))


async def test_points_behind_a_lapsed_order_are_given_away_at_once(database: Database, clock: Clock) -> None:
    """All of a volunteer's holds that are over end before their next command, those of any merchant."""
    city = await a_city(database, clock, confirm_points=ASKS_ABOVE)
    offers = [
        await an_offer(database, city, till.merchant, UNTIL_TONIGHT, name=f"offer {number}")
        for number, till in enumerate(city.tills)
    ]
    async with a_committer(database, city.programme, clock) as committer:
        for offer in offers:
            await place_order(committer, city.volunteers[0], offer)
        await a_waiting(committer, city, 300)
        assert refused(await committer.submit(_donate(city))) is Code.NOT_ENOUGH
        clock.move(A_DAY)
        accepted(await committer.submit(_donate(city)))
    assert await fetch_rows(database, ORDERS) == [("EXPIRED", 2)]
    assert await fetch_rows(database, REDEMPTIONS) == [("CLOSED",)]
    assert await fetch_total(database, AccountKind.POOL) == 500
    await assert_all_sound(database, city)


async def test_a_lapsed_orders_stock_is_anothers_at_once(database: Database, clock: Clock) -> None:
    """At 24:00 in Shanghai the last unit is free for somebody else, and not a second before."""
    city = await a_city(database, clock)
    offer = await an_offer(database, city, city.tills[0].merchant, UNTIL_TONIGHT, stock=1)
    first, second, third = city.volunteers
    async with a_committer(database, city.programme, clock) as committer:
        lapsed = await place_order(committer, first, offer)
        assert lapsed.valid_until == datetime(2026, 3, 2, 16, tzinfo=UTC)
        clock.now = lapsed.valid_until - timedelta(seconds=1)
        assert refused(await committer.submit(a_submission(an_order(second, offer)))) is Code.OUT_OF_STOCK
        clock.now = lapsed.valid_until
        await place_order(committer, second, offer)
        assert refused(await committer.submit(a_submission(an_order(third, offer)))) is Code.OUT_OF_STOCK
    assert await fetch_rows(database, ORDERS) == [("EFFECTIVE", 1), ("EXPIRED", 1)]
    assert await fetch_total(database, AccountKind.WALLET, first) == 500
    end = (await fetch_journal(database, city.programme))[-2].transaction
    assert (end.kind, end.occurred_at) == (TransactionKind.VOID, lapsed.valid_until)
    await assert_all_sound(database, city)


async def test_many_lapsed_orders_make_room_for_one_batch(database: Database, clock: Clock) -> None:
    """Thirty lapsed orders of one offer, thirty new ones in one batch: each lapse is booked once, all get theirs."""
    city = await a_city(database, clock, volunteers=30)
    terms = Terms(points=300, voucher_days=0, limits=(Limit(LimitPeriod.EVER, 1),))
    offer = await an_offer(database, city, city.tills[0].merchant, terms, stock=30)
    orders = [[a_submission(an_order(volunteer, offer)) for volunteer in city.volunteers] for _ in range(3)]
    await run_together(database, city.programme, clock, *orders[0])
    clock.move(A_DAY)
    renewed = await run_together(database, city.programme, clock, *orders[1])
    again = await run_together(database, city.programme, clock, *orders[2])
    assert not [outcome.answer for outcome in renewed if isinstance(outcome.answer, Rejected)]
    assert {refused(outcome) for outcome in again} == {Code.OUT_OF_STOCK}
    assert await fetch_rows(database, ORDERS) == [("EFFECTIVE", 30), ("EXPIRED", 30)]
    assert await fetch_rows(database, "SELECT count(*) FROM transactions WHERE kind = 'void.v1'") == [(30,)]
    await assert_all_sound(database, city)


async def test_limits_and_quotas_come_back_with_a_lapse(database: Database, clock: Clock) -> None:
    """Once in a lifetime and 100 points a month, all taken by an order that nobody fetched: all free again."""
    city = await a_city(database, clock, fund_fen=1_000)
    [till, *_] = city.tills
    await agree(database, city, till.merchant, monthly_points=100)
    terms = Terms(voucher_days=0, limits=(Limit(LimitPeriod.EVER, 1),))
    offer = await an_offer(database, city, till.merchant, terms, stock=1)
    async with a_committer(database, city.programme, clock) as committer:
        await place_order(committer, city.volunteers[0], offer)
        assert refused(await pay(committer, till, city.volunteers[0], 1, "A-1")) is Code.QUOTA_EXCEEDED
        clock.move(A_DAY)
        order = await place_order(committer, city.volunteers[0], offer)
        accepted(await committer.submit(use_voucher(till, order.code)))
        clock.move(A_DAY)
        refusal = await committer.submit(a_submission(an_order(city.volunteers[0], offer)))
    assert refused(refusal) is Code.OUT_OF_STOCK
    assert await fetch_rows(database, "SELECT amount::int FROM tallies WHERE scope = 'points'") == [(100,)]
    await assert_all_sound(database, city)


async def test_money_behind_a_lapse_returns_to_its_fund(database: Database, clock: Clock) -> None:
    """What a fund promised for a voucher that nobody used is the fund's again with the same entry."""
    city = await a_city(database, clock, fund_fen=500)
    terms = a_reimbursed(city, 100, 500)
    offer = await an_offer(database, city, city.tills[0].merchant, terms)
    async with a_committer(database, city.programme, clock) as committer:
        first = await place_order(committer, city.volunteers[0], offer)
        assert refused(await committer.submit(a_submission(an_order(city.volunteers[1], offer)))) is Code.FUND_EXHAUSTED
        clock.now = first.valid_until
        second = await place_order(committer, city.volunteers[1], offer)
        accepted(await committer.submit(use_voucher(city.tills[0], second.code)))
    assert await fetch_total(database, AccountKind.PAYABLE, city.tills[0].merchant) == 500
    assert await fetch_total(database, AccountKind.COMMITTED, city.fund) == 0
    await assert_all_sound(database, city)


def _order(city: City, offer: OfferId) -> PlaceOrder:
    return an_order(city.volunteers[0], offer)


@pytest.mark.parametrize(
    "say, answer",
    [
        pytest.param(lambda waiting, _: confirm(waiting.id, waiting.volunteer), Code.ORDER_CLOSED, id="confirm"),
        pytest.param(lambda waiting, _: decline(waiting.id, waiting.volunteer), None, id="decline"),
        pytest.param(lambda _, city: reverse(city.tills[0], "A-1"), "CLOSED", id="reverse"),
        pytest.param(lambda _, city: refund(city.tills[0], "A-1", 10, "R-1"), Code.ORDER_CLOSED, id="refund"),
    ],
)
async def test_what_comes_too_late_finds_it_closed(
    database: Database,
    clock: Clock,
    say: Callable[[Redemption, City], Submission],
    answer: Code | str | None,
) -> None:
    """Whatever is said about a redemption after its minute, it is booked as closed, and the hold ends once."""
    city = await a_city(database, clock, confirm_points=ASKS_ABOVE)
    async with a_committer(database, city.programme, clock) as committer:
        waiting = await a_waiting(committer, city)
        clock.move(CONFIRM_WITHIN)
    outcome, _ = await run_together(
        database, city.programme, clock, say(waiting, city), confirm(waiting.id, waiting.volunteer)
    )
    if isinstance(answer, Code):
        assert refused(outcome) is answer
    else:
        assert accepted(outcome).get("state") == answer
    assert await fetch_rows(database, REDEMPTIONS) == [("CLOSED",)]
    assert await fetch_rows(database, "SELECT count(*) FROM transactions WHERE kind = 'void.v1'") == [(1,)]
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 500
    await assert_all_sound(database, city)


async def test_a_lapsed_voucher_is_neither_used_nor_cancelled(database: Database, clock: Clock) -> None:
    """Past its day a till and its owner both learn that the voucher is over; its points are back all the same."""
    city = await a_city(database, clock)
    offer = await an_offer(database, city, city.tills[0].merchant, UNTIL_TONIGHT)
    async with a_committer(database, city.programme, clock) as committer:
        order = await place_order(committer, city.volunteers[0], offer)
    clock.now = order.valid_until
    use, cancel = use_voucher(city.tills[0], order.code), cancel_order(order.id, order.volunteer)
    outcomes = await run_apart(database, city.programme, clock, use, cancel)
    assert {refused(outcome) for outcome in outcomes} == {Code.CODE_EXPIRED}
    assert await fetch_rows(database, ORDERS) == [("EXPIRED", 1)]
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 500
    await assert_all_sound(database, city)


async def test_a_lapse_never_makes_points_live_longer(database: Database, clock: Clock) -> None:
    """Points that were behind a voucher on their last day are over when it ends: back in their lot, not spendable."""
    city = await a_city(database, clock, points=100)
    offer = await an_offer(database, city, city.tills[0].merchant)
    clock.now = datetime(2028, 12, 30, 2, tzinfo=UTC)
    async with a_committer(database, city.programme, clock) as committer:
        order = await place_order(committer, city.volunteers[0], offer)
        assert order.lots[0].expires_on == date(2028, 12, 31)
        clock.now = order.valid_until
        assert refused(await pay(committer, city.tills[0], city.volunteers[0], 1, "A-1")) is Code.NOT_ENOUGH
    assert await fetch_rows(database, ORDERS) == [("EXPIRED", 1)]
    assert await fetch_total(database, AccountKind.HELD, city.volunteers[0]) == 0
    await assert_all_sound(database, city)


async def test_a_claw_back_finds_the_points_behind_a_lapse(database: Database, clock: Clock) -> None:
    """Hours withdrawn after a hold was over: its points are taken, and no debt is made of them."""
    city = await a_city(database, clock, confirm_points=ASKS_ABOVE)
    record = Service(city.volunteers[0], 500, clock.now).record
    async with a_committer(database, city.programme, clock) as committer:
        await a_waiting(committer, city)
        clock.move(CONFIRM_WITHIN)
        withdrawn = ClawBack(record=record, transaction=TransactionId(uuid7()), by=city.verifier)
        accepted(await committer.submit(a_submission(withdrawn)))
    assert await fetch_total(database, AccountKind.DEBT, city.volunteers[0]) == 0
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 0
    await assert_all_sound(database, city)

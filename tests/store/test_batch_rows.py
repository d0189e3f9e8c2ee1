"""Rows read back are the values that were written, with what only the journal knows: lots, fund, price."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.core.ids import OfferId, OrderId, RedemptionId, VolunteerId
from app.core.offers import Gates, Limit, LimitPeriod
from app.core.quantities import Points
from app.core.redemptions import CONFIRM_WITHIN
from app.core.rows import (
    Evidence,
    LotPart,
    OrderState,
    PayCode,
    RecordState,
    Redemption,
    RedemptionState,
    ServiceRecord,
    Stock,
)
from app.engine.batch import Submission
from app.engine.committer import Committer
from app.store.batch_offers import fetch_offers, fetch_orders, fetch_partners, fetch_stocks
from app.store.batch_rows import (
    fetch_pay_codes,
    fetch_policies,
    fetch_records,
    fetch_redemptions,
    fetch_tills,
    fetch_volunteers,
)
from app.store.database import Database
from tests.support.afterwards import confirm, decline, redeemed, refund
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import START, Clock
from tests.support.commands import a_committer, a_connection, a_submission, accepted, pay
from tests.support.earnings import Service, a_verification, earn, enter
from tests.support.offers import (
    Terms,
    a_reimbursed,
    a_voucher_code,
    agree,
    an_offer,
    cancel_order,
    edit_offer,
    ordered,
    place_order,
    return_voucher,
    use_voucher,
)

LAST_YEAR = timedelta(days=365)
TODAY = START.date()
TWO_LOTS = (LotPart(date(2027, 12, 31), Points(40)), LotPart(date(2028, 12, 31), Points(20)))


async def two_lots(database: Database, committer: Committer, city: City, clock: Clock) -> None:
    """Let the first volunteer have 40 points of last year besides those of this year."""
    await earn(database, committer, city, [Service(city.volunteers[0], 40, clock.now - LAST_YEAR)])


@pytest.mark.parametrize("fen_per_hundred_points", [300, 0])
async def test_a_redemption_knows_its_lots_and_its_fund(
    database: Database, clock: Clock, fen_per_hundred_points: int
) -> None:
    """Paid from two lots, and refunded in part: the lots are those taken, in order; a free one names no fund."""
    city = await a_city(database, clock, fen_per_hundred_points=fen_per_hundred_points)
    async with a_committer(database, city.programme, clock) as committer:
        await two_lots(database, committer, city, clock)
        redemption = (await pay(committer, city.tills[0], city.volunteers[0], 60, "A-1")).rows[0]
        assert isinstance(redemption, Redemption)
        refunded = redeemed(await committer.submit(refund(city.tills[0], "A-1", 25, "R-1")))
    async with a_connection(database) as connection:
        found = (await fetch_redemptions(connection, city.programme, [redemption.id]))[redemption.id]
    assert found == refunded
    assert found.lots == TWO_LOTS
    assert found.fund == (city.fund if fen_per_hundred_points else None)
    assert (found.state, found.refunded_points) == (RedemptionState.PARTIALLY_REFUNDED, 25)


@pytest.mark.parametrize("say", [None, confirm, decline])
async def test_a_redemption_that_waited_knows_them_too(
    database: Database, clock: Clock, say: Callable[[RedemptionId, VolunteerId], Submission] | None
) -> None:
    """Waiting, confirmed or declined, read back it has the lots, the money and the time that it was made with."""
    city = await a_city(database, clock, confirm_points=50)
    async with a_committer(database, city.programme, clock) as committer, a_connection(database) as connection:
        await two_lots(database, committer, city, clock)
        left = redeemed(await pay(committer, city.tills[0], city.volunteers[0], 60, "A-1"))
        if say:
            left = redeemed(await committer.submit(say(left.id, left.volunteer)))
        assert await fetch_redemptions(connection, city.programme, [left.id]) == {left.id: left}
    assert (left.lots, left.settlement_fen, left.fund) == (TWO_LOTS, 180, city.fund)
    assert left.closes_at == clock.now + CONFIRM_WITHIN


async def test_an_order_knows_what_it_reserves(database: Database, clock: Clock) -> None:
    """Open, used, returned or cancelled, an order read back by id or by code is the very value that was written."""
    city = await a_city(database, clock)
    till = city.tills[1]
    offer = await an_offer(database, city, till.merchant, a_reimbursed(city, 30, 900), stock=5)
    async with a_committer(database, city.programme, clock) as committer, a_connection(database) as connection:
        await two_lots(database, committer, city, clock)
        placed = await place_order(committer, city.volunteers[0], offer, 2)
        states = [placed.state]
        for submission in (
            None,
            use_voucher(till, placed.code),
            return_voucher(till, placed.code),
            cancel_order(placed.id, placed.volunteer),
        ):
            order = ordered(await committer.submit(submission)) if submission else placed
            states.append(order.state)
            assert await fetch_orders(connection, city.programme, [placed.id], []) == {placed.id: order}
            assert await fetch_orders(connection, city.programme, [], [placed.code]) == {placed.id: order}
    assert states[1:] == [OrderState.EFFECTIVE, OrderState.USED, OrderState.EFFECTIVE, OrderState.CANCELLED]
    assert (placed.lots, placed.settlement_fen, placed.fund) == (TWO_LOTS, 1_800, city.fund)


async def test_an_offer_comes_with_its_newest_version_and_its_stock(database: Database, clock: Clock) -> None:
    """Every term of a version is read back; without a row of stock there is always more."""
    city = await a_city(database, clock, points=0)
    terms = Terms(
        limits=(Limit(LimitPeriod.MONTH, 2), Limit(LimitPeriod.EVER, 5)),
        gates=Gates(stars_min=2, minutes_min=600, region_codes=("3302", "3303"), age_min=18, age_max=70),
        starts_at=clock.now,
        ends_at=clock.now + LAST_YEAR,
        voucher_until=date(2026, 4, 1),
        final_sale=True,
    )
    endless = await an_offer(database, city, city.tills[0].merchant, name="endless")
    scarce = await an_offer(database, city, city.tills[0].merchant, name="scarce", stock=3)
    assert await edit_offer(database, city, scarce, terms) == 2
    async with a_connection(database) as connection:
        offers, stocks = await fetch_offers(connection, city.programme, [endless, scarce])
        assert await fetch_stocks(connection, city.programme, [endless, scarce]) == {scarce: Stock(scarce, 3, 0)}
    assert stocks == {endless: Stock(endless, None, 0), scarce: Stock(scarce, 3, 0)}
    assert (offers[endless].version, offers[scarce].version) == (1, 2)
    read = offers[scarce]
    assert (read.limits, read.gates, read.final_sale) == (terms.limits, terms.gates, True)
    assert (read.starts_at, read.ends_at, read.voucher_until) == (terms.starts_at, terms.ends_at, terms.voucher_until)


@pytest.mark.parametrize("evidence", Evidence)
async def test_a_service_record_comes_back_as_verified(database: Database, clock: Clock, evidence: Evidence) -> None:
    """Entered, then verified with a notice period: every field is there, with points or without."""
    city = await a_city(database, clock, points=0, notice_days=3)
    service = Service(city.volunteers[0], 90, clock.now, evidence)
    await enter(database, city, [service])
    async with a_committer(database, city.programme, clock) as committer, a_connection(database) as connection:
        entered = (await fetch_records(connection, city.programme, [service.record]))[service.record]
        assert (entered.state, entered.verifier, entered.points) == (RecordState.ENTERED, None, 0)
        outcome = await committer.submit(a_submission(a_verification(city, service.record)))
        accepted(outcome)
        [verified, *_] = outcome.rows
        assert await fetch_records(connection, city.programme, [service.record]) == {service.record: verified}
    assert isinstance(verified, ServiceRecord)
    assert verified.pending == (0 if evidence is Evidence.ATTESTED else 90)


async def test_a_till_knows_the_state_of_everything_above_it(database: Database, clock: Clock) -> None:
    """A terminal is disabled by itself, and suspended with its merchant or when no agreement covers the day."""
    city = await a_city(database, clock, merchants=4, points=0)
    disabled, suspended, over, fine = city.tills
    async with database.begin() as tx:
        await tx.execute(text("UPDATE terminals SET disabled_at = now() WHERE id = :id"), {"id": disabled.terminal})
        statement = text("UPDATE merchants SET status = 'suspended' WHERE id = :id")
        await tx.execute(statement, {"id": suspended.merchant})
    await agree(database, city, over.merchant, ends_on=TODAY - timedelta(days=1))
    await agree(database, city, fine.merchant, starts_on=TODAY, ends_on=TODAY, monthly_points=700)
    async with a_connection(database) as connection:
        found = await fetch_tills(connection, city.programme, [till.terminal for till in city.tills], TODAY)
        partners = await fetch_partners(connection, city.programme, [till.merchant for till in city.tills], TODAY)
    assert {terminal: (till.disabled, till.suspended) for terminal, till in found.items()} == {
        disabled.terminal: (True, False),
        suspended.terminal: (False, True),
        over.terminal: (False, True),
        fine.terminal: (False, False),
    }
    till = found[fine.terminal]
    assert (till.store, till.merchant, till.store_name, till.monthly_points) == (fine.store, fine.merchant, "总店", 700)
    assert partners == {till.merchant: till.partner for till in found.values()}


async def test_policies_come_with_levels_as_numbers(database: Database, clock: Clock) -> None:
    """JSON knows text keys only; the core looks levels up as numbers."""
    city = await a_city(database, clock, points=0)
    async with a_connection(database) as connection:
        [policy] = await fetch_policies(connection, city.programme)
    assert policy.coefficients_bp == {1: 10_000, 2: 12_000, 3: 15_000}
    assert (policy.version, policy.effective_from) == ("2020-1", date(2020, 1, 1))


async def test_what_is_another_programmes_or_nowhere_is_not_found(database: Database, clock: Clock) -> None:
    """Ids of one programme name nothing in another, whatever kind of row they name."""
    city = await a_city(database, clock)
    other = await a_city(database, clock, programme="ningbo", points=0)
    offer = await an_offer(database, city, city.tills[0].merchant, stock=1)
    async with a_committer(database, city.programme, clock) as committer:
        order = await place_order(committer, city.volunteers[0], offer)
        redemption, code = (await pay(committer, city.tills[0], city.volunteers[0], 10, "A-1")).rows
    assert isinstance(redemption, Redemption)
    assert isinstance(code, PayCode)
    record = Service(city.volunteers[0], 500, clock.now).record
    async with a_connection(database) as connection:
        assert list(await fetch_records(connection, city.programme, [record])) == [record]
        for found in (
            await fetch_redemptions(connection, other.programme, [redemption.id]),
            await fetch_redemptions(connection, city.programme, [RedemptionId(uuid4())]),
            await fetch_pay_codes(connection, other.programme, [code.hash]),
            await fetch_tills(connection, other.programme, [city.tills[0].terminal], TODAY),
            await fetch_volunteers(connection, other.programme, city.volunteers),
            await fetch_records(connection, other.programme, [record]),
            await fetch_partners(connection, other.programme, [city.tills[0].merchant], TODAY),
            await fetch_orders(connection, other.programme, [order.id], [order.code]),
            await fetch_orders(connection, city.programme, [OrderId(uuid4())], [a_voucher_code()]),
            await fetch_stocks(connection, other.programme, [offer]),
            (await fetch_offers(connection, other.programme, [offer]))[0],
            (await fetch_offers(connection, city.programme, [OfferId(uuid4())]))[1],
        ):
            assert found == {}

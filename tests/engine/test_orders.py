"""Orders and vouchers under many at once: stock, limits and quotas to the unit, a voucher used once."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from app.core.accounts import AccountKind
from app.core.canonical import format_instant
from app.core.codes import Code, Rejected
from app.core.ids import format_id
from app.core.offers import Limit, LimitPeriod, OfferState
from app.core.rows import OrderState
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import Till, named
from tests.support.clocks import START, Clock
from tests.support.commands import a_committer, a_submission, accepted, pay, refused, run_together
from tests.support.ledgers import fetch_rows, fetch_total
from tests.support.offers import (
    Terms,
    a_reimbursed,
    agree,
    an_offer,
    an_order,
    cancel_order,
    edit_offer,
    ordered,
    place_order,
    return_voucher,
    set_offer_state,
    set_stock,
    use_voucher,
)
from tests.support.soundness import assert_all_sound

STOCK = "SELECT total::int, taken::int FROM offer_stocks"
STATES = "SELECT state::text, count(*)::int FROM orders GROUP BY 1 ORDER BY 1"


async def test_an_order_sets_aside_points_stock_and_money_at_once(database: Database, clock: Clock) -> None:
    """One entry holds points and money; used they are the merchant's, returned they are held again."""
    city = await a_city(database, clock, fund_fen=10_000)
    till, volunteer = city.tills[0], city.volunteers[0]
    offer = await an_offer(database, city, till.merchant, a_reimbursed(city, 150, 2_000), stock=9)

    async def where() -> list[int]:
        kinds = (AccountKind.WALLET, AccountKind.HELD), (AccountKind.FUND, AccountKind.COMMITTED)
        found = [await fetch_total(database, kind, volunteer) for kind in kinds[0]]
        found += [await fetch_total(database, kind, city.fund) for kind in kinds[1]]
        gained = (AccountKind.REDEEMED, AccountKind.PAYABLE)
        return found + [await fetch_total(database, kind, till.merchant) for kind in gained]

    async with a_committer(database, city.programme, clock) as committer:
        order = await place_order(committer, volunteer, offer, 2)
        assert await where() == [200, 300, 6_000, 4_000, 0, 0]
        accepted(await committer.submit(use_voucher(till, order.code)))
        assert await where() == [200, 0, 6_000, 0, 300, 4_000]
        accepted(await committer.submit(return_voucher(till, order.code)))
        assert await where() == [200, 300, 6_000, 4_000, 0, 0]
        assert await fetch_rows(database, STOCK) == [(9, 2)]
        cancelled = await committer.submit(cancel_order(order.id, volunteer))
    assert ordered(cancelled).state is OrderState.CANCELLED
    assert await where() == [500, 0, 10_000, 0, 0, 0]
    assert await fetch_rows(database, STOCK) == [(9, 0)]
    await assert_all_sound(database, city)


async def test_a_refused_order_has_no_voucher(database: Database, clock: Clock) -> None:
    """Case 4: what was refused can never be used, also once there are points enough."""
    city = await a_city(database, clock, points=100)
    till, volunteer = city.tills[0], city.volunteers[0]
    offer = await an_offer(database, city, till.merchant)
    first, too_much = an_order(volunteer, offer), an_order(volunteer, offer)
    async with a_committer(database, city.programme, clock) as committer:
        accepted(await committer.submit(a_submission(first)))
        assert refused(await committer.submit(a_submission(too_much))) is Code.NOT_ENOUGH
        accepted(await committer.submit(cancel_order(first.order, volunteer)))
        assert refused(await committer.submit(use_voucher(till, too_much.code))) is Code.VOUCHER_NOT_EXIST
        assert refused(await committer.submit(cancel_order(too_much.order, volunteer))) is Code.ORDER_NOT_EXIST
        assert refused(await committer.submit(use_voucher(till, first.code))) is Code.ORDER_CLOSED
    assert await fetch_total(database, AccountKind.WALLET, volunteer) == 100
    await assert_all_sound(database, city)


async def more_tills(database: Database, till: Till, count: int) -> list[Till]:
    """More terminals in more stores of one merchant."""
    tills = [Till(named("terminal", number), named("store", number), till.merchant) for number in range(count)]  # type: ignore[arg-type]
    store = text("""INSERT INTO stores (programme_id, id, merchant_id, name, region_code, created_at)
        SELECT programme_id, :store, merchant_id, :name, region_code, created_at FROM stores WHERE id = :like""")
    terminal = text("""INSERT INTO terminals (programme_id, id, merchant_id, store_id, label, secret, created_at)
        SELECT programme_id, :terminal, merchant_id, :store, '1', secret, created_at FROM terminals WHERE id = :like""")
    async with database.begin() as tx:
        for number, new in enumerate(tills):
            await tx.execute(store, {"store": new.store, "name": f"分店 {number}", "like": till.store})
            await tx.execute(terminal, {"terminal": new.terminal, "store": new.store, "like": till.terminal})
    return tills


async def test_a_hundred_tills_use_a_voucher_once(database: Database, clock: Clock) -> None:
    """Case 5: one of a hundred tills succeeds; each of the others learns when and in which store."""
    city = await a_city(database, clock)
    offer = await an_offer(database, city, city.tills[0].merchant)
    tills = await more_tills(database, city.tills[0], 100)
    async with (
        a_committer(database, city.programme, clock, batch_max=9) as one,
        a_committer(database, city.programme, clock, batch_max=9) as other,
    ):
        order = await place_order(one, city.volunteers[0], offer)
        clock.move(timedelta(minutes=7))
        outcomes = await asyncio.gather(
            *((one, other)[number % 2].submit(use_voucher(till, order.code)) for number, till in enumerate(tills))
        )
    [winner] = [outcome for outcome in outcomes if not isinstance(outcome.answer, Rejected)]
    store = tills[outcomes.index(winner)]
    [(name,)] = await fetch_rows(database, "SELECT name FROM stores WHERE id = :id", id=store.store)
    losers = [outcome.answer for outcome in outcomes if isinstance(outcome.answer, Rejected)]
    assert (
        losers
        == [
            Rejected(
                Code.ALREADY_USED,
                {"used_at": format_instant(clock.now), "store_id": format_id("sto", store.store), "store_name": name},
            )
        ]
        * 99
    )
    used = "SELECT used_terminal_id, used_store_id, used_at FROM orders"
    assert await fetch_rows(database, used) == [(store.terminal, store.store, clock.now)]
    assert await fetch_total(database, AccountKind.REDEEMED, city.tills[0].merchant) == 100
    await assert_all_sound(database, city)


async def test_an_order_keeps_its_version(database: Database, clock: Clock) -> None:
    """Dearer, for a tenth of the value and a final sale since: the older order is what it was, to the end."""
    city = await a_city(database, clock, fund_fen=3_000)
    till, volunteer = city.tills[0], city.volunteers[0]
    offer = await an_offer(database, city, till.merchant, a_reimbursed(city, 100, 1_000))
    async with a_committer(database, city.programme, clock) as committer:
        first = await place_order(committer, volunteer, offer)
        dearer = Terms(points=300, voucher_days=1, final_sale=True)
        assert await edit_offer(database, city, offer, dearer) == 2
        second = await place_order(committer, volunteer, offer)
        await set_offer_state(database, city, offer, OfferState.ENDED)
        assert refused(await committer.submit(a_submission(an_order(volunteer, offer)))) is Code.OFFER_NOT_OPEN
        assert refused(await committer.submit(cancel_order(second.id, volunteer))) is Code.FINAL_SALE
        used = ordered(await committer.submit(use_voucher(till, first.code)))
        other = ordered(await committer.submit(use_voucher(till, second.code)))
    versions = [(o.offer_version, o.points, o.settlement_fen, o.final_sale) for o in (used, other)]
    assert versions == [(1, 100, 1_000, False), (2, 300, 0, True)]
    assert used.valid_until - other.valid_until == timedelta(days=29)
    assert await fetch_total(database, AccountKind.PAYABLE, till.merchant) == 1_000
    await assert_all_sound(database, city)


@pytest.mark.parametrize("ended", [True, False])
async def test_a_suspended_merchant_takes_nothing(database: Database, clock: Clock, *, ended: bool) -> None:
    """Suspended, or its agreement was over yesterday: no order, no write-off; the volunteer may still cancel."""
    city = await a_city(database, clock)
    [till, _], [volunteer, *_] = city.tills, city.volunteers
    offer = await an_offer(database, city, till.merchant)
    async with a_committer(database, city.programme, clock) as committer:
        kept, used = [await place_order(committer, volunteer, offer) for _ in range(2)]
        accepted(await committer.submit(use_voucher(till, used.code)))
        if ended:
            await agree(database, city, till.merchant, ends_on=START.date())
            accepted(await pay(committer, till, volunteer, 10, "A-0"))
            clock.move(timedelta(days=1))
        else:
            async with database.begin() as tx:
                suspend = text("UPDATE merchants SET status = 'suspended' WHERE id = :id")
                await tx.execute(suspend, {"id": till.merchant})
        assert refused(await pay(committer, till, volunteer, 10, "A-1")) is Code.MERCHANT_SUSPENDED
        for refused_submission in (a_submission(an_order(volunteer, offer)), use_voucher(till, kept.code)):
            assert refused(await committer.submit(refused_submission)) is Code.MERCHANT_SUSPENDED
        accepted(await committer.submit(return_voucher(till, used.code)))
        accepted(await committer.submit(cancel_order(kept.id, volunteer)))
    assert await fetch_rows(database, STATES) == [("CANCELLED", 1), ("EFFECTIVE", 1)]
    await assert_all_sound(database, city)


async def test_an_agreement_counts_both_its_days(database: Database, clock: Clock) -> None:
    """Signed for today alone a merchant trades today in Shanghai, not the day before and not the day after."""
    city = await a_city(database, clock)
    till = city.tills[0]
    await agree(database, city, till.merchant, starts_on=date(2026, 3, 3), ends_on=date(2026, 3, 3))
    async with a_committer(database, city.programme, clock) as committer:
        for number, (hour, minute, open_) in enumerate(
            ((15, 59, False), (16, 0, True), (39, 59, True), (40, 0, False))
        ):
            clock.now = START.replace(hour=0) + timedelta(hours=hour, minutes=minute)
            outcome = await pay(committer, till, city.volunteers[0], 10, f"A-{number}")
            assert not isinstance(outcome.answer, Rejected) if open_ else refused(outcome) is Code.MERCHANT_SUSPENDED
    await assert_all_sound(database, city)


async def test_an_order_lives_within_one_batch(database: Database, clock: Clock) -> None:
    """Stock set, ordered, used, returned, cancelled, and the unit ordered by another, all in one batch."""
    city = await a_city(database, clock)
    till, [volunteer, other, _] = city.tills[0], city.volunteers
    terms = Terms(limits=(Limit(LimitPeriod.EVER, 1),))
    offer = await an_offer(database, city, till.merchant, terms, stock=0)
    first, second = an_order(volunteer, offer), an_order(other, offer)
    outcomes = await run_together(
        database,
        city.programme,
        clock,
        set_stock(offer, 1),
        a_submission(first),
        a_submission(second),
        use_voucher(till, first.code),
        return_voucher(till, first.code),
        cancel_order(first.order, volunteer),
        use_voucher(till, first.code),
        a_submission(an_order(other, offer)),
        a_submission(an_order(volunteer, offer)),
    )
    codes = [outcome.answer.code if isinstance(outcome.answer, Rejected) else None for outcome in outcomes]
    assert codes == [
        None,
        None,
        Code.OUT_OF_STOCK,
        None,
        None,
        None,
        Code.ORDER_CLOSED,
        None,
        Code.OUT_OF_STOCK,
    ]
    assert await fetch_rows(database, STATES) == [("CANCELLED", 1), ("EFFECTIVE", 1)]
    await assert_all_sound(database, city)

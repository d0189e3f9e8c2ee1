"""Held points are set aside: nobody else gets them, and a hold ends once."""

import asyncio
from datetime import timedelta

from uuid_utils.compat import uuid7

from app.core.accounts import AccountKind
from app.core.codes import Code
from app.core.holds import CaptureHold, PlaceHold, VoidHold
from app.core.ids import HoldId, TransactionId
from app.core.quantities import Points
from app.core.transactions import Reason
from app.engine.batch import Outcome
from app.engine.committer import Committer
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_submission, accepted, pay, refused
from tests.support.ledgers import assert_sound, fetch_rows, fetch_total

OPEN_FOR = timedelta(minutes=1)


def a_hold(city: City, clock: Clock, points: int) -> PlaceHold:
    """The first volunteer opens an order at the first merchant."""
    return PlaceHold(
        hold=HoldId(uuid7()),
        transaction=TransactionId(uuid7()),
        volunteer=city.volunteers[0],
        merchant=city.tills[0].merchant,
        points=Points(points),
        expires_at=clock.now + OPEN_FOR,
        actor="system",
    )


async def capture(committer: Committer, hold: HoldId, key: str | None = None) -> Outcome:
    """Fulfil an order."""
    command = CaptureHold(hold=hold, transaction=TransactionId(uuid7()), actor="system")
    return await committer.submit(a_submission(command, key))


async def void(committer: Committer, hold: HoldId) -> Outcome:
    """Cancel an order."""
    command = VoidHold(hold=hold, transaction=TransactionId(uuid7()), reason=Reason.ORDER_CANCELLED, actor="system")
    return await committer.submit(a_submission(command))


async def test_held_points_cannot_be_spent_or_held_again(database: Database, clock: Clock) -> None:
    """Case 4: with 300 of 500 held, neither a till nor a second order gets more than 200."""
    city = await a_city(database, clock, points=500)
    async with a_committer(database, city.programme, clock) as committer:
        accepted(await committer.submit(a_submission(a_hold(city, clock, 300))))
        assert refused(await pay(committer, city.tills[1], city.volunteers[0], 201, "A-1")) is Code.NOT_ENOUGH
        assert refused(await committer.submit(a_submission(a_hold(city, clock, 201)))) is Code.NOT_ENOUGH
        accepted(await pay(committer, city.tills[1], city.volunteers[0], 200, "A-2"))
    assert await fetch_total(database, AccountKind.HELD, city.volunteers[0]) == 300
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 0
    await assert_sound(database, city.programme)


async def test_a_refused_hold_can_never_be_captured(database: Database, clock: Clock) -> None:
    """Case 4: the id of a hold that was refused names nothing, also once there are points enough."""
    city = await a_city(database, clock, points=100)
    async with a_committer(database, city.programme, clock) as committer:
        first, too_much = a_hold(city, clock, 60), a_hold(city, clock, 60)
        accepted(await committer.submit(a_submission(first)))
        assert refused(await committer.submit(a_submission(too_much))) is Code.NOT_ENOUGH
        accepted(await void(committer, first.hold))
        assert refused(await capture(committer, too_much.hold)) is Code.NOT_FOUND
        assert refused(await capture(committer, first.hold)) is Code.STATE_CONFLICT
    assert await fetch_total(database, AccountKind.REDEEMED, city.tills[0].merchant) == 0
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 100


async def test_a_capture_pays_and_a_void_gives_back_money_too(database: Database, clock: Clock) -> None:
    """Money behind a hold waits in the fund's promises: captured it is owed, voided it is free again."""
    city = await a_city(database, clock, points=500, fund_fen=1_500)
    fund, merchant = city.fund, city.tills[0].merchant
    async with a_committer(database, city.programme, clock) as committer:
        kept, dropped = a_hold(city, clock, 100), a_hold(city, clock, 400)
        accepted(await committer.submit(a_submission(kept)))
        accepted(await committer.submit(a_submission(dropped)))
        assert await fetch_total(database, AccountKind.COMMITTED, fund) == 1_500
        assert refused(await pay(committer, city.tills[1], city.volunteers[1], 1, "A-1")) is Code.FUND_EXHAUSTED
        accepted(await capture(committer, kept.hold))
        accepted(await void(committer, dropped.hold))
    totals = {
        kind: await fetch_total(database, kind, owner)
        for kind, owner in (
            (AccountKind.COMMITTED, fund),
            (AccountKind.FUND, fund),
            (AccountKind.PAYABLE, merchant),
            (AccountKind.REDEEMED, merchant),
            (AccountKind.WALLET, city.volunteers[0]),
        )
    }
    assert list(totals.values()) == [0, 1_200, 300, 100, 400]
    await assert_sound(database, city.programme)


async def test_fifty_captures_at_once_capture_once(database: Database, clock: Clock) -> None:
    """Fifty calls with one key: one capture, the same answer for all; another key then comes too late."""
    city = await a_city(database, clock)
    hold = a_hold(city, clock, 100)
    async with (
        a_committer(database, city.programme, clock) as one,
        a_committer(database, city.programme, clock) as other,
    ):
        accepted(await one.submit(a_submission(hold)))
        calls = (capture((one, other)[number % 2], hold.hold, "order-7") for number in range(50))
        outcomes = await asyncio.gather(*calls)
        assert refused(await capture(one, hold.hold)) is Code.STATE_CONFLICT
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert len({str(accepted(outcome)) for outcome in outcomes}) == 1
    assert await fetch_rows(database, "SELECT count(*) FROM transactions WHERE kind = 'capture.v1'") == [(1,)]
    assert await fetch_total(database, AccountKind.REDEEMED, city.tills[0].merchant) == 100


async def test_a_hold_past_its_time_can_only_be_voided(database: Database, clock: Clock) -> None:
    """Out of time, an order is closed whether the job has run or not; the points come back by the void."""
    city = await a_city(database, clock, points=500)
    hold = a_hold(city, clock, 100)
    async with a_committer(database, city.programme, clock) as committer:
        accepted(await committer.submit(a_submission(hold)))
        clock.move(OPEN_FOR)
        assert refused(await capture(committer, hold.hold)) is Code.ORDER_CLOSED
        accepted(await void(committer, hold.hold))
    assert await fetch_total(database, AccountKind.WALLET, city.volunteers[0]) == 500
    await assert_sound(database, city.programme)

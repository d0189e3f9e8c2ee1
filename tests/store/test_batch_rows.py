"""Rows read back are the values that were written, with what only the journal knows: lots, fund, price."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.core.holds import PlaceHold, VoidHold
from app.core.ids import HoldId, RedemptionId, RefundId, TransactionId
from app.core.quantities import Points
from app.core.refunds import RefundRedemption
from app.core.rows import (
    Evidence,
    Hold,
    HoldState,
    LotPart,
    PayCode,
    RecordState,
    Redemption,
    RedemptionState,
    ServiceRecord,
)
from app.core.transactions import Reason
from app.engine.committer import Committer
from app.store.batch_rows import (
    fetch_holds,
    fetch_pay_codes,
    fetch_policies,
    fetch_records,
    fetch_redemptions,
    fetch_tills,
    fetch_volunteers,
)
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_connection, a_submission, accepted, pay
from tests.support.earnings import Service, a_verification, earn, enter

LAST_YEAR = timedelta(days=365)
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
        refund = RefundRedemption(
            refund=RefundId(uuid4()),
            transaction=TransactionId(uuid4()),
            redemption=redemption.id,
            points=Points(25),
            reason=Reason.GOODS_RETURNED,
            actor="system",
        )
        refunded, _ = (await committer.submit(a_submission(refund))).rows
    async with a_connection(database) as connection:
        found = (await fetch_redemptions(connection, city.programme, [redemption.id]))[redemption.id]
    assert found == refunded
    assert found.lots == TWO_LOTS
    assert found.fund == (city.fund if fen_per_hundred_points else None)
    assert (found.state, found.refunded_points) == (RedemptionState.PARTIALLY_REFUNDED, 25)


async def test_a_hold_knows_what_it_reserves(database: Database, clock: Clock) -> None:
    """Open or voided, a hold read back has the lots, the money and the moment that it was placed with."""
    city = await a_city(database, clock)
    place = PlaceHold(
        hold=HoldId(uuid4()),
        transaction=TransactionId(uuid4()),
        volunteer=city.volunteers[0],
        merchant=city.tills[1].merchant,
        points=Points(60),
        expires_at=clock.now + timedelta(minutes=1),
        actor="system",
    )
    void = VoidHold(hold=place.hold, transaction=TransactionId(uuid4()), reason=Reason.ORDER_CANCELLED, actor="system")
    async with a_committer(database, city.programme, clock) as committer, a_connection(database) as connection:
        await two_lots(database, committer, city, clock)
        [placed] = (await committer.submit(a_submission(place))).rows
        assert isinstance(placed, Hold)
        assert await fetch_holds(connection, city.programme, [place.hold]) == {place.hold: placed}
        [voided] = (await committer.submit(a_submission(void))).rows
        assert await fetch_holds(connection, city.programme, [place.hold]) == {place.hold: voided}
    assert (placed.lots, placed.settlement_fen, placed.fund) == (TWO_LOTS, 180, city.fund)
    assert isinstance(voided, Hold)
    assert voided.state is HoldState.VOIDED


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
        [verified] = outcome.rows
        assert await fetch_records(connection, city.programme, [service.record]) == {service.record: verified}
    assert isinstance(verified, ServiceRecord)
    assert verified.pending == (0 if evidence is Evidence.ATTESTED else 90)


async def test_a_till_knows_the_state_of_everything_above_it(database: Database, clock: Clock) -> None:
    """A terminal is disabled by itself, and suspended with its merchant."""
    city = await a_city(database, clock, merchants=3, points=0)
    disabled, suspended, fine = city.tills
    async with database.begin() as tx:
        await tx.execute(text("UPDATE terminals SET disabled_at = now() WHERE id = :id"), {"id": disabled.terminal})
        statement = text("UPDATE merchants SET status = 'suspended' WHERE id = :id")
        await tx.execute(statement, {"id": suspended.merchant})
    async with a_connection(database) as connection:
        found = await fetch_tills(connection, city.programme, [till.terminal for till in city.tills])
    assert {terminal: (till.disabled, till.suspended) for terminal, till in found.items()} == {
        disabled.terminal: (True, False),
        suspended.terminal: (False, True),
        fine.terminal: (False, False),
    }
    assert (found[fine.terminal].store, found[fine.terminal].merchant) == (fine.store, fine.merchant)


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
    async with a_committer(database, city.programme, clock) as committer:
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
            await fetch_tills(connection, other.programme, [city.tills[0].terminal]),
            await fetch_volunteers(connection, other.programme, city.volunteers),
            await fetch_records(connection, other.programme, [record]),
            await fetch_holds(connection, city.programme, [HoldId(uuid4())]),
        ):
            assert found == {}

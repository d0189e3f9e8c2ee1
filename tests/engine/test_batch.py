"""A batch: what one redemption leaves behind, and what many in one transaction do to each other."""

from datetime import timedelta

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.canonical import encode_transaction, format_instant, hash_leaf
from app.core.codes import Code
from app.core.pay_codes import LIFETIME
from app.core.rows import PayCode, Redemption
from app.engine.batch import run_batch
from app.store.batch_rows import fetch_pay_codes, fetch_redemptions
from app.store.database import Database
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
)
from tests.support.earnings import Service, earn
from tests.support.ledgers import assert_sound, fetch_balances, fetch_journal, fetch_rows


async def test_a_redemption_moves_points_and_money_at_once(database: Database, clock: Clock) -> None:
    """The volunteer's points become the merchant's, priced in fen that move from the fund to what is owed."""
    city = await a_city(database, clock, volunteers=1, merchants=1, points=500, fund_fen=100_000)
    [volunteer], [till] = city.volunteers, city.tills
    before = await fetch_balances(database, city.programme)
    async with a_committer(database, city.programme, clock) as committer:
        accepted(await pay(committer, till, volunteer, 133, "A-1"))
    after = await fetch_balances(database, city.programme)
    changed = {key: balance for key, balance in after.items() if before.get(key) != balance}
    [wallet] = [key for key in changed if key.kind is AccountKind.WALLET]
    assert changed == {
        wallet: 500 - 133,
        AccountKey(AccountKind.REDEEMED, till.merchant): 133,
        AccountKey(AccountKind.FUND, city.fund): 100_000 - 399,
        AccountKey(AccountKind.PAYABLE, till.merchant): 399,
    }
    await assert_sound(database, city.programme)


async def test_a_redemption_leaves_its_rows(database: Database, clock: Clock) -> None:
    """The stored redemption and the used code are the very rows that came with the answer."""
    city = await a_city(database, clock)
    till = city.tills[0]
    async with a_committer(database, city.programme, clock) as committer:
        code = await a_pay_code(committer, city.volunteers[0])
        outcome = await committer.submit(at_till(till, a_redeem(till, code, 20, "A-1")))
    redemption, used = outcome.rows
    assert isinstance(redemption, Redemption)
    assert used == PayCode(code, city.volunteers[0], clock.now + LIFETIME, redemption.id)
    connection = await database.connect_batch()
    try:
        assert await fetch_redemptions(connection, city.programme, [redemption.id]) == {redemption.id: redemption}
        assert await fetch_pay_codes(connection, city.programme, [code]) == {code: used}
    finally:
        await connection.close()
    stored = "SELECT seq, transaction_id FROM redemptions WHERE id = :id"
    assert await fetch_rows(database, stored, id=redemption.id) == [(outcome.seq, outcome.transaction)]


async def test_the_receipt_recomputes_from_the_stored_rows(database: Database, clock: Clock) -> None:
    """Sequence number and leaf hash of the answer follow from nothing but the rows of the journal."""
    city = await a_city(database, clock)
    async with a_committer(database, city.programme, clock) as committer:
        outcome = await pay(committer, city.tills[0], city.volunteers[0], 20, "A-1")
    posted = (await fetch_journal(database, city.programme))[-1]
    canonical = encode_transaction(
        city.programme, posted.seq, format_instant(posted.recorded_at), posted.transaction
    )
    assert (posted.seq, posted.transaction.id) == (outcome.seq, outcome.transaction)
    assert posted.leaf_hash == outcome.leaf_hash == hash_leaf(canonical)


async def test_the_lot_that_expires_first_is_spent_first(database: Database, clock: Clock) -> None:
    """Points of two years are taken in the order in which they expire, whichever was earned first."""
    city = await a_city(database, clock, volunteers=1, points=30)
    [volunteer] = city.volunteers
    async with a_committer(database, city.programme, clock) as committer:
        await earn(database, committer, city, [Service(volunteer, 50, clock.now - timedelta(days=365))])
        outcome = await pay(committer, city.tills[0], volunteer, 60, "A-1")
    redemption = outcome.rows[0]
    assert isinstance(redemption, Redemption)
    assert [(part.expires_on.year, part.points) for part in redemption.lots] == [(2027, 50), (2028, 10)]
    balances = await fetch_balances(database, city.programme)
    assert [
        balances[lot(AccountKind.WALLET, volunteer, part.expires_on)] for part in redemption.lots
    ] == [0, 20]


async def test_one_batch_sees_its_own_commands(database: Database, clock: Clock) -> None:
    """Of two redemptions in one batch that together exceed the wallet, the second is refused by what is left."""
    city = await a_city(database, clock, points=100)
    till = city.tills[0]
    async with a_committer(database, city.programme, clock) as committer:
        codes = [await a_pay_code(committer, city.volunteers[0]) for _ in range(2)]
    commands = [a_redeem(till, code, 70, f"A-{number}") for number, code in enumerate(codes)]
    first, second = await _run_together(database, city, clock, *(at_till(till, command) for command in commands))
    accepted(first)
    assert refused(second) is Code.NOT_ENOUGH
    await assert_sound(database, city.programme)

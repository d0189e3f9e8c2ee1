"""A batch: what one redemption leaves behind, and what many in one transaction do to each other."""

from datetime import timedelta

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.canonical import encode_transaction, format_instant, hash_leaf
from app.core.codes import Code
from app.core.pay_codes import LIFETIME
from app.core.rows import PayCode, Redemption
from app.store.batch_rows import fetch_pay_codes, fetch_redemptions
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.commands import (
    a_committer,
    a_connection,
    a_pay_code,
    a_redeem,
    accepted,
    at_till,
    pay,
    refused,
    run_together,
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
    async with a_connection(database) as connection:
        assert await fetch_redemptions(connection, city.programme, [redemption.id]) == {redemption.id: redemption}
        assert await fetch_pay_codes(connection, city.programme, [code]) == {code: used}
    stored = "SELECT seq, transaction_id FROM redemptions WHERE id = :id"
    assert await fetch_rows(database, stored, id=redemption.id) == [(outcome.seq, outcome.transaction)]


async def test_the_receipt_recomputes_from_the_stored_rows(database: Database, clock: Clock) -> None:
    """Sequence number and leaf hash of the answer follow from nothing but the rows of the journal."""
    city = await a_city(database, clock)
    async with a_committer(database, city.programme, clock) as committer:
        outcome = await pay(committer, city.tills[0], city.volunteers[0], 20, "A-1")
    posted = (await fetch_journal(database, city.programme))[-1]
    canonical = encode_transaction(city.programme, posted.seq, format_instant(posted.recorded_at), posted.transaction)
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
    assert [balances[lot(AccountKind.WALLET, volunteer, part.expires_on)] for part in redemption.lots] == [
        0,
        20,
    ]


async def test_one_batch_sees_its_own_commands(database: Database, clock: Clock) -> None:
    """Of two redemptions in one batch that together exceed the wallet, the second is refused."""
    city = await a_city(database, clock, points=100)
    till = city.tills[0]
    async with a_committer(database, city.programme, clock) as committer:
        codes = [await a_pay_code(committer, city.volunteers[0]) for _ in range(2)]
    commands = [a_redeem(till, code, 70, f"A-{number}") for number, code in enumerate(codes)]
    first, second = await run_together(
        database, city.programme, clock, *(at_till(till, command) for command in commands)
    )
    accepted(first)
    assert refused(second) is Code.NOT_ENOUGH
    await assert_sound(database, city.programme)


async def test_a_code_pays_once_within_a_batch(database: Database, clock: Clock) -> None:
    """Two tills with one code in one batch: the first takes points, the second learns that it is used."""
    city = await a_city(database, clock)
    async with a_committer(database, city.programme, clock) as committer:
        code = await a_pay_code(committer, city.volunteers[0])
    submissions = [at_till(till, a_redeem(till, code, 10, "A-1")) for till in city.tills]
    first, second = await run_together(database, city.programme, clock, *submissions)
    accepted(first)
    assert refused(second) is Code.CODE_USED


async def test_a_key_twice_in_one_batch_is_done_once(database: Database, clock: Clock) -> None:
    """The second of two equal submissions in one batch is a replay; with another body it is a conflict."""
    city = await a_city(database, clock)
    till = city.tills[0]
    async with a_committer(database, city.programme, clock) as committer:
        code = await a_pay_code(committer, city.volunteers[0])
    submissions = [at_till(till, a_redeem(till, code, 10, "A-1")) for _ in range(2)]
    other = at_till(till, a_redeem(till, code, 11, "A-1"))
    first, second, third = await run_together(database, city.programme, clock, *submissions, other)
    assert accepted(second) == accepted(first)
    assert (first.replayed, second.replayed, second.seq) == (False, True, first.seq)
    assert refused(third) is Code.OUT_TRADE_NO_USED
    assert await fetch_rows(database, "SELECT points FROM redemptions") == [(10,)]
    await assert_sound(database, city.programme)


async def test_a_clock_that_goes_back_does_not_take_the_journal_along(database: Database, clock: Clock) -> None:
    """`recorded_at` never falls: after the machine's clock was set back, the last moment is kept."""
    city = await a_city(database, clock)
    async with a_committer(database, city.programme, clock) as committer:
        accepted(await pay(committer, city.tills[0], city.volunteers[0], 10, "A-1"))
        latest = clock.now
        clock.move(timedelta(hours=-1))
        accepted(await pay(committer, city.tills[0], city.volunteers[0], 10, "A-2"))
    recorded = [posted.recorded_at for posted in await fetch_journal(database, city.programme)]
    assert recorded[-2:] == [latest, latest]

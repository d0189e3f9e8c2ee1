"""Redemptions that wait for their volunteer: held until yes or no, and ended once."""

import asyncio
from datetime import timedelta

import pytest

from app.core.accounts import AccountKind
from app.core.codes import Code
from app.core.redemptions import CONFIRM_WITHIN
from app.core.rows import Redemption, RedemptionState
from app.core.transactions import TransactionKind
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
    run_together,
)
from tests.support.ledgers import fetch_journal, fetch_rows, fetch_tables, fetch_total
from tests.support.offers import an_offer, an_order
from tests.support.soundness import assert_all_sound

ASKS_ABOVE = 100


async def a_waiting(committer: Committer, city: City, points: int = 300) -> Redemption:
    """The first volunteer is asked to confirm a redemption at the first till."""
    return redeemed(await pay(committer, city.tills[0], city.volunteers[0], points, "A-1"))


async def totals(database: Database, city: City) -> dict[AccountKind, int]:
    """Where the first volunteer's points and the fund's money are."""
    owners = {
        AccountKind.WALLET: city.volunteers[0],
        AccountKind.HELD: city.volunteers[0],
        AccountKind.REDEEMED: city.tills[0].merchant,
        AccountKind.FUND: city.fund,
        AccountKind.COMMITTED: city.fund,
        AccountKind.PAYABLE: city.tills[0].merchant,
    }
    return {kind: await fetch_total(database, kind, owner) for kind, owner in owners.items()}


def as_totals(*amounts: int) -> dict[AccountKind, int]:
    """Wallet, held, redeemed; fund, committed, payable."""
    kinds = (AccountKind.WALLET, AccountKind.HELD, AccountKind.REDEEMED)
    return dict(zip((*kinds, AccountKind.FUND, AccountKind.COMMITTED, AccountKind.PAYABLE), amounts, strict=True))


async def test_held_points_cannot_be_spent_or_held_again(database: Database, clock: Clock) -> None:
    """Case 4: with 300 of 500 waiting, neither a till nor an order gets more than 200."""
    city = await a_city(database, clock, confirm_points=ASKS_ABOVE)
    offer = await an_offer(database, city, city.tills[1].merchant)
    async with a_committer(database, city.programme, clock) as committer:
        await a_waiting(committer, city)
        assert refused(await pay(committer, city.tills[1], city.volunteers[0], 201, "B-1")) is Code.NOT_ENOUGH
        too_many = await committer.submit(a_submission(an_order(city.volunteers[0], offer, 3)))
        assert refused(too_many) is Code.NOT_ENOUGH
        accepted(await committer.submit(a_submission(an_order(city.volunteers[0], offer, 2))))
    assert await totals(database, city) == as_totals(0, 500, 0, 1_000_000 - 900, 900, 0)
    await assert_all_sound(database, city)


async def test_yes_pays_and_no_gives_back_money_too(database: Database, clock: Clock) -> None:
    """What waits is promised money: confirmed it is owed, declined it is free for others at once."""
    city = await a_city(database, clock, fund_fen=1_500, confirm_points=ASKS_ABOVE)
    async with a_committer(database, city.programme, clock) as committer:
        first = await a_waiting(committer, city)
        assert await totals(database, city) == as_totals(200, 300, 0, 600, 900, 0)
        other = redeemed(await pay(committer, city.tills[1], city.volunteers[1], 200, "B-1"))
        assert refused(await pay(committer, city.tills[1], city.volunteers[2], 1, "B-2")) is Code.FUND_EXHAUSTED
        confirmed = await committer.submit(confirm(first.id, first.volunteer))
        accepted(await committer.submit(decline(other.id, other.volunteer)))
        accepted(await pay(committer, city.tills[1], city.volunteers[2], 100, "B-3"))
    assert redeemed(confirmed).state is RedemptionState.SUCCESS
    assert await totals(database, city) == as_totals(200, 0, 300, 300, 0, 900)
    await assert_all_sound(database, city)


async def test_fifty_confirmations_at_once_capture_once(database: Database, clock: Clock) -> None:
    """Case 3: fifty calls over two processes, half of them under one key: one capture, one answer for all."""
    city = await a_city(database, clock, confirm_points=ASKS_ABOVE)
    async with (
        a_committer(database, city.programme, clock) as one,
        a_committer(database, city.programme, clock) as other,
    ):
        waiting = await a_waiting(one, city)
        calls = [confirm(waiting.id, waiting.volunteer, "yes" if number % 4 < 2 else None) for number in range(50)]
        outcomes = await asyncio.gather(*((one, other)[number % 2].submit(call) for number, call in enumerate(calls)))
    assert sum(outcome.seq is not None and not outcome.replayed for outcome in outcomes) == 1
    assert len({str(accepted(outcome)) for outcome in outcomes}) == 1
    assert await fetch_rows(database, "SELECT count(*) FROM transactions WHERE kind = 'capture.v1'") == [(1,)]
    assert await totals(database, city) == as_totals(200, 0, 300, 1_000_000 - 900, 0, 900)
    await assert_all_sound(database, city)


async def test_yes_and_no_at_once_end_it_once(database: Database, clock: Clock) -> None:
    """The volunteer presses both on two devices, the till reverses, time runs: exactly one of them ends the hold."""
    city = await a_city(database, clock, volunteers=12, points=200, confirm_points=ASKS_ABOVE)
    till = city.tills[0]
    async with (
        a_committer(database, city.programme, clock, batch_max=4) as one,
        a_committer(database, city.programme, clock, batch_max=4) as other,
    ):
        waiting = [
            redeemed(await pay(one, till, volunteer, 200, f"A-{number}"))
            for number, volunteer in enumerate(city.volunteers)
        ]
        sayings = [
            (confirm(row.id, row.volunteer), decline(row.id, row.volunteer), reverse(till, row.trade_no))
            for row in waiting
        ]
        await asyncio.gather(
            *(
                (one, other)[(number + turn) % 2].submit(saying[(number + turn) % 3])
                for turn in range(3)
                for number, saying in enumerate(sayings)
            )
        )
    ends = "SELECT count(*)::int FROM transactions WHERE kind IN ('capture.v1', 'void.v1')"
    assert await fetch_rows(database, ends) == [(12,)]
    assert await fetch_rows(database, "SELECT count(*) FROM redemptions WHERE state LIKE 'AWAITING%'") == [(0,)]
    assert await fetch_total(database, AccountKind.REDEEMED, till.merchant) == 200 * len(
        await fetch_rows(database, "SELECT 1 FROM redemptions WHERE state = 'SUCCESS'")
    )
    await assert_all_sound(database, city)


@pytest.mark.parametrize("say_no", [True, False])
async def test_all_of_it_fits_into_one_batch(database: Database, clock: Clock, *, say_no: bool) -> None:
    """Asked, answered, refunded and reversed in one batch: the same as apart, nothing fetched too late."""
    city = await a_city(database, clock, confirm_points=ASKS_ABOVE)
    till, volunteer = city.tills[0], city.volunteers[0]
    async with a_committer(database, city.programme, clock) as committer:
        code = await a_pay_code(committer, volunteer)
    sale = a_redeem(till, code, 300, "A-1")
    say = decline if say_no else confirm
    waiting, said, refunded, reversed_ = await run_together(
        database,
        city.programme,
        clock,
        at_till(till, sale),
        say(sale.redemption, volunteer),
        refund(till, "A-1", 100, "R-1"),
        reverse(till, "A-1"),
    )
    assert redeemed(waiting).state is RedemptionState.AWAITING_CONFIRMATION
    accepted(said)
    if say_no:
        assert refused(refunded) is Code.ORDER_CLOSED
        assert accepted(reversed_)["state"] == RedemptionState.CLOSED
        assert await totals(database, city) == as_totals(500, 0, 0, 1_000_000, 0, 0)
    else:
        assert redeemed(refunded).state is RedemptionState.PARTIALLY_REFUNDED
        assert refused(reversed_) is Code.ORDER_CLOSED
        assert await totals(database, city) == as_totals(300, 0, 200, 1_000_000 - 600, 0, 600)
    await assert_all_sound(database, city)


async def test_what_was_confirmed_is_refunded_to_its_lots(database: Database, clock: Clock) -> None:
    """The journal's entry of the capture tells lots and fund, months later; the receipt is the capture's."""
    city = await a_city(database, clock, confirm_points=ASKS_ABOVE)
    async with a_committer(database, city.programme, clock) as committer:
        waiting = await a_waiting(committer, city)
        confirmed = await committer.submit(confirm(waiting.id, waiting.volunteer))
        stored = await fetch_rows(database, "SELECT seq, transaction_id FROM redemptions")
        assert stored == [(confirmed.seq, confirmed.transaction)]
        clock.move(timedelta(days=200))
        refunds = [refund(city.tills[0], "A-1", points, f"R-{points}") for points in (1, 297, 2)]
        states = [redeemed(await committer.submit(submission)) for submission in refunds]
    assert [row.refunded_fen for row in states] == [3, 894, 900]
    assert states[-1].state is RedemptionState.REFUNDED
    journal = await fetch_journal(database, city.programme)
    assert {posted.transaction.reverses for posted in journal[-3:]} == {confirmed.transaction}
    assert [posted.transaction.kind for posted in journal[-3:]] == [TransactionKind.REFUND] * 3
    assert await totals(database, city) == as_totals(500, 0, 0, 1_000_000, 0, 0)
    await assert_all_sound(database, city)


async def test_nobody_else_answers_for_a_volunteer(database: Database, clock: Clock) -> None:
    """To another volunteer the redemption does not exist, and nothing moves."""
    city = await a_city(database, clock, confirm_points=ASKS_ABOVE)
    async with a_committer(database, city.programme, clock) as committer:
        waiting = await a_waiting(committer, city)
        tables = {"answers"}
        before = await fetch_tables(database, tables)
        for say in (confirm, decline):
            assert refused(await committer.submit(say(waiting.id, city.volunteers[1]))) is Code.ORDER_NOT_EXIST
        assert await fetch_tables(database, tables) == before
    await assert_all_sound(database, city)


async def test_the_second_of_a_batch_is_asked_about_the_first(database: Database, clock: Clock) -> None:
    """The same amount at the same merchant twice within a minute waits, also when both are in one batch."""
    city = await a_city(database, clock, same_amount_s=60, redemptions_a_day=3)
    [till, elsewhere] = city.tills
    async with a_committer(database, city.programme, clock) as committer:
        codes = [await a_pay_code(committer, city.volunteers[0]) for _ in range(4)]
    outcomes = await run_together(
        database,
        city.programme,
        clock,
        at_till(till, a_redeem(till, codes[0], 20, "A-1")),
        at_till(elsewhere, a_redeem(elsewhere, codes[1], 20, "B-1")),
        at_till(till, a_redeem(till, codes[2], 20, "A-2")),
        at_till(till, a_redeem(till, codes[3], 20, "A-3")),
    )
    states = [redeemed(outcome).state for outcome in outcomes[:3]]
    assert states == [RedemptionState.SUCCESS] * 2 + [RedemptionState.AWAITING_CONFIRMATION]
    assert refused(outcomes[3]) is Code.FREQUENCY_LIMITED
    clock.move(CONFIRM_WITHIN)
    async with a_committer(database, city.programme, clock) as committer:
        later = redeemed(await pay(committer, till, city.volunteers[0], 20, "A-4"))
    assert later.state is RedemptionState.SUCCESS
    await assert_all_sound(database, city)

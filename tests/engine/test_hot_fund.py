"""Case 12: everybody pays the same merchant from the same fund at once."""

import asyncio
from collections import Counter

from app.core.accounts import AccountKind
from app.core.codes import Code, Rejected
from app.engine.committer import Committer
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_pay_code, a_redeem, at_till
from tests.support.ledgers import assert_sound, fetch_rows, fetch_total

VOLUNTEERS = 200
POINTS = 7
FEN = 21
PAID = 150


async def test_a_hot_fund_is_exhausted_exactly_at_its_limit(database: Database, clock: Clock) -> None:
    """200 redemptions over two committers, money for 150: all are decided, 150 pay, each fen is there."""
    city = await a_city(
        database, clock, volunteers=VOLUNTEERS, merchants=1, points=POINTS, fund_fen=PAID * FEN + FEN - 1
    )
    [till] = city.tills
    async with (
        a_committer(database, city.programme, clock, batch_max=16) as one,
        a_committer(database, city.programme, clock, batch_max=16) as other,
    ):
        both: tuple[Committer, ...] = (one, other)
        codes = await asyncio.gather(*(a_pay_code(one, volunteer) for volunteer in city.volunteers))
        outcomes = await asyncio.gather(
            *(
                both[number % 2].submit(at_till(till, a_redeem(till, code, POINTS, f"A-{number}")))
                for number, code in enumerate(codes)
            )
        )
    refusals = Counter(outcome.answer.code for outcome in outcomes if isinstance(outcome.answer, Rejected))
    assert refusals == {Code.FUND_EXHAUSTED: VOLUNTEERS - PAID}
    assert sorted(outcome.seq for outcome in outcomes if outcome.seq) == list(
        range(VOLUNTEERS + 2, VOLUNTEERS + 2 + PAID)
    )
    assert await fetch_total(database, AccountKind.FUND, city.fund) == FEN - 1
    assert await fetch_total(database, AccountKind.PAYABLE, till.merchant) == PAID * FEN
    assert await fetch_total(database, AccountKind.REDEEMED, till.merchant) == PAID * POINTS
    statement = "SELECT count(*), sum(points)::bigint, sum(settlement_fen)::bigint FROM redemptions"
    assert await fetch_rows(database, statement) == [(PAID, PAID * POINTS, PAID * FEN)]
    await assert_sound(database, city.programme)

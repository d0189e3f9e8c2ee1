"""A database as the last release left it: upgraded, everything of then is readable and can be gone on with."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.core.accounts import AccountKind
from app.core.codes import Code
from app.core.idempotency import AnswerKey
from app.core.quantities import Points
from app.core.rows import LotPart, PayCodeHash, Redemption, RedemptionState
from app.engine.batch import Submission
from app.jobs.verifying import run_verify
from app.store.batch_rows import fetch_pay_codes, fetch_records, fetch_redemptions, fetch_tills, fetch_volunteers
from app.store.database import Database
from app.store.migrating import upgrade
from tests.support.afterwards import redeemed, refund, reverse
from tests.support.city_rows import name_city
from tests.support.clocks import START, Clock
from tests.support.commands import a_committer, a_connection, a_redeem, accepted, pay, refused
from tests.support.databases import EMPTY, TestServer, a_database
from tests.support.ledgers import fetch_rows, fetch_tables, fetch_total
from tests.support.offers import an_offer, place_order, use_voucher
from tests.support.soundness import assert_all_sound

RELEASE = Path(__file__).parent / "releases" / "20261124.sql"
CITY = name_city("cixi", volunteers=2, merchants=2)
KEPT = ("transactions", "transfers", "accounts", "answers", "pay_codes", "checkpoints", "tree_tiles", "service_records")
LAST_DAY = date(2028, 12, 31)


def _is_kept(then: list[str], now: list[str]) -> bool:
    """The same rows; a column that came later stands behind those of then."""
    pairs = zip(then, now, strict=True)
    return all(new == old or new.startswith(old.removesuffix(")") + ",") for old, new in pairs)


@pytest.fixture
async def upgraded(server: TestServer) -> AsyncIterator[Database]:
    """The release's schema, its rows, and then our migrations; journal and answers are what they were."""
    async with a_database(server, EMPTY) as database:
        await upgrade(database, "20261124")
        async with a_connection(database) as connection, connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(RELEASE.read_text(encoding="utf-8"))
        before = await fetch_tables(database)
        await upgrade(database)
        after = await fetch_tables(database)
        assert not [name for name in KEPT if not _is_kept(before[name], after[name])]
        yield database


async def _redemptions(database: Database) -> dict[str, Redemption]:
    ids = [number for (number,) in await fetch_rows(database, "SELECT id FROM redemptions")]
    async with a_connection(database) as connection:
        found = await fetch_redemptions(connection, CITY.programme, ids)
    return {row.trade_no: row for row in found.values()}


async def test_everything_of_then_is_readable(upgraded: Database) -> None:
    """Sales with lots and fund, the refund, codes, hours, people; staff may do what they could; all verifies."""
    found = await _redemptions(upgraded)
    assert {number: (row.state.value, row.points, row.refunded_points) for number, row in found.items()} == {
        "A-1": ("SUCCESS", 100, 0),
        "A-2": ("PARTIALLY_REFUNDED", 133, 33),
        "A-3": ("REVERSED", 50, 50),
        "B-1": ("SUCCESS", 20, 0),
    }
    for row in found.values():
        assert (row.lots, row.fund) == ((LotPart(LAST_DAY, Points(row.points)),), CITY.fund)
        assert (row.closes_at, row.offer, row.quantity) == (None, None, 0)
    assert await fetch_rows(upgraded, "SELECT points::int, refund_no, terminal_id, note FROM refunds") == [
        (33, "", None, "")
    ]
    codes = [code for (code,) in await fetch_rows(upgraded, "SELECT hash FROM pay_codes")]
    records = [record for (record,) in await fetch_rows(upgraded, "SELECT id FROM service_records")]
    async with a_connection(upgraded) as connection:
        used = (await fetch_pay_codes(connection, CITY.programme, codes)).values()
        assert {code.used_by for code in used} == {None, *(row.id for row in found.values())}
        assert len(await fetch_records(connection, CITY.programme, records)) == 3
        assert set(await fetch_volunteers(connection, CITY.programme, CITY.volunteers)) == set(CITY.volunteers)
    roles = await fetch_rows(upgraded, "SELECT kind::text, role::text FROM users ORDER BY 1")
    assert roles == [("admin", None), ("auditor", None), ("merchant_staff", "cashier"), ("organiser", None)]
    report = await run_verify(upgraded, CITY.programme, lambda _done, _total: None)
    assert (report.transactions, report.checkpoints, report.findings) == (9, 1, ())


async def test_merchants_of_then_have_an_open_agreement(upgraded: Database) -> None:
    """On the day they were entered and for ever after, without a quota; who was suspended is so still."""
    terminals = [till.terminal for till in CITY.tills]
    async with a_connection(upgraded) as connection:
        for day in (START.date(), START.date() + timedelta(days=36_500)):
            found = await fetch_tills(connection, CITY.programme, terminals, day)
            assert [found[terminal].suspended for terminal in terminals] == [False, True]
            assert {till.monthly_points for till in found.values()} == {None}


async def test_sales_of_then_are_given_back_now(upgraded: Database) -> None:
    """Refunded, reversed, or asked about: the numbers of then are known, and what was decided stays decided."""
    till, clock = CITY.tills[0], Clock(START + timedelta(hours=1))
    async with a_committer(upgraded, CITY.programme, clock) as committer:
        rest = redeemed(await committer.submit(refund(till, "A-2", 100, "R-2")))
        assert (rest.state, rest.refunded_fen, rest.refund_count) == (RedemptionState.REFUNDED, 399, 2)
        assert refused(await committer.submit(refund(till, "A-2", 1, "R-3"))) is Code.REFUND_TOO_MUCH
        states = [accepted(await committer.submit(reverse(till, f"A-{number}")))["state"] for number in (1, 3, 4, 5)]
        assert states == ["REVERSED", "REVERSED", "CLOSED", "REVERSED"]
        assert refused(await committer.submit(refund(till, "A-3", 1, "R-4"))) is Code.ORDER_REVERSED
        assert refused(await pay(committer, till, CITY.volunteers[0], 10, "A-5")) is Code.ORDER_REVERSED
    assert await fetch_total(upgraded, AccountKind.REDEEMED, till.merchant) == 0
    assert await fetch_total(upgraded, AccountKind.WALLET, CITY.volunteers[0]) == 500
    assert await fetch_total(upgraded, AccountKind.FUND, CITY.fund) == 10_000 - 60
    await assert_all_sound(upgraded, CITY)


async def test_what_was_answered_then_is_answered_now(upgraded: Database) -> None:
    """A till that asks again under a number of then has its answer, refusals included, and pays nothing."""
    till = CITY.tills[0]
    kept = await fetch_rows(upgraded, "SELECT scope, key, body_hash, seq FROM answers WHERE key IN ('A-1', 'A-4')")
    async with a_committer(upgraded, CITY.programme, Clock(START + timedelta(days=300))) as committer:
        for scope, number, body_hash, seq in kept:
            command = a_redeem(till, PayCodeHash(b"gone"), 100, number)
            outcome = await committer.submit(
                Submission(command=command, key=AnswerKey(scope, number), body_hash=body_hash)
            )
            assert (outcome.replayed, outcome.seq) == (True, seq)
            if number == "A-4":
                assert refused(outcome) is Code.NOT_ENOUGH
            else:
                accepted(outcome)
    assert len(kept) == 2


async def test_life_goes_on(upgraded: Database) -> None:
    """Points of then are spent now, at the till and in the catalogue."""
    till, volunteer = CITY.tills[0], CITY.volunteers[0]
    offer = await an_offer(upgraded, CITY, till.merchant, stock=1)
    async with a_committer(upgraded, CITY.programme, Clock(START + timedelta(days=1))) as committer:
        accepted(await pay(committer, till, volunteer, 200, "A-6"))
        order = await place_order(committer, volunteer, offer)
        accepted(await committer.submit(use_voucher(till, order.code)))
        assert refused(await pay(committer, CITY.tills[1], volunteer, 1, "B-2")) is Code.MERCHANT_SUSPENDED
    assert await fetch_total(upgraded, AccountKind.WALLET, volunteer) == 100
    await assert_all_sound(upgraded, CITY)

"""`liyu verify` finds every way in which somebody with the database's password could change the ledger (case 14)."""

import pytest

from app.core.invariants import Invariant
from app.jobs.verifying import run_verify
from app.store.database import Database
from tests.support.city_rows import City, named
from tests.support.clocks import Clock
from tests.support.damage import a_busy_city, tamper, verify


@pytest.fixture
async def city(database: Database, clock: Clock) -> City:
    """A city with something of everything in its ledger."""
    return await a_busy_city(database, clock)


SWAPPED = """
UPDATE transfers SET debit_account_no = credit_account_no, credit_account_no = debit_account_no
WHERE seq = {seq} AND position = 0
"""


async def test_an_untouched_ledger_passes(database: Database, city: City) -> None:
    """No findings; progress ends at the last transaction."""
    seen: list[tuple[int, int]] = []
    report = await run_verify(database, city.programme, lambda done, total: seen.append((done, total)))
    assert report.findings == ()
    assert report.first_wrong_seq is None
    assert seen[-1] == (report.transactions, report.transactions)


async def test_the_newest_rows_removed_are_missed(database: Database, city: City) -> None:
    """Deleting the newest transactions names the first that is gone."""
    before = await verify(database, city)
    last = before.transactions
    await tamper(
        database, f"DELETE FROM transfers WHERE seq > {last - 2}", f"DELETE FROM transactions WHERE seq > {last - 2}"
    )
    report = await verify(database, city)
    assert report.first_wrong_seq == last - 1
    assert Invariant.NO_GAP in {finding.invariant for finding in report.findings}


async def test_the_newest_rows_removed_with_the_head_turned_back_are_missed_too(database: Database, city: City) -> None:
    """Balances and kept answers still tell of what is gone."""
    last = (await verify(database, city)).transactions
    await tamper(
        database,
        f"DELETE FROM transfers WHERE seq = {last}",
        f"DELETE FROM transactions WHERE seq = {last}",
        f"UPDATE journal_heads SET next_seq = {last}",
    )
    report = await verify(database, city)
    assert report.first_wrong_seq == last
    assert {Invariant.BALANCES_MATCH, Invariant.ONE_ANSWER} <= {finding.invariant for finding in report.findings}


@pytest.mark.parametrize(
    "change, invariant",
    [
        ("UPDATE transfers SET amount = amount + 1 WHERE seq = {seq} AND position = 0", Invariant.HASHES_MATCH),
        ("UPDATE transfers SET debit_balance = debit_balance + 1 WHERE seq = {seq}", Invariant.BALANCES_MATCH),
        ("UPDATE transactions SET actor = 'usr_0' WHERE seq = {seq}", Invariant.HASHES_MATCH),
        (
            "UPDATE transactions SET occurred_at = occurred_at - interval '1 day' WHERE seq = {seq}",
            Invariant.HASHES_MATCH,
        ),
        ("UPDATE transactions SET leaf_hash = sha256(leaf_hash) WHERE seq = {seq}", Invariant.HASHES_MATCH),
        ("DELETE FROM transfers WHERE seq = {seq} AND position = 1", Invariant.HASHES_MATCH),
        ("DELETE FROM transactions WHERE seq = {seq}", Invariant.NO_GAP),
        (
            SWAPPED,
            Invariant.HASHES_MATCH,
        ),
    ],
)
async def test_one_old_row_changed_is_named(database: Database, city: City, change: str, invariant: Invariant) -> None:
    """Whatever is changed in an old transaction, its sequence number is the first that is named."""
    seq = (await verify(database, city)).transactions - 3
    await tamper(database, change.format(seq=seq))
    report = await verify(database, city)
    assert report.first_wrong_seq == seq
    assert invariant in {finding.invariant for finding in report.findings if finding.seq == seq}


@pytest.mark.parametrize(
    "change, invariant",
    [
        ("UPDATE accounts SET balance = balance + 1 WHERE kind = 'wallet'", Invariant.BALANCES_MATCH),
        (
            "UPDATE accounts SET balance = balance + 1 WHERE kind = 'pool' OR kind = 'issuance'",
            Invariant.ASSETS_SUM_TO_ZERO,
        ),
        ("UPDATE redemptions SET refunded_points = 1", Invariant.MERCHANTS_MATCH),
        ("UPDATE redemptions SET settlement_fen = settlement_fen + 1", Invariant.MERCHANTS_MATCH),
        ("UPDATE redemptions SET state = 'CLOSED' WHERE trade_no = 'A-0'", Invariant.MERCHANTS_MATCH),
        ("UPDATE orders SET points = points - 1 WHERE state = 'USED'", Invariant.MERCHANTS_MATCH),
        ("UPDATE orders SET settlement_fen = 0 WHERE state = 'USED'", Invariant.MERCHANTS_MATCH),
        ("UPDATE orders SET state = 'CANCELLED', used_at = NULL WHERE state = 'USED'", Invariant.MERCHANTS_MATCH),
        ("UPDATE orders SET state = 'EXPIRED' WHERE state = 'EFFECTIVE'", Invariant.HOLDS_MATCH),
        ("UPDATE orders SET state = 'EFFECTIVE' WHERE state = 'CANCELLED'", Invariant.HOLDS_MATCH),
        ("UPDATE orders SET settlement_fen = 499 WHERE state = 'EFFECTIVE'", Invariant.HOLDS_MATCH),
        ("DELETE FROM redemptions WHERE state = 'AWAITING_CONFIRMATION'", Invariant.HOLDS_MATCH),
        ("UPDATE accounts SET balance = balance + 1 WHERE kind = 'held'", Invariant.HOLDS_MATCH),
        ("UPDATE accounts SET balance = balance - 1 WHERE kind = 'committed'", Invariant.HOLDS_MATCH),
        ("UPDATE offer_stocks SET taken = taken - 1", Invariant.LIMITS_MATCH),
        ("DELETE FROM offer_stocks", Invariant.LIMITS_MATCH),
        ("UPDATE orders SET quantity = 5 WHERE state = 'USED'", Invariant.LIMITS_MATCH),
        ("UPDATE redemptions SET quantity = 1 WHERE trade_no = 'O-1'", Invariant.LIMITS_MATCH),
        ("UPDATE tallies SET amount = amount + 1 WHERE scope LIKE 'offer:%'", Invariant.LIMITS_MATCH),
        ("UPDATE tallies SET period = '2026-03-01' WHERE scope LIKE 'offer:%'", Invariant.LIMITS_MATCH),
        ("DELETE FROM tallies WHERE scope LIKE 'offer:%'", Invariant.LIMITS_MATCH),
        ("DELETE FROM redemptions WHERE trade_no = 'A-0'", Invariant.MERCHANTS_MATCH),
        ("DELETE FROM accruals", Invariant.ACCRUALS_MATCH),
        ("UPDATE accruals SET points = points + 1", Invariant.ACCRUALS_MATCH),
        ("UPDATE service_records SET points = points - 1", Invariant.ACCRUALS_MATCH),
        ("UPDATE service_records SET policy = '2020-9'", Invariant.ACCRUALS_MATCH),
        (
            "INSERT INTO tallies SELECT programme_id, record_id, 'overlay:33', '2026', 5 FROM accruals LIMIT 1",
            Invariant.LIMITS_MATCH,
        ),
    ],
)
async def test_a_row_beside_the_journal_changed_is_found(
    database: Database, city: City, change: str, invariant: Invariant
) -> None:
    """Balances, redemptions, orders, stock and counts are compared with what the journal makes of them."""
    await tamper(database, change)
    report = await verify(database, city)
    assert invariant in {finding.invariant for finding in report.findings}


@pytest.mark.parametrize(
    "change, what",
    [
        (
            "UPDATE accounts SET balance = balance + 1 WHERE kind = 'held' AND owner_id = '{volunteer}'",
            "vol_{volunteer.hex}: open orders make 150 held points, the accounts hold 151",
        ),
        (
            "UPDATE accounts SET balance = balance + 1 WHERE kind = 'redeemed' AND owner_id = '{merchant}'",
            "mer_{merchant.hex}: redemptions make 116 points and 2108 fen, its accounts hold 117 and 2108",
        ),
        (
            "UPDATE offer_stocks SET taken = 9 WHERE offer_id = '{offer}'",
            "off_{offer.hex}: orders make 5 units, the stock says 9",
        ),
        (
            "UPDATE tallies SET amount = 7 WHERE subject_id = '{volunteer}'",
            "vol_{volunteer.hex} had 2 units of offer:{offer.hex} on 2026-03-02, counted are 7",
        ),
    ],
)
async def test_what_is_wrong_is_named_with_both_figures(database: Database, city: City, change: str, what: str) -> None:
    """A finding says whose row it is, what the rows make, and what is stored."""
    names = {
        "volunteer": city.volunteers[2],
        "merchant": city.tills[0].merchant,
        "offer": named(city.programme, "offer"),
    }
    await tamper(database, change.format(**names))
    report = await verify(database, city)
    assert what.format(**names) in [finding.what for finding in report.findings]

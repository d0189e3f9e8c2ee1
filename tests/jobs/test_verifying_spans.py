"""However the journal is cut, and whoever reads it: `liyu verify` says the same, or says that it stopped."""

import asyncio
import multiprocessing
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.core.invariants import Invariant
from app.jobs.verifying import run_verify
from app.jobs.verifying_spans import VerifyingStopped
from app.store.database import Database
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.damage import a_busy_city, tamper, verify


@pytest.fixture
async def city(database: Database, clock: Clock) -> City:
    """A city with something of everything in its ledger."""
    return await a_busy_city(database, clock)


@pytest.mark.parametrize("span, workers", [(1, 0), (4, 0), (4, 2), (8, 3)])
async def test_however_it_is_cut_the_report_is_the_same(
    database: Database, city: City, span: int, workers: int
) -> None:
    """Small spans or one, read here or by processes: the same figures, and no findings."""
    whole, seen = await verify(database, city), list[int]()
    report = await run_verify(database, city.programme, lambda done, _total: seen.append(done), workers, span)
    assert replace(report, seconds=0) == replace(whole, seconds=0)
    assert seen == [*range(span, whole.transactions, span), whole.transactions]


PLACES: dict[str, Callable[[int], int]] = {
    "the very first": lambda _last: 1,
    "the first of a span": lambda _last: 5,
    "the last of a span": lambda _last: 8,
    "in the middle of a span": lambda last: last - last % 4 - 2,
    "the last of all": lambda last: last,
}
DAMAGE = {
    "amount": "UPDATE transfers SET amount = amount + 1 WHERE seq = {seq} AND position = 0",
    "balances": "UPDATE transfers SET credit_balance = credit_balance + 1 WHERE seq = {seq}",
    "leaf": "UPDATE transactions SET leaf_hash = sha256(leaf_hash) WHERE seq = {seq}",
    "lost": "DELETE FROM transactions WHERE seq = {seq}",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_is_named_wherever_it_is(database: Database, city: City, damage: str, place: str) -> None:
    """At the borders of spans, within one, in the first and the last row of all."""
    seq = PLACES[place]((await verify(database, city)).transactions)
    await tamper(database, DAMAGE[damage].format(seq=seq))
    cut = await verify(database, city, span=4)
    assert cut.first_wrong_seq == seq
    whole = await verify(database, city)
    assert set(cut.findings) == set(whole.findings)


async def test_processes_name_what_one_alone_names(database: Database, city: City) -> None:
    """Damage in the middle of the range of the second of two processes gives the findings of a reading in one piece."""
    await tamper(database, DAMAGE["balances"].format(seq=6), DAMAGE["leaf"].format(seq=15))
    report = await verify(database, city, span=4, workers=2)
    assert report.first_wrong_seq == 6
    assert 15 in {finding.seq for finding in report.findings}
    assert report.findings == (await verify(database, city)).findings


async def test_a_whole_span_removed_is_missed(database: Database, city: City) -> None:
    """A span that is gone has no report; the one behind it does not begin where the journal stood."""
    await tamper(
        database,
        "DELETE FROM transfers WHERE seq BETWEEN 5 AND 8",
        "DELETE FROM transactions WHERE seq BETWEEN 5 AND 8",
    )
    report = await verify(database, city, span=4, workers=2)
    assert report.first_wrong_seq == 5
    assert Invariant.NO_GAP in {finding.invariant for finding in report.findings if finding.seq == 5}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE transactions SET kind = 'gift.v1' WHERE seq = {seq}",
        "UPDATE transactions SET occurred_at = 'infinity' WHERE seq = {seq}",
        "UPDATE transfers SET amount = 9223372036854775807 WHERE seq = {seq}",
        "UPDATE transfers SET credit_account_no = 9223372036854775807 WHERE seq = {seq}",
    ],
)
async def test_what_no_row_can_hold_is_a_finding(database: Database, city: City, change: str) -> None:
    """Forged values beyond all that is ever written are told like any other damage."""
    await tamper(database, change.format(seq=7))
    assert (await verify(database, city, span=4)).first_wrong_seq == 7


async def test_transfers_without_their_transaction_are_found(database: Database, city: City) -> None:
    """The last transaction gone and the head turned back, but its transfers forgotten."""
    last = (await verify(database, city)).transactions
    await tamper(
        database,
        f"DELETE FROM transactions WHERE seq = {last}",
        f"UPDATE journal_heads SET next_seq = {last}",
        f"INSERT INTO transfers SELECT programme_id, -1, position, debit_account_no, credit_account_no, amount, "
        f"debit_balance, credit_balance FROM transfers WHERE seq = {last}",
    )
    gaps = [f.seq for f in (await verify(database, city)).findings if f.invariant is Invariant.NO_GAP]
    assert gaps == [-1, last]


async def _kill_a_worker() -> None:
    """Kill the first worker process that there is, before it can have told anything."""
    while not (children := multiprocessing.active_children()):  # noqa: ASYNC110 - a process sets no event when it starts
        await asyncio.sleep(0.001)
    children[0].kill()


async def test_a_worker_that_dies_ends_the_verification(database: Database, city: City) -> None:
    """An error, never "all is well"; and no process is left behind."""
    killing = asyncio.create_task(_kill_a_worker())
    with pytest.raises(VerifyingStopped, match="a worker ended with code -9"):
        await verify(database, city, span=4, workers=2)
    await killing
    assert not multiprocessing.active_children()

"""When a till was last seen: known within seconds, and never written by the call itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from app.core.ids import format_id, format_terminal
from app.jobs.seen import flush_seen, run_flushes
from app.security.actors import StaffRole
from app.store.database import Tx
from tests.support.calls import Json, an_admin, staff_of
from tests.support.city_rows import Till
from tests.support.sites import Site


@contextmanager
def _updates(site: Site) -> Iterator[list[str]]:
    """The statements that change terminals, as the pool sends them."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "UPDATE terminals" in statement:
            sent.append(statement)

    engine = site.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def _terminal(site: Site, till: Till) -> str:
    return f"/v1/terminals/{format_terminal(site.city.programme, till.terminal)}"


async def _seen(site: Site, till: int = 0) -> datetime | None:
    answer: Json = await an_admin(site).get(_terminal(site, site.city.tills[till]))
    return datetime.fromisoformat(answer["last_seen_at"]) if answer["last_seen_at"] else None


async def _flush(site: Site) -> None:
    await flush_seen(site.database, site.services.tills)


async def test_many_calls_of_many_tills_are_one_statement(site: Site) -> None:
    """No call writes; the flush writes the last moment of each till, and nothing when nothing was seen."""
    with _updates(site) as sent:
        for number in range(6):
            await site.redeem(f"A-{number}", await site.pay_code(), 1, till=site.city.tills[number % 2])
            site.clock.move(timedelta(seconds=1))
        assert (sent, await _seen(site)) == ([], None)
        await _flush(site)
        await _flush(site)
    assert len(sent) == 1
    assert await _seen(site, 1) == site.clock.now - timedelta(seconds=1)
    assert await _seen(site, 0) == site.clock.now - timedelta(seconds=2)


async def test_only_a_good_signature_counts(site: Site) -> None:
    """A wrong secret, a wrong time and a disabled till are not the till; a refused redemption is."""
    await site.query("A-1", secret=b"another secret of the same length")
    await site.query("A-1", skew_s=3_600)
    await _flush(site)
    assert await _seen(site) is None
    assert (await site.query("A-1")).status_code == 404
    await _flush(site)
    assert await _seen(site) == site.clock.now
    await an_admin(site).post(f"{_terminal(site, site.city.tills[1])}/disable")
    await site.query("A-1", till=site.city.tills[1])
    await _flush(site)
    assert await _seen(site, 1) is None


async def test_a_clock_that_goes_back_makes_nobody_unseen(site: Site) -> None:
    """Two processes need not agree to the second: the later moment stays."""
    await site.query("A-1")
    await _flush(site)
    site.clock.move(timedelta(seconds=-30))
    await site.query("A-1")
    await _flush(site)
    assert await _seen(site) == site.clock.now + timedelta(seconds=30)


async def test_it_is_shown_in_the_list_and_to_the_merchants_own_staff(site: Site) -> None:
    """Without the secret."""
    till = site.city.tills[0]
    await site.query("A-1")
    await _flush(site)
    cashier = staff_of(site, till.merchant, StaffRole.CASHIER)
    [listed] = (await cashier.get(f"/v1/merchants/{format_id('mer', till.merchant)}/terminals"))["terminals"]
    assert datetime.fromisoformat(listed["last_seen_at"]) == site.clock.now
    assert await cashier.get(_terminal(site, till)) == listed
    assert "secret" not in listed


@asynccontextmanager
async def _held(site: Site, till: Till) -> AsyncIterator[Tx]:
    """Somebody else's transaction in which the till's row is locked."""
    async with site.database.begin() as tx:
        await tx.exec_driver_sql("SELECT 1 FROM terminals WHERE id = $1 FOR UPDATE", (till.terminal,))
        yield tx


async def test_the_flush_waits_for_nobody(site: Site) -> None:
    """A row that is being written by another is left out; the others are written, and it is the next time."""
    for till in site.city.tills:
        await site.query("A-1", till=till)
    async with _held(site, site.city.tills[0]):
        await asyncio.wait_for(_flush(site), 5)
        assert await _seen(site, 1) == site.clock.now
    assert await _seen(site, 0) is None
    await site.query("A-1")
    await _flush(site)
    assert await _seen(site, 0) == site.clock.now


async def test_it_goes_on_by_itself_also_after_a_failure(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop of a process writes again and again; what fails once is logged and does not end it."""
    failures = [ConnectionError("gone")]
    flushed = asyncio.Event()

    async def failing_once(*_arguments: object) -> None:
        if failures:
            raise failures.pop()
        await _flush(site)
        flushed.set()

    monkeypatch.setattr("app.jobs.seen.flush_seen", failing_once)
    await site.query("A-1")
    loop = asyncio.create_task(
        run_flushes(site.database, site.services.tills, site.services.standing, site.services.logins.refused, 0.01)
    )
    await asyncio.wait_for(flushed.wait(), 5)
    loop.cancel()
    assert (await _seen(site), failures) == (site.clock.now, [])


@pytest.mark.parametrize("reference", ["ter_cixi_1", "ter_ningbo_" + "0" * 32, "ter_cixi_" + "0" * 32, "%00"])
async def test_a_till_that_is_not_there_is_not_found(site: Site, reference: str) -> None:
    """404, also for another programme's."""
    await an_admin(site).get(f"/v1/terminals/{reference}", 404)

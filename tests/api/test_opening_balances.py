"""Opening balances on a real database and over HTTP: dated, once, told, counted for stars, never certified."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from app.core.codes import Code, Rejected
from app.core.ids import OpeningId, TransactionId, UserId, format_id
from app.core.opening_balances import OpenBalance
from app.core.openings import Opening
from app.core.quantities import Minutes, Points
from app.core.record_numbers import RecordNumber
from app.jobs.verifying import run_verify
from tests.support.city_rows import named
from tests.support.commands import a_submission, run_apart, run_together
from tests.support.service_calls import a_volunteer
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound


def an_opening(site: Site, points: int = 300, minutes: int = 6_000) -> OpenBalance:
    """A balance of the first volunteer, dated a hundred days ago."""
    today = site.clock.now.date()
    opening = Opening(
        id=OpeningId(named("opening", points, minutes)),
        number=RecordNumber("old", "B-1"),
        volunteer=site.city.volunteers[0],
        dated_on=today - timedelta(days=100),
        points=Points(points),
        minutes=Minutes(minutes),
        expires_on=today + timedelta(days=40),
        drafted_by=UserId(named("drafter")),
        approved_by=UserId(named("approver")),
        transaction=TransactionId(named("open", points, minutes)),
    )
    return OpenBalance(opening=opening, approver_is=None)


@pytest.mark.parametrize("together", [True, False])
async def test_a_balance_comes_over_once(site: Site, *, together: bool) -> None:
    """Twice, in one batch or two, under other keys: one transaction; other content is refused; the audit is content."""
    volunteer = a_volunteer(site)
    before = await volunteer.get("/v1/me/wallet")
    run = run_together if together else run_apart
    other = an_opening(site, points=301)
    first, second, third = await run(
        site.database,
        site.city.programme,
        site.clock,
        a_submission(an_opening(site), "once"),
        a_submission(an_opening(site), "twice"),
        a_submission(other, "other"),
    )
    assert not isinstance(first.answer, Rejected)
    assert not isinstance(second.answer, Rejected)
    assert second.answer == {**first.answer, "known": True}
    assert isinstance(third.answer, Rejected)
    assert third.answer.code is Code.EXTERNAL_NO_USED
    after = await volunteer.get("/v1/me/wallet")
    assert after["available"] == before["available"] + 300
    assert after["minutes"] == before["minutes"] + 6_000
    expires_on = (site.clock.now.date() + timedelta(days=40)).isoformat()
    assert {"expires_on": expires_on, "points": 300} in after["lots"]
    await assert_all_sound(site.database, site.city)


async def test_it_is_dated_told_and_counted(site: Site) -> None:
    """The statement has its day and sentence, the wallet of an earlier day the points, stars the minutes."""
    command = an_opening(site)
    await run_together(site.database, site.city.programme, site.clock, a_submission(command, "once"))
    volunteer = a_volunteer(site)
    [line, *_] = (await volunteer.get("/v1/me/statement"))["lines"]
    dated_on, last = command.opening.dated_on, command.opening.expires_on
    assert (line["kind"], line["reason"]) == ("open.v1", "opening-balance")
    assert (line["points"], line["minutes"]) == (300, 6_000)
    told = f"自旧系统 old 转入期初余额（截至 {dated_on}）：+ 300 分（{last} 到期），+ 100 小时"
    assert line["explanation"] == told
    then = await volunteer.get(f"/v1/me/wallet?as_of={dated_on}")
    assert (then["available"], then["minutes"]) == (300, 6_000)
    before = await volunteer.get(f"/v1/me/wallet?as_of={dated_on - timedelta(days=1)}")
    assert (before["available"], before["minutes"]) == (0, 0)
    assert (await volunteer.get("/v1/me/stars"))["stars"] == 1


async def test_it_runs_out_on_its_own_day(site: Site) -> None:
    """At the end of its last day the points of the balance are gone, and those that were earned here are not."""
    volunteer = a_volunteer(site)
    own = (await volunteer.get("/v1/me/wallet"))["available"]
    command = an_opening(site)
    await run_together(site.database, site.city.programme, site.clock, a_submission(command, "once"))
    last = command.opening.expires_on or date.min
    assert (await volunteer.get(f"/v1/me/wallet?as_of={last}"))["available"] == own + 300
    assert (await volunteer.get(f"/v1/me/wallet?as_of={last + timedelta(days=1)}"))["available"] == own


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE opening_balances SET minutes = minutes + 1",
        "UPDATE opening_balances SET points = points - 1",
        "UPDATE opening_balances SET expires_on = expires_on + 1",
        "DELETE FROM opening_balances",
    ],
)
async def test_the_audit_compares_balances_with_the_ledger(site: Site, forgery: str) -> None:
    """A figure that was changed behind the triggers, or a row that is gone, is found and named."""
    command = an_opening(site)
    await run_together(site.database, site.city.programme, site.clock, a_submission(command, "once"))
    async with site.database.begin() as tx:
        await tx.execute(text("ALTER TABLE opening_balances DISABLE TRIGGER opening_balances_append_only"))
        await tx.execute(text(forgery))
    report = await run_verify(site.database, site.city.programme, lambda _done, _total: None)
    [finding] = report.findings
    assert format_id("opn", command.opening.id) in finding.what


async def test_its_hours_are_not_certified(site: Site) -> None:
    """Who organised the records certifies them (order 67): a certificate has the minutes served here and no others."""
    volunteer = a_volunteer(site)
    day = site.clock.now.date()
    since = day - timedelta(days=150)
    target = f"/v1/me/certificate?since={since}&until={day}"
    before = await volunteer.get(target)
    other = replace(an_opening(site).opening, number=RecordNumber("old", "B-2"))
    command = OpenBalance(opening=other, approver_is=None)
    await run_together(site.database, site.city.programme, site.clock, a_submission(command, "once"))
    assert await volunteer.get(target) == before

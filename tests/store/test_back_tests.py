"""What a back-test reads of the tables: withdrawals, what was stored, and what caps took when records were priced."""

from datetime import date, timedelta

import pytest
from uuid_utils.compat import uuid7

from app.core.claw_backs import ClawBack
from app.core.ids import TransactionId
from app.core.policies import AccrualPolicy, Caps
from app.core.policies.back_test_reports import Cell, Cuts, Heading, Report
from app.jobs.back_tests import Manner, run_waiting
from app.store.accrual_policies import Publication, insert_policy
from app.store.database import Database
from tests.support.back_test_jobs import a_draft, ask, found
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_submission, accepted, pay
from tests.support.earnings import Service, earn
from tests.support.rounds import an_approval, publish_benefit


async def _report(database: Database, city: City, clock: Clock, draft: AccrualPolicy) -> Report:
    back_test = await ask(database, city, clock, draft)
    assert await run_waiting(database, city.programme, clock, Manner()) == 1
    report = (await found(database, city, back_test)).report
    assert report is not None
    return report


async def _points(database: Database, city: City, clock: Clock, draft: AccrualPolicy) -> int:
    return (await _report(database, city, clock, draft)).tally.total.draft


async def test_a_withdrawn_record_counts_while_it_stood(database: Database, clock: Clock) -> None:
    """It used up the cap of its day for the second record, and no longer for the third: 300 minutes at half a point."""
    city = await a_city(database, clock, volunteers=1, points=0)
    first, second, third = (
        Service(city.volunteers[0], minutes, clock.now - timedelta(hours=hours))
        for minutes, hours in ((300, 0), (61, 6), (62, 7.5))
    )
    async with a_committer(database, city.programme, clock) as committer:
        await earn(database, committer, city, [first])
        await earn(database, committer, city, [second])
        taken = ClawBack(record=first.record, transaction=TransactionId(uuid7()), by=city.verifier)
        accepted(await committer.submit(a_submission(taken, "withdraw")))
        await earn(database, committer, city, [third])
    assert await _points(database, city, clock, a_draft(caps=Caps(day_minutes=300))) == 31
    assert await _points(database, city, clock, a_draft(version="e", caps=Caps(day_minutes=300, year_points=9))) == 9


async def test_what_caps_took_is_told_of_both_rules(database: Database, clock: Clock) -> None:
    """The rule in force cut the second record to an hour: the draft, which is the same, tells the same of it."""
    city = await a_city(database, clock, volunteers=1, points=0)
    policy = a_draft(version="capped", effective_from=date(2026, 1, 1), rate_per_hour=60, caps=Caps(day_minutes=300))
    async with database.begin() as tx:
        publication = Publication(created_by=city.recorder, created_at=clock.now)
        assert await insert_policy(tx, city.programme, policy, publication)
    async with a_committer(database, city.programme, clock) as committer:
        for hours in (0, 4.5):
            await earn(
                database, committer, city, [Service(city.volunteers[0], 240, clock.now - timedelta(hours=hours))]
            )
    report = await _report(database, city, clock, a_draft(rate_per_hour=60, caps=Caps(day_minutes=300)))
    assert report.tally.total == Cell(2, 300, 300)
    assert report.tally.cuts_in_force == report.tally.cuts_draft == Cuts(records={"cap-day": 1}, points=180)


@pytest.mark.parametrize("spent, credited", [(0, 700), (300, 980)])
async def test_what_is_stored_is_read_from_the_journal(
    database: Database, clock: Clock, spent: int, credited: int
) -> None:
    """500 points are stored and 700 may be: of the next 480 there is room for 200, or for all once 300 are spent."""
    city = await a_city(database, clock, volunteers=1)
    volunteer = city.volunteers[0]
    async with a_committer(database, city.programme, clock) as committer:
        if spent:
            accepted(await pay(committer, city.tills[0], volunteer, spent, "A-1"))
        await earn(database, committer, city, [Service(volunteer, 480, clock.now - timedelta(days=1))])
    draft = a_draft(rate_per_hour=60, caps=Caps(balance_points=700))
    assert await _points(database, city, clock, draft) == credited


async def test_hours_that_a_benefit_used_up_count_for_stars(database: Database, clock: Clock) -> None:
    """Honours stay: of a hundred hours one is used up, and the volunteer is counted among those with a star (D6)."""
    city = await a_city(database, clock, volunteers=1, points=0)
    await publish_benefit(database, city)
    volunteer = city.volunteers[0]
    served = [Service(volunteer, 600, clock.now - timedelta(days=day)) for day in range(1, 11)]
    async with a_committer(database, city.programme, clock) as committer:
        await earn(database, committer, city, served)
        accepted(await committer.submit(a_submission(an_approval(city, volunteer, "used", minutes=60))))
    report = await _report(database, city, clock, a_draft())
    assert {name: cell.records for name, cell in report.tally.by[Heading.STARS].items()} == {"1": 10}

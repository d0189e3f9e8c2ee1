"""Facts from the store: what grants consumed and hold is in them, and they cost a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import event

from app.core.benefits.eligibility import evaluate
from app.core.benefits.facts import SOURCES_MAX, Facts
from app.core.benefits.model import Benefit, Exclusion
from app.core.business_days import business_day, end_of_day
from app.core.claims import ReleasePlace
from app.core.ids import VolunteerId
from app.store.benefit_facts import fetch_facts, fetch_facts_for
from app.store.database import Database
from tests.support.benefits import A_BENEFIT, HOUR, a_benefit
from tests.support.cities import a_city
from tests.support.city_rows import City, named
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_submission, accepted
from tests.support.rounds import Terms, a_claim, a_round, an_approval, place_of, publish_benefit

MINUTES = 5 * 1_440


async def facts_of(database: Database, city: City, day: date, benefit: Benefit = A_BENEFIT, number: int = 0) -> Facts:
    """What is known of one of the city's volunteers."""
    async with database.snapshot() as reader:
        found = await fetch_facts(reader, city.programme, city.volunteers[number], benefit, day)
    assert found is not None
    return found


async def test_consumed_hours_are_hours_and_no_longer_free(database: Database, clock: Clock) -> None:
    """A grant takes them out of the window, never out of the record: minutes and stars stay, another's too."""
    city = await a_city(database, clock, volunteers=2, points=MINUTES)
    await publish_benefit(database, city)
    day = business_day(clock.now, "Asia/Shanghai")
    before = await facts_of(database, city, day)
    assert (before.minutes, before.window_minutes, before.consumed, before.stars) == (MINUTES, MINUTES, 0, 1)
    assert before.window_from is not None
    approval = an_approval(
        city, city.volunteers[0], "one", minutes=60 * HOUR, since=before.window_from, until=before.as_of
    )
    async with a_committer(database, city.programme, clock) as committer:
        accepted(await committer.submit(a_submission(approval, "one")))
    after = await facts_of(database, city, day)
    assert after == replace(before, consumed=60 * HOUR, held=("concert",))
    assert after.free_minutes == MINUTES - 60 * HOUR
    other = await facts_of(database, city, day, number=1)
    assert (other.consumed, other.free_minutes, other.held) == (0, MINUTES, ())
    wants = a_benefit(consumes_minutes=MINUTES - 60 * HOUR)
    assert evaluate(wants, after)[-1].met
    assert not evaluate(replace(wants, consumes_minutes=wants.consumes_minutes + 1), after)[-1].met


async def test_a_grant_is_held_while_it_is_valid(database: Database, clock: Clock) -> None:
    """From the day of approval to the last day, both counted; not the day before, not the day after."""
    city = await a_city(database, clock, volunteers=1)
    await publish_benefit(database, city)
    day = business_day(clock.now, "Asia/Shanghai")
    last = day + timedelta(days=10)
    until = end_of_day(last, "Asia/Shanghai")
    async with a_committer(database, city.programme, clock) as committer:
        approval = an_approval(city, city.volunteers[0], "one", valid_until=until)
        accepted(await committer.submit(a_submission(approval, "one")))
    held = {
        asked: (await facts_of(database, city, asked)).held
        for asked in (day - timedelta(days=1), day, last, last + timedelta(days=1))
    }
    assert list(held.values()) == [(), ("concert",), ("concert",), ()]


async def test_a_claim_on_a_round_is_held_until_its_event_is_over(database: Database, clock: Clock) -> None:
    """Held or waiting, from the day of the claim; given back it is not, and for another benefit it excludes."""
    city = await a_city(database, clock, volunteers=2)
    await publish_benefit(database, city)
    round_id = await a_round(database, city, Terms(capacity=1))
    day = business_day(clock.now, "Asia/Shanghai")
    apart = Exclusion(code="concert", name="已有音乐会票", name_en="Has a concert ticket", benefit="concert")
    other = a_benefit(code="film", exclusions=(apart,))
    async with a_committer(database, city.programme, clock) as committer:
        for number, volunteer in enumerate(city.volunteers):
            accepted(await committer.submit(a_claim(volunteer, round_id, number)))
        days = (day - timedelta(days=1), day, day + timedelta(days=1), day + timedelta(days=2))
        for number in range(2):
            held = [(await facts_of(database, city, asked, other, number)).held for asked in days]
            assert held == [(), ("concert",), (), ()]
        assert not evaluate(other, await facts_of(database, city, day, other))[-1].met
        release = ReleasePlace(place=place_of(0), volunteer=city.volunteers[0])
        accepted(await committer.submit(a_submission(release, "release")))
    assert evaluate(other, await facts_of(database, city, day, other))[-1].met


async def test_facts_of_many_benefits_cost_as_much_as_of_one(database: Database, clock: Clock) -> None:
    """Each has its own window; the statements are the same ones."""
    city = await a_city(database, clock, volunteers=1, points=MINUTES)
    day = business_day(clock.now, "Asia/Shanghai")
    windows = (None, 1, 6, 12, 240)
    benefits = [a_benefit(code=f"b{months}", window_months=months, criteria=()) for months in windows]
    one, _ = await _counted(database, city, benefits[:1], day)
    many, found = await _counted(database, city, benefits, day)
    assert one == many
    by_window = [found[benefit.reference] for benefit in benefits]
    assert [facts.window_minutes for facts in by_window] == [0, *([MINUTES] * 4)]
    assert [facts.records.count for facts in by_window] == [5] * 5
    assert by_window[0].window_from is None
    assert by_window[1].window_from == date(2026, 2, 3)


async def _counted(
    database: Database, city: City, benefits: Sequence[Benefit], day: date
) -> tuple[int, dict[str, Facts]]:
    """How many statements the facts take, and the facts."""
    seen: list[str] = []

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.snapshot() as reader:
        found = await fetch_facts_for(reader, city.programme, city.volunteers[0], benefits, day)
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    return len(seen), dict(found)


async def test_sources_are_bounded(database: Database, clock: Clock) -> None:
    """The newest ids, and how many there are in all."""
    days = SOURCES_MAX + 3
    city = await a_city(database, clock, volunteers=1, points=days * 1_440)
    facts = await facts_of(database, city, business_day(clock.now, "Asia/Shanghai"), a_benefit(window_months=None))
    assert (len(facts.records.ids), facts.records.count) == (SOURCES_MAX, days)


async def test_nobody_has_no_facts(database: Database, clock: Clock) -> None:
    """A volunteer who is not there, or is another programme's."""
    city = await a_city(database, clock, volunteers=1)
    other = await a_city(database, clock, volunteers=1, programme="other")
    day = business_day(clock.now, "Asia/Shanghai")
    async with database.snapshot() as reader:
        for volunteer in (VolunteerId(named("nobody")), other.volunteers[0]):
            assert await fetch_facts(reader, city.programme, volunteer, A_BENEFIT, day) is None

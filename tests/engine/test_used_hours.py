"""Hours that benefits have used up stay on their records, whoever withdraws or corrects them, and in whatever batch."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from app.core.accounts import AccountKind
from app.core.claw_backs import ClawBack
from app.core.codes import Code
from app.core.commands import Command
from app.core.corrections import Amendment, CorrectRecord
from app.core.idempotency import AnswerKey
from app.core.ids import BenefitGrantId, CorrectionId, RecordId, TransactionId
from app.core.quantities import Minutes
from app.core.revocations import RevokeGrant
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City, named
from tests.support.clocks import START, Clock
from tests.support.commands import a_submission, run_apart, run_together
from tests.support.damage import tamper, verify
from tests.support.databases import TestServer, a_database
from tests.support.earnings import Service, a_verification, enter
from tests.support.ledgers import fetch_tables, fetch_total
from tests.support.rounds import an_approval, publish_benefit
from tests.support.soundness import assert_all_sound

OLD, LATER = START - timedelta(days=40), START - timedelta(days=2)
SINCE, UNTIL = (OLD - timedelta(days=3)).date(), (OLD + timedelta(days=3)).date()
YES = "accepted"


def _withdraw(city: City, record: RecordId, name: str) -> ClawBack:
    return ClawBack(record=record, transaction=TransactionId(named("taken", name)), by=city.verifier)


def _shorten(city: City, record: RecordId, minutes: int) -> CorrectRecord:
    return CorrectRecord(
        record=record,
        replacement=RecordId(named("shorter", minutes)),
        transaction=TransactionId(named("shortened", minutes)),
        order=CorrectionId(named("order")),
        author=city.recorder,
        by=city.verifier,
        amendment=Amendment(minutes=Minutes(minutes)),
    )


def _services(city: City) -> tuple[Service, Service]:
    volunteer = city.volunteers[0]
    return Service(volunteer, 120, OLD), Service(volunteer, 200, LATER)


def _plan(city: City) -> list[Command]:
    """Verified, used up, refused, annulled and taken, all perhaps in one batch."""
    old, later = _services(city)
    grant = an_approval(city, city.volunteers[0], "used", minutes=100, since=SINCE, until=UNTIL)
    annul = RevokeGrant(
        grant=BenefitGrantId(grant.application),
        transaction=TransactionId(named("annulled")),
        by="usr_1",
        for_error=True,
    )
    return [
        *(a_verification(city, service.record) for service in (old, later)),
        grant,
        _withdraw(city, old.record, "at once"),
        _shorten(city, old.record, 99),
        _shorten(city, old.record, 100),
        _withdraw(city, later.record, "later"),
        annul,
        _withdraw(city, RecordId(named("shorter", 100)), "at last"),
    ]


EXPECTED = [YES, YES, YES, Code.HOURS_CONSUMED, Code.HOURS_CONSUMED, YES, YES, YES, YES]


async def _lived(database: Database, clock: Clock, *, together: bool) -> tuple[list[object], Mapping[str, list[str]]]:
    city = await a_city(database, clock, volunteers=1)
    await publish_benefit(database, city)
    await enter(database, city, _services(city))
    run = run_together if together else run_apart
    sent = [a_submission(command) for command in _plan(city)]
    keyed = [replace(each, key=AnswerKey("test", str(number))) for number, each in enumerate(sent)]
    outcomes = await run(database, city.programme, clock, *keyed)
    await assert_all_sound(database, city)
    return [getattr(outcome.answer, "code", YES) for outcome in outcomes], await fetch_tables(database)


async def test_one_batch_decides_as_many_of_one(server: TestServer, clock: Clock) -> None:
    """What is used up, verified, corrected and annulled in a batch is seen by what comes after it."""
    lived = []
    for together in (True, False):
        async with a_database(server) as database:
            lived.append(await _lived(database, clock, together=together))
    assert lived[0] == lived[1]
    assert lived[0][0] == EXPECTED


async def _used(database: Database, clock: Clock) -> City:
    city = await a_city(database, clock, volunteers=1)
    await publish_benefit(database, city)
    await enter(database, city, _services(city))
    sent = [a_submission(command) for command in _plan(city)[:3]]
    await run_together(database, city.programme, clock, *sent)
    return city


async def test_a_refusal_says_what_may_be_taken(database: Database, clock: Clock) -> None:
    """There are hours enough elsewhere; of these twenty minutes are unused."""
    city = await _used(database, clock)
    old, _ = _services(city)
    assert await fetch_total(database, AccountKind.HOURS, city.volunteers[0]) > 120
    [outcome] = await run_together(
        database, city.programme, clock, a_submission(_withdraw(city, old.record, "at once"))
    )
    assert getattr(outcome.answer, "detail", None) == {"minutes": 20}


async def test_verify_finds_hours_that_lie_on_nothing(database: Database, clock: Clock) -> None:
    """A record that was taken beside the program leaves a window with more used up than was served in it."""
    city = await _used(database, clock)
    assert (await verify(database, city)).findings == ()
    await tamper(database, f"UPDATE service_records SET state = 'withdrawn' WHERE ended_at = '{OLD.isoformat()}'")
    told = [finding.what for finding in (await verify(database, city)).findings]
    assert any("benefits have used up 100 minutes" in what and "where 0 were served" in what for what in told)
    async with database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM accounts WHERE kind = 'consumed'")) == 1

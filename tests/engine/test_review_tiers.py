"""The tiers of a day in the engine: decided in one batch as in batches of one, on real rows."""

from datetime import timedelta
from functools import partial

import pytest

from app.core.codes import Code, Rejected
from app.core.ids import UserId
from app.core.reviews import ReviewLevel
from app.core.service_records import VerifyRecord
from app.engine.batch import Submission, run_batch
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.commands import a_connection, a_submission
from tests.support.earnings import Service, a_verification, enter

HOURS = (3, 3, 2, 1, 5)
"""One volunteer's records of one day, in the order in which they come to be verified."""


def _submissions(city: City, services: list[Service]) -> list[Submission]:
    found = []
    for number, service in enumerate(services):
        right = a_verification(city, service.record)
        level = ReviewLevel.OWN if number < len(services) - 1 else ReviewLevel.PARENT
        command = VerifyRecord(
            record=right.record,
            transaction=right.transaction,
            verifier=UserId(city.verifier),
            verifier_is=None,
            level=level,
        )
        found.append(a_submission(command, f"verify {number}"))
    return found


@pytest.mark.parametrize("batch_size", [1, 2, len(HOURS)])
async def test_a_batch_counts_what_it_verifies(database: Database, clock: Clock, batch_size: int) -> None:
    """Eight hours go through at the own level, the ninth needs the parent, and with five more the parent the top."""
    city = await a_city(database, clock, volunteers=1, points=0)
    begin, services = clock.now - timedelta(days=2, hours=9), []
    for hours in HOURS:
        begin += timedelta(hours=hours)
        services.append(Service(city.volunteers[0], hours * 60, begin))
    await enter(database, city, services)
    submissions = _submissions(city, services)
    answers = []
    async with a_connection(database) as connection:
        for start in range(0, len(submissions), batch_size):
            part = submissions[start : start + batch_size]
            answers += [one.answer for one in await run_batch(connection, city.programme, partial(list, part), clock)]
    refused = [answer.detail if isinstance(answer, Rejected) else None for answer in answers]
    assert refused == [None, None, None, {"level": "parent"}, {"level": "top"}]
    assert {answer.code for answer in answers if isinstance(answer, Rejected)} == {Code.REVIEW_LEVEL}

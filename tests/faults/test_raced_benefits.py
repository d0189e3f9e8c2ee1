"""Two benefits that nobody holds together, claimed at the same time on two processes: the ledger lets one through."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import httpx

from app.core.benefits.model import Exclusion
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.crowds import a_crowd
from tests.support.ledgers import fetch_rows
from tests.support.processes import a_clock_of_today, now
from tests.support.rounds import TICKETS, Terms, a_round, publish_benefit
from tests.support.sites import seal_secret
from tests.support.soundness import assert_all_sound

PEOPLE = 10
HELD = "SELECT volunteer_id, count(*)::int FROM places WHERE state = 'held' GROUP BY 1"


async def test_of_two_that_exclude_each_other_each_person_gets_one(database: Database) -> None:
    """Only one of the two names the other; asked at once, whichever comes first keeps the other away."""
    city = await a_city(database, a_clock_of_today(), volunteers=PEOPLE, points=60, sealed_secret=seal_secret)
    film = replace(
        TICKETS,
        code="film",
        exclusions=(Exclusion(code="concert", name="已有音乐会票", name_en="Has a concert ticket", benefit="concert"),),
    )
    await publish_benefit(database, city)
    await publish_benefit(database, city, film)
    opened = now() - timedelta(minutes=1)
    rounds = [
        await a_round(database, city, Terms(benefit=benefit, capacity=PEOPLE, opens_at=opened), benefit)
        for benefit in ("concert", "film")
    ]
    async with a_crowd(database, city) as crowd:
        claims = [
            crowd.volunteer(number + side, number, f"/v1/me/rounds/rnd_{round_id.hex}/claim")
            for number in range(PEOPLE)
            for side, round_id in enumerate(rounds)
        ]
        answers: list[httpx.Response] = await asyncio.gather(*claims)
    told = Counter(answer.status_code for answer in answers)
    assert told == {201: PEOPLE, 409: PEOPLE}, {answer.text for answer in answers if answer.status_code != 201}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"NOT_ELIGIBLE"}
    held = dict(await fetch_rows(database, HELD))
    assert held == dict.fromkeys(city.volunteers, 1)
    await assert_all_sound(database, city)

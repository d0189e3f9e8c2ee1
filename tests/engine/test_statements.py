"""What a batch costs: a few statements per kind of row, however many commands; plain payments pay for nothing else."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from functools import partial

import pytest
from asyncpg.connection import LoggedQuery
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.claims import ReleasePlace
from app.core.codes import Rejected
from app.core.corrections import Amendment, CorrectRecord
from app.core.ids import CorrectionId, OfferId, RecordId, TransactionId
from app.core.policies import AccrualPolicy, Band, Caps, Overlay, Scale, ScalePeriod
from app.core.quantities import Minutes
from app.core.service_records import VerifyRecord
from app.engine.batch import Submission, run_batch
from app.store.accrual_policies import Publication, insert_policy
from app.store.database import Database
from tests.support.afterwards import refund, reverse
from tests.support.cities import a_city
from tests.support.city_rows import REGION, City
from tests.support.clocks import Clock
from tests.support.commands import (
    a_committer,
    a_connection,
    a_pay_code,
    a_redeem,
    a_submission,
    accepted,
    at_till,
    pay,
)
from tests.support.earnings import Service, a_verification, enter
from tests.support.offers import Terms, an_offer, an_order, place_order, use_voucher
from tests.support.rounds import Terms as RoundTerms
from tests.support.rounds import a_claim, a_round, place_of, publish_benefit

VOLUNTEERS = 22
PLAIN = 16
"""BEGIN, head, settings, answers, codes, terminals, volunteers, paid lately, accounts; transactions, transfers,
balances, codes, redemptions, answers, head. The driver does not report the COMMIT."""
COPIES = 2
"""Transactions and transfers of a batch of many go by COPY, which the driver does not report either."""


async def count_statements(
    database: Database, city: City, clock: Clock, submissions: Sequence[Submission]
) -> tuple[int, int]:
    """How many statements a batch of one takes, and one of all the others; in both everything goes through.

    A batch before them has shown the connection all types: the driver asks for those once.
    """
    counts = []
    async with a_connection(database) as connection:
        for part in (submissions[:1], submissions[1:2], submissions[2:]):
            seen: list[LoggedQuery] = []
            with connection.query_logger(seen.append):
                outcomes = await run_batch(connection, city.programme, partial(list, part), clock)
            assert not [outcome.answer for outcome in outcomes if isinstance(outcome.answer, Rejected)]
            counts.append(len(seen))
    return counts[1], counts[2] + COPIES


async def _pays(database: Database, city: City, clock: Clock) -> list[Submission]:
    async with a_committer(database, city.programme, clock) as committer:
        codes = [await a_pay_code(committer, volunteer) for volunteer in city.volunteers]
    return [at_till(city.tills[0], a_redeem(city.tills[0], code, 10, f"A-{no}")) for no, code in enumerate(codes)]


async def test_plain_payments_cost_what_they_cost(database: Database, clock: Clock) -> None:
    """One payment or twenty: the same statements, none of them about offers, limits, orders or holds."""
    city = await a_city(database, clock, volunteers=VOLUNTEERS)
    submissions = await _pays(database, city, clock)
    assert await count_statements(database, city, clock, submissions) == (PLAIN, PLAIN)


async def _orders(database: Database, city: City, clock: Clock, offer: OfferId) -> list[Submission]:
    return [a_submission(an_order(volunteer, offer)) for volunteer in city.volunteers]


async def _uses(database: Database, city: City, clock: Clock, offer: OfferId) -> list[Submission]:
    async with a_committer(database, city.programme, clock) as committer:
        orders = [await place_order(committer, volunteer, offer) for volunteer in city.volunteers]
    return [use_voucher(city.tills[0], order.code) for order in orders]


async def _back(database: Database, city: City, clock: Clock, take: Callable[[str], Submission]) -> list[Submission]:
    async with a_committer(database, city.programme, clock) as committer:
        for number, volunteer in enumerate(city.volunteers):
            await pay(committer, city.tills[0], volunteer, 10, f"B-{number}")
    return [take(f"B-{number}") for number in range(len(city.volunteers))]


async def _claims(database: Database, city: City, _clock: Clock, _offer: OfferId) -> list[Submission]:
    """For all but the first few there is only the waiting list."""
    await publish_benefit(database, city)
    round_id = await a_round(database, city, RoundTerms(capacity=3))
    return [a_claim(volunteer, round_id, number) for number, volunteer in enumerate(city.volunteers)]


async def _releases(database: Database, city: City, clock: Clock, offer: OfferId) -> list[Submission]:
    """Each lets the next in line move up, until the line is gone."""
    claims = await _claims(database, city, clock, offer)
    async with a_committer(database, city.programme, clock) as committer:
        for claim in claims:
            accepted(await committer.submit(claim))
    return [
        a_submission(ReleasePlace(place=place_of(number), volunteer=volunteer))
        for number, volunteer in enumerate(city.volunteers)
    ]


async def _refunds(database: Database, city: City, clock: Clock, _offer: OfferId) -> list[Submission]:
    return await _back(database, city, clock, lambda number: refund(city.tills[0], number, 5, f"R-{number}"))


async def _reversals(database: Database, city: City, clock: Clock, _offer: OfferId) -> list[Submission]:
    return await _back(database, city, clock, lambda number: reverse(city.tills[0], number))


async def _verifications(database: Database, city: City, clock: Clock, _offer: OfferId) -> list[Submission]:
    """Under a policy whose every price depends on what was served before, on what is stored, and on a town's budget."""
    policy = AccrualPolicy(
        version="2021-1",
        effective_from=date(2021, 1, 1),
        rate_per_hour=60,
        coefficients_bp={1: 10_000},
        scale=Scale(period=ScalePeriod.EVER, bands=(Band(until_minutes=None, per=2),)),
        caps=Caps(day_minutes=480, balance_points=10_000),
        overlays=(Overlay(region_code=REGION, extra_bp=5_000, year_budget=10_000),),
    )
    async with database.begin() as tx:
        publication = Publication(created_by=city.recorder, created_at=clock.now)
        assert await insert_policy(tx, city.programme, policy, publication)
    services = [Service(volunteer, 60, clock.now - timedelta(days=9)) for volunteer in city.volunteers]
    await enter(database, city, services)
    async with database.begin() as tx:
        await tx.execute(text("UPDATE service_records SET place_region = :region"), {"region": REGION})
    return [a_submission(a_verification(city, service.record)) for service in services]


async def _corrections(database: Database, city: City, clock: Clock, offer: OfferId) -> list[Submission]:
    """Verified records, priced under the same policy, to be replaced by shorter ones."""
    records = []
    async with a_committer(database, city.programme, clock) as committer:
        for submission in await _verifications(database, city, clock, offer):
            accepted(await committer.submit(submission))
            assert isinstance(submission.command, VerifyRecord)
            records.append(submission.command.record)
    return [
        a_submission(
            CorrectRecord(
                record=record,
                replacement=RecordId(uuid7()),
                transaction=TransactionId(uuid7()),
                order=CorrectionId(uuid7()),
                author=city.recorder,
                by=city.verifier,
                amendment=Amendment(minutes=Minutes(30)),
            )
        )
        for record in records
    ]


@pytest.mark.parametrize(
    "prepare, most",
    [
        (_orders, 19),
        (_uses, 17),
        (_refunds, 16),
        (_reversals, 15),
        (_verifications, 17),
        (_corrections, 20),
    ],
)
async def test_other_verbs_cost_by_kind_and_not_by_number(
    database: Database, clock: Clock, prepare: Callable[..., Awaitable[Sequence[Submission]]], most: int
) -> None:
    """Orders, write-offs, refunds, reversals, hours: a batch of twenty makes the statements of a batch of one."""
    city = await a_city(database, clock, volunteers=VOLUNTEERS, points=20)
    offer = await an_offer(database, city, city.tills[0].merchant, Terms(points=10), stock=VOLUNTEERS)
    submissions = await prepare(database, city, clock, offer)
    one, many = await count_statements(database, city, clock, submissions)
    assert one == many
    assert many <= most


@pytest.mark.parametrize("prepare, most", [(_claims, 12), (_releases, 13)])
async def test_places_cost_by_kind_and_not_by_number(
    database: Database, clock: Clock, prepare: Callable[..., Awaitable[Sequence[Submission]]], most: int
) -> None:
    """Claims and releases: a batch of twenty makes the statements of a batch of one, none of them the journal's."""
    city = await a_city(database, clock, volunteers=VOLUNTEERS, points=20)
    offer = await an_offer(database, city, city.tills[0].merchant, Terms(points=10), stock=VOLUNTEERS)
    one, many = await count_statements(database, city, clock, await prepare(database, city, clock, offer))
    assert one == many - COPIES <= most

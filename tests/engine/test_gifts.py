"""Grants and family codes in batches: many commands in one batch decide as in a batch each, to the same rows."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from sqlalchemy import text

from app.core.codes import Code
from app.core.donations import DonatePoints
from app.core.ids import PoolGrantId, TransactionId, UserId
from app.core.pay_codes import IssuePayCode
from app.core.pool import CancelPoolGrant, GrantFromPool
from app.core.quantities import Points
from app.core.rows import PayCodeHash
from app.engine.batch import Outcome, Submission
from app.store.database import Database
from tests.support.afterwards import refund
from tests.support.cities import a_city
from tests.support.city_rows import City, named
from tests.support.clocks import Clock
from tests.support.commands import a_redeem, a_submission, at_till, run_apart, run_together
from tests.support.databases import TestServer, a_database
from tests.support.ledgers import assert_sound, fetch_tables

FIRST, SECOND = UserId(named("first")), UserId(named("second"))
GRANTS = tuple(PoolGrantId(named("grant", number)) for number in range(3))
SETTINGS = "UPDATE programmes SET family_use = true"
GRANT = text("""
INSERT INTO pool_grants (programme_id, id, state, volunteer_id, points, purpose, reference, proposed_by, proposed_at)
VALUES ('cixi', :id, 'proposed', :volunteer, 60, 'recognition', 'x', :first, now())
""")
LINK = text("""
INSERT INTO family_links (programme_id, id, state, owner_id, member_id, kinship, monthly_points, proposed_at,
    changed_at)
VALUES ('cixi', :owner, 'active', :owner, :member, 'spouse', 100, '2026-03-01', '2026-03-01')
""")


def _grant(city: City, number: int, name: str) -> Submission:
    command = GrantFromPool(
        grant=GRANTS[number],
        transaction=TransactionId(named("granted", number, name)),
        volunteer=city.volunteers[2],
        by=SECOND,
    )
    return a_submission(command, f"grant {number} {name}")


def _pay(city: City, number: int, points: int) -> tuple[Submission, Submission]:
    owner, member = city.volunteers[:2]
    code = PayCodeHash(sha256(f"code {number}".encode()).digest())
    issue = a_submission(IssuePayCode(code=code, volunteer=owner, member=member), f"code {number}")
    pay = a_redeem(
        city.tills[0],
        code,
        points,
        f"F-{number}",
        redemption=named("redemption", number),
        transaction=named("paid", number),
    )
    return issue, at_till(city.tills[0], pay)


def _plan(city: City) -> list[Submission]:
    """A gift of 100; a grant of 60 twice, one cancelled and asked for, one that the pool cannot give; a family pays."""
    gift = DonatePoints(volunteer=city.volunteers[0], transaction=TransactionId(named("gift")), points=Points(100))
    back = refund(city.tills[0], "F-0", 30, "R-1", number=named("refund"), transaction=named("refunded"))
    return [
        _grant(city, 0, "too early"),
        a_submission(gift, "gift"),
        _grant(city, 0, "once"),
        _grant(city, 0, "again"),
        a_submission(CancelPoolGrant(grant=GRANTS[1], by=FIRST), "cancel"),
        _grant(city, 1, "cancelled"),
        _grant(city, 2, "too much"),
        *_pay(city, 0, 80),
        *_pay(city, 1, 21),
        back,
        *_pay(city, 2, 50),
    ]


def _told(outcomes: Sequence[Outcome]) -> list[object]:
    return [getattr(outcome.answer, "code", "accepted") for outcome in outcomes]


async def _lived(database: Database, clock: Clock, *, together: bool) -> tuple[list[object], Mapping[str, list[str]]]:
    city = await a_city(database, clock)
    async with database.begin() as tx:
        await tx.execute(text(SETTINGS))
        for grant in GRANTS:
            await tx.execute(GRANT, {"id": grant, "volunteer": city.volunteers[2], "first": FIRST})
        await tx.execute(text("UPDATE pool_grants SET proposed_at = '2026-03-01'"))
        await tx.execute(LINK, {"owner": city.volunteers[0], "member": city.volunteers[1]})
    run = run_together if together else run_apart
    outcomes = await run(database, city.programme, clock, *_plan(city))
    await assert_sound(database, city.programme)
    return _told(outcomes), await fetch_tables(database)


async def test_one_batch_decides_as_many_of_one(server: TestServer, clock: Clock) -> None:
    """Each refusal and each row, to the last count: what a batch has done before is seen by what comes after."""
    lived = []
    for together in (True, False):
        async with a_database(server) as database:
            lived.append(await _lived(database, clock, together=together))
    assert lived[0] == lived[1]
    assert lived[0][0] == [
        Code.NOT_ENOUGH,
        "accepted",
        "accepted",
        Code.STATE_CONFLICT,
        "accepted",
        Code.STATE_CONFLICT,
        Code.NOT_ENOUGH,
        *("accepted", "accepted"),
        *("accepted", Code.QUOTA_EXCEEDED),
        "accepted",
        *("accepted", "accepted"),
    ]

"""Rounds and grants in batches: many commands in one batch decide as in a batch each, to the same rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.accounts import AccountKind
from app.core.benefit_grants import GrantQuota
from app.core.claims import ReleasePlace
from app.core.codes import Code
from app.core.commands import Command
from app.core.draws import DrawLots
from app.core.idempotency import AnswerKey
from app.core.ids import BenefitGrantId, PlaceId, RoundId, TransactionId
from app.core.revocations import RevokeGrant
from app.core.round_ends import CloseRound, EnlargeRound
from app.core.rounds import RoundMode
from app.core.tickets import Attend
from app.engine.batch import Outcome, Submission
from app.engine.committer import Committers
from app.jobs.rounds import run_lapsed_places
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City, named
from tests.support.clocks import START, Clock
from tests.support.commands import a_committer, a_submission, accepted, run_apart, run_together
from tests.support.damage import tamper, verify
from tests.support.databases import TestServer, a_database
from tests.support.earnings import Service, a_verification, enter
from tests.support.ledgers import fetch_rows, fetch_tables, fetch_total
from tests.support.rounds import SEED, Terms, a_claim, a_round, an_approval, place_of, publish_benefit, ticket_of
from tests.support.soundness import assert_all_sound

PEOPLE = 6
TODAY, TOMORROW = START + timedelta(hours=2), START + timedelta(hours=24, minutes=30)


def _sent(*commands: Command) -> list[Submission]:
    return [a_submission(command) for command in commands]


def _release(city: City, number: int, name: object) -> ReleasePlace:
    return ReleasePlace(place=place_of(name), volunteer=city.volunteers[number])


def _revoke(name: object, *, for_error: bool = False) -> RevokeGrant:
    return RevokeGrant(
        grant=BenefitGrantId(named("application", name)),
        transaction=TransactionId(named("revoked", name)),
        by="usr_1",
        for_error=for_error,
    )


def _first_come(city: City) -> list[Submission]:
    """Six for two places; one claims twice; two go, one of them from the line; one comes back behind all."""
    round_id = city_round(city, "first")
    claims = [a_claim(volunteer, round_id, f"A{number}") for number, volunteer in enumerate(city.volunteers)]
    return [
        *claims,
        a_claim(city.volunteers[0], round_id, "twice"),
        a_claim(city.volunteers[1], round_id, "no right", eligible=False),
        *_sent(_release(city, 0, "A0"), _release(city, 0, "A0"), _release(city, 3, "A3"), _release(city, 1, "A0")),
        a_claim(city.volunteers[0], round_id, "back"),
        *_sent(_release(city, 1, "A1"), EnlargeRound(round=round_id, capacity=3)),
    ]


def _lottery(city: City) -> list[Submission]:
    round_id = city_round(city, "lottery")
    entries = [a_claim(volunteer, round_id, f"L{number}") for number, volunteer in enumerate(city.volunteers)]
    return [*entries, *_sent(_release(city, 5, "L5"), DrawLots(round=round_id, seed=SEED))]


def _reviewed(city: City) -> list[Submission]:
    """Two places; four are approved, the hours of one are verified in the same batch; two go; a mistake is undone."""
    round_id = city_round(city, "reviewed")
    late = Service(city.volunteers[4], 200, START - timedelta(days=3))
    quota = GrantQuota(per_person=3, per_year=9, held=4)
    approvals = [
        an_approval(city, city.volunteers[n], f"G{n}", round_id=round_id, minutes=m, stars=s, quota=quota)
        for n, m, s in ((0, 400, 1), (1, 0, 1), (2, 300, 1), (3, 100, 5), (4, 600, 3))
    ]
    return [
        *_sent(*approvals[:4], approvals[0], a_verification(city, late.record), _revoke("G1"), approvals[4]),
        *_sent(an_approval(city, city.volunteers[0], "again", minutes=100, quota=quota)),
        *_sent(_revoke("G0", for_error=True), an_approval(city, city.volunteers[0], "after", minutes=200)),
        *_sent(_revoke("G2"), _revoke("G2"), _revoke("nobody's")),
    ]


def _afterwards(city: City) -> list[Submission]:
    """The draw; whoever drew a place gives it back; a round is closed, and its line ends."""
    lottery, first = city_round(city, "lottery"), city_round(city, "first")
    gone = [ReleasePlace(place=place_of(f"L{n}"), volunteer=city.volunteers[n]) for n in range(2)]
    lapse = ReleasePlace(place=place_of("back"), volunteer=None)
    return [
        *_sent(DrawLots(round=lottery, seed=b"another"), DrawLots(round=lottery, seed=SEED)),
        *_sent(DrawLots(round=lottery, seed=SEED), *gone, lapse, CloseRound(round=first), lapse),
        a_claim(city.volunteers[3], first, "too late"),
    ]


def _at_the_door(city: City) -> list[Submission]:
    def show(place: PlaceId, door: str, *, ours: bool = True) -> Attend:
        return Attend(code=ticket_of(place), door=door, teams=frozenset((city.team,)) if ours else None)

    return _sent(
        show(place_of("A2"), "A1"),
        show(place_of("A2"), "B2", ours=False),
        show(place_of("A0"), "A1"),
        show(place_of("nobody's"), "A1"),
    )


def city_round(city: City, name: str) -> RoundId:
    """The round of a name."""
    return RoundId(named(city.programme, name))


async def _prepared(database: Database, clock: Clock) -> City:
    city = await a_city(database, clock, volunteers=PEOPLE)
    await publish_benefit(database, city)
    await a_round(database, city, Terms(), "first")
    await a_round(database, city, Terms(mode=RoundMode.LOTTERY), "lottery")
    await a_round(database, city, Terms(mode=RoundMode.REVIEWED), "reviewed")
    await enter(database, city, [Service(city.volunteers[4], 200, START - timedelta(days=3))])
    return city


async def _lived(database: Database, clock: Clock, *, together: bool) -> tuple[list[object], Mapping[str, list[str]]]:
    city = await _prepared(database, clock)
    run = run_together if together else run_apart
    told: list[object] = []
    plan = ((START, (*_first_come(city), *_lottery(city), *_reviewed(city))), (TODAY, _afterwards(city)))
    for at, submissions in (*plan, (TOMORROW, _at_the_door(city))):
        named = [replace(each, key=AnswerKey("test", f"{at}-{no}")) for no, each in enumerate(submissions)]
        told += _told(await run(database, city.programme, Clock(at), *named))
    await assert_all_sound(database, city)
    return told, await fetch_tables(database)


def _told(outcomes: Sequence[Outcome]) -> list[object]:
    return [getattr(outcome.answer, "code", "accepted") for outcome in outcomes]


YES = "accepted"
EXPECTED = [
    *(YES,) * 6,
    *(Code.QUOTA_EXCEEDED, Code.NOT_ELIGIBLE),
    *(YES, Code.STATE_CONFLICT, YES, Code.NOT_FOUND, YES, YES, YES),
    *(YES,) * 6,
    *(YES, Code.ROUND_NOT_OPEN),
    *(YES, YES, YES, YES, Code.STATE_CONFLICT, YES, YES, YES),
    Code.QUOTA_EXCEEDED,
    *(YES, YES),
    *(YES, Code.STATE_CONFLICT, Code.NOT_FOUND),
    *(Code.STATE_CONFLICT, YES, Code.STATE_CONFLICT, YES, YES, Code.STATE_CONFLICT, YES, YES, Code.ROUND_NOT_OPEN),
    *(YES, Code.ALREADY_USED, Code.STATE_CONFLICT, Code.TICKET_NOT_EXIST),
]


async def test_one_batch_decides_as_many_of_one(server: TestServer, clock: Clock) -> None:
    """Each refusal and each row, to the last count: what a batch has done before is seen by what comes after."""
    lived = []
    for together in (True, False):
        async with a_database(server) as database:
            lived.append(await _lived(database, clock, together=together))
    assert lived[0] == lived[1]
    assert lived[0][0] == EXPECTED


async def test_hours_are_used_once(database: Database, clock: Clock) -> None:
    """Of 500 minutes 300 are used: another window that shares a day has 200 left, and one before has none."""
    city = await _prepared(database, clock)
    volunteer = city.volunteers[0]
    half = timedelta(days=180)
    approvals = [
        an_approval(city, volunteer, 1, minutes=300),
        an_approval(city, volunteer, 2, minutes=201, since=(START - half).date()),
        an_approval(city, volunteer, 3, minutes=200, since=(START - half).date()),
        an_approval(city, volunteer, 4, minutes=1, until=(START - half).date()),
    ]
    outcomes = await run_together(database, city.programme, clock, *_sent(*approvals))
    assert _told(outcomes) == [YES, Code.HOURS_CONSUMED, YES, Code.HOURS_CONSUMED]
    assert await fetch_total(database, AccountKind.HOURS, volunteer) == 0
    assert await fetch_total(database, AccountKind.CONSUMED, volunteer) == 500
    await assert_all_sound(database, city)


DAMAGE = {
    "a seat twice": "UPDATE places SET state = 'held', seat = 9 + number, held_at = claimed_at WHERE state = 'waiting'",
    "a stand that tells another count": "UPDATE round_stands SET number = number + 1",
    "somebody moved up out of turn": """
        UPDATE places SET held_at = '2026-03-09', number = 90 + number WHERE state = 'held' AND drawn IS NULL""",
    "a draw that was not drawn": "UPDATE places SET drawn = 6 - drawn",
    "another seed": "UPDATE round_stands SET seed = 'x' WHERE seed IS NOT NULL",
    "a grant that the journal does not know": "UPDATE benefit_grants SET minutes = minutes + 1 WHERE minutes > 0",
    "a count": "UPDATE tallies SET amount = amount + 1 WHERE scope LIKE 'round:%'",
    "a grant without its place": "UPDATE benefit_grants SET round_id = NULL WHERE state = 'approved'",
    "somebody waits for a free seat": """
        UPDATE round_stands SET capacity = capacity + 1, closed_at = NULL WHERE waiting > 0""",
}


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE)
async def test_verify_notices_damage(database: Database, clock: Clock, statement: str) -> None:
    """What no command can have left is found."""
    city = await _prepared(database, clock)
    for at, plan in (
        (START, (*_first_come(city), *_lottery(city), *_reviewed(city))),
        (TODAY, _afterwards(city)[:2]),
    ):
        await run_together(database, city.programme, Clock(at), *plan)
    assert (await verify(database, city)).findings == ()
    await tamper(
        database, "UPDATE rounds SET starts_at = '2126-01-01', ends_at = '2126-01-02' WHERE starts_at > opens_at"
    )
    await tamper(database, statement)
    assert (await verify(database, city)).findings


async def test_the_line_moves_up_in_turn(database: Database, clock: Clock) -> None:
    """Who gave a place back is out, the next have them in the order of their claims, and who comes back is last."""
    city = await _prepared(database, clock)
    await run_together(database, city.programme, clock, *_first_come(city))
    rows = await fetch_rows(database, "SELECT number, state FROM places ORDER BY number")
    assert [tuple(row) for row in rows] == [
        (1, "released"),
        (2, "released"),
        (3, "held"),
        (4, "released"),
        (5, "held"),
        (6, "held"),
        (7, "waiting"),
    ]


async def test_a_line_that_has_ended_gives_everything_back(database: Database, clock: Clock) -> None:
    """The job ends what waits where a round is closed: claims lapse, grants give their hours back. Twice is once."""
    city = await _prepared(database, clock)
    round_id = city_round(city, "reviewed")
    approvals = [an_approval(city, city.volunteers[n], n, round_id=round_id, minutes=300) for n in range(3)]
    async with a_committer(database, city.programme, clock) as committer:
        for submission in _sent(*approvals, CloseRound(round=round_id)):
            accepted(await committer.submit(submission))
    committers = Committers(database, clock, queue_max=99, batch_max=99)
    assert await run_lapsed_places(database, committers, city.programme, clock) == 1
    assert await run_lapsed_places(database, committers, city.programme, clock) == 0
    await committers.close()
    assert await fetch_total(database, AccountKind.CONSUMED, city.volunteers[2]) == 0
    assert await fetch_total(database, AccountKind.HOURS, city.volunteers[2]) == 500
    assert await fetch_total(database, AccountKind.CONSUMED, city.volunteers[1]) == 300
    await assert_all_sound(database, city)

"""Grants: quota, hours and the waiting list, in the order in which a refusal is told."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.accounts import AccountKey, AccountKind
from app.core.benefit_grants import GrantQuota, Window
from app.core.book import Accepted
from app.core.codes import Code, Rejected
from app.core.grants import ApproveGrant, Consumption
from app.core.ids import ApplicationId, BenefitGrantId, PlaceId, RoundId, TransactionId, VolunteerId
from app.core.quantities import Minutes
from app.core.revocations import RevokeGrant
from app.core.round_ends import CloseRound
from app.core.rounds import PlaceState, Round, RoundMode
from app.core.rows import RecordState
from app.core.transactions import Reason
from app.core.volunteers import VolunteerStatus
from tests.core.builders import NOW, VERIFIER, a_programme, a_record, a_volunteer, named
from tests.core.ledger import MemoryLedger

PEOPLE = tuple(VolunteerId(named("applicant", number)) for number in range(4))
ROUND = RoundId(named("batch"))
SINCE, UNTIL = date(2025, 3, 2), date(2026, 3, 1)


def a_ledger(*, served: int = 600, capacity: int = 1) -> MemoryLedger:
    """Four volunteers who have each served ten hours yesterday, and a batch of so many places."""
    ledger = MemoryLedger(programme=a_programme(), volunteers={each: a_volunteer(each) for each in PEOPLE})
    for number, each in enumerate(PEOPLE):
        record = a_record(number, volunteer=each, minutes=served, ended_at=NOW - timedelta(hours=12))
        ledger.records[record.id] = replace(record, state=RecordState.VERIFIED)
        ledger.balances[AccountKey(AccountKind.HOURS, each)] = served
    ledger.seats.rounds[ROUND] = Round(
        id=ROUND,
        benefit="hardship",
        benefit_version="1",
        mode=RoundMode.REVIEWED,
        capacity=capacity,
        opens_at=NOW,
        closes_at=NOW + timedelta(days=1),
        person_max=3,
        published_at=NOW,
    )
    return ledger


def an_approval(name: object = "a", who: int = 0, minutes: int = 0, **more: object) -> ApproveGrant:
    """An approved application of one of the four."""
    used = Consumption(minutes=Minutes(minutes), since=SINCE, until=UNTIL) if minutes else None
    command = ApproveGrant(
        application=ApplicationId(named("application", name)),
        transaction=TransactionId(named("granted", name)),
        volunteer=PEOPLE[who],
        benefit="hardship",
        version="1",
        facts_hash=b"facts",
        approved_by=VERIFIER,
        submitted_at=NOW,
        consumes=used,
    )
    return replace(command, **more)  # type: ignore[arg-type]  # fields of the command


def a_revocation(name: object = "a", *, for_error: bool = False) -> RevokeGrant:
    """The grant of an application ends."""
    return RevokeGrant(
        grant=BenefitGrantId(named("application", name)),
        transaction=TransactionId(named("revoked", name)),
        by="usr_1",
        for_error=for_error,
    )


def hours_of(ledger: MemoryLedger, who: int = 0) -> tuple[int, int]:
    """What of a volunteer's minutes is free, and what grants have used up."""
    used = sum(
        held for key, held in ledger.balances.items() if key.owner == PEOPLE[who] and key.kind is AccountKind.CONSUMED
    )
    return ledger.balances[AccountKey(AccountKind.HOURS, PEOPLE[who])], used


def state_of(ledger: MemoryLedger, name: object) -> PlaceState:
    """The state of the place of an application's grant."""
    return ledger.seats.places[PlaceId(named("application", name))].state


def test_an_application_is_granted_once() -> None:
    """Approved twice: the second time the grant is there."""
    ledger = a_ledger()
    granted, again = ledger.run([an_approval(), an_approval()], (2,))
    assert isinstance(granted, Accepted)
    assert granted.answer["state"] == "granted"
    assert granted.transaction is None, "nothing was used up"
    assert again == Rejected(Code.STATE_CONFLICT, {"state": "approved"})


@pytest.mark.parametrize(
    "quota, limit",
    [
        (GrantQuota(per_person=1), "person"),
        (GrantQuota(per_year=1), "benefit"),
        (GrantQuota(held=1), "held"),
    ],
)
def test_a_quota_that_is_used_up(quota: GrantQuota, limit: str) -> None:
    """One is granted, the next is one too many; after a mistake is undone there is room again."""
    ledger = a_ledger()
    first, second = an_approval(1, quota=quota), an_approval(2, quota=quota)
    ledger.do(first)
    assert ledger.run([second]) == [Rejected(Code.QUOTA_EXCEEDED, {"limit": limit, "had": 1, "max": 1})]
    ledger.do(a_revocation(1, for_error=True))
    ledger.do(second)


def test_another_year_another_quota() -> None:
    """The year of a person ends on 31 December in the programme's time zone."""
    ledger = a_ledger()
    quota = GrantQuota(per_person=1)
    ledger.now = NOW.replace(month=12, day=31, hour=15, minute=59)
    ledger.do(an_approval(1, quota=quota))
    ledger.now += timedelta(minutes=1)
    ledger.do(an_approval(2, quota=quota))


def test_what_has_expired_is_not_held() -> None:
    """A share of the registered may hold it at a time: when one is over the next may have it."""
    ledger = a_ledger()
    quota = GrantQuota(held=1)
    ledger.do(an_approval(1, quota=quota, valid_until=NOW + timedelta(days=1)))
    ledger.now += timedelta(days=1)
    ledger.do(an_approval(2, quota=quota))


def test_a_revoked_grant_stays_counted_unless_it_was_a_mistake() -> None:
    """Who lost one for cause has had theirs of the year; the benefit has room for somebody else."""
    ledger = a_ledger()
    quota = GrantQuota(per_person=1, per_year=1)
    ledger.do(an_approval(1, quota=quota))
    ledger.do(a_revocation(1))
    [again] = ledger.run([an_approval(2, quota=quota)])
    assert again == Rejected(Code.QUOTA_EXCEEDED, {"limit": "person", "had": 1, "max": 1})
    ledger.do(an_approval(3, who=1, quota=quota))


def test_hours_are_moved_and_come_back_after_a_mistake() -> None:
    """Verified minutes become consumed ones, owned by volunteer and window; for cause they stay so."""
    ledger = a_ledger()
    granted = ledger.do(an_approval(1, minutes=400))
    assert granted.transaction is not None
    assert (granted.transaction.reason, granted.transaction.policy) == (Reason.BENEFIT_GRANTED, "hardship@1")
    assert hours_of(ledger) == (200, 400)
    [refused] = ledger.run([an_approval(2, minutes=201)])
    assert refused == Rejected(Code.HOURS_CONSUMED, {"free": 200, "required": 201})
    ledger.do(a_revocation(1, for_error=True))
    assert hours_of(ledger) == (600, 0)
    ledger.do(an_approval(3, minutes=600))
    ledger.do(a_revocation(3))
    assert hours_of(ledger) == (0, 600)


def test_hours_outside_the_window_do_not_count() -> None:
    """What was served after the window's last day, or before its first, qualifies for nothing in it."""
    ledger = a_ledger()
    for since, until in ((SINCE, date(2026, 2, 28)), (date(2026, 3, 2), date(2026, 3, 2))):
        used = Consumption(minutes=Minutes(1), since=since, until=until)
        [refused] = ledger.run([an_approval(str(since), consumes=used)])
        assert refused == Rejected(Code.HOURS_CONSUMED, {"free": 0, "required": 1})


def test_the_waiting_list_is_by_stars_hours_and_time() -> None:
    """The first has the place; then it is for the most stars, of those for the most hours, then for the earliest."""
    ledger = a_ledger()
    ledger.do(an_approval(0, who=0, round=ROUND))
    told = [
        ledger.do(an_approval(number, who=number, round=ROUND, stars=stars, served=Minutes(served))).answer["position"]
        for number, stars, served in ((1, 2, 100), (2, 3, 50), (3, 3, 60))
    ]
    assert told == [1, 1, 1]
    for name, follower in ((0, 3), (3, 2), (2, 1)):
        ledger.do(a_revocation(name))
        assert state_of(ledger, follower) is PlaceState.HELD


def test_who_waits_has_set_hours_aside_and_gets_them_back() -> None:
    """A grant that waits holds its hours, so that moving up cannot fail; without ever a place they come back."""
    ledger = a_ledger()
    ledger.do(an_approval(1, who=1, round=ROUND))
    waiting = ledger.do(an_approval(2, who=2, minutes=600, round=ROUND))
    assert (waiting.answer["state"], waiting.answer["position"]) == ("waiting", 1)
    assert hours_of(ledger, 2) == (0, 600)
    ended = ledger.do(a_revocation(2))
    assert ended.transaction is not None
    assert ended.transaction.reason is Reason.GRANT_NEVER_USED
    assert hours_of(ledger, 2) == (600, 0)


def test_the_round_has_to_be_the_benefit_s_own() -> None:
    """A round of another benefit, one that is not published, or none at all: 404; a closed one takes nobody."""
    ledger = a_ledger()
    other = an_approval(benefit="concert", round=ROUND)
    assert ledger.run([other]) == [Rejected(Code.NOT_FOUND)]
    assert ledger.run([an_approval(round=RoundId(named("nowhere")))]) == [Rejected(Code.NOT_FOUND)]
    ledger.do(CloseRound(round=ROUND))
    assert ledger.run([an_approval(round=ROUND)]) == [Rejected(Code.ROUND_NOT_OPEN)]
    ledger.seats.rounds[ROUND] = replace(ledger.seats.rounds[ROUND], published_at=None)
    assert ledger.run([an_approval(round=ROUND)]) == [Rejected(Code.NOT_FOUND)]


def test_who_is_not_active_is_granted_nothing() -> None:
    """Frozen: refused; unknown: 404."""
    ledger = a_ledger()
    ledger.volunteers[PEOPLE[0]] = a_volunteer(PEOPLE[0], status=VolunteerStatus.FROZEN)
    assert ledger.run([an_approval()]) == [Rejected(Code.ACCOUNT_FROZEN)]
    stranger = an_approval(volunteer=VolunteerId(named("stranger")))
    assert ledger.run([stranger]) == [Rejected(Code.NOT_FOUND)]


DAYS = st.integers(0, 30).map(lambda day: SINCE + timedelta(days=day))


@given(a=DAYS, b=DAYS, c=DAYS, d=DAYS)
def test_windows_that_share_a_day_overlap(a: date, b: date, c: date, d: date) -> None:
    """Told from the account's name alone, exactly as from the days."""
    one, other = Window(PEOPLE[0], min(a, b), max(a, b)), Window(PEOPLE[0], min(c, d), max(c, d))
    shared = {one.since + timedelta(days=n) for n in range((one.until - one.since).days + 1)} & {
        other.since + timedelta(days=n) for n in range((other.until - other.since).days + 1)
    }
    assert one.overlaps(other.account.part) is bool(shared)

"""Hours become points: the formula, the four eyes, honour hours, the notice period, a debt first (cases 11, 16, 17)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Accepted
from app.core.codes import Code, Rejected
from app.core.ids import UserId, VolunteerId
from app.core.policies import AccrualPolicy, Service, Standing, policy_on, price
from app.core.quantities import Minutes
from app.core.rows import Evidence, RecordState, ServiceRecord
from app.core.service_records import (
    RejectRecord,
    decide_reject_record,
    overlaps,
)
from tests.core.builders import (
    NOW,
    RECORDER,
    VERIFIER,
    VOLUNTEER,
    a_book,
    a_policy,
    a_programme,
    a_record,
    wallet_of,
)
from tests.core.deciding import code_of, verify

HOURS = AccountKey(AccountKind.HOURS, VOLUNTEER)
DEBT = AccountKey(AccountKind.DEBT, VOLUNTEER)
ISSUANCE = AccountKey(AccountKind.ISSUANCE)
END_OF_2028 = date(2028, 12, 31)


def test_verified_hours_become_points_of_the_year() -> None:
    """Minutes are credited as they are; points expire at the end of the natural year, two years later."""
    record = a_record(minutes=90)
    book = a_book(records=[record])
    decision = verify(book, record)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert decision.transaction.policy == "v1"
    assert decision.transaction.occurred_at == record.ended_at
    assert (book.balance(HOURS), wallet_of(book), book.balance(ISSUANCE)) == (90, {END_OF_2028: 15}, 15)
    [verified, *_] = decision.rows
    assert isinstance(verified, ServiceRecord)
    assert (verified.state, verified.points, verified.pending) == (RecordState.VERIFIED, 15, 0)
    assert (verified.verifier, verified.expires_on) == (VERIFIER, END_OF_2028)


def test_the_year_of_service_ends_at_midnight_in_shanghai() -> None:
    """Service that ends at 24:00 Shanghai time on 31 December belongs to the next year's lot."""
    midnight = NOW.replace(year=2025, month=12, day=31, hour=16)
    for ended_at, year in ((midnight - timedelta(microseconds=1), 2027), (midnight, 2028)):
        record = a_record(ended_at=ended_at)
        book = a_book(records=[record])
        verify(book, record)
        assert wallet_of(book) == {date(year, 12, 31): 10}


@given(minutes=st.integers(1, 10**6), level=st.sampled_from([1, 2, 3]), rate=st.integers(1, 1000))
def test_points_are_rounded_down_once_per_record(minutes: int, level: int, rate: int) -> None:
    """Case 11: floor(minutes x rate x coefficient / 600000); the residue is below one point and is dropped."""
    coefficient = {1: 10_000, 2: 12_000, 3: 15_000}[level]
    service = Service(minutes=Minutes(minutes), level=level, day=date(2026, 3, 1))
    points = price(a_policy(rate=rate), service, Standing()).points
    assert points * 600_000 <= minutes * rate * coefficient < (points + 1) * 600_000


def test_no_residue_is_carried_over() -> None:
    """Case 11: ten records of 59 minutes are ten times 9 points, and every minute of them is kept."""
    records = [a_record(number, minutes=59) for number in range(10)]
    book = a_book(records=records)
    for record in records:
        verify(book, record)
    assert (book.balance(HOURS), wallet_of(book)) == (590, {END_OF_2028: 90})


def test_a_few_minutes_are_hours_without_points() -> None:
    """Minutes too few for one point are recorded all the same; there is no empty transfer of points."""
    record = a_record(minutes=5)
    book = a_book(a_programme(notice_days=3), records=[record])
    decision = verify(book, record)
    assert isinstance(decision, Accepted)
    assert decision.answer["points"] == 0
    [verified, *_] = decision.rows
    assert isinstance(verified, ServiceRecord)
    assert (verified.expires_on, verified.matures_at) == (None, None)
    assert (book.balance(HOURS), book.balance(ISSUANCE)) == (5, 0)


def test_honour_hours_never_become_points() -> None:
    """Case 16: attested hours count as hours, under no policy as points, and need no policy either."""
    record = a_record(evidence=Evidence.ATTESTED)
    for policies in ((), (a_policy(rate=10_000),)):
        book = a_book(records=[record], policies=policies)
        assert isinstance(verify(book, record), Accepted)
        assert (book.balance(HOURS), book.balance(ISSUANCE), wallet_of(book)) == (60, 0, {})


@pytest.mark.parametrize(
    "verifier, verifier_is, expected",
    [(RECORDER, None, Code.SELF_REVIEW), (VERIFIER, VOLUNTEER, Code.SELF_REVIEW), (VERIFIER, None, None)],
    ids=["the enterer", "the volunteer", "a second person"],
)
def test_nobody_reviews_their_own(verifier: UserId, verifier_is: VolunteerId | None, expected: Code | None) -> None:
    """Case 16: the reviewer is neither the enterer nor the volunteer."""
    record = a_record()
    book = a_book(records=[record])
    assert code_of(verify(book, record, verifier=verifier, verifier_is=verifier_is)) is expected
    assert book.balance(HOURS) == (0 if expected else 60)


def test_a_record_is_decided_once() -> None:
    """Verified or rejected, a record is not decided again; an unknown one not at all."""
    record = a_record()
    book = a_book(records=[record])
    verify(book, record)
    assert verify(book, record) == Rejected(Code.STATE_CONFLICT, {"state": "verified"})
    assert book.balance(HOURS) == 60
    reject = RejectRecord(record=record.id, verifier=VERIFIER, verifier_is=None)
    assert decide_reject_record(reject, book) == Rejected(Code.STATE_CONFLICT, {"state": "verified"})
    book.records[record.id] = None
    assert code_of(verify(book, record)) is code_of(decide_reject_record(reject, book)) is Code.NOT_FOUND


def test_a_rejected_record_never_reaches_the_ledger() -> None:
    """A rejection by a second person leaves no transaction, and cannot be verified afterwards."""
    record = a_record()
    book = a_book(records=[record])
    assert (
        code_of(decide_reject_record(RejectRecord(record=record.id, verifier=RECORDER, verifier_is=None), book))
        is Code.SELF_REVIEW
    )
    decision = decide_reject_record(RejectRecord(record=record.id, verifier=VERIFIER, verifier_is=None), book)
    assert isinstance(decision, Accepted)
    assert decision.transaction is None
    book.post(decision)
    assert verify(book, record) == Rejected(Code.STATE_CONFLICT, {"state": "rejected"})


@pytest.mark.parametrize("debt, repaid, wallet", [(4, 4, {END_OF_2028: 6}), (10, 10, {}), (25, 10, {})])
def test_a_debt_is_repaid_first(debt: int, repaid: int, wallet: dict[date, int]) -> None:
    """Case 17: of ten points earned, the debt takes what it needs, and only the rest is credited."""
    record = a_record()
    book = a_book(records=[record])
    book.accounts[VOLUNTEER][DEBT] = debt
    verify(book, record)
    assert (book.balance(DEBT), wallet_of(book)) == (debt - repaid, wallet)
    assert book.balance(ISSUANCE) == 10


def test_points_are_pending_while_objections_are_open() -> None:
    """With a notice period points cannot be spent yet; hours count at once, a debt is repaid at once."""
    record = a_record()
    book = a_book(a_programme(notice_days=3), records=[record])
    book.accounts[VOLUNTEER][DEBT] = 4
    decision = verify(book, record)
    assert isinstance(decision, Accepted)
    [verified, *_] = decision.rows
    assert isinstance(verified, ServiceRecord)
    assert (verified.pending, verified.matures_at) == (6, NOW + timedelta(days=3))
    assert book.balance(lot(AccountKind.PENDING, VOLUNTEER, END_OF_2028)) == 6
    assert (book.balance(HOURS), book.balance(DEBT), wallet_of(book)) == (60, 0, {})


def test_the_policy_of_the_day_of_service_prices() -> None:
    """A new version applies to service that begins on its day or later, in Shanghai's calendar."""
    old, new = a_policy("v1"), a_policy("v2", date(2026, 3, 1), rate=20)
    midnight = NOW.replace(month=2, day=28, hour=16)
    for started_at, version in ((midnight - timedelta(microseconds=1), "v1"), (midnight, "v2")):
        record = a_record(ended_at=started_at + timedelta(minutes=60))
        book = a_book(records=[record], policies=(new, old))
        decision = verify(book, record)
        assert isinstance(decision, Accepted)
        assert decision.transaction is not None
        assert decision.transaction.policy == version


@pytest.mark.parametrize("policies", [(), (a_policy(levels=(2, 3)),), (a_policy(effective_from=date(2026, 3, 2)),)])
def test_without_a_policy_there_is_no_price(policies: tuple[AccrualPolicy, ...]) -> None:
    """No version in force on the day for this level: refused with the day and the level, nothing credited."""
    record = a_record()
    book = a_book(records=[record], policies=policies)
    assert verify(book, record) == Rejected(Code.NO_POLICY, {"day": "2026-03-01", "level": 1})
    assert book.balance(HOURS) == 0


def test_the_newest_policy_in_force_is_taken() -> None:
    """Of several versions in force the one that came last applies, in whatever order they are listed."""
    versions = (a_policy("v2", date(2025, 1, 1)), a_policy("v3", date(2027, 1, 1)), a_policy("v1", date(2024, 1, 1)))
    for listed in (versions, versions[::-1]):
        found = policy_on(listed, date(2026, 6, 1), 1)
        assert found is not None
        assert found.version == "v2"


def test_periods_that_only_touch_do_not_overlap() -> None:
    """Service from ten to eleven and from eleven to twelve is two services; a second in common is an overlap."""
    ten, eleven, twelve = (NOW + timedelta(hours=hour) for hour in (1, 2, 3))
    second = timedelta(seconds=1)
    assert not overlaps(ten, eleven, eleven, twelve)
    assert not overlaps(eleven, twelve, ten, eleven)
    assert overlaps(ten, eleven + second, eleven, twelve)
    assert overlaps(ten, twelve, eleven, eleven + second)


def test_imported_hours_earn_like_checked_in_ones() -> None:
    """The evidence of an older system becomes points, at the policy of its day."""
    record = replace(a_record(), evidence=Evidence.IMPORTED)
    book = a_book(records=[record])
    verify(book, record)
    assert wallet_of(book) == {END_OF_2028: 10}

"""What a verification looks at: what was counted before, what is stored, what a town has left; and what follows."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.accruals import Accrual, Earned
from app.core.book import Accepted, Book
from app.core.ids import NOBODY, RecordId
from app.core.policies import AccrualPolicy, Bonuses, Caps, Expiry, ExpiryKind, Overlay, Standing
from app.core.quantities import Minutes, Points
from app.core.rows import RecordState, ServiceRecord, ServiceRole
from app.core.standings import is_standing_asked, service_of, standing_of
from tests.core.builders import NOW, VOLUNTEER, a_book, a_policy, a_programme, a_record, named, wallet_of
from tests.core.deciding import verify

TODAY = date(2026, 3, 1)
CAPPED = replace(a_policy(), caps=Caps(day_minutes=600))


def _book(policy: AccrualPolicy, *records: ServiceRecord, earned: tuple[Earned, ...] = ()) -> Book:
    book = a_book(records=records, policies=(policy,))
    book.earned[VOLUNTEER] = {RecordId(named(each)): each for each in earned}
    return book


def _standing(book: Book, record: ServiceRecord) -> Standing:
    service = service_of(record, book.programme)
    return standing_of(record, service, book.policies[0], book, NOW)


def _before(day: date, activity: str, minutes: int, points: int) -> Earned:
    return Earned(day, activity, Minutes(minutes), Points(points))


def test_what_was_counted_is_summed_by_activity_day_and_year() -> None:
    """Each period counts what lies in it, and the first service is the one before which nothing was counted."""
    record = replace(a_record(), activity_id="A")
    activity = service_of(record, a_programme()).activity
    assert _standing(_book(CAPPED, record), record).first
    earned = (
        _before(TODAY, activity, 10, 1),
        _before(TODAY, "other", 20, 2),
        _before(date(2026, 1, 1), activity, 40, 4),
        _before(date(2025, 12, 31), activity, 80, 8),
    )
    found = _standing(_book(CAPPED, record, earned=earned), record)
    assert (found.activity_minutes, found.day_minutes, found.year_minutes, found.minutes) == (10, 30, 70, 150)
    assert (found.day_points, found.year_points, found.first) == (3, 7, False)


def test_a_record_without_a_named_activity_is_one_by_itself() -> None:
    """Two records without a name do not share a cap; two of one name and team do."""
    programme = a_programme()
    names = [service_of(replace(a_record(number), activity_id=""), programme).activity for number in range(2)]
    assert names[0] != names[1]
    names = [service_of(replace(a_record(number), activity_id="A"), programme).activity for number in range(2)]
    assert names[0] == names[1]
    assert service_of(replace(a_record(), role=ServiceRole.ORGANISER), programme).organiser


def test_what_is_stored_is_all_that_lives_less_the_debt() -> None:
    """Spendable, pending and held points of lots within their day; what is owed comes off."""
    record = a_record()
    book = _book(CAPPED, record)
    alive, dead = date(2026, 3, 2), date(2026, 3, 1)
    for kind, day, points in (
        (AccountKind.WALLET, alive, 100),
        (AccountKind.PENDING, alive, 20),
        (AccountKind.HELD, alive, 3),
        (AccountKind.WALLET, dead, 5_000),
    ):
        book.accounts[VOLUNTEER][lot(kind, VOLUNTEER, day)] = points
    book.accounts[VOLUNTEER][AccountKey(AccountKind.DEBT, VOLUNTEER)] = 7
    assert _standing(book, record).balance == 116


def test_only_a_policy_that_asks_has_it_fetched() -> None:
    """Plain rates need nothing; neither does a record that is not waiting, or one without a policy."""
    programme, record = a_programme(), a_record()
    assert is_standing_asked(record, (CAPPED,), programme)
    assert not is_standing_asked(record, (a_policy(),), programme)
    assert not is_standing_asked(record, (), programme)
    assert not is_standing_asked(a_record(state=RecordState.VERIFIED), (CAPPED,), programme)
    assert is_standing_asked(record, (replace(a_policy(), bonuses=Bonuses(first_service=5)),), programme)


def test_records_of_one_batch_see_each_other() -> None:
    """The second of a day gets what the first has left of the cap, and only one is the first service."""
    policy = replace(a_policy(), caps=Caps(day_minutes=90), bonuses=Bonuses(first_service=5))
    records = [a_record(number) for number in range(3)]
    book = _book(policy, *records)
    answers = [verify(book, record) for record in records]
    assert [answer.answer["points"] for answer in answers if isinstance(answer, Accepted)] == [15, 5, 0]
    assert sum(wallet_of(book).values()) == 20


def test_notice_and_expiry_are_the_policys_own() -> None:
    """Three days pending although the programme has none, and three years to the day although it has year ends."""
    policy = replace(a_policy(), notice_days=3, expiry=Expiry(kind=ExpiryKind.ROLLING_MONTHS, months=36))
    record = a_record()
    decision = verify(_book(policy, record), record)
    assert isinstance(decision, Accepted)
    verified, accrual = decision.rows
    assert isinstance(verified, ServiceRecord)
    assert isinstance(accrual, Accrual)
    assert (verified.pending, verified.matures_at) == (10, NOW + timedelta(days=3))
    assert verified.expires_on == date(2029, 3, 1)
    assert (accrual.policy, accrual.points, accrual.counted) == ("v1", 10, 60)
    unhurried = replace(a_policy(), notice_days=0)
    book = a_book(a_programme(notice_days=9), records=[record], policies=(unhurried,))
    verify(book, record)
    assert sum(wallet_of(book).values()) == 10


@pytest.mark.parametrize("left, points", [(10, 15), (3, 13), (0, 10)])
def test_a_town_adds_while_its_budget_lasts(left: int, points: int) -> None:
    """What is added is counted against the year's budget; the city's own part is always paid."""
    overlay = Overlay(region_code="330282001", extra_bp=5_000, year_budget=left)
    record = replace(a_record(), region="330282001002")
    book = _book(replace(a_policy(), overlays=(overlay,)), record)
    book.tallies[NOBODY] = {}
    decision = verify(book, record)
    assert isinstance(decision, Accepted)
    assert decision.answer["points"] == points
    assert sum(book.tallies[NOBODY].values()) == points - 10

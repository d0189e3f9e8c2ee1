"""The life of a lot: it matures when its notice ends, and is empty at 24:00 of its printed day (cases 1 and 10)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.core.accounts import NEVER, AccountKey, AccountKind, lot
from app.core.book import Accepted, Book, Decision
from app.core.business_days import business_day, end_of_day
from app.core.codes import Code, Rejected
from app.core.ids import TransactionId
from app.core.lot_life import ExpireLots, MatureRecord, decide_expire_lots, decide_mature_record
from app.core.quantities import Instant
from app.core.rows import ServiceRecord
from app.core.transactions import Reason, TransactionKind
from tests.core.builders import NOW, VOLUNTEER, a_book, a_pay_code, a_programme, a_record, named, wallet_of
from tests.core.deciding import a_redeem, post, redeem, verify
from tests.core.ledger import MemoryLedger

T = date(2026, 12, 31)
T_IS_OVER = datetime(2026, 12, 31, 16, tzinfo=UTC)
BREAKAGE = AccountKey(AccountKind.BREAKAGE)
A_MICROSECOND = timedelta(microseconds=1)


def expire(book: Book, at: Instant) -> Decision:
    """The job books expiry; what goes through is posted."""
    command = ExpireLots(volunteer=VOLUNTEER, transaction=TransactionId(named("expired")))
    return post(book, decide_expire_lots(command, book, at))


def mature(book: Book, record: ServiceRecord, at: Instant) -> Decision:
    """The job books a maturity; what goes through is posted."""
    command = MatureRecord(record=record.id, transaction=TransactionId(named("matured")))
    return post(book, decide_mature_record(command, book, at))


def test_earn_a_hundred_spend_sixty_pass_the_day() -> None:
    """Case 1: the balance is 0 and the breakage 40, never -60, however often the job comes."""
    book = a_book(points=[(T, 100)], pay_codes=[a_pay_code()])
    redeem(book, a_redeem(60))
    expired = expire(book, T_IS_OVER)
    assert isinstance(expired, Accepted)
    assert expired.answer == {"points": 40}
    assert expire(book, T_IS_OVER) == Rejected(Code.STATE_CONFLICT, {"state": "nothing-expired"})
    assert book.balance(lot(AccountKind.WALLET, VOLUNTEER, T)) == 0
    assert book.balance(BREAKAGE) == 40


def test_nothing_expires_eight_hours_early() -> None:
    """Case 10: at midnight in Greenwich and until 24:00 in Shanghai the points are there; then they are not."""
    for at, points in ((T_IS_OVER - timedelta(hours=8), 100), (T_IS_OVER - A_MICROSECOND, 100), (T_IS_OVER, 0)):
        book = a_book(points=[(T, 100)])
        assert book.available(VOLUNTEER, book.programme.business_day(at)) == points
        assert isinstance(expire(book, at), Rejected if points else Accepted)


@pytest.mark.parametrize("day", [date(2028, 2, 28), date(2028, 2, 29), date(2027, 2, 28), date(2026, 4, 30), T])
def test_the_last_day_of_a_month_lasts_as_long_as_any(day: date) -> None:
    """Case 10: the 28th, 29th, 30th and 31st end at 24:00 like all days."""
    over = end_of_day(day, "Asia/Shanghai")
    assert expire(a_book(points=[(day, 5)]), over - A_MICROSECOND) == Rejected(
        Code.STATE_CONFLICT, {"state": "nothing-expired"}
    )
    assert isinstance(expire(a_book(points=[(day, 5)]), over), Accepted)
    assert over.astimezone(ZoneInfo("Asia/Shanghai")).hour == 0
    assert business_day(over - A_MICROSECOND, "Asia/Shanghai") == day


def test_expiry_happened_when_the_day_ended() -> None:
    """Booked weeks later, it is dated at the 24:00 of the day that ended last."""
    book = a_book(points=[(date(2026, 6, 30), 5), (T, 7)])
    expired = expire(book, T_IS_OVER + timedelta(days=20))
    assert isinstance(expired, Accepted)
    assert expired.transaction is not None
    assert expired.transaction.kind is TransactionKind.EXPIRE
    assert expired.transaction.reason is Reason.LOT_EXPIRED
    assert expired.transaction.occurred_at == T_IS_OVER
    assert book.balance(BREAKAGE) == 12


def test_expiry_takes_what_is_past_its_day_and_nothing_else() -> None:
    """Pending points expire like spendable ones; later lots and those that never expire stay."""
    book = a_book(points=[(T, 5), (date(2027, 12, 31), 7), (NEVER, 9)])
    book.accounts[VOLUNTEER][lot(AccountKind.PENDING, VOLUNTEER, T)] = 3
    book.accounts[VOLUNTEER][lot(AccountKind.PENDING, VOLUNTEER, date(2027, 12, 31))] = 2
    expire(book, T_IS_OVER)
    assert wallet_of(book) == {date(2027, 12, 31): 7, NEVER: 9}
    assert [part.points for part in book.lots(AccountKind.PENDING, VOLUNTEER)] == [2]
    assert book.balance(BREAKAGE) == 8


def test_points_never_expire_where_the_programme_says_so() -> None:
    """Without a term a lot's day is the last of the calendar."""
    assert a_programme(expiry_years=None).expiry_of(NOW) == NEVER
    assert a_programme(expiry_years=2).expiry_of(NOW) == date(2028, 12, 31)


def test_a_lot_matures_when_its_notice_is_over() -> None:
    """Not a microsecond before, once, and dated at the end of the notice."""
    record = a_record()
    book = a_book(a_programme(notice_days=3), records=[record])
    verify(book, record)
    over = NOW + timedelta(days=3)
    assert mature(book, record, over - A_MICROSECOND) == Rejected(Code.STATE_CONFLICT, {"state": "notice"})
    matured = mature(book, record, over + timedelta(hours=5))
    assert isinstance(matured, Accepted)
    assert matured.transaction is not None
    assert matured.transaction.occurred_at == over
    assert wallet_of(book) == {date(2028, 12, 31): 10}
    assert book.lots(AccountKind.PENDING, VOLUNTEER) == []
    assert mature(book, record, over) == Rejected(Code.STATE_CONFLICT, {"state": "verified"})
    assert wallet_of(book) == {date(2028, 12, 31): 10}


def test_only_a_verified_record_matures() -> None:
    """An entered record and an unknown one have nothing to mature."""
    record = a_record()
    book = a_book(records=[record])
    assert mature(book, record, NOW) == Rejected(Code.STATE_CONFLICT, {"state": "entered"})
    book.records[record.id] = None
    assert mature(book, record, NOW) == Rejected(Code.NOT_FOUND)


def test_records_of_one_lot_mature_each_by_itself() -> None:
    """Two records share a lot; the first maturity takes its own points, not the other's."""
    first, second = a_record("first"), a_record("second", minutes=120)
    book = a_book(a_programme(notice_days=3), records=[first, second])
    verify(book, first)
    verify(book, second)
    mature(book, first, NOW + timedelta(days=3))
    assert wallet_of(book) == {date(2028, 12, 31): 10}
    assert [part.points for part in book.lots(AccountKind.PENDING, VOLUNTEER)] == [20]


def test_what_expired_while_pending_matures_to_nothing() -> None:
    """When expiry was booked first, a maturity closes the record without a transaction."""
    record = a_record(ended_at=NOW - timedelta(days=1100))
    book = a_book(a_programme(notice_days=3), records=[record])
    verify(book, record)
    expire(book, NOW)
    matured = mature(book, record, NOW + timedelta(days=3))
    assert isinstance(matured, Accepted)
    assert matured.transaction is None
    [row] = matured.rows
    assert isinstance(row, ServiceRecord)
    assert row.pending == 0
    assert (wallet_of(book), book.balance(BREAKAGE)) == ({}, 10)


def test_expiry_needs_nothing_but_the_volunteer() -> None:
    """The memory ledger, which gives a command only what it needs, books an expiry of a stored lot."""
    ledger = MemoryLedger(programme=a_programme(), now=T_IS_OVER)
    ledger.balances = {lot(AccountKind.WALLET, VOLUNTEER, T): 40, BREAKAGE: 2}
    ledger.do(ExpireLots(volunteer=VOLUNTEER, transaction=TransactionId(named("expired"))))
    assert ledger.balances == {lot(AccountKind.WALLET, VOLUNTEER, T): 0, BREAKAGE: 42}

"""Claw-backs: hours that were not so go, and their points as far as they are left (case 17)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Accepted, Book, Decision
from app.core.claw_backs import ClawBack, decide_claw_back
from app.core.codes import Code, Rejected
from app.core.ids import TransactionId
from app.core.lot_life import ExpireLots, decide_expire_lots
from app.core.quantities import Instant
from app.core.rows import RecordState, ServiceRecord
from app.core.transactions import TransactionKind
from tests.core.builders import (
    MERCHANT,
    NOW,
    VERIFIER,
    VOLUNTEER,
    a_book,
    a_pay_code,
    a_programme,
    a_record,
    named,
    wallet_of,
)
from tests.core.deciding import a_redeem, post, redeem, verify

HOURS = AccountKey(AccountKind.HOURS, VOLUNTEER)
DEBT = AccountKey(AccountKind.DEBT, VOLUNTEER)
ISSUANCE = AccountKey(AccountKind.ISSUANCE)
SOON, ITS_OWN = date(2026, 12, 31), date(2028, 12, 31)


def claw_back(book: Book, record: ServiceRecord, at: Instant = NOW) -> Decision:
    """A record is withdrawn; what goes through is posted."""
    command = ClawBack(record=record.id, transaction=TransactionId(named("withdrawn", record.id)), by=VERIFIER)
    return post(book, decide_claw_back(command, book, at))


def a_verified_book(record: ServiceRecord, *, notice_days: int = 0, others: tuple[ServiceRecord, ...] = ()) -> Book:
    """A book in which records have been verified: ten points each, and a code to spend them."""
    book = a_book(a_programme(notice_days=notice_days), records=[record, *others], pay_codes=[a_pay_code()])
    for each in (record, *others):
        verify(book, each)
    return book


def test_a_withdrawn_record_takes_its_hours_and_points() -> None:
    """Nothing was spent: hours, points and issuance are as before the record, and the record is named."""
    record = a_record()
    book = a_verified_book(record)
    verified = book.records[record.id]
    assert verified is not None
    decision = claw_back(book, record)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert (decision.transaction.kind, decision.transaction.policy) == (TransactionKind.CLAW_BACK, "v1")
    assert decision.transaction.reverses == verified.transaction
    assert decision.rows == (replace(verified, state=RecordState.WITHDRAWN),)
    assert (book.balance(HOURS), wallet_of(book), book.balance(ISSUANCE), book.balance(DEBT)) == (0, {}, 0, 0)


def test_spent_points_become_a_debt_that_the_next_accrual_repays() -> None:
    """Case 17: six of ten are spent: four are taken, six are owed; the merchant keeps the six; then six are repaid."""
    record, following = a_record(), a_record("following")
    book = a_verified_book(record)
    redeem(book, a_redeem(6))
    claw_back(book, record)
    assert (wallet_of(book), book.balance(DEBT)) == ({}, 6)
    assert book.balance(AccountKey(AccountKind.REDEEMED, MERCHANT)) == 6
    book.records[following.id] = following
    verify(book, following)
    assert (wallet_of(book), book.balance(DEBT), book.balance(HOURS)) == ({ITS_OWN: 4}, 0, 60)


def test_the_records_own_lot_is_taken_first() -> None:
    """Points of the record's own lot go before others, even ones that expire sooner; then the others."""
    record = a_record()
    for spent, left in ((0, {SOON: 20}), (25, {})):
        book = a_verified_book(record)
        book.accounts[VOLUNTEER][lot(AccountKind.WALLET, VOLUNTEER, SOON)] = 20
        if spent:
            redeem(book, a_redeem(spent))
        claw_back(book, record)
        assert wallet_of(book) == left
        assert book.balance(DEBT) == max(0, spent - 20)


def test_pending_points_of_the_record_are_taken_where_they_are() -> None:
    """In the notice period its own pending points go; another record's stay pending."""
    record, other = a_record(), a_record("other")
    book = a_verified_book(record, notice_days=3, others=(other,))
    claw_back(book, record)
    assert [part.points for part in book.lots(AccountKind.PENDING, VOLUNTEER)] == [10]
    assert (book.balance(DEBT), book.balance(HOURS)) == (0, 60)


def test_a_record_that_repaid_a_debt_gives_the_debt_back() -> None:
    """Withdrawn, the accrual that repaid four points leaves them owed again."""
    record = a_record()
    book = a_book(a_programme(notice_days=3), records=[record])
    book.accounts[VOLUNTEER][DEBT] = 4
    verify(book, record)
    claw_back(book, record)
    assert book.balance(DEBT) == 4
    assert book.lots(AccountKind.PENDING, VOLUNTEER) == []


@pytest.mark.parametrize("booked", [False, True], ids=["before expiry is booked", "after"])
def test_points_past_their_day_are_not_there_to_take(*, booked: bool) -> None:
    """Whether the job has booked the expiry of the record's pending points or not, the outcome is the same."""
    record = a_record(ended_at=NOW - timedelta(days=1100))
    book = a_verified_book(record, notice_days=3)
    expire = ExpireLots(volunteer=VOLUNTEER, transaction=TransactionId(named("expired")))
    if booked:
        before = decide_expire_lots(expire, book, NOW)
        assert isinstance(before, Accepted)
        book.post(before)
    claw_back(book, record)
    if not booked:
        after = decide_expire_lots(expire, book, NOW)
        assert isinstance(after, Accepted)
        book.post(after)
    assert (book.balance(DEBT), book.balance(AccountKey(AccountKind.BREAKAGE))) == (10, 10)


def test_consumed_hours_are_not_taken_back_silently() -> None:
    """When a benefit has consumed the hours, the claw-back is refused with what is left of them."""
    record = a_record()
    book = a_verified_book(record)
    book.accounts[VOLUNTEER][HOURS] = 59
    assert claw_back(book, record) == Rejected(Code.HOURS_CONSUMED, {"minutes": 59})
    assert wallet_of(book) == {ITS_OWN: 10}


def test_only_a_verified_record_is_withdrawn_and_once() -> None:
    """An entered record has nothing to take, a withdrawn one nothing more, an unknown one is unknown."""
    record = a_record()
    book = a_book(records=[record])
    assert claw_back(book, record) == Rejected(Code.STATE_CONFLICT, {"state": "entered"})
    verify(book, record)
    assert isinstance(claw_back(book, record), Accepted)
    assert claw_back(book, record) == Rejected(Code.STATE_CONFLICT, {"state": "withdrawn"})
    book.records[record.id] = None
    assert claw_back(book, record) == Rejected(Code.NOT_FOUND)

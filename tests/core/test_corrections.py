"""Corrections: a wrong record is replaced by the right one, and all is as if it had been right (case 17)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.accounts import CHART, AccountKey, AccountKind, Side, lot
from app.core.book import Accepted, Book, Decision
from app.core.claw_backs import ClawBack, decide_claw_back
from app.core.codes import Code, Rejected
from app.core.corrections import Amendment, CorrectRecord, decide_correct_record
from app.core.ids import CorrectionId, RecordId, TransactionId
from app.core.policies import Band, Caps, Scale, ScalePeriod
from app.core.quantities import Minutes
from app.core.rows import Evidence, RecordState, ServiceRecord
from app.core.transactions import TransactionKind
from tests.core.builders import (
    MERCHANT,
    NOW,
    RECORDER,
    VERIFIER,
    VOLUNTEER,
    a_book,
    a_pay_code,
    a_policy,
    a_programme,
    a_record,
    named,
    wallet_of,
)
from tests.core.deciding import a_redeem, post, redeem, verify

HOURS = AccountKey(AccountKind.HOURS, VOLUNTEER)
DEBT = AccountKey(AccountKind.DEBT, VOLUNTEER)
ITS_OWN = date(2028, 12, 31)
ORDER = CorrectionId(named("order"))


def roomy(name: str = "record", minutes: int = 60, evidence: Evidence = Evidence.CHECKED_IN) -> ServiceRecord:
    """A record in a period of ten hours: its minutes can be corrected upwards too."""
    record = a_record(name, minutes=minutes, evidence=evidence)
    return replace(record, started_at=record.ended_at - timedelta(hours=10))


def correct(book: Book, record: ServiceRecord, name: str = "right", **amended: int | str) -> Decision:
    """A record is corrected; what goes through is posted. The right record is `rec(name)`."""
    command = CorrectRecord(
        record=record.id,
        replacement=rec(name),
        transaction=TransactionId(named("corrected", name)),
        order=ORDER,
        author=RECORDER,
        by=VERIFIER,
        amendment=Amendment(**amended),  # type: ignore[arg-type]  # as the test names them
    )
    book.overlaid.setdefault(record.id, None)  # as it is fetched for the record that replaced another
    return post(book, decide_correct_record(command, book, NOW))


def rec(name: str) -> RecordId:
    """The id of a record that replaces another."""
    return RecordId(named("replacement", name))


def a_verified_book(*records: ServiceRecord, notice_days: int = 0) -> Book:
    """A book in which records have been verified, ten points an hour, and a code to spend them."""
    book = a_book(a_programme(notice_days=notice_days), records=records, pay_codes=[a_pay_code()])
    for each in records:
        verify(book, each)
    return book


def assert_balanced(book: Book) -> None:
    """Every posted transfer has two sides: what a book gained on credit accounts it gained on debit accounts."""
    sums = dict.fromkeys({rule.asset for rule in CHART.values()}, 0)
    for owned in book.accounts.values():
        for key, balance in owned.items():
            rule = CHART[key.kind]
            sums[rule.asset] += balance if rule.side is Side.CREDIT else -balance
    assert sorted(sums.values()) == [0, 0, 100_000]


def figures(book: Book) -> tuple[int, int, int]:
    """Hours, points in all lots, and what is owed."""
    lots = [part.points for kind in (AccountKind.WALLET, AccountKind.PENDING) for part in book.lots(kind, VOLUNTEER)]
    return book.balance(HOURS), sum(lots), book.balance(DEBT)


def test_a_corrected_record_is_replaced_by_one_that_names_it() -> None:
    """90 minutes instead of 60: 15 points instead of 10, one transaction of the order, the old record withdrawn."""
    record = roomy()
    book = a_verified_book(record)
    before = book.records[record.id]
    assert before is not None
    decision = correct(book, record, minutes=90)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    told = decision.transaction
    assert (told.kind, told.reverses, told.occurred_at) == (
        TransactionKind.CORRECT,
        before.transaction,
        record.ended_at,
    )
    assert told.document == f"cor_{ORDER.hex}"
    right, old = book.records[rec("right")], book.records[record.id]
    assert right is not None
    assert old is not None
    assert (right.replaces, right.minutes, right.points, right.state) == (record.id, 90, 15, RecordState.VERIFIED)
    assert (right.recorder, right.verifier, old.state) == (RECORDER, VERIFIER, RecordState.WITHDRAWN)
    assert (book.balance(HOURS), wallet_of(book), book.balance(DEBT)) == (90, {ITS_OWN: 15}, 0)


def test_spent_points_become_a_debt_that_the_next_accrual_repays() -> None:
    """Case 17: 10 points, 6 spent, 18 minutes are left: 3 points, so 4 are taken, 3 owed; the next accrual repays."""
    record, following = roomy(), a_record("following")
    book = a_verified_book(record)
    redeem(book, a_redeem(6))
    correct(book, record, minutes=18)
    assert (book.balance(HOURS), wallet_of(book), book.balance(DEBT)) == (18, {}, 3)
    assert book.balance(AccountKey(AccountKind.REDEEMED, MERCHANT)) == 6
    book.records[following.id] = following
    verify(book, following)
    assert (wallet_of(book), book.balance(DEBT), book.balance(HOURS)) == ({ITS_OWN: 7}, 0, 78)


def test_what_old_and_new_have_in_common_stays_where_it_is() -> None:
    """The record's ten points are spent, another lot holds twenty: six minutes less take one point of it, not ten."""
    record, later = roomy(), date(2029, 12, 31)
    book = a_verified_book(record)
    book.accounts[VOLUNTEER][lot(AccountKind.WALLET, VOLUNTEER, later)] = 20
    redeem(book, a_redeem(10))
    correct(book, record, minutes=54)
    assert (wallet_of(book), book.balance(DEBT)) == ({later: 19}, 0)


def test_what_is_given_repays_a_debt_first() -> None:
    """Corrected upwards by 5 points while 3 are owed: 2 are credited."""
    record = roomy()
    book = a_verified_book(record)
    book.accounts[VOLUNTEER][DEBT] = 3
    correct(book, record, minutes=90)
    assert (wallet_of(book), book.balance(DEBT)) == ({ITS_OWN: 12}, 0)


@pytest.mark.parametrize("minutes, pending", [(90, 15), (30, 5)])
def test_pending_points_stay_pending_until_their_day(minutes: int, pending: int) -> None:
    """In the notice period the right record waits as long as the wrong one would have; other records keep theirs."""
    record, other = roomy(), a_record("other")
    book = a_verified_book(record, other, notice_days=3)
    correct(book, record, minutes=minutes)
    right, old = book.records[rec("right")], book.records[record.id]
    assert right is not None
    assert old is not None
    assert (right.pending, right.matures_at, old.pending) == (pending, NOW + timedelta(days=3), 0)
    assert sum(part.points for part in book.lots(AccountKind.PENDING, VOLUNTEER)) == pending + 10


def test_level_and_category_are_priced_anew() -> None:
    """Level 2 gives a fifth more; an unknown level is refused; attested hours never become points."""
    record = roomy()
    book = a_verified_book(record)
    correct(book, record, level=2, category="急救")
    right = book.records[rec("right")]
    assert right is not None
    assert (right.points, right.category, book.balance(HOURS)) == (12, "急救", 60)
    refused = correct(book, right, "none", level=9)
    assert isinstance(refused, Rejected)
    assert refused.code is Code.NO_POLICY
    honour = roomy("honour", evidence=Evidence.ATTESTED)
    hours = a_verified_book(honour)
    correct(hours, honour, minutes=120)
    assert (hours.balance(HOURS), wallet_of(hours)) == (120, {})


def test_a_price_looks_at_the_others_only() -> None:
    """With a cap of 100 minutes a day and 60 by another record, the right one has 40 left, as the wrong one had."""
    record, other = roomy(minutes=30), roomy("other")
    policy = replace(a_policy(rate=60), caps=Caps(day_minutes=100))
    book = a_book(records=[record, other], policies=(policy,))
    book.earned[VOLUNTEER] = {}
    for each in (other, record):
        verify(book, each)
    correct(book, record, minutes=90)
    assert (book.balance(HOURS), wallet_of(book)) == (150, {ITS_OWN: 100})


def test_minutes_have_room_in_their_period() -> None:
    """More minutes than the period or a day has are refused, and so is a correction that changes nothing."""
    record = roomy()
    book = a_verified_book(record)
    before = figures(book)
    assert correct(book, record, minutes=601) == Rejected(Code.PARAM_ERROR, {"minutes": 601})
    assert correct(book, record, minutes=60) == Rejected(Code.STATE_CONFLICT, {"state": "unchanged"})
    assert figures(book) == before
    longer = replace(roomy("long"), started_at=NOW - timedelta(days=9))
    assert correct(a_verified_book(longer), longer, minutes=1441) == Rejected(Code.PARAM_ERROR, {"minutes": 1441})


def test_consumed_hours_stand_in_the_way_of_fewer_only() -> None:
    """A benefit has consumed 59 of 60 minutes: fewer are refused with what is left, more go through."""
    record = roomy()
    book = a_verified_book(record)
    book.accounts[VOLUNTEER][HOURS] = 1
    assert correct(book, record, minutes=30) == Rejected(Code.HOURS_CONSUMED, {"minutes": 1})
    correct(book, record, minutes=90)
    assert book.balance(HOURS) == 31


def test_only_a_verified_record_is_corrected_and_once() -> None:
    """An entered record is edited by its reviewer, a withdrawn one is out, an unknown one is unknown."""
    record = roomy()
    book = a_book(records=[record])
    assert correct(book, record, minutes=30) == Rejected(Code.STATE_CONFLICT, {"state": "entered"})
    verify(book, record)
    assert isinstance(correct(book, record, minutes=30), Accepted)
    assert correct(book, record, minutes=30) == Rejected(Code.STATE_CONFLICT, {"state": "withdrawn"})
    book.records[record.id] = None
    assert correct(book, record, minutes=30) == Rejected(Code.NOT_FOUND)


def test_scaled_minutes_are_rounded_down_to_at_least_one() -> None:
    """Half of 61 minutes is 30; a hundredth of 60 is one, never none."""
    assert Amendment(percent=50).amend(roomy(minutes=61)).minutes == 30
    assert Amendment(percent=1).amend(roomy()).minutes == 1


spendings = st.integers(0, 40)
lengths = st.integers(1, 600)


@given(first=lengths, second=lengths, spent=spendings, other=lengths)
@settings(max_examples=80, deadline=None)
def test_there_and_back_again_changes_no_balance(first: int, second: int, spent: int, other: int) -> None:
    """Corrected and corrected back: hours, points and debt are what they were; the sums are zero all the way."""
    record = roomy(minutes=first)
    book = a_verified_book(record, roomy("other", minutes=other))
    redeem(book, a_redeem(max(1, spent)))
    before = figures(book)
    if first == second:
        assert isinstance(correct(book, record, minutes=second), Rejected)
        assert figures(book) == before
        return
    correct(book, record, minutes=second)
    assert_balanced(book)
    right = book.records[rec("right")]
    assert right is not None
    correct(book, right, "back", minutes=first)
    assert figures(book) == before
    assert_balanced(book)


@given(first=lengths, second=lengths, spent=spendings, scaled=st.booleans())
@settings(max_examples=80, deadline=None)
def test_a_change_equals_withdrawing_and_entering_anew(first: int, second: int, spent: int, *, scaled: bool) -> None:
    """One change leaves the hours, points and debt that a withdrawal and a new record leave, whatever was spent."""
    bands = (Band(until_minutes=200, per=1), Band(until_minutes=None, per=2))
    policy = a_policy(rate=60)
    if scaled:
        policy = replace(policy, scale=Scale(period=ScalePeriod.EVER, bands=bands))
    ends = []
    for at_once in (True, False):
        record, other = roomy(minutes=first), roomy("other", minutes=100)
        book = a_book(records=[record, other], pay_codes=[a_pay_code()], policies=(policy,))
        book.earned[VOLUNTEER] = {}
        for each in (record, other):
            verify(book, each)
        redeem(book, a_redeem(max(1, spent)))
        if at_once and first != second:
            correct(book, record, minutes=second)
        elif first != second:
            withdraw = ClawBack(record=record.id, transaction=TransactionId(named("withdrawn")), by=VERIFIER)
            post(book, decide_claw_back(withdraw, book, NOW))
            anew = replace(roomy("anew", minutes=second), minutes=Minutes(second))
            book.records[anew.id] = anew
            verify(book, anew)
        assert_balanced(book)
        ends.append(figures(book))
    assert ends[0] == ends[1]

"""Redemption at the till: refusals in the order of the contract, codes, prices, lots."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book
from app.core.codes import Code, Rejected
from app.core.ids import FundId, RedemptionId, TerminalId
from app.core.merchants import Till
from app.core.pay_codes import IssuePayCode, decide_issue_pay_code
from app.core.programmes import Programme
from app.core.quantities import Points, price_fen
from app.core.rows import PayCode, Redemption, RedemptionState
from app.core.transactions import Reason, TransactionKind
from app.core.volunteers import VolunteerStatus
from tests.core.builders import (
    FUND,
    MERCHANT,
    NOW,
    TODAY,
    VOLUNTEER,
    a_book,
    a_pay_code,
    a_programme,
    a_till,
    a_volunteer,
    code_hash,
    named,
    wallet_of,
)
from tests.core.deciding import a_redeem, code_of, redeem

SOON, LATER, LAST = date(2026, 12, 31), date(2027, 12, 31), date(2028, 12, 31)


def test_points_become_the_merchants_priced_and_owed() -> None:
    """One transaction takes the points and owes the merchant their price; the code is used up."""
    book = a_book(points=500, pay_codes=[a_pay_code()])
    decision = redeem(book, a_redeem(120))
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert (decision.transaction.kind, decision.transaction.reason) == (TransactionKind.REDEEM, Reason.PAID_AT_TILL)
    assert book.available(VOLUNTEER, TODAY) == 380
    assert book.balance(AccountKey(AccountKind.REDEEMED, MERCHANT)) == 120
    assert book.balance(AccountKey(AccountKind.PAYABLE, MERCHANT)) == 360
    assert book.balance(AccountKey(AccountKind.FUND, FUND)) == 100_000 - 360
    redemption, code = decision.rows
    assert isinstance(redemption, Redemption)
    assert (redemption.state, redemption.points, redemption.settlement_fen) == (RedemptionState.SUCCESS, 120, 360)
    assert redemption.masked_name == "张*"
    assert code == replace(a_pay_code(), used_by=redemption.id)
    assert decision.answer == {"redemption": f"red_{redemption.id.hex}"}


FAULTS: list[tuple[Code, dict[str, object]]] = [
    (Code.SIGN_ERROR, {"till": a_till(disabled=True, suspended=True)}),
    (Code.MERCHANT_SUSPENDED, {"till": a_till(suspended=True)}),
    (Code.CODE_USED, {"pay_code": a_pay_code(expires_at=NOW, used_by=RedemptionId(named("other")))}),
    (Code.CODE_EXPIRED, {"pay_code": a_pay_code(expires_at=NOW)}),
    (Code.ACCOUNT_FROZEN, {"status": VolunteerStatus.FROZEN}),
    (Code.QUOTA_EXCEEDED, {"programme": a_programme(points_max=99)}),
    (Code.NOT_ENOUGH, {"points": 99}),
    (Code.FUND_EXHAUSTED, {"fund_fen": 299}),
]


def a_faulty_book(
    *,
    till: Till | None = None,
    pay_code: PayCode | None = None,
    status: VolunteerStatus = VolunteerStatus.ACTIVE,
    programme: Programme | None = None,
    points: int = 100,
    fund_fen: int = 300,
) -> Book:
    """A book in which 100 points at 300 fen can just be paid, but for the faults asked for."""
    return a_book(
        programme,
        points=points,
        fund_fen=fund_fen,
        volunteer=a_volunteer(status=status),
        till=till,
        pay_codes=[pay_code or a_pay_code()],
    )


@pytest.mark.parametrize("place", range(len(FAULTS)), ids=[code.value for code, _ in FAULTS])
def test_the_first_fault_of_the_contract_is_the_answer(place: int) -> None:
    """With this fault and every later one at once, the answer is this one (POS.md, "Codes")."""
    faults: dict[str, object] = {}
    for _, fault in reversed(FAULTS[place:]):
        faults |= fault
    book = a_faulty_book(**faults)  # type: ignore[arg-type]  # the faults are keyed by its parameters
    assert code_of(redeem(book, a_redeem(100))) is FAULTS[place][0]


def test_without_a_fault_it_goes_through() -> None:
    """The book of the faults is at the limit of everything, and passes without one."""
    assert isinstance(redeem(a_faulty_book(), a_redeem(100)), Accepted)


def test_a_terminal_or_code_that_nobody_knows_is_refused() -> None:
    """An unknown terminal is a wrong signature; an unknown code is invalid, before anything is said of a volunteer."""
    book = a_book(points=500)
    book.pay_codes[code_hash("code")] = None
    assert code_of(redeem(book, a_redeem())) is Code.CODE_INVALID
    elsewhere = TerminalId(named("elsewhere"))
    book.tills[elsewhere] = None
    assert code_of(redeem(book, replace(a_redeem(), terminal=elsewhere))) is Code.SIGN_ERROR


def test_a_left_or_unknown_volunteer_cannot_spend() -> None:
    """Only an active volunteer spends."""
    book = a_book(points=500, volunteer=a_volunteer(status=VolunteerStatus.LEFT), pay_codes=[a_pay_code()])
    assert code_of(redeem(book, a_redeem())) is Code.ACCOUNT_FROZEN
    book.volunteers[VOLUNTEER] = None
    assert code_of(redeem(book, a_redeem())) is Code.ACCOUNT_FROZEN


def test_a_code_pays_once() -> None:
    """The second redemption with a code is refused, also at once after the first."""
    book = a_book(points=500, pay_codes=[a_pay_code()])
    redeem(book, a_redeem(redemption="first"))
    assert code_of(redeem(book, a_redeem(redemption="second"))) is Code.CODE_USED
    assert book.available(VOLUNTEER, TODAY) == 400


def test_a_refusal_leaves_the_code_usable_and_changes_nothing() -> None:
    """After NOT_ENOUGH the same code pays a smaller sum."""
    book = a_book(points=50, pay_codes=[a_pay_code()])
    refused = redeem(book, a_redeem(51))
    assert refused == Rejected(Code.NOT_ENOUGH, {"available": 50, "missing": 1})
    assert wallet_of(book) == {date(9999, 12, 31): 50}
    assert isinstance(redeem(book, a_redeem(50)), Accepted)


def test_a_code_lives_sixty_seconds() -> None:
    """A code pays up to the last microsecond before its minute is over, and not at the minute."""
    issue = IssuePayCode(code=code_hash("code"), volunteer=VOLUNTEER)
    for lived, expected in ((timedelta(seconds=60, microseconds=-1), None), (timedelta(seconds=60), Code.CODE_EXPIRED)):
        book = a_book(points=500)
        book.pay_codes[issue.code] = None
        issued = decide_issue_pay_code(issue, book, NOW)
        assert isinstance(issued, Accepted)
        assert issued.answer == {"expires_at": "2026-03-02T01:01:00.000000Z"}
        book.post(issued)
        assert code_of(redeem(book, a_redeem(), NOW + lived)) is expected


def test_a_code_is_issued_to_active_volunteers_only_and_never_twice() -> None:
    """An unknown volunteer, a frozen one and a number that is taken get no code."""
    issue = IssuePayCode(code=code_hash("code"), volunteer=VOLUNTEER)
    taken = a_book(pay_codes=[a_pay_code()])
    assert code_of(decide_issue_pay_code(issue, taken, NOW)) is Code.SYSTEM_BUSY
    frozen = a_book(volunteer=a_volunteer(status=VolunteerStatus.FROZEN))
    assert code_of(decide_issue_pay_code(issue, frozen, NOW)) is Code.ACCOUNT_FROZEN
    frozen.volunteers[VOLUNTEER] = None
    assert code_of(decide_issue_pay_code(issue, frozen, NOW)) is Code.NOT_FOUND


def test_the_lot_that_expires_first_is_spent_first() -> None:
    """Lots are emptied in the order of their days, whatever the order in which they came."""
    book = a_book(points=[(LAST, 50), (SOON, 30), (LATER, 40)], pay_codes=[a_pay_code()])
    decision = redeem(book, a_redeem(75))
    assert isinstance(decision, Accepted)
    assert wallet_of(book) == {LAST: 45}
    assert isinstance(decision.rows[0], Redemption)
    assert decision.rows[0].lots == ((SOON, 30), (LATER, 40), (LAST, 5))


def test_a_lot_past_its_day_is_empty_whether_booked_or_not() -> None:
    """At 24:00 in Shanghai, and not before, the points of the day are gone."""
    day_over = datetime(2026, 12, 31, 16, tzinfo=UTC)
    for at, expected in ((day_over - timedelta(microseconds=1), None), (day_over, Code.NOT_ENOUGH)):
        book = a_book(points=[(SOON, 100)], pay_codes=[a_pay_code(expires_at=day_over + timedelta(days=1))])
        assert code_of(redeem(book, a_redeem(), at)) is expected


def test_a_fund_pays_its_last_fen_and_no_more() -> None:
    """The second redemption finds the fund empty."""
    book = a_book(points=500, fund_fen=300, pay_codes=[a_pay_code(name="a"), a_pay_code(name="b")])
    assert isinstance(redeem(book, a_redeem(code="a", redemption="a")), Accepted)
    assert code_of(redeem(book, a_redeem(1, code="b", redemption="b"))) is Code.FUND_EXHAUSTED


def test_a_programme_without_a_fund_takes_only_what_costs_nothing() -> None:
    """Nobody's money settles: a price above zero is refused, a price of zero owes nothing."""
    for rate, expected in ((300, Code.FUND_EXHAUSTED), (0, None)):
        book = a_book(a_programme(fund=None, rate=rate), points=500, pay_codes=[a_pay_code()])
        assert code_of(redeem(book, a_redeem())) is expected
        assert book.balance(AccountKey(AccountKind.PAYABLE, MERCHANT)) == 0


def test_a_need_that_was_not_fetched_is_an_error_never_a_zero() -> None:
    """A redemption decided on a book that lacks its fund stops loudly."""
    book = a_book(a_programme(fund=FundId(named("another fund"))), points=500, pay_codes=[a_pay_code()])
    with pytest.raises(Exception, match="were not fetched"):
        redeem(book, a_redeem())


@given(points=st.integers(1, 10**9), rate=st.integers(0, 10**6))
def test_a_price_is_rounded_down_once(points: int, rate: int) -> None:
    """The price is the whole fen at or below the exact one (case 11)."""
    fen = price_fen(Points(points), rate)
    assert fen * 100 <= points * rate < (fen + 1) * 100

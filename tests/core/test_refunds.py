"""Refunds and reversals: lots, lapse policies, limits, and not one fen lost (cases 2, 7, 8)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book, Decision
from app.core.codes import Code, Rejected
from app.core.ids import RefundId, TransactionId, format_id
from app.core.programmes import LapsePolicy
from app.core.quantities import Instant, Points
from app.core.refunds import (
    REFUNDS_MAX,
    RefundRedemption,
    ReverseRedemption,
    decide_refund,
    decide_reverse,
    returning_lots,
)
from app.core.rows import Redemption, RedemptionState, Refund, Tombstone, TradeNo
from app.core.transactions import TransactionKind
from tests.core.builders import (
    FUND,
    MERCHANT,
    NOW,
    SHANGHAI,
    TERMINAL,
    a_book,
    a_pay_code,
    a_programme,
    a_redemption,
    a_till,
    named,
    wallet_of,
)
from tests.core.deciding import a_redeem, code_of, post, redeem

FIRST, SECOND = date(2026, 4, 30), date(2028, 12, 31)
PAID = a_redemption([(FIRST, 40), (SECOND, 60)], fen=299)
BREAKAGE = AccountKey(AccountKind.BREAKAGE)
REDEEMED = AccountKey(AccountKind.REDEEMED, MERCHANT)
PAYABLE = AccountKey(AccountKind.PAYABLE, MERCHANT)


def refund(book: Book, points: int, *, name: object = "refund", at: Instant = NOW) -> Decision:
    """A merchant gives points back; what goes through is posted."""
    command = RefundRedemption(
        refund=RefundId(named(name)),
        transaction=TransactionId(named("transaction", name)),
        sale=PAID.sale,
        refund_no=f"R-{name}",
        points=Points(points),
        terminal=TERMINAL,
    )
    return post(book, decide_refund(command, book, at))


def reverse(book: Book, *, at: Instant = NOW) -> Decision:
    """A till takes the whole redemption back; what goes through is posted."""
    command = ReverseRedemption(
        transaction=TransactionId(named("reversal")),
        sale=PAID.sale,
        terminal=TERMINAL,
    )
    return post(book, decide_reverse(command, book, at))


def paid_in(book: Book) -> Redemption:
    """The redemption as it is now."""
    paid = book.redemptions[PAID.id]
    assert paid is not None
    return paid


def test_a_refund_returns_points_to_their_lots_the_last_taken_first() -> None:
    """Part of a redemption goes back with its expiry, the price of it to the fund, the rest stays the merchant's."""
    book = a_book(redemptions=[PAID], fund_fen=0)
    decision = refund(book, 70)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert (decision.transaction.kind, decision.transaction.reverses) == (TransactionKind.REFUND, PAID.transaction)
    assert wallet_of(book) == {SECOND: 60, FIRST: 10}
    assert book.balance(REDEEMED) == 30
    assert (book.balance(PAYABLE), book.balance(AccountKey(AccountKind.FUND, FUND))) == (299 * 30 // 100, 299 - 89)
    changed, row = decision.rows
    assert isinstance(changed, Redemption)
    assert isinstance(row, Refund)
    assert (changed.state, changed.refunded_points) == (RedemptionState.PARTIALLY_REFUNDED, 70)
    assert changed.refund_count == 1
    assert row.settlement_fen == changed.refunded_fen == 210


@pytest.mark.parametrize("whole", [False, True], ids=["in two parts", "reversed whole"])
@pytest.mark.parametrize(
    "lapse, wallet, broken",
    [
        (LapsePolicy.FORFEIT, {SECOND: 60}, 40),
        (LapsePolicy.ORIGINAL, {SECOND: 60}, 40),
        (LapsePolicy.GRACE, {SECOND: 60, date(2026, 5, 31): 40}, 0),
    ],
)
def test_a_lapsed_lot_follows_the_policy(
    *, whole: bool, lapse: LapsePolicy, wallet: dict[date, int], broken: int
) -> None:
    """Case 2: what was taken from a lot that expired since is forfeited, booked through, or given a lot of grace."""
    paid = replace(PAID, occurred_at=NOW + timedelta(days=59, hours=12))
    book = a_book(a_programme(lapse=lapse), redemptions=[paid])
    a_day_late = NOW + timedelta(days=60)
    if whole:
        reverse(book, at=a_day_late)
    else:
        refund(book, 60, name=1, at=a_day_late)
        refund(book, 40, name=2, at=a_day_late)
    assert wallet_of(book) == wallet
    assert book.balance(BREAKAGE) == broken
    assert book.balance(REDEEMED) == book.balance(PAYABLE) == 0


def test_booked_back_and_expired_at_once_is_visible() -> None:
    """Under `original` the journal shows the points at home before they expire; under `forfeit` it does not."""
    seen = {}
    for lapse in (LapsePolicy.ORIGINAL, LapsePolicy.FORFEIT):
        paid = a_redemption([(FIRST, 40)], occurred_at=NOW)
        decision = refund(a_book(a_programme(lapse=lapse), redemptions=[paid]), 40, at=NOW + timedelta(days=60))
        assert isinstance(decision, Accepted)
        assert decision.transaction is not None
        seen[lapse] = [(each.debit.kind.value, each.credit.kind.value) for each in decision.transaction.transfers]
    assert seen[LapsePolicy.ORIGINAL][:2] == [("redeemed", "wallet"), ("wallet", "breakage")]
    assert seen[LapsePolicy.FORFEIT][:1] == [("redeemed", "breakage")]


def test_a_lot_on_its_last_day_has_not_lapsed() -> None:
    """At 23:59 in Shanghai of the printed day points go home."""
    paid = a_redemption([(date(2026, 3, 2), 40)])
    book = a_book(a_programme(lapse=LapsePolicy.FORFEIT), redemptions=[paid])
    refund(book, 40, at=NOW + timedelta(hours=14, minutes=59))
    assert wallet_of(book) == {date(2026, 3, 2): 40}


@pytest.mark.parametrize("parts", list(permutations((20, 30, 50))), ids=str)
def test_three_parts_in_any_order_give_back_exactly_what_was_paid(parts: tuple[int, ...]) -> None:
    """Case 7: whatever the order, lots, merchant and fund end where they began; one point more is refused."""
    book = a_book(redemptions=[PAID], fund_fen=0)
    for number, points in enumerate(parts):
        assert isinstance(refund(book, points, name=number), Accepted)
    assert wallet_of(book) == {FIRST: 40, SECOND: 60}
    assert paid_in(book).state is RedemptionState.REFUNDED
    assert book.balance(AccountKey(AccountKind.FUND, FUND)) == 299
    assert code_of(refund(book, 1, name="more")) is Code.REFUND_TOO_MUCH


def test_a_refund_is_never_above_what_is_left() -> None:
    """Case 7: the refusal says what could still be given back."""
    book = a_book(redemptions=[PAID])
    refund(book, 70, name=1)
    refused = refund(book, 31, name=2)
    assert refused == Rejected(Code.REFUND_TOO_MUCH, {"refundable": 30, "refunds_max": REFUNDS_MAX})
    assert paid_in(book).refunded_points == 70


@given(data=st.data(), points=st.integers(1, 400), fen=st.integers(0, 2000))
def test_any_partition_conserves_points_and_fen(data: st.DataObject, points: int, fen: int) -> None:
    """Refunds of any sizes: at each step the price of what is kept, rounded down; in the end everything."""
    cuts = data.draw(st.lists(st.integers(1, points), max_size=12, unique=True).map(sorted))
    first = data.draw(st.integers(0, points - 1))
    lots = [(day, held) for day, held in ((FIRST, first), (SECOND, points - first)) if held]
    book = a_book(redemptions=[a_redemption(lots, fen=fen)], fund_fen=0)
    for start, end in pairwise(sorted({0, *cuts, points})):
        assert isinstance(refund(book, end - start, name=start), Accepted)
        assert book.balance(PAYABLE) == fen * (points - end) // points
        assert book.balance(PAYABLE) + book.balance(AccountKey(AccountKind.FUND, FUND)) == fen
    assert wallet_of(book) == dict(lots)
    assert book.balance(REDEEMED) == book.balance(PAYABLE) == 0


@given(before=st.integers(0, 100), data=st.data())
def test_a_lot_never_gets_back_more_than_it_gave(before: int, data: st.DataObject) -> None:
    """What goes back follows what went back before: together they are the lots' last points, none twice."""
    points = Points(data.draw(st.integers(0, 100 - before)))
    now = dict(returning_lots(replace(PAID, refunded_points=Points(before)), points))
    all_of_it = dict(returning_lots(PAID, Points(before + points)))
    former = dict(returning_lots(PAID, Points(before)))
    assert {day: now.get(day, 0) + former.get(day, 0) for day in all_of_it} == all_of_it


def test_the_same_points_bought_with_again_are_neither_multiplied_nor_lost() -> None:
    """Case 8: buy, refund, buy with the same points: one purchase is left, and not a point for a third."""
    book = a_book(points=100, pay_codes=[a_pay_code(name="first"), a_pay_code(name="second"), a_pay_code(name="third")])
    first = redeem(book, replace(a_redeem(code="first"), redemption=PAID.id, trade_no=PAID.trade_no))
    assert isinstance(first, Accepted)
    assert isinstance(refund(book, 100), Accepted)
    assert isinstance(
        redeem(book, replace(a_redeem(code="second", redemption="second"), trade_no=TradeNo("2"))), Accepted
    )
    assert (
        code_of(redeem(book, replace(a_redeem(code="third", redemption="third"), trade_no=TradeNo("3"))))
        is Code.NOT_ENOUGH
    )
    assert code_of(refund(book, 1, name="again")) is Code.REFUND_TOO_MUCH
    assert (wallet_of(book), book.balance(REDEEMED), book.balance(PAYABLE)) == ({}, 100, 300)


def test_fifty_refunds_and_a_year_are_the_limit() -> None:
    """The fifty-first refund and the one after a year are refused; the last moment of the year is not."""
    book = a_book(redemptions=[replace(PAID, refund_count=REFUNDS_MAX - 1)])
    assert isinstance(refund(book, 1, name=1, at=NOW + timedelta(days=365)), Accepted)
    assert code_of(refund(book, 1, name=2)) is Code.REFUND_TOO_MUCH
    late = a_book(redemptions=[PAID])
    assert code_of(refund(late, 1, at=NOW + timedelta(days=365, microseconds=1))) is Code.REFUND_EXPIRED


@pytest.mark.parametrize(
    "paid_on, last",
    [
        ((2026, 3, 2), (2027, 3, 2)),
        ((2027, 3, 2), (2028, 3, 2)),
        ((2028, 2, 29), (2029, 2, 28)),
        ((2027, 2, 28), (2028, 2, 28)),
    ],
    ids=["365 days", "366 days", "from 29 February", "to a leap year"],
)
def test_a_year_is_a_year_of_the_calendar(paid_on: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    """A refund goes through on the same day of the next year, by the programme's clock, whatever lies between."""
    paid_at = datetime(*paid_on, 12, tzinfo=SHANGHAI)
    until = datetime(*last, 12, tzinfo=SHANGHAI)
    book = a_book(redemptions=[replace(PAID, occurred_at=paid_at)])
    assert isinstance(refund(book, 1, at=until), Accepted)
    assert code_of(refund(book, 1, name="late", at=until + timedelta(microseconds=1))) is Code.REFUND_EXPIRED


def test_a_disabled_terminal_gives_nothing_back() -> None:
    """Disabled at once means so for refunds and reversals too, also when the signature had been checked before."""
    book = a_book(redemptions=[PAID], till=a_till(disabled=True))
    assert code_of(refund(book, 1)) is code_of(reverse(book)) is Code.SIGN_ERROR
    book.tills[TERMINAL] = None
    assert code_of(refund(book, 1)) is code_of(reverse(book)) is Code.SIGN_ERROR


def test_a_reversal_gives_everything_back_once() -> None:
    """A second reversal answers the same and moves nothing."""
    book = a_book(redemptions=[PAID])
    first = reverse(book)
    assert isinstance(first, Accepted)
    assert first.transaction is not None
    assert (first.transaction.kind, first.transaction.reverses) == (TransactionKind.REVERSE, PAID.transaction)
    assert wallet_of(book) == {FIRST: 40, SECOND: 60}
    assert reverse(book) == Accepted(answer=first.answer)
    assert code_of(refund(book, 1)) is Code.ORDER_REVERSED


def test_what_was_refunded_in_part_is_not_reversed() -> None:
    """A reversal is of the whole: after a refund it is refused and moves nothing, the rest can be refunded."""
    book = a_book(redemptions=[PAID], fund_fen=0)
    refund(book, 33)
    assert reverse(book) == Rejected(Code.ORDER_CLOSED, {"state": "PARTIALLY_REFUNDED"})
    assert wallet_of(book) == {SECOND: 33}
    assert isinstance(refund(book, 67, name="rest"), Accepted)
    assert wallet_of(book) == {FIRST: 40, SECOND: 60}


def test_a_reversal_has_twenty_four_hours() -> None:
    """At 24 hours it still goes, a microsecond later it does not."""
    assert isinstance(reverse(a_book(redemptions=[PAID]), at=NOW + timedelta(hours=24)), Accepted)
    late = reverse(a_book(redemptions=[PAID]), at=NOW + timedelta(hours=24, microseconds=1))
    assert code_of(late) is Code.REVERSE_EXPIRED


def test_a_number_never_seen_is_buried() -> None:
    """Reversing it leaves a tombstone, once; nothing can be refunded under it."""
    book = a_book()
    book.sales[PAID.sale] = None
    assert code_of(refund(book, 1)) is Code.ORDER_NOT_EXIST
    buried = reverse(book)
    assert buried == Accepted(rows=(Tombstone(PAID.sale),), answer={"state": "REVERSED"})
    assert reverse(book) == replace(buried, rows=())
    assert code_of(refund(book, 1)) is Code.ORDER_REVERSED


def test_what_is_closed_or_waits_is_not_refunded() -> None:
    """Neither paid anything; reversing what is closed changes nothing and says so."""
    for state in (RedemptionState.CLOSED, RedemptionState.AWAITING_CONFIRMATION):
        book = a_book(redemptions=[replace(PAID, state=state)])
        assert refund(book, 1) == Rejected(Code.ORDER_CLOSED, {"state": state.value})
    closed = a_book(redemptions=[replace(PAID, state=RedemptionState.CLOSED)])
    answer = {"redemption": format_id("red", PAID.id), "state": "CLOSED"}
    assert reverse(closed) == Accepted(answer=answer)

"""Penalties: the transition table, the terms, who may do what, and what posting and lifting do to the ledger."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.accounts import AccountKey, AccountKind
from app.core.bonuses import BonusKind
from app.core.book import Accepted, Book, Decision
from app.core.codes import Code, Rejected
from app.core.ids import PenaltyId, TeamId, TransactionId, UserId, VolunteerId
from app.core.penalising import LiftPenalty, Penalise, decide_lift_penalty, decide_penalise
from app.core.penalties import (
    COUNTED,
    HIDDEN,
    STEPS,
    Penalty,
    PenaltyState,
    PenaltyStep,
    is_final,
    move,
    points_of,
    refuse_answer,
    refuse_appeal,
    refuse_confirmation,
    refuse_lifting,
    rule_named,
    standing,
    tell_penalty,
)
from app.core.policies import PenaltyRule
from app.core.quantities import Instant, Points
from app.core.transactions import Reason, TransactionKind
from app.core.working_days import WorkingCalendar
from tests.core.builders import (
    NOW,
    RECORDER,
    SHANGHAI,
    TODAY,
    VERIFIER,
    VOLUNTEER,
    a_book,
    a_pay_code,
    a_policy,
    named,
    wallet_of,
)
from tests.core.deciding import a_redeem, code_of, redeem
from tests.core.granting import a_grant, grant

ANSWERER = UserId(named("answerer"))
DEBT = AccountKey(AccountKind.DEBT, VOLUNTEER)
HOURS = AccountKey(AccountKind.HOURS, VOLUNTEER)
CALENDAR = WorkingCalendar()
RULE = PenaltyRule(code="no-show", name="无故缺席", name_en="unexcused absence", points=20, counts_from=5)
CONFIRMED = Penalty(
    id=PenaltyId(named("penalty")),
    state=PenaltyState.CONFIRMED,
    volunteer=VOLUNTEER,
    team=TeamId(named("team")),
    code="no-show",
    policy="v1",
    happened_on=TODAY,
    imposed_by=RECORDER,
    confirmed_by=VERIFIER,
    count=5,
    points=Points(20),
    appeal_until=NOW,
)
EXPECTED = {
    "imposed": {"confirm": "confirmed", "drop": "dropped"},
    "dropped": {},
    "confirmed": {"appeal": "appealed", "post": "posted"},
    "appealed": {"overturn": "overturned", "uphold": "upheld"},
    "overturned": {},
    "upheld": {"post": "posted"},
    "posted": {"lift": "lifted"},
    "lifted": {},
}


def post(book: Book, penalty: Penalty = CONFIRMED, at: Instant = NOW) -> Decision:
    """Post a penalty on a book that holds it, unless the book knows better."""
    book.penalties.setdefault(penalty.id, penalty)
    decision = decide_penalise(Penalise(penalty=penalty.id, transaction=TransactionId(named("posted"))), book, at)
    if isinstance(decision, Accepted):
        book.post(decision)
    return decision


def lift(book: Book, at: Instant = NOW) -> Decision:
    """Lift the penalty that a book holds."""
    command = LiftPenalty(penalty=CONFIRMED.id, transaction=TransactionId(named("lifted")), by=ANSWERER)
    decision = decide_lift_penalty(command, book, at)
    if isinstance(decision, Accepted):
        book.post(decision)
    return decision


@pytest.mark.parametrize("state, step", list(product(PenaltyState, PenaltyStep)))
def test_every_step_from_every_state(state: PenaltyState, step: PenaltyStep) -> None:
    """Each pair, against a table that a person can read; what is not in it is a conflict that names the state."""
    after = EXPECTED[state.value].get(step.value)
    expected = PenaltyState(after) if after else Rejected(Code.STATE_CONFLICT, {"state": state.value})
    assert move(state, step) == expected


def test_what_is_over_stays_over() -> None:
    """Dropped, overturned, lifted: no step leads out. Hidden ones, and ones that came to nothing, do not count."""
    ends = set(PenaltyState) - {state for state, _ in STEPS}
    assert ends == {PenaltyState.DROPPED, PenaltyState.OVERTURNED, PenaltyState.LIFTED}
    assert not COUNTED & (ends | HIDDEN)
    assert set(PenaltyState) - COUNTED == ends | HIDDEN


@pytest.mark.parametrize("count, points", [(1, 0), (4, 0), (5, 20), (6, 20)])
def test_the_first_four_are_warnings(count: int, points: int) -> None:
    """Five unexcused absences a year: from the fifth on each costs."""
    assert points_of(RULE, count) == points
    policy = replace(a_policy(), penalties=(RULE,))
    assert (rule_named(policy, "no-show"), rule_named(policy, "false-record")) == (RULE, None)


@given(st.integers(min_value=-(10**9), max_value=10**9))
def test_there_is_an_appeal_exactly_until_it_is_final(offset_us: int) -> None:
    """To the microsecond: as long as one may appeal nothing is posted, and from then on nobody may appeal."""
    at = NOW + timedelta(microseconds=offset_us)
    may_appeal = refuse_appeal(CONFIRMED, at) is None
    assert may_appeal is (offset_us < 0)
    assert is_final(CONFIRMED, at) is not may_appeal
    assert isinstance(post(a_book(points=100), at=at), Accepted) is not may_appeal


@pytest.mark.parametrize("state", PenaltyState)
def test_only_what_is_told_can_be_appealed(state: PenaltyState) -> None:
    """Confirmed and within the term: past it APPEAL_ENDED, in any other state a conflict."""
    before, after = NOW - timedelta(days=1), NOW
    penalty = replace(CONFIRMED, state=state)
    told = state is PenaltyState.CONFIRMED
    conflict = Rejected(Code.STATE_CONFLICT, {"state": state.value})
    assert refuse_appeal(penalty, before) == (None if told else conflict)
    assert refuse_appeal(penalty, after) == (Rejected(Code.APPEAL_ENDED) if told else conflict)


def test_terms_are_counted_in_working_days() -> None:
    """Raised on Monday 2 March, an appeal has its answer by Monday the 16th, 24:00; then it is overdue, not final."""
    due = NOW.replace(day=16, hour=16)
    appealed = replace(CONFIRMED, state=PenaltyState.APPEALED, appealed_at=NOW)
    for at, overdue in ((due - timedelta(microseconds=1), False), (due, True)):
        stands = standing(appealed, CALENDAR, SHANGHAI, at)
        assert (stands.final, stands.due_at, stands.overdue) == (False, due, overdue)
    assert standing(CONFIRMED, CALENDAR, SHANGHAI, NOW - timedelta(days=1)).due_at == NOW
    posted = standing(replace(CONFIRMED, state=PenaltyState.POSTED), CALENDAR, SHANGHAI, NOW)
    assert (posted.final, posted.due_at) == (True, None)


@pytest.mark.parametrize(
    "by, volunteer, relatives, confirms, answers, lifts",
    [
        (RECORDER, None, (), False, False, True),
        (VERIFIER, None, (), True, False, True),
        (ANSWERER, None, (), True, True, True),
        (ANSWERER, VOLUNTEER, (), False, False, False),
        (ANSWERER, None, (VOLUNTEER,), False, False, False),
    ],
    ids=["who imposed it", "who confirmed it", "a third person", "the volunteer", "a relative"],
)
def test_who_may_do_what(
    *,
    by: UserId,
    volunteer: VolunteerId | None,
    relatives: tuple[VolunteerId, ...],
    confirms: bool,
    answers: bool,
    lifts: bool,
) -> None:
    """Three people for imposing, confirming and answering, none of them the volunteer or a relative."""
    for refuse, may in ((refuse_confirmation, confirms), (refuse_answer, answers), (refuse_lifting, lifts)):
        assert refuse(CONFIRMED, by, volunteer, relatives) == (None if may else Rejected(Code.SELF_REVIEW))


def test_unspent_lots_are_taken_first() -> None:
    """The lot that expires first in front; hours stay, so stars and certificates do too."""
    book = a_book(points=[(date(2026, 12, 31), 15), (date(2028, 12, 31), 100)], minutes=600)
    decision = post(book)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert (decision.transaction.kind, decision.transaction.reason, decision.transaction.policy) == (
        TransactionKind.PENALISE,
        Reason.PENALTY_FINAL,
        "v1",
    )
    assert decision.transaction.document == f"pen_{CONFIRMED.id.hex}"
    assert wallet_of(book) == {date(2028, 12, 31): 95}
    assert (book.balance(DEBT), book.balance(HOURS)) == (0, 600)
    assert code_of(post(book)) is Code.STATE_CONFLICT


def test_what_is_not_there_becomes_a_debt_and_is_repaid() -> None:
    """Below zero by penalty only: a redemption finds nothing, and the next points repay the debt."""
    policy = replace(a_policy(), bonuses=replace(a_policy().bonuses, start_grant=30))
    book = a_book(points=8, policies=(policy,), pay_codes=[a_pay_code()])
    assert isinstance(post(book), Accepted)
    assert (wallet_of(book), book.balance(DEBT)) == ({}, 12)
    assert code_of(redeem(book, a_redeem(1))) is Code.NOT_ENOUGH
    grant(book, a_grant(BonusKind.START))
    assert (sum(wallet_of(book).values()), book.balance(DEBT)) == (18, 0)


def test_a_lot_past_its_day_is_not_taken() -> None:
    """Expired points are no points, whether that was booked or not."""
    book = a_book(points=[(TODAY - timedelta(days=1), 100)])
    post(book)
    assert book.balance(DEBT) == 20


def test_a_warning_is_posted_without_a_transaction() -> None:
    """It is on record, and takes nothing; lifted, it gives nothing."""
    book = a_book(points=100)
    for decision in (post(book, replace(CONFIRMED, count=1, points=Points(0))), lift(book)):
        assert isinstance(decision, Accepted)
        assert decision.transaction is None
    assert sum(wallet_of(book).values()) == 100


@pytest.mark.parametrize("state", PenaltyState)
def test_only_what_is_final_is_posted(state: PenaltyState) -> None:
    """Confirmed past its term, or upheld: an appeal suspends, whatever the time."""
    decision = post(a_book(points=100), replace(CONFIRMED, state=state), NOW + timedelta(days=400))
    assert isinstance(decision, Accepted) is (state in (PenaltyState.CONFIRMED, PenaltyState.UPHELD))


def test_lifting_gives_all_back() -> None:
    """A debt is repaid first, the rest lives as long as points of today; the posting is named; it happens once."""
    book = a_book(points=8)
    post(book)
    decision = lift(book)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert decision.transaction.reverses == TransactionId(named("posted"))
    assert (wallet_of(book), book.balance(DEBT)) == ({date(2028, 12, 31): 8}, 0)
    assert code_of(lift(book)) is Code.STATE_CONFLICT


def test_what_is_not_there_is_not_found() -> None:
    """Neither posted nor lifted."""
    book = a_book()
    book.penalties[CONFIRMED.id] = None
    assert post(book) == Rejected(Code.NOT_FOUND)
    assert lift(book) == Rejected(Code.NOT_FOUND)


def test_it_is_told_as_a_sentence() -> None:
    """With its number of the year, what it takes and the version; a warning says so."""
    assert tell_penalty("无故缺席", CONFIRMED, english=False) == "无故缺席，本年度第 5 次：扣 20 分（规则 v1）"
    warning = replace(CONFIRMED, count=1, points=Points(0))
    assert tell_penalty("无故缺席", warning, english=False) == "无故缺席，本年度第 1 次：警告，不扣分（规则 v1）"
    told = tell_penalty("absence", CONFIRMED, english=True)
    assert told == "absence, number 5 of the year: 20 points are taken (policy v1)"
    assert "a warning" in tell_penalty("absence", warning, english=True)

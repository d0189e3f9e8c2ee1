"""Bonuses: by the policy of the day of the cause, each cause once, a debt repaid first, taken back with the honour."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.core.accounts import AccountKey, AccountKind
from app.core.bonuses import REASONS, BonusKind, points_for, policy_of_day, tell_bonus
from app.core.book import Accepted
from app.core.codes import Code, Rejected
from app.core.honours import HonourLevel
from app.core.ids import NOBODY, VolunteerId
from app.core.policies import AccrualPolicy, Bonuses, Expiry, ExpiryKind
from app.core.transactions import Reason, TransactionKind
from app.core.volunteers import VolunteerStatus
from tests.core.builders import TODAY, VOLUNTEER, a_book, a_pay_code, a_policy, a_volunteer, named, wallet_of
from tests.core.deciding import a_redeem, code_of, redeem
from tests.core.granting import CAUSE, a_grant, decide_grant, grant, revoke

DEBT = AccountKey(AccountKind.DEBT, VOLUNTEER)
ISSUANCE = AccountKey(AccountKind.ISSUANCE)
LAST_DAY = date(2028, 12, 31)
BONUSES = Bonuses(start_grant=5, referral=7, referrals_a_year=2, honour={HonourLevel.CITY: 50, HonourLevel.COUNTY: 20})


def a_giving_policy(version: str = "v2", effective_from: date = date(2026, 1, 1)) -> AccrualPolicy:
    """A policy with each of the bonuses."""
    return replace(a_policy(version, effective_from), bonuses=BONUSES)


@pytest.mark.parametrize(
    "kind, level, points, reason",
    [
        (BonusKind.START, None, 5, Reason.START_GRANT),
        (BonusKind.REFERRAL, None, 7, Reason.REFERRAL_BONUS),
        (BonusKind.HONOUR, "city", 50, Reason.HONOUR_BONUS),
        (BonusKind.HONOUR, "county", 20, Reason.HONOUR_BONUS),
    ],
)
def test_each_kind_is_credited_by_its_policy(kind: BonusKind, level: str | None, points: int, reason: Reason) -> None:
    """Kind, reason, document and version are in the journal, the points in the lot of the programme's rule."""
    book = a_book(policies=(a_giving_policy(),))
    command = a_grant(kind, level=level)
    decision = decide_grant(book, command)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert (decision.transaction.kind, decision.transaction.reason) == (TransactionKind.BONUS, reason)
    assert (decision.transaction.document, decision.transaction.policy) == (f"bon_{command.bonus.hex}", "v2")
    assert wallet_of(book) == {LAST_DAY: points}
    assert book.balance(ISSUANCE) == points
    settled = book.bonuses[command.key]
    assert settled is not None
    assert (settled.points, settled.expires_on, settled.transaction) == (points, LAST_DAY, command.transaction)


def test_a_cause_is_settled_once() -> None:
    """The second grant is refused, whatever it brought the first time, nothing included."""
    book = a_book(policies=(a_giving_policy(),))
    grant(book, a_grant())
    assert code_of(decide_grant(book, a_grant())) is Code.ALREADY_EXISTS
    nothing = a_grant(level="other", cause=named("lesser"))
    assert grant(book, nothing).points == 0
    assert code_of(decide_grant(book, nothing)) is Code.ALREADY_EXISTS
    assert wallet_of(book) == {LAST_DAY: 50}


def test_the_policy_of_the_day_of_the_cause_counts() -> None:
    """Before there is a policy, or by one that has no such bonus, a cause brings nothing, and that is written down."""
    policies = (a_policy("v1", date(2025, 1, 1)), a_giving_policy("v2", TODAY))
    for day, version, points in (
        (date(2024, 12, 31), "", 0),
        (TODAY - timedelta(days=1), "v1", 0),
        (TODAY, "v2", 50),
    ):
        book = a_book(policies=policies)
        settled = grant(book, a_grant(day=day))
        assert (settled.policy, settled.points) == (version, points)
        assert (settled.transaction is None, sum(wallet_of(book).values())) == (points == 0, points)
    assert policy_of_day((), TODAY) is None


def test_what_would_have_expired_is_not_given() -> None:
    """Points of a cause long ago whose last day is over bring nothing; on that last day they still do."""
    expiry = Expiry(kind=ExpiryKind.ROLLING_MONTHS, months=1)
    policy = replace(a_giving_policy("v0", date(2020, 1, 1)), expiry=expiry)
    for day, points in ((date(2026, 2, 1), 0), (date(2026, 2, 2), 50)):
        book = a_book(policies=(policy,))
        assert grant(book, a_grant(day=day)).points == points
        assert wallet_of(book) == ({TODAY: 50} if points else {})


def test_a_debt_is_repaid_first() -> None:
    """Of fifty points thirty pay a debt; a debt of more takes all of them."""
    for owed, left, credited in ((30, 0, {LAST_DAY: 20}), (80, 30, {})):
        book = a_book(policies=(a_giving_policy(),))
        book.accounts[VOLUNTEER][DEBT] = owed
        book.accounts[NOBODY][ISSUANCE] = -owed
        grant(book, a_grant())
        assert (book.balance(DEBT), wallet_of(book)) == (left, credited)


def test_a_years_referrals_are_capped() -> None:
    """The third of a year brings nothing; the next year begins anew."""
    book = a_book(policies=(a_giving_policy("v2", date(2025, 1, 1)),))
    given = [grant(book, a_grant(BonusKind.REFERRAL, cause=named("friend", number))).points for number in range(3)]
    assert given == [7, 7, 0]
    before = a_grant(BonusKind.REFERRAL, cause=named("friend", "before"), day=date(2025, 12, 31))
    assert grant(book, before).points == 7


def test_who_has_left_is_given_nothing_and_who_is_frozen_is() -> None:
    """A frozen volunteer still earns."""
    for status, points in ((VolunteerStatus.FROZEN, 50), (VolunteerStatus.LEFT, 0)):
        book = a_book(policies=(a_giving_policy(),), volunteer=a_volunteer(status=status))
        assert grant(book, a_grant()).points == points


def test_a_stranger_is_not_found() -> None:
    """A volunteer that the programme does not know."""
    book = a_book(policies=(a_giving_policy(),))
    book.volunteers[VOLUNTEER] = None
    assert code_of(decide_grant(book, a_grant())) is Code.NOT_FOUND


def test_a_withdrawn_honour_loses_its_bonus() -> None:
    """What is there is taken, the bonus's own lot first, and the bonus is named; it is not taken twice."""
    book = a_book(policies=(a_giving_policy(),), points=[(date(2026, 12, 31), 10)])
    granted = grant(book, a_grant())
    decision = revoke(book)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert (decision.transaction.kind, decision.transaction.reverses) == (
        TransactionKind.REVOKE_BONUS,
        granted.transaction,
    )
    assert (wallet_of(book), book.balance(DEBT)) == ({date(2026, 12, 31): 10}, 0)
    assert code_of(revoke(book)) is Code.ALREADY_EXISTS


def test_what_was_spent_of_it_becomes_a_debt() -> None:
    """Forty of fifty are spent: ten are taken, forty owed, and the next bonus repays them."""
    book = a_book(policies=(a_giving_policy(),), pay_codes=[a_pay_code()])
    grant(book, a_grant())
    assert isinstance(redeem(book, a_redeem(40)), Accepted)
    assert isinstance(revoke(book), Accepted)
    assert (wallet_of(book), book.balance(DEBT)) == ({}, 40)
    grant(book, a_grant(cause=named("another")))
    assert (wallet_of(book), book.balance(DEBT)) == ({LAST_DAY: 10}, 0)


def test_what_brought_nothing_loses_nothing() -> None:
    """An honour without a bonus is settled once more, without a transaction; one never settled is not found."""
    book = a_book(policies=(a_giving_policy(),))
    assert code_of(revoke(book)) is Code.NOT_FOUND
    grant(book, a_grant(level="other"))
    decision = revoke(book)
    assert isinstance(decision, Accepted)
    assert decision.transaction is None


def test_only_whose_honour_it_was_loses_it() -> None:
    """A command about somebody else is refused."""
    book = a_book(policies=(a_giving_policy(),))
    grant(book, a_grant())
    other = VolunteerId(named("other"))
    assert revoke(book, volunteer=other) == Rejected(Code.NOT_FOUND)
    assert wallet_of(book) == {LAST_DAY: 50}


def test_each_is_told_as_a_sentence() -> None:
    """In both languages, with sign, level and version."""
    book = a_book(policies=(a_giving_policy(),))
    granted = grant(book, a_grant())
    assert tell_bonus(granted, english=False) == "市级荣誉奖励 + 50 分（规则 v2）"
    assert tell_bonus(granted, english=True) == "honour of city level + 50 points (policy v2)"
    revoke(book)
    taken = next(bonus for bonus in book.bonuses.values() if bonus and bonus.kind is BonusKind.HONOUR_WITHDRAWN)
    assert tell_bonus(taken, english=False) == "市级荣誉已撤销，收回奖励 − 50 分（规则 v2）"
    assert tell_bonus(taken, english=True) == "honour of city level withdrawn − 50 points (policy v2)"


@pytest.mark.parametrize("kind", BonusKind)
def test_every_kind_has_points_and_words(kind: BonusKind) -> None:
    """Without a level an honour brings nothing; each kind has its sentence and its reason in the journal."""
    expected = {BonusKind.START: 5, BonusKind.REFERRAL: 7}
    assert points_for(a_giving_policy(), kind, None) == expected.get(kind, 0)
    settled = grant(a_book(policies=(a_giving_policy(),)), a_grant(cause=CAUSE))
    assert "50" in tell_bonus(replace(settled, kind=kind), english=True)
    assert REASONS[kind].value == kind.value

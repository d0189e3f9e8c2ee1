"""Referrals taken back: once, when a record of the referred was withdrawn; what is spent of them becomes a debt."""

from dataclasses import replace
from datetime import date

import pytest

from app.core.bonus_grants import referral_key
from app.core.bonus_revocations import RevokeReferralBonus, decide_revoke_referral_bonus
from app.core.bonuses import BonusKind
from app.core.book import Accepted, Book, Decision
from app.core.codes import Code
from app.core.ids import BonusId, TransactionId, VolunteerId
from app.core.rows import RecordState
from app.core.transactions import Reason
from tests.core.builders import NOW, TODAY, VOLUNTEER, a_book, a_pay_code, a_record, named, wallet_of
from tests.core.deciding import a_redeem, code_of, post, redeem
from tests.core.granting import a_grant, grant
from tests.core.test_bonuses import DEBT, LAST_DAY, a_giving_policy

REFERRED = VolunteerId(named("referred"))


def a_referral_ended(book: Book, record: RecordState = RecordState.WITHDRAWN, **change: object) -> Decision:
    """Take back what a referral brought, for a record of the referred in a state, and post what goes through."""
    served = replace(a_record(1, volunteer=REFERRED), state=record)
    book.records[served.id] = served
    command = RevokeReferralBonus(
        bonus=BonusId(named("ended")),
        referred=REFERRED,
        record=served.id,
        volunteer=VOLUNTEER,
        transaction=TransactionId(named("ended")),
    )
    command = replace(command, **change)  # type: ignore[arg-type]  # as the test has them
    for key in command.keys:
        book.bonuses.setdefault(key, None)
    return post(book, decide_revoke_referral_bonus(command, book, NOW))


def test_a_referral_is_taken_back_when_its_service_was_withdrawn() -> None:
    """Once, from its own lot first; the place in the year stays taken."""
    book = a_book(policies=(a_giving_policy(),), points=[(date(2026, 12, 31), 10)])
    granted = grant(book, a_grant(BonusKind.REFERRAL, cause=REFERRED))
    decision = a_referral_ended(book)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert (decision.transaction.reason, decision.transaction.reverses) == (
        Reason.REFERRAL_WITHDRAWN,
        granted.transaction,
    )
    assert (wallet_of(book), book.balance(DEBT)) == ({date(2026, 12, 31): 10}, 0)
    assert book.tally(referral_key(VOLUNTEER, TODAY)) == 1
    assert code_of(a_referral_ended(book)) is Code.ALREADY_EXISTS


def test_a_referral_that_was_spent_becomes_a_debt() -> None:
    """Seven were given and spent: seven are owed."""
    book = a_book(policies=(a_giving_policy(),), pay_codes=[a_pay_code()])
    grant(book, a_grant(BonusKind.REFERRAL, cause=REFERRED))
    assert isinstance(redeem(book, a_redeem(7)), Accepted)
    assert isinstance(a_referral_ended(book), Accepted)
    assert (wallet_of(book), book.balance(DEBT)) == ({}, 7)


@pytest.mark.parametrize("state", [RecordState.ENTERED, RecordState.VERIFIED, RecordState.REJECTED])
def test_a_referral_whose_record_stands_is_kept(state: RecordState) -> None:
    """Only a record that was withdrawn takes it back."""
    book = a_book(policies=(a_giving_policy(),))
    grant(book, a_grant(BonusKind.REFERRAL, cause=REFERRED))
    assert code_of(a_referral_ended(book, state)) is Code.STATE_CONFLICT
    assert wallet_of(book) == {LAST_DAY: 7}


def test_only_the_referral_that_was_given_is_taken_back() -> None:
    """Never given, given to somebody else, or a record of somebody else: not found, and nothing moves."""
    book = a_book(policies=(a_giving_policy(),))
    assert code_of(a_referral_ended(book)) is Code.NOT_FOUND
    grant(book, a_grant(BonusKind.REFERRAL, cause=REFERRED))
    other = VolunteerId(named("other"))
    assert code_of(a_referral_ended(book, volunteer=other)) is Code.NOT_FOUND
    grant(book, a_grant(BonusKind.REFERRAL, cause=other))
    assert code_of(a_referral_ended(book, referred=other)) is Code.NOT_FOUND
    assert wallet_of(book) == {LAST_DAY: 14}

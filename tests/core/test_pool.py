"""Grants from the pool: on the word of two, never beyond the pool or the limits, never to one's own."""

from dataclasses import fields, replace
from datetime import date

import pytest

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book, Decision
from app.core.codes import Code, Rejected
from app.core.donations import DonatePoints
from app.core.ids import PoolGrantId, TransactionId, UserId, VolunteerId
from app.core.policies import Expiry, ExpiryKind
from app.core.pool import (
    CancelPoolGrant,
    GrantFromPool,
    decide_cancel_pool_grant,
    decide_grant_from_pool,
    granted_key,
    refuse_proposal,
)
from app.core.pool_grants import GrantPurpose, PoolGrant, PoolGrantState
from app.core.quantities import Points
from app.core.transactions import Reason, TransactionKind
from app.core.volunteers import VolunteerStatus
from tests.core.builders import NOW, TODAY, VOLUNTEER, a_book, a_policy, a_volunteer, named, wallet_of
from tests.core.deciding import code_of, post

PROPOSER, APPROVER = UserId(named("proposer")), UserId(named("approver"))
POOL = AccountKey(AccountKind.POOL)


def a_grant(points: int = 100) -> PoolGrant:
    """A proposed grant for the book's volunteer."""
    return PoolGrant(
        id=PoolGrantId(named("grant")),
        state=PoolGrantState.PROPOSED,
        volunteer=VOLUNTEER,
        points=Points(points),
        purpose=GrantPurpose.HARDSHIP,
        reference="2026-017",
        proposed_by=PROPOSER,
        proposed_at=NOW,
    )


def a_pool(points: int = 1_000, grant: PoolGrant | None = None, book: Book | None = None) -> Book:
    """A book with a pool and a proposed grant."""
    made = book or a_book()
    made.accounts[next(iter(made.accounts))][POOL] = points
    proposed = grant or a_grant()
    made.pool_grants[proposed.id] = proposed
    return made


def approve(book: Book, *, by: UserId = APPROVER, avoid: frozenset[VolunteerId] = frozenset()) -> Decision:
    """A second person approves, and what goes through is posted."""
    command = GrantFromPool(
        grant=a_grant().id, transaction=TransactionId(named("granted")), volunteer=VOLUNTEER, by=by, avoid=avoid
    )
    return post(book, decide_grant_from_pool(command, book, NOW))


def test_a_grant_moves_points_from_the_pool_into_a_lot() -> None:
    """Pool to wallet with the last day of points earned today; issuance is untouched, the year's count goes up."""
    book = a_pool()
    decision = approve(book)
    assert isinstance(decision, Accepted)
    assert decision.transaction is not None
    assert (decision.transaction.kind, decision.transaction.reason) == (TransactionKind.GRANT, Reason.GRANTED_FROM_POOL)
    assert (book.balance(POOL), wallet_of(book)) == (900, {date(2028, 12, 31): 100})
    assert book.balance(AccountKey(AccountKind.ISSUANCE)) == 0
    assert book.tally(granted_key(VOLUNTEER, TODAY)) == 100
    kept = book.pool_grants[a_grant().id]
    assert kept is not None
    assert (kept.state, kept.decided_by, kept.expires_on) == (PoolGrantState.GRANTED, APPROVER, date(2028, 12, 31))


def test_the_policy_in_force_says_how_long_granted_points_live() -> None:
    """A rule of six months makes the lot end six months from today, not at the programme's year end."""
    expiry = Expiry(kind=ExpiryKind.ROLLING_MONTHS, months=6)
    book = a_pool(book=a_book(policies=(replace(a_policy(), expiry=expiry),)))
    approve(book)
    assert wallet_of(book) == {date(2026, 9, 2): 100}


def test_a_grant_is_given_once() -> None:
    """Approved again, it is refused with its state, and nothing moves a second time."""
    book = a_pool()
    approve(book)
    assert approve(book) == Rejected(Code.STATE_CONFLICT, {"state": "granted"})
    assert book.balance(POOL) == 900


def test_two_persons_decide_and_neither_for_their_own() -> None:
    """The proposer does not approve; nor does anybody give to whom the two must avoid."""
    assert code_of(approve(a_pool(), by=PROPOSER)) is Code.SELF_REVIEW
    assert code_of(approve(a_pool(), avoid=frozenset((VOLUNTEER,)))) is Code.SELF_REVIEW
    assert code_of(approve(a_pool(), avoid=frozenset((VolunteerId(named("other")),)))) is None


def test_never_beyond_the_pool_to_the_last_point() -> None:
    """One point too little is refused with what there is; exactly enough empties the pool."""
    assert approve(a_pool(99)) == Rejected(Code.NOT_ENOUGH, {"available": 99})
    book = a_pool(100)
    assert isinstance(approve(book), Accepted)
    assert book.balance(POOL) == 0


def test_a_grant_and_a_year_have_their_limits() -> None:
    """500 at once, 1,000 a year by default: the point above is refused, the point itself is not."""
    too_much = approve(a_pool(grant=a_grant(501)))
    assert too_much == Rejected(Code.QUOTA_EXCEEDED, {"limit": "grant", "points_max": 500})
    book = a_pool(grant=a_grant(500))
    book.tallies[VOLUNTEER][granted_key(VOLUNTEER, TODAY)] = 501
    assert approve(book) == Rejected(Code.QUOTA_EXCEEDED, {"limit": "volunteer", "period": "year", "left": 499})
    book.tallies[VOLUNTEER][granted_key(VOLUNTEER, TODAY)] = 500
    assert isinstance(approve(book), Accepted)
    book = a_pool(grant=a_grant(500))
    book.tallies[VOLUNTEER][granted_key(VOLUNTEER, date(2025, 12, 31))] = 1_000
    assert isinstance(approve(book), Accepted), "last year's count does not bind this year"


@pytest.mark.parametrize("status", [VolunteerStatus.FROZEN, VolunteerStatus.LEFT])
def test_only_an_active_volunteer_is_given_anything(status: VolunteerStatus) -> None:
    """Frozen or gone: refused."""
    assert code_of(approve(a_pool(book=a_book(volunteer=a_volunteer(status=status))))) is Code.ACCOUNT_FROZEN


def test_a_cancelled_grant_gives_nothing() -> None:
    """Cancelled before it was approved; afterwards there is nothing to cancel or to approve."""
    book = a_pool()
    cancel = CancelPoolGrant(grant=a_grant().id, by=PROPOSER)
    assert isinstance(post(book, decide_cancel_pool_grant(cancel, book, NOW)), Accepted)
    assert code_of(approve(book)) is Code.STATE_CONFLICT
    assert code_of(decide_cancel_pool_grant(cancel, book, NOW)) is Code.STATE_CONFLICT
    book.pool_grants[a_grant().id] = None
    assert code_of(decide_cancel_pool_grant(cancel, book, NOW)) is Code.NOT_FOUND
    assert code_of(approve(book)) is Code.NOT_FOUND


def test_a_proposal_for_ones_own_is_refused_at_once() -> None:
    """Oneself, a relative, or more than one grant may give."""
    grant = a_grant(500)
    assert refuse_proposal(grant, None, frozenset(), 500) is None
    assert refuse_proposal(grant, VOLUNTEER, frozenset(), 500) == Rejected(Code.SELF_REVIEW)
    assert refuse_proposal(grant, None, frozenset((VOLUNTEER,)), 500) == Rejected(Code.SELF_REVIEW)
    assert code_of(refuse_proposal(grant, None, frozenset(), 499) or Accepted()) is Code.QUOTA_EXCEEDED


def test_a_donation_cannot_name_a_receiver() -> None:
    """Whoever gives names themselves, the amount and nothing else: there is no transfer between people."""
    assert {field.name for field in fields(DonatePoints)} == {"volunteer", "transaction", "points"}


@pytest.mark.parametrize("owed, repaid", [(30, 30), (100, 100), (250, 100)])
def test_a_grant_repays_a_debt_first(owed: int, repaid: int) -> None:
    """As any accrual does (case 17): what is owed is repaid out of the pool, the rest is the volunteer's."""
    book, debt = a_pool(), AccountKey(AccountKind.DEBT, VOLUNTEER)
    book.accounts[VOLUNTEER][debt] = owed
    assert isinstance(approve(book), Accepted)
    assert (book.balance(POOL), book.balance(debt)) == (900, owed - repaid)
    assert wallet_of(book) == ({date(2028, 12, 31): 100 - repaid} if repaid < 100 else {})
    assert book.tally(granted_key(VOLUNTEER, TODAY)) == 100

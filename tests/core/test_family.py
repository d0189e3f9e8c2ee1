"""Family use: only where it is allowed, on an active link, within the owner's limit; never a transfer."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.core.accounts import NEVER, AccountKind
from app.core.book import Accepted, Book, Decision
from app.core.codes import Code, Rejected
from app.core.family import refuse_relation, spent_key
from app.core.family_links import FamilyKey, FamilyLink, FamilyLinkState, Kinship
from app.core.ids import FamilyLinkId, RefundId, TransactionId, VolunteerId
from app.core.pay_codes import IssuePayCode, decide_issue_pay_code
from app.core.quantities import Points
from app.core.refunds import RefundRedemption, decide_refund
from app.core.rows import Redemption
from app.core.volunteers import Volunteer, VolunteerStatus
from tests.core.builders import (
    NOW,
    TERMINAL,
    TODAY,
    VOLUNTEER,
    a_book,
    a_programme,
    code_hash,
    named,
    wallet_of,
)
from tests.core.deciding import a_redeem, code_of, post, redeem

MEMBER = VolunteerId(named("member"))
KEY = FamilyKey(VOLUNTEER, MEMBER)
LINK = FamilyLink(
    id=FamilyLinkId(named("link")),
    state=FamilyLinkState.ACTIVE,
    owner=VOLUNTEER,
    member=MEMBER,
    kinship=Kinship.SPOUSE,
    monthly_points=Points(100),
    proposed_at=NOW,
    changed_at=NOW,
)


def a_family(link: FamilyLink | None = LINK, *, allowed: bool = True, born_on: date | None = None) -> Book:
    """A book of an owner with 500 points and a member with none."""
    book = a_book(replace(a_programme(), family_use=allowed), points=500)
    book.volunteers[MEMBER] = Volunteer(MEMBER, VolunteerStatus.ACTIVE, "李*", born_on=born_on)
    book.accounts[MEMBER] = {}
    book.pay_codes[code_hash("code")] = None
    book.family[KEY] = link
    return book


def ask(book: Book) -> Decision:
    """The member asks for a code for the owner's points."""
    command = IssuePayCode(code=code_hash("code"), volunteer=VOLUNTEER, member=MEMBER)
    return post(book, decide_issue_pay_code(command, book, NOW))


def test_a_member_pays_with_the_owners_points() -> None:
    """The owner's wallet pays the merchant; the member's is untouched; the redemption says who showed the code."""
    book = a_family()
    assert isinstance(ask(book), Accepted)
    decision = redeem(book, a_redeem(60))
    assert isinstance(decision, Accepted)
    [paid] = [row for row in decision.rows if isinstance(row, Redemption)]
    assert (paid.volunteer, paid.member) == (VOLUNTEER, MEMBER)
    assert wallet_of(book) == {NEVER: 440}
    assert wallet_of(book, MEMBER) == {}
    assert decision.transaction is not None
    assert MEMBER not in {key.owner for moved in decision.transaction.transfers for key in (moved.debit, moved.credit)}


def test_it_is_refused_where_the_programme_does_not_allow_it() -> None:
    """Off by default: no code; and a code from before it was switched off pays no more."""
    assert a_programme().family_use is False
    refused = ask(a_family(allowed=False))
    assert refused == Rejected(Code.NOT_ELIGIBLE, {"gate": "family_use", "required": "on", "actual": "off"})
    book = a_family()
    ask(book)
    book.programme = replace(book.programme, family_use=False)
    assert code_of(redeem(book, a_redeem(60))) is Code.CODE_EXPIRED
    assert wallet_of(book) == {NEVER: 500}


@pytest.mark.parametrize("state", [FamilyLinkState.PROPOSED, FamilyLinkState.ENDED, None])
def test_only_an_active_link_opens_the_wallet(state: FamilyLinkState | None) -> None:
    """Proposed, ended or none: no code, and one issued before the link ended pays no more."""
    link = replace(LINK, state=state) if state else None
    assert code_of(ask(a_family(link))) is Code.NOT_FOUND
    book = a_family()
    ask(book)
    book.family[KEY] = link
    assert code_of(redeem(book, a_redeem(60))) is Code.CODE_EXPIRED


def test_the_owners_limit_of_the_month_holds() -> None:
    """To the last point of the month; another month begins anew; without a limit only the wallet ends it."""
    book = a_family()
    ask(book)
    assert code_of(redeem(book, a_redeem(101))) is Code.QUOTA_EXCEEDED
    book.tallies[VOLUNTEER][spent_key(VOLUNTEER, MEMBER, TODAY)] = 40
    refused = redeem(book, a_redeem(61))
    assert refused == Rejected(Code.QUOTA_EXCEEDED, {"limit": "family", "period": "month", "left": 60})
    assert isinstance(redeem(book, a_redeem(60)), Accepted)
    assert book.tally(spent_key(VOLUNTEER, MEMBER, TODAY)) == 100
    book = a_family()
    book.tallies[VOLUNTEER][spent_key(VOLUNTEER, MEMBER, date(2026, 2, 28))] = 100
    ask(book)
    assert isinstance(redeem(book, a_redeem(100)), Accepted)
    book = a_family(replace(LINK, monthly_points=None))
    ask(book)
    assert isinstance(redeem(book, a_redeem(500)), Accepted)


def test_what_is_given_back_is_the_owners_and_counts_no_more() -> None:
    """A refund returns the points to the owner's lot and to the month's limit."""
    book = a_family()
    ask(book)
    paid = redeem(book, a_redeem(60))
    assert isinstance(paid, Accepted)
    [redemption] = [row for row in paid.rows if isinstance(row, Redemption)]
    refund = RefundRedemption(
        refund=RefundId(named("refund")),
        transaction=TransactionId(named("refunded")),
        sale=redemption.sale,
        refund_no="R-1",
        points=Points(25),
        terminal=TERMINAL,
    )
    assert isinstance(post(book, decide_refund(refund, book, NOW)), Accepted)
    assert book.tally(spent_key(VOLUNTEER, MEMBER, TODAY)) == 35
    assert wallet_of(book) == {NEVER: 465}
    assert book.lots(AccountKind.WALLET, MEMBER) == []


@pytest.mark.parametrize(
    "kinship, age, refused",
    [
        (Kinship.GRANDCHILD, 13, Code.GUARDIAN_REQUIRED),
        (Kinship.SIBLING, 13, Code.GUARDIAN_REQUIRED),
        (Kinship.CHILD, 13, None),
        (Kinship.WARD, 9, None),
        (Kinship.GRANDCHILD, 14, None),
    ],
)
def test_a_child_below_fourteen_spends_only_a_guardians_points(
    kinship: Kinship, age: int, refused: Code | None
) -> None:
    """The day before the 14th birthday a guardian is needed, on it no more."""
    born_on = date(TODAY.year - age, TODAY.month, TODAY.day)
    book = a_family(replace(LINK, kinship=kinship), born_on=born_on)
    assert code_of(ask(book)) is refused
    member = Volunteer(MEMBER, VolunteerStatus.ACTIVE, born_on=date(TODAY.year - 14, TODAY.month, TODAY.day))
    assert code_of(refuse_relation(Kinship.SIBLING, member, TODAY - timedelta(days=1)) or Accepted()) is not None
    assert refuse_relation(Kinship.SIBLING, member, TODAY) is None


def test_neither_side_may_be_frozen() -> None:
    """A frozen member gets no code, a frozen owner's points stay where they are."""
    book = a_family()
    book.volunteers[MEMBER] = Volunteer(MEMBER, VolunteerStatus.FROZEN)
    assert code_of(ask(book)) is Code.ACCOUNT_FROZEN
    book = a_family()
    ask(book)
    book.volunteers[VOLUNTEER] = Volunteer(VOLUNTEER, VolunteerStatus.FROZEN)
    assert code_of(redeem(book, a_redeem(60))) is Code.ACCOUNT_FROZEN

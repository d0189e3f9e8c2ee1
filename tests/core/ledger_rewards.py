"""What a ledger in memory knows of bonuses and penalties, and what must be true of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from app.core.accounts import AccountKey, AccountKind
from app.core.bonuses import TAKES_BACK, Bonus, BonusKey, BonusKind
from app.core.book import Book, Needs
from app.core.ids import PenaltyId
from app.core.penalties import Penalty, PenaltyState
from app.core.transactions import Transaction, TransactionKind

TAKING = {TransactionKind.REVOKE_BONUS, TransactionKind.PENALISE}
GIVING = {TransactionKind.BONUS, TransactionKind.LIFT_PENALTY, TransactionKind.GRANT}
SOURCES = {AccountKind.ISSUANCE, AccountKind.POOL}


def add_rewards(
    book: Book, needs: Needs, bonuses: Mapping[BonusKey, Bonus], penalties: Mapping[PenaltyId, Penalty]
) -> None:
    """How causes were settled, and the penalties named, as the store hands them."""
    book.bonuses.update((key, bonuses.get(key)) for key in needs.bonuses)
    book.penalties.update((key, penalties.get(key)) for key in needs.penalties)


def issued_beside_hours(bonuses: Iterable[Bonus], penalties: Iterable[Penalty]) -> int:
    """The points that bonuses and penalties have added to those of hours: given less taken."""
    given = sum(-bonus.points if bonus.kind in TAKES_BACK else bonus.points for bonus in bonuses)
    return given - sum(penalty.points for penalty in penalties if penalty.state is PenaltyState.POSTED)


def count_referrals(bonuses: Iterable[Bonus]) -> Counter[object]:
    """How many referrals were rewarded, by whom and year, as tallies are named."""
    return Counter(
        (bonus.volunteer, "referral", str(bonus.day.year))
        for bonus in bonuses
        if bonus.kind is BonusKind.REFERRAL and bonus.points
    )


def owner_of(transaction: Transaction) -> UUID:
    """Whose points it gives or takes."""
    keys = (key for each in transaction.transfers for key in (each.debit, each.credit))
    return next(key.owner for key in keys if key.kind not in SOURCES)


def check_reward(
    transaction: Transaction, before: Counter[AccountKey], after: Counter[AccountKey], *, live: bool
) -> None:
    """Given points repay a debt first; what is taken becomes a debt only where nothing is left to take (`live`)."""
    debt = AccountKey(AccountKind.DEBT, owner_of(transaction))
    if transaction.kind in TAKING:
        assert after[debt] == before[debt] or not live, "a debt is what cannot be taken"
    if transaction.kind in GIVING and any(each.credit.part for each in transaction.transfers):
        assert not after[debt], "a debt is repaid before points are credited"


def check_bonuses(bonuses: Iterable[Bonus], most_a_year: int | None, today: date) -> None:
    """Nobody is rewarded for more referrals a year than the policy says; what is taken back was given once."""
    listed = list(bonuses)
    assert most_a_year is None or all(count <= most_a_year for count in count_referrals(listed).values())
    given = {bonus.id: bonus for bonus in listed}
    for bonus in listed:
        assert bonus.day <= today
        assert bool(bonus.points) is (bonus.transaction is not None), "what brings points is posted"
        if bonus.revokes:
            assert (given[bonus.revokes].points, given[bonus.revokes].cause) == (bonus.points, bonus.cause)

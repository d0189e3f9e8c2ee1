"""What no ledger may hold is refused before it is written."""

import pytest

from app.core.accounts import NEVER, AccountKey, AccountKind, lot
from app.core.book import Accepted
from app.core.ids import TransactionId
from app.core.lots import take
from app.core.quantities import AMOUNT_MAX, BrokenInvariant, Points
from app.core.rows import LotPart
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from tests.core.builders import FUND, MERCHANT, NOW, TODAY, VOLUNTEER, a_book, named

WALLET = lot(AccountKind.WALLET, VOLUNTEER, NEVER)
POOL = AccountKey(AccountKind.POOL)
REDEEMED = AccountKey(AccountKind.REDEEMED, MERCHANT)


def posting(*transfers: Transfer) -> Accepted:
    """A decision with these transfers."""
    return Accepted(
        transaction=Transaction(
            id=TransactionId(named("transaction")),
            kind=TransactionKind.DONATE,
            actor="system",
            reason=Reason.GIVEN_TO_POOL,
            occurred_at=NOW,
            transfers=transfers,
            document="",
        )
    )


@pytest.mark.parametrize(
    "transfers",
    [
        (),
        (Transfer(WALLET, POOL, 0),),
        (Transfer(WALLET, POOL, -1),),
        (Transfer(WALLET, POOL, 101),),
        (Transfer(WALLET, WALLET, 1),),
        (Transfer(AccountKey(AccountKind.FUND, FUND), POOL, 1),),
        (Transfer(AccountKey(AccountKind.ISSUANCE), POOL, AMOUNT_MAX + 1),),
        (Transfer(POOL, WALLET, 1), Transfer(WALLET, POOL, 1)),
        (Transfer(WALLET, AccountKey(AccountKind.REDEEMED, named("a merchant nobody fetched")), 1),),
    ],
    ids=["empty", "zero", "negative", "overdraft", "to itself", "mixed assets", "too large", "borrowed", "not fetched"],
)
def test_a_broken_transaction_is_never_posted(transfers: tuple[Transfer, ...]) -> None:
    """Each stops with a broken invariant; the floor is kept after every single transfer, not only in the end."""
    with pytest.raises(BrokenInvariant):
        a_book(points=100).post(posting(*transfers))


def test_each_transfer_comes_back_with_the_balances_after_it() -> None:
    """Two transfers on one account: each shows both balances as they stood just then."""
    posted = a_book(points=100).post(posting(Transfer(WALLET, POOL, 30), Transfer(WALLET, REDEEMED, 20)))
    assert [(each.debit_balance, each.credit_balance) for each in posted] == [(70, 30), (50, 20)]


def test_reading_what_nobody_fetched_is_an_error() -> None:
    """Balances and lots of a stranger are not zero: they are unknown."""
    stranger = AccountKey(AccountKind.HOURS, named("stranger"))
    book = a_book()
    with pytest.raises(BrokenInvariant, match="not fetched"):
        book.balance(stranger)
    book.accounts.pop(VOLUNTEER)
    with pytest.raises(BrokenInvariant, match="not fetched"):
        book.available(VOLUNTEER, TODAY)


def test_more_than_there_is_cannot_be_taken() -> None:
    """Taking from lots that do not suffice is a bug of the caller, loudly."""
    parts = (LotPart(TODAY, Points(3)), LotPart(NEVER, Points(4)))
    assert take(parts, Points(7)) == parts
    assert take(parts, Points(0)) == ()
    with pytest.raises(BrokenInvariant):
        take(parts, Points(8))

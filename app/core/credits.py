"""Crediting points that come without hours: a debt is repaid first, the rest goes into one lot of the wallet."""

from datetime import date

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Book
from app.core.ids import VolunteerId
from app.core.quantities import Points
from app.core.transactions import Transfer


def credit_points(
    volunteer: VolunteerId, points: Points, expires_on: date, book: Book, *, out_of: AccountKind = AccountKind.ISSUANCE
) -> tuple[Transfer, ...]:
    """Give points to a volunteer, issued anew or out of the pool.

    A lot that is already past its day would be no gift: the caller has looked.
    """
    source, debt = AccountKey(out_of), AccountKey(AccountKind.DEBT, volunteer)
    repaid = min(points, book.balance(debt))
    home = lot(AccountKind.WALLET, volunteer, expires_on)
    parts = ((debt, repaid), (home, points - repaid))
    return tuple(Transfer(source, key, amount) for key, amount in parts if amount)

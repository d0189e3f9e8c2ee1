"""Taking points from lots, and moving them: whole or in part, in the order in which the caller lists them."""

from collections.abc import Iterable

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.ids import VolunteerId
from app.core.quantities import BrokenInvariant, Points
from app.core.rows import LotPart
from app.core.transactions import Transfer


def take(parts: Iterable[LotPart], points: Points) -> tuple[LotPart, ...]:
    """Take points from lots in the order given. The caller has checked that they suffice."""
    taken = []
    left = points
    for part in parts:
        if left == 0:
            break
        amount = Points(min(left, part.points))
        taken.append(LotPart(part.expires_on, amount))
        left = Points(left - amount)
    if left:
        raise BrokenInvariant(f"{left} of {points} points are not there to take")
    return tuple(taken)


def move_lots(
    parts: Iterable[LotPart], volunteer: VolunteerId, source: AccountKind, target: AccountKey | AccountKind
) -> tuple[Transfer, ...]:
    """Move parts of a volunteer's lots to one account, or to the same lots of another kind."""
    return tuple(
        Transfer(
            lot(source, volunteer, part.expires_on),
            lot(target, volunteer, part.expires_on) if isinstance(target, AccountKind) else target,
            part.points,
        )
        for part in parts
    )

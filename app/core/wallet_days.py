"""A wallet on another day: what of its lots is still there then, and what will be there if nothing else happens.

Balances are by account, on the normal side, as the ledger has them; a lot past its day is empty, booked or not.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from app.core.accounts import AccountKey, AccountKind
from app.core.quantities import Instant, Points

Balances = Mapping[AccountKey, int]

_EXPIRING = frozenset((AccountKind.WALLET, AccountKind.PENDING))


class Ripening(NamedTuple):
    """Points of a record that are in the notice period, and when it ends."""

    matures_at: Instant
    expires_on: date
    points: Points


def free_lapsed(balances: Balances, lapsed: Mapping[str, int]) -> Balances:
    """The balances once holds that are over have gone back to their lots. `lapsed` is by the lot's last day."""
    moved = Counter(balances)
    for key in [key for key in balances if key.kind is AccountKind.HELD]:
        points = lapsed.get(key.part, 0)
        moved[key] -= points
        moved[key._replace(kind=AccountKind.WALLET)] += points
    return moved


def live_on(balances: Balances, day: date) -> Balances:
    """What there is on a day: lots whose last day was before it are gone."""
    return {
        key: balance
        for key, balance in balances.items()
        if balance and (key.kind not in _EXPIRING or date.fromisoformat(key.part) >= day)
    }


def foresee(
    balances: Balances, ripening: Iterable[Ripening], lapsed: Mapping[str, int], day: date, end: Instant
) -> Balances:
    """What there will be on a day to come, up to its `end`, when nobody does anything.

    Notice periods that end by then open their points, holds that end by then (`lapsed`) give theirs back to their
    lots; then what expires before the day is gone, whichever way it came.
    """
    moved = Counter(free_lapsed(balances, lapsed))
    for each in ripening:
        if each.matures_at >= end:
            continue
        for key in [key for key in balances if key.kind is AccountKind.PENDING]:
            if key.part == each.expires_on.isoformat():
                points = min(each.points, moved[key])
                moved[key] -= points
                moved[key._replace(kind=AccountKind.WALLET)] += points
    return live_on(moved, day)

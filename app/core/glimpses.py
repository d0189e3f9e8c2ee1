"""Rows of which a decision needs only a glimpse: what was paid today, and holds that are over."""

from typing import NamedTuple

from app.core.ids import MerchantId, OfferId, VolunteerId
from app.core.quantities import Instant, Points


class Spent(NamedTuple):
    """A redemption of today, as far as the rules of frequency look at it."""

    merchant: MerchantId
    points: Points
    occurred_at: Instant


class Lapsing(NamedTuple):
    """A hold that is past its time and not booked as ended: whose it is, and of which offer."""

    volunteer: VolunteerId
    offer: OfferId | None

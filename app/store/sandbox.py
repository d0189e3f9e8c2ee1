"""What a sandbox programme chooses for the till under test: a volunteer who can pay, an offer to order."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from app.core.ids import MerchantId, OfferId, ProgrammeId, VolunteerId
from app.store.database import Reader


@dataclass(frozen=True, slots=True)
class Payer:
    """An active volunteer with points to spend."""

    id: VolunteerId
    masked_name: str
    points: int


_PAYER = text("""
SELECT v.id, v.masked_name, w.points
FROM volunteers v
JOIN (
    SELECT owner_id, sum(balance)::bigint AS points FROM accounts
    WHERE programme_id = :programme AND kind = 'wallet' AND part >= :today GROUP BY owner_id
) w ON w.owner_id = v.id
LEFT JOIN (
    SELECT volunteer_id, max(expires_at) AS shown_until FROM pay_codes
    WHERE programme_id = :programme GROUP BY volunteer_id
) c ON c.volunteer_id = v.id
WHERE v.programme_id = :programme AND v.status = 'active' AND w.points >= :points
ORDER BY c.shown_until NULLS FIRST, v.id LIMIT 1
""")


async def fetch_payer(reader: Reader, programme: ProgrammeId, points: int, today: date) -> Payer | None:
    """Of the active volunteers with so many points that count today, the one who has shown no code for longest.

    It adds up every wallet: for the few people of a sandbox, not for a city.
    """
    values = {"programme": programme, "points": points, "today": today.isoformat()}
    row = (await reader.execute(_PAYER, values)).one_or_none()
    return Payer(*row) if row else None


@dataclass(frozen=True, slots=True)
class OrderableOffer:
    """A published offer and what one unit costs."""

    id: OfferId
    points: int


_OFFER = text("""
SELECT o.id, v.points FROM offers o
JOIN offer_versions v ON v.programme_id = o.programme_id AND v.offer_id = o.id AND v.version = o.version
WHERE o.programme_id = :programme AND o.merchant_id = :merchant AND o.state = 'published'
ORDER BY v.points, o.id LIMIT 1
""")


async def fetch_orderable(reader: Reader, programme: ProgrammeId, merchant: MerchantId) -> OrderableOffer | None:
    """The cheapest published offer of a merchant."""
    row = (await reader.execute(_OFFER, {"programme": programme, "merchant": merchant})).one_or_none()
    return OrderableOffer(*row) if row else None

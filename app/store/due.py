"""What is due: notice periods that have ended, lots past their day, pay codes nobody needs any more."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from app.core.ids import OrderId, ProgrammeId, RecordId, RedemptionId, VolunteerId
from app.store.database import Reader, Tx

_MATURE = text("""
SELECT id FROM service_records
WHERE programme_id = :programme AND pending > 0 AND matures_at <= :at AND state = 'verified'
ORDER BY matures_at LIMIT :limit
""")


async def fetch_mature_records(reader: Reader, programme: ProgrammeId, at: datetime, limit: int) -> Sequence[RecordId]:
    """Records whose notice period has ended."""
    rows = await reader.execute(_MATURE, {"programme": programme, "at": at, "limit": limit})
    return [RecordId(row[0]) for row in rows]


_EXPIRED = text("""
SELECT DISTINCT owner_id FROM accounts
WHERE programme_id = :programme AND kind IN ('wallet', 'pending') AND part < :today AND balance > 0
ORDER BY owner_id LIMIT :limit
""")


async def fetch_owners_of_expired_lots(
    reader: Reader, programme: ProgrammeId, today: date, limit: int
) -> Sequence[VolunteerId]:
    """Volunteers who have points in lots past their day."""
    values = {"programme": programme, "today": today.isoformat(), "limit": limit}
    return [VolunteerId(row[0]) for row in await reader.execute(_EXPIRED, values)]


_WAITING = text("""
SELECT id FROM redemptions
WHERE programme_id = :programme AND state = 'AWAITING_CONFIRMATION' AND closes_at <= :at
ORDER BY closes_at LIMIT :limit
""")


async def fetch_unconfirmed(reader: Reader, programme: ProgrammeId, at: datetime, limit: int) -> Sequence[RedemptionId]:
    """Redemptions that nobody confirmed in time."""
    rows = await reader.execute(_WAITING, {"programme": programme, "at": at, "limit": limit})
    return [RedemptionId(row[0]) for row in rows]


_OVER = text("""
SELECT id FROM orders
WHERE programme_id = :programme AND state = 'EFFECTIVE' AND valid_until <= :at
ORDER BY valid_until LIMIT :limit
""")


async def fetch_expired_orders(reader: Reader, programme: ProgrammeId, at: datetime, limit: int) -> Sequence[OrderId]:
    """Orders whose vouchers nobody used in time."""
    rows = await reader.execute(_OVER, {"programme": programme, "at": at, "limit": limit})
    return [OrderId(row[0]) for row in rows]


_OF_ENDED = text("""
SELECT o.id FROM merchants m
JOIN orders o ON o.programme_id = m.programme_id AND o.merchant_id = m.id
WHERE m.programme_id = :programme AND m.status = 'ended' AND o.state = 'EFFECTIVE' AND o.valid_until > :at
ORDER BY o.id LIMIT :limit
""")


async def fetch_orders_of_ended(reader: Reader, programme: ProgrammeId, at: datetime, limit: int) -> Sequence[OrderId]:
    """Orders with merchants that have ended, whose vouchers are still good."""
    rows = await reader.execute(_OF_ENDED, {"programme": programme, "at": at, "limit": limit})
    return [OrderId(row[0]) for row in rows]


_PURGE = text("DELETE FROM pay_codes WHERE programme_id = :programme AND expires_at < :before AND used_by IS NULL")


async def delete_unused_pay_codes(tx: Tx, programme: ProgrammeId, before: datetime) -> None:
    """Forget codes that nobody used; those that paid are kept with what they paid for."""
    await tx.execute(_PURGE, {"programme": programme, "before": before})

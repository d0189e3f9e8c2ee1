"""Verified service of a volunteer (服务时长): what nothing has used, and what benefits have used up, together."""

from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, VolunteerId
from app.store.database import Reader

_MINUTES = text("""
SELECT coalesce(sum(balance), 0)::bigint FROM accounts
WHERE programme_id = :programme AND owner_id = :volunteer AND kind IN ('hours', 'consumed')
""")


async def fetch_minutes(reader: Reader, programme: ProgrammeId, volunteer: VolunteerId) -> int:
    """All verified minutes, as they are now: a benefit uses hours up and makes them none the less."""
    return int(await reader.scalar(_MINUTES, {"programme": programme, "volunteer": volunteer}) or 0)


_EFFECTIVE = text("""
WITH own AS (
    SELECT account_no FROM accounts
    WHERE programme_id = :programme AND owner_id = :volunteer AND kind IN ('hours', 'consumed')
)
SELECT coalesce(sum(l.amount), 0)::bigint FROM own o
CROSS JOIN LATERAL (
    SELECT t.seq, t.amount FROM transfers t WHERE t.programme_id = :programme AND t.credit_account_no = o.account_no
    UNION ALL
    SELECT t.seq, -t.amount FROM transfers t WHERE t.programme_id = :programme AND t.debit_account_no = o.account_no
) l
JOIN transactions x ON x.programme_id = :programme AND x.seq = l.seq
WHERE x.occurred_at < :before AND x.recorded_at <= :known_at
""")


async def fetch_minutes_effective(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, before: datetime, known_at: datetime
) -> int:
    """All minutes of service that had been given before a moment, as far as it was known at another."""
    values = {"programme": programme, "volunteer": volunteer, "before": before, "known_at": known_at}
    return int(await reader.scalar(_EFFECTIVE, values) or 0)

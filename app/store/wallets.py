"""What a volunteer sees: the lots of the wallet, and the statement line by line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, TransactionId, VolunteerId
from app.core.policies import Step
from app.core.volunteers import Volunteer, VolunteerStatus
from app.store.accruals import read_steps
from app.store.database import Reader


@dataclass(frozen=True, slots=True)
class Balance:
    """One account of a volunteer: its kind, its part (a lot's expiry day), what it holds."""

    kind: str
    part: str
    balance: int


_BALANCES = text("""
SELECT kind, part, balance FROM accounts
WHERE programme_id = :programme AND owner_id = :volunteer AND balance <> 0 ORDER BY kind, part
""")


async def fetch_balances(reader: Reader, programme: ProgrammeId, volunteer: VolunteerId) -> Sequence[Balance]:
    """All that a volunteer's accounts hold."""
    rows = await reader.execute(_BALANCES, {"programme": programme, "volunteer": volunteer})
    return [Balance(*row) for row in rows]


_LAPSED = text("""
WITH over AS (
    SELECT seq FROM redemptions
    WHERE programme_id = :programme AND volunteer_id = :volunteer AND state = 'AWAITING_CONFIRMATION'
        AND closes_at <= :at
    UNION ALL
    SELECT seq FROM orders
    WHERE programme_id = :programme AND volunteer_id = :volunteer AND state = 'EFFECTIVE' AND valid_until <= :at
)
SELECT a.part, sum(t.amount)::bigint
FROM over o
JOIN transfers t ON t.programme_id = :programme AND t.seq = o.seq
JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.debit_account_no
WHERE a.kind = 'wallet' GROUP BY a.part
""")


async def fetch_lapsed_holds(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, at: datetime
) -> Mapping[str, int]:
    """By lot, the points behind holds that are over at a moment but not booked so: they can be spent."""
    values = {"programme": programme, "volunteer": volunteer, "at": at}
    return {row[0]: row[1] for row in await reader.execute(_LAPSED, values)}


_VOLUNTEER = text("SELECT id, status, masked_name FROM volunteers WHERE programme_id = :programme AND id = :volunteer")


async def fetch_volunteer_status(reader: Reader, programme: ProgrammeId, volunteer: VolunteerId) -> Volunteer | None:
    """A volunteer as decisions see one."""
    row = (await reader.execute(_VOLUNTEER, {"programme": programme, "volunteer": volunteer})).one_or_none()
    return Volunteer(row[0], VolunteerStatus(row[1]), row[2]) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One transaction as it touched a volunteer: the change of each asset, and the merchant's name if one took part."""

    seq: int
    transaction: TransactionId
    kind: str
    reason: str
    occurred_at: datetime
    recorded_at: datetime
    points: int
    pending_points: int
    minutes: int
    merchant: str | None
    steps: tuple[Step, ...] = ()
    """How an accrual was priced."""


_STATEMENT = text("""
WITH own AS (
    SELECT account_no, kind FROM accounts
    WHERE programme_id = :programme AND owner_id = :volunteer
), legs AS (
    SELECT t.seq, o.kind, t.amount FROM own o
    JOIN transfers t ON t.programme_id = :programme AND t.credit_account_no = o.account_no AND t.seq < :before
    UNION ALL
    SELECT t.seq, o.kind, -t.amount FROM own o
    JOIN transfers t ON t.programme_id = :programme AND t.debit_account_no = o.account_no AND t.seq < :before
), lines AS (
    SELECT seq,
           coalesce(sum(amount) FILTER (WHERE kind = 'wallet'), 0)::bigint AS points,
           coalesce(sum(amount) FILTER (WHERE kind = 'pending'), 0)::bigint AS pending_points,
           coalesce(sum(amount) FILTER (WHERE kind = 'hours'), 0)::bigint AS minutes
    FROM legs GROUP BY seq ORDER BY seq DESC LIMIT :limit
)
SELECT l.seq, x.id AS transaction, x.kind, x.reason, x.occurred_at, x.recorded_at, l.points, l.pending_points,
       l.minutes, (
           SELECT m.name FROM transfers t
           JOIN accounts a ON a.programme_id = t.programme_id AND a.kind = 'redeemed'
                AND a.account_no IN (t.debit_account_no, t.credit_account_no)
           JOIN merchants m ON m.programme_id = a.programme_id AND m.id = a.owner_id
           WHERE t.programme_id = :programme AND t.seq = l.seq LIMIT 1
       ) AS merchant, CAST(c.steps AS text) AS steps
FROM lines l JOIN transactions x ON x.programme_id = :programme AND x.seq = l.seq
LEFT JOIN accruals c ON c.programme_id = :programme
    AND c.record_id = CASE x.kind WHEN 'accrue.v1' THEN CAST(substr(x.document, 5) AS uuid) END
ORDER BY l.seq DESC
""")


async def fetch_statement(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, before: int, limit: int
) -> Sequence[StatementLine]:
    """The newest lines of a volunteer's statement before a sequence number."""
    values = {"programme": programme, "volunteer": volunteer, "before": before, "limit": limit}
    rows = (await reader.execute(_STATEMENT, values)).mappings()
    return [StatementLine(**{**row, "steps": read_steps(json.loads(row["steps"] or "[]"))}) for row in rows]

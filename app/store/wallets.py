"""What a volunteer sees: the lots of the wallet, and the statement line by line."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.accounts import AccountKey, AccountKind
from app.core.ids import ProgrammeId, TransactionId, VolunteerId
from app.core.policies import Step
from app.core.volunteers import Volunteer, VolunteerStatus
from app.core.wallet_days import Balances, Ripening
from app.store.accruals import read_steps
from app.store.database import Reader
from app.store.orders import OpenOrders

_BALANCES = text("""
SELECT kind, part, balance FROM accounts
WHERE programme_id = :programme AND owner_id = :volunteer AND balance <> 0 ORDER BY kind, part
""")


def _by_account(volunteer: VolunteerId, rows: Iterable[RowMapping]) -> Balances:
    return {AccountKey(AccountKind(row["kind"]), volunteer, row["part"]): row["balance"] for row in rows}


async def fetch_balances(reader: Reader, programme: ProgrammeId, volunteer: VolunteerId) -> Balances:
    """All that a volunteer's accounts hold."""
    values = {"programme": programme, "volunteer": volunteer}
    return _by_account(volunteer, (await reader.execute(_BALANCES, values)).mappings())


_LEGS = """
WITH own AS (
    SELECT account_no, kind, part FROM accounts WHERE programme_id = :programme AND owner_id = :volunteer
), legs AS (
    SELECT t.seq, o.kind, o.part, t.amount FROM own o CROSS JOIN LATERAL (
        SELECT seq, amount FROM transfers WHERE programme_id = :programme AND credit_account_no = o.account_no OFFSET 0
    ) t
    UNION ALL
    SELECT t.seq, o.kind, o.part, -t.amount FROM own o CROSS JOIN LATERAL (
        SELECT seq, amount FROM transfers WHERE programme_id = :programme AND debit_account_no = o.account_no OFFSET 0
    ) t
), known AS (
    SELECT l.kind, l.part, l.amount, x.document FROM legs l CROSS JOIN LATERAL (
        SELECT document, occurred_at, recorded_at FROM transactions
        WHERE programme_id = :programme AND seq = l.seq LIMIT 1
    ) x
    WHERE x.occurred_at < :before AND x.recorded_at <= :known_at
)
"""
_EFFECTIVE = text(f"""{_LEGS}
SELECT kind, part, sum(CASE kind WHEN 'debt' THEN -amount ELSE amount END)::bigint AS balance
FROM known GROUP BY kind, part HAVING sum(amount) <> 0 ORDER BY kind, part
""")
_EFFECTIVE_ORDERS = text(f"""{_LEGS}
SELECT count(*), coalesce(sum(points), 0)::bigint FROM (
    SELECT sum(amount) AS points FROM known WHERE kind = 'held' AND document LIKE 'ord\\_%'
    GROUP BY document HAVING sum(amount) > 0
) held
""")


async def fetch_balances_effective(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, before: datetime, known_at: datetime
) -> Balances:
    """What a volunteer's accounts held before a moment, by when things happened, as far as it was known at another."""
    values = {"programme": programme, "volunteer": volunteer, "before": before, "known_at": known_at}
    return _by_account(volunteer, (await reader.execute(_EFFECTIVE, values)).mappings())


async def fetch_orders_effective(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, before: datetime, known_at: datetime
) -> OpenOrders:
    """The orders that held points before a moment, as far as it was known at another."""
    values = {"programme": programme, "volunteer": volunteer, "before": before, "known_at": known_at}
    return OpenOrders(*(await reader.execute(_EFFECTIVE_ORDERS, values)).one())


_RIPENING = text("""
SELECT matures_at, expires_on, pending FROM service_records
WHERE programme_id = :programme AND volunteer_id = :volunteer AND state = 'verified' AND pending > 0
    AND matures_at < :before
ORDER BY matures_at
""")


async def fetch_ripening(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, before: datetime
) -> Sequence[Ripening]:
    """A volunteer's points whose notice period ends before a moment."""
    values = {"programme": programme, "volunteer": volunteer, "before": before}
    return [Ripening(*row) for row in await reader.execute(_RIPENING, values)]


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
    used_by: str | None = None
    """The masked name of the member of the family who showed the code, or ordered."""
    steps: tuple[Step, ...] = ()
    """How an accrual was priced."""


_STATEMENT = text("""
WITH own AS (
    SELECT account_no, kind FROM accounts
    WHERE programme_id = :programme AND owner_id = :volunteer
), newest AS (
    SELECT seq FROM own o CROSS JOIN LATERAL (
        (SELECT DISTINCT t.seq FROM transfers t
         WHERE t.programme_id = :programme AND t.credit_account_no = o.account_no AND t.seq < :before
         ORDER BY t.seq DESC LIMIT :limit)
        UNION ALL
        (SELECT DISTINCT t.seq FROM transfers t
         WHERE t.programme_id = :programme AND t.debit_account_no = o.account_no AND t.seq < :before
         ORDER BY t.seq DESC LIMIT :limit)
    ) touched GROUP BY seq ORDER BY seq DESC LIMIT :limit
), lines AS (
    SELECT n.seq, l.points, l.pending_points, l.minutes FROM newest n CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount) FILTER (WHERE kind = 'wallet'), 0)::bigint AS points,
               coalesce(sum(amount) FILTER (WHERE kind = 'pending'), 0)::bigint AS pending_points,
               coalesce(sum(amount) FILTER (WHERE kind IN ('hours', 'consumed')), 0)::bigint AS minutes
        FROM (
            SELECT o.kind, CASE o.account_no WHEN t.credit_account_no THEN t.amount ELSE -t.amount END AS amount
            FROM transfers t JOIN own o ON o.account_no IN (t.credit_account_no, t.debit_account_no)
            WHERE t.programme_id = :programme AND t.seq = n.seq OFFSET 0
        ) legs
    ) l
)
SELECT l.seq, x.id AS transaction, x.kind, x.reason, x.occurred_at, x.recorded_at, l.points, l.pending_points,
       l.minutes, CASE WHEN x.kind <> 'accrue.v1' THEN (
           SELECT m.name FROM transfers t
           JOIN accounts a ON a.programme_id = t.programme_id AND a.kind = 'redeemed'
                AND a.account_no IN (t.debit_account_no, t.credit_account_no)
           JOIN merchants m ON m.programme_id = a.programme_id AND m.id = a.owner_id
           WHERE t.programme_id = :programme AND t.seq = l.seq LIMIT 1
       ) END AS merchant, f.masked_name AS used_by, CAST(c.steps AS text) AS steps
FROM lines l JOIN transactions x ON x.programme_id = :programme AND x.seq = l.seq
LEFT JOIN accruals c ON c.programme_id = :programme
    AND c.record_id = CASE x.kind WHEN 'accrue.v1' THEN CAST(substr(x.document, 5) AS uuid) END
LEFT JOIN redemptions r ON r.programme_id = :programme
    AND r.id = CASE left(x.document, 4) WHEN 'red_' THEN CAST(substr(x.document, 5) AS uuid) END
LEFT JOIN orders d ON d.programme_id = :programme
    AND d.id = CASE left(x.document, 4) WHEN 'ord_' THEN CAST(substr(x.document, 5) AS uuid) END
LEFT JOIN volunteers f ON f.programme_id = :programme AND f.id = coalesce(r.member_id, d.member_id)
ORDER BY l.seq DESC
""")


async def fetch_statement(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, before: int, limit: int
) -> Sequence[StatementLine]:
    """The newest lines of a volunteer's statement before a sequence number."""
    values = {"programme": programme, "volunteer": volunteer, "before": before, "limit": limit}
    rows = (await reader.execute(_STATEMENT, values)).mappings()
    return [StatementLine(**{**row, "steps": read_steps(json.loads(row["steps"] or "[]"))}) for row in rows]

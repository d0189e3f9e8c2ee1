"""Breakage: what expired, month by month and lot by lot, read off the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import NOBODY, ProgrammeId
from app.store.database import Reader


@dataclass(frozen=True, slots=True)
class BreakageLine:
    """Points that came to breakage in a month, of the lots of one last day; of how many volunteers.

    `forfeited` came by refunds to lots that were past their day; its lots are not in the journal's transfers, so
    `part` is empty there.
    """

    month: str
    part: str
    expired: int
    forfeited: int
    volunteers: int


_BREAKAGE = text("""
WITH sink AS (
    SELECT account_no FROM accounts
    WHERE programme_id = :programme AND owner_id = :nobody AND kind = 'breakage' AND part = ''
), legs AS (
    SELECT t.seq, t.amount, t.debit_account_no AS other FROM sink s
    JOIN transfers t ON t.programme_id = :programme AND t.credit_account_no = s.account_no
    UNION ALL
    SELECT t.seq, -t.amount, t.credit_account_no FROM sink s
    JOIN transfers t ON t.programme_id = :programme AND t.debit_account_no = s.account_no
)
SELECT to_char(x.occurred_at AT TIME ZONE CAST(:zone AS text) - interval '1 microsecond', 'YYYY-MM') AS month, a.part,
       coalesce(sum(l.amount) FILTER (WHERE x.kind = 'expire.v1'), 0)::bigint,
       coalesce(sum(l.amount) FILTER (WHERE x.kind <> 'expire.v1'), 0)::bigint,
       count(DISTINCT a.owner_id) FILTER (WHERE x.kind = 'expire.v1')
FROM legs l
JOIN transactions x ON x.programme_id = :programme AND x.seq = l.seq
JOIN accounts a ON a.programme_id = :programme AND a.account_no = l.other
WHERE x.occurred_at > :since AND x.occurred_at <= :until
GROUP BY 1, 2 ORDER BY 1, 2
""")


async def fetch_breakage(
    reader: Reader, programme: ProgrammeId, since: datetime, until: datetime, zone: str
) -> Sequence[BreakageLine]:
    """What came to breakage after one midnight and up to another.

    A lot's points are breakage as of 24:00 of its last day: that moment still counts into the month of that day.
    """
    values = {"programme": programme, "nobody": NOBODY, "since": since, "until": until, "zone": zone}
    return [BreakageLine(*row) for row in await reader.execute(_BREAKAGE, values)]

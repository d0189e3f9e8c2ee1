"""A merchant's day read from the journal: the transactions that changed what it has been given."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from app.core.bills import BillLine, line_type
from app.core.ids import MerchantId, ProgrammeId
from app.core.transactions import TransactionKind
from app.store.database import Reader

_RECORDED_AT = text("SELECT recorded_at FROM transactions WHERE programme_id = :programme AND seq = :seq")
_HEAD = text("SELECT next_seq, recorded_at FROM journal_heads WHERE programme_id = :programme")


async def fetch_head_moment(reader: Reader, programme: ProgrammeId) -> tuple[int, datetime]:
    """The sequence number that comes next, and when the last one was written."""
    row = (await reader.execute(_HEAD, {"programme": programme})).one()
    return int(row[0]), row[1]


async def find_first_seq(reader: Reader, programme: ProgrammeId, moment: datetime, next_seq: int) -> int:
    """The first transaction written at a moment or later, `next_seq` when there is none.

    `recorded_at` never falls as sequence numbers grow, so a day is a range of them: found by halving, without an
    index that every redemption would have to pay for.
    """
    low, high = 1, next_seq
    while low < high:
        middle = (low + high) // 2
        written = (await reader.execute(_RECORDED_AT, {"programme": programme, "seq": middle})).scalar_one()
        low, high = (low, middle) if written >= moment else (middle + 1, high)
    return low


_LINES = text("""
WITH own AS (
    SELECT account_no, kind FROM accounts
    WHERE programme_id = :programme AND owner_id = :merchant AND kind IN ('redeemed', 'payable')
), moved AS (
    SELECT t.seq, own.kind, t.amount FROM own
    JOIN transfers t ON t.programme_id = :programme AND t.credit_account_no = own.account_no
    WHERE t.seq >= :first AND t.seq < :until
    UNION ALL
    SELECT t.seq, own.kind, -t.amount FROM own
    JOIN transfers t ON t.programme_id = :programme AND t.debit_account_no = own.account_no
    WHERE t.seq >= :first AND t.seq < :until
), summed AS (
    SELECT seq, coalesce(sum(amount) FILTER (WHERE kind = 'redeemed'), 0)::bigint AS points,
           coalesce(sum(amount) FILTER (WHERE kind = 'payable'), 0)::bigint AS fen
    FROM moved GROUP BY seq
), named AS (
    SELECT s.seq, s.points, s.fen, x.id, x.kind, x.recorded_at, x.document,
           CASE WHEN x.document LIKE 'red!_%' ESCAPE '!' THEN substr(x.document, 5)::uuid END AS redemption_id,
           CASE WHEN x.document LIKE 'ref!_%' ESCAPE '!' THEN substr(x.document, 5)::uuid END AS refund_id,
           CASE WHEN x.document LIKE 'ord!_%' ESCAPE '!' THEN substr(x.document, 5)::uuid END AS order_id,
           CASE WHEN x.actor LIKE 'ter!_%' ESCAPE '!' THEN substr(x.actor, 5)::uuid END AS terminal_id
    FROM summed s JOIN transactions x ON x.programme_id = :programme AND x.seq = s.seq
)
SELECT n.seq, n.id, n.kind, n.document, n.recorded_at, coalesce(r.trade_no, '') AS trade_no,
       coalesce(f.refund_no, '') AS refund_no, n.order_id, t.store_id, t.id AS terminal, n.points, n.fen
FROM named n
LEFT JOIN refunds f ON f.programme_id = :programme AND f.id = n.refund_id
LEFT JOIN redemptions r ON r.programme_id = :programme AND r.id = coalesce(n.redemption_id, f.redemption_id)
LEFT JOIN terminals t ON t.programme_id = :programme AND t.id = coalesce(n.terminal_id, r.terminal_id)
ORDER BY n.seq
""")


async def fetch_bill_lines(
    reader: Reader, programme: ProgrammeId, merchant: MerchantId, first: int, until: int
) -> Sequence[BillLine]:
    """The merchant's lines from one sequence number up to, not including, another."""
    values = {"programme": programme, "merchant": merchant, "first": first, "until": until}
    return [
        BillLine(
            seq=row.seq,
            transaction=row.id,
            type=line_type(TransactionKind(row.kind), row.document),
            recorded_at=row.recorded_at,
            trade_no=row.trade_no,
            refund_no=row.refund_no,
            order=row.order_id,
            store=row.store_id,
            terminal=row.terminal,
            points=row.points,
            settlement_fen=row.fen,
        )
        for row in await reader.execute(_LINES, values)
    ]

"""Comparing opening balances with the ledger: each is posted once, with its figures, and nothing else is.

The driver writes the last day there is, that of points which never expire, as infinity; a lot has it as a day.
"""

OPENINGS = """
WITH told AS (
    SELECT id, transaction_id, volunteer_id, points, minutes,
           CASE expires_on WHEN 'infinity' THEN '9999-12-31' ELSE coalesce(expires_on::text, '') END AS part
    FROM opening_balances WHERE programme_id = $1
), posted AS (
    SELECT x.id, x.document, x.reason,
           coalesce(sum(t.amount) FILTER (WHERE a.kind IN ('wallet', 'debt')), 0)::bigint AS points,
           coalesce(sum(t.amount) FILTER (WHERE a.kind = 'hours'), 0)::bigint AS minutes,
           bool_and(a.owner_id = o.volunteer_id AND (a.kind <> 'wallet' OR a.part = o.part)) AS own
    FROM transactions x
    JOIN transfers t ON t.programme_id = x.programme_id AND t.seq = x.seq
    JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.credit_account_no
    LEFT JOIN told o ON o.transaction_id = x.id
    WHERE x.programme_id = $1 AND x.kind = 'open.v1'
    GROUP BY x.id, x.document, x.reason
)
SELECT format('%s: its row says %s points and %s minutes, the journal %s and %s',
              coalesce('opn_' || replace(o.id::text, '-', ''), p.document), coalesce(o.points, 0),
              coalesce(o.minutes, 0), coalesce(p.points, 0), coalesce(p.minutes, 0))
FROM told o FULL JOIN posted p ON p.id = o.transaction_id
WHERE p.id IS NULL OR o.id IS NULL OR (p.points, p.minutes) <> (o.points, o.minutes) OR p.own IS NOT TRUE
      OR p.reason <> 'opening-balance' OR p.document <> 'opn_' || replace(o.id::text, '-', '')
LIMIT 100
"""

"""Comparing grants from the pool and what families spend with the journal and with what is counted of them."""

from app.core.invariants import Invariant

_GRANTS = """
WITH pool AS (
    SELECT account_no FROM accounts
    WHERE programme_id = $1 AND owner_id = '00000000-0000-0000-0000-000000000000' AND kind = 'pool' AND part = ''
), posted AS (
    SELECT x.id, x.kind, x.document, a.owner_id, sum(t.amount)::bigint AS amount,
           max(a.part) FILTER (WHERE a.kind = 'wallet') AS part, bool_and(a.kind IN ('wallet', 'debt')) AS given
    FROM pool p
    JOIN transfers t ON t.programme_id = $1 AND t.debit_account_no = p.account_no
    JOIN transactions x ON x.programme_id = $1 AND x.seq = t.seq
    JOIN accounts a ON a.programme_id = $1 AND a.account_no = t.credit_account_no
    GROUP BY x.id, x.kind, x.document, a.owner_id
), granted AS (
    SELECT *, 'pgr_' || replace(id::text, '-', '') AS name FROM pool_grants
    WHERE programme_id = $1 AND transaction_id IS NOT NULL
)
SELECT format('%s: its row says %s points for a volunteer, the journal %s', coalesce(g.name, p.document),
              coalesce(g.points, 0), coalesce(p.amount, 0))
FROM granted g FULL JOIN posted p ON p.id = g.transaction_id
WHERE (g.name, g.volunteer_id, g.points, 'grant.v1', 'granted', true)
      IS DISTINCT FROM (p.document, p.owner_id, p.amount, p.kind, g.state, p.given)
      OR p.part <> CASE g.expires_on WHEN 'infinity' THEN '9999-12-31' ELSE g.expires_on::text END
LIMIT 100
"""

_COUNTS = """
WITH had AS (
    SELECT volunteer_id, 'pool-grants' AS scope, to_char(decided_at AT TIME ZONE z.zone, 'YYYY') AS period,
           sum(points)::bigint AS points
    FROM pool_grants g JOIN programmes z ON z.id = g.programme_id
    WHERE g.programme_id = $1 AND state = 'granted' GROUP BY 1, 2, 3
    UNION ALL
    SELECT volunteer_id, 'family:' || replace(member_id::text, '-', ''),
           to_char(since AT TIME ZONE z.zone, 'YYYY-MM'), sum(s.points)::bigint
    FROM (
        SELECT volunteer_id, member_id, occurred_at AS since, points - refunded_points AS points FROM redemptions
        WHERE programme_id = $1 AND member_id IS NOT NULL AND state NOT IN ('CLOSED', 'REVERSED')
        UNION ALL
        SELECT volunteer_id, member_id, ordered_at, points FROM orders
        WHERE programme_id = $1 AND member_id IS NOT NULL AND state IN ('EFFECTIVE', 'USED')
    ) s JOIN programmes z ON z.id = $1
    GROUP BY 1, 2, 3
), counted AS (
    SELECT subject_id, scope, period, amount FROM tallies
    WHERE programme_id = $1 AND (scope = 'pool-grants' OR scope LIKE 'family:%')
)
SELECT format('vol_%s had %s points of %s in %s, counted are %s',
              replace(coalesce(c.subject_id, h.volunteer_id)::text, '-', ''), coalesce(h.points, 0),
              coalesce(c.scope, h.scope), coalesce(c.period, h.period), coalesce(c.amount, 0))
FROM counted c FULL JOIN had h ON h.volunteer_id = c.subject_id AND h.scope = c.scope AND h.period = c.period
WHERE coalesce(h.points, 0) <> coalesce(c.amount, 0)
LIMIT 100
"""

GIFT_CHECKS = ((Invariant.GRANTS_MATCH, _GRANTS), (Invariant.LIMITS_MATCH, _COUNTS))
"""What each statement gives does not match."""
